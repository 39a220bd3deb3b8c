//! A page of metrics in text 0.0.4, as a list that tests can ask.

use std::collections::BTreeMap;
use std::fmt;

/// One line of the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Samples(Vec<Sample>);

impl Samples {
    /// Parses the page; panics on a line that is no sample.
    pub(crate) fn parse(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        Self(lines.map(sample).collect())
    }

    /// The samples of this name that carry at least these labels.
    pub(crate) fn all(&self, name: &str, labels: &[(&str, &str)]) -> Vec<&Sample> {
        self.0
            .iter()
            .filter(|sample| sample.name == name && sample.carries(labels))
            .collect()
    }

    /// The value of the one sample of this name with at least these labels; `None` if there is none
    /// or more than one.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        match self.all(name, labels)[..] {
            [sample] => Some(sample.value),
            _ => None,
        }
    }

    /// How many samples of this name have this value.
    pub(crate) fn count(&self, name: &str, value: f64) -> usize {
        let all = self.all(name, &[]).into_iter();
        all.filter(|sample| (sample.value - value).abs() < f64::EPSILON)
            .count()
    }

    /// The label of the one sample of this name with at least these labels.
    pub(crate) fn label(&self, name: &str, labels: &[(&str, &str)], label: &str) -> Option<String> {
        match self.all(name, labels)[..] {
            [sample] => sample.labels.get(label).cloned(),
            _ => None,
        }
    }
}

impl Sample {
    fn carries(&self, labels: &[(&str, &str)]) -> bool {
        labels
            .iter()
            .all(|(name, value)| self.labels.get(*name).is_some_and(|found| found == value))
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sample in &self.0 {
            writeln!(f, "{}{:?} {}", sample.name, sample.labels, sample.value)?;
        }
        Ok(())
    }
}

fn sample(line: &str) -> Sample {
    let split = line.rfind(' ').expect("a value");
    let (series, value) = line.split_at(split);
    let value = match value.trim() {
        "+Inf" => f64::INFINITY,
        value => value.parse().expect("a number"),
    };
    let (name, labels) = match series.split_once('{') {
        None => (series, BTreeMap::new()),
        Some((name, labels)) => (name, parse_labels(labels.trim_end_matches('}'))),
    };
    Sample {
        name: name.to_owned(),
        labels,
        value,
    }
}

fn parse_labels(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text.chars().peekable();
    while rest.peek().is_some() {
        let name: String = rest.by_ref().take_while(|c| *c != '=').collect();
        assert_eq!(rest.next(), Some('"'), "a quoted value in {text}");
        let mut value = String::new();
        loop {
            match rest.next().expect("a closing quote") {
                '"' => break,
                '\\' => match rest.next().expect("an escaped character") {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                other => value.push(other),
            }
        }
        let before = labels.insert(name, value);
        assert!(before.is_none(), "a label twice in {text}");
        rest.next_if_eq(&',');
    }
    labels
}
