//! A strict parser of both formats, for tests: refuses what the specifications do not allow.

use std::collections::{BTreeMap, HashSet};

use crate::web::metrics::Format;

/// One sample of a page.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::web) struct Sample {
    /// The name of its family as announced.
    pub(in crate::web) family: String,
    pub(in crate::web) labels: BTreeMap<String, String>,
    pub(in crate::web) value: f64,
}

/// The samples of a whole page, or why it is not valid.
pub(in crate::web) fn parse(page: &str, format: Format) -> Result<Vec<Sample>, String> {
    let body = match format {
        Format::Text => page,
        Format::OpenMetrics => page.strip_suffix("# EOF\n").ok_or("no # EOF at the end")?,
    };
    if !body.is_empty() && !body.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    let mut reader = Reader::new(format);
    for line in body.split_terminator('\n') {
        reader
            .line(line)
            .map_err(|fault| format!("{fault}: {line:?}"))?;
    }
    reader.close()
}

struct Reader {
    format: Format,
    family: Option<Family>,
    families: HashSet<String>,
    series: HashSet<String>,
    samples: Vec<Sample>,
}

struct Family {
    name: String,
    kind: Option<String>,
    helped: bool,
    samples: usize,
}

impl Reader {
    fn new(format: Format) -> Self {
        Self {
            format,
            family: None,
            families: HashSet::new(),
            series: HashSet::new(),
            samples: Vec::new(),
        }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        match line.strip_prefix("# ") {
            Some(rest) => self.metadata(rest),
            None => self.sample(line),
        }
    }

    fn metadata(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.splitn(3, ' ');
        let (keyword, name, rest) = (words.next(), words.next(), words.next());
        let (Some(keyword), Some(name), Some(rest)) = (keyword, name, rest) else {
            return Err("a comment without metadata".to_owned());
        };
        if !is_name(name) {
            return Err("no name".to_owned());
        }
        if keyword == "HELP" {
            self.open(name)?;
        }
        let family = self.family.as_mut().filter(|family| family.name == name);
        let family = family.ok_or("metadata out of place")?;
        if family.samples > 0 {
            return Err("metadata after samples".to_owned());
        }
        match keyword {
            "TYPE" if family.kind.is_none() => family.kind = Some(rest.to_owned()),
            "HELP" if !family.helped && !rest.is_empty() => family.helped = true,
            "UNIT" if self.format == Format::OpenMetrics && name.ends_with(rest) => {}
            _ => return Err("metadata twice or unknown".to_owned()),
        }
        Ok(())
    }

    fn open(&mut self, name: &str) -> Result<(), String> {
        if let Some(family) = &self.family
            && family.samples == 0
        {
            return Err("the family before has no samples".to_owned());
        }
        if !self.families.insert(name.to_owned()) {
            return Err("a family twice".to_owned());
        }
        self.family = Some(Family {
            name: name.to_owned(),
            kind: None,
            helped: false,
            samples: 0,
        });
        Ok(())
    }

    fn sample(&mut self, line: &str) -> Result<(), String> {
        let family = self.family.as_mut().ok_or("a sample without family")?;
        if !family.helped {
            return Err("a family without HELP".to_owned());
        }
        let end = line.find(['{', ' ']).ok_or("no value")?;
        let (name, rest) = line.split_at(end);
        let suffix = name.strip_prefix(&family.name).ok_or("another family")?;
        let kind = family.kind.as_deref().ok_or("a family without TYPE")?;
        let suffixes: &[&str] = match (kind, self.format) {
            ("gauge", _) | ("counter", Format::Text) => &[""],
            ("counter", Format::OpenMetrics) => &["_total"],
            ("info", Format::OpenMetrics) => &["_info"],
            ("histogram", _) => &["_bucket", "_sum", "_count"],
            _ => return Err("an unknown type".to_owned()),
        };
        if !suffixes.contains(&suffix) {
            return Err("a suffix that does not fit the type".to_owned());
        }
        if kind == "counter" && !name.ends_with("_total") {
            return Err("a counter without _total".to_owned());
        }
        let (labels, rest) = labels(rest)?;
        let value = rest.strip_prefix(' ').ok_or("no blank before the value")?;
        let number = value.parse::<f64>().ok().ok_or("no number")?;
        if number.is_infinite() && !value.ends_with("Inf") {
            return Err("infinity misspelt".to_owned());
        }
        family.samples += 1;
        if !self.series.insert(format!("{name}{labels:?}")) {
            return Err("a series twice".to_owned());
        }
        self.samples.push(Sample {
            family: family.name.clone(),
            labels,
            value: number,
        });
        Ok(())
    }

    fn close(self) -> Result<Vec<Sample>, String> {
        match self.family {
            Some(family) if family.samples == 0 => Err("the last family is empty".to_owned()),
            Some(_) | None => Ok(self.samples),
        }
    }
}

/// Reads `{a="b",c="d"}` if it is there, and gives back what follows.
fn labels(text: &str) -> Result<(BTreeMap<String, String>, &str), String> {
    let mut labels = BTreeMap::new();
    let Some(mut rest) = text.strip_prefix('{') else {
        return Ok((labels, text));
    };
    loop {
        let (name, after) = rest.split_once("=\"").ok_or("no label")?;
        if !is_name(name) || name.contains(':') || name.starts_with("__") {
            return Err(format!("no name of a label: {name}"));
        }
        let (value, after) = value(after)?;
        if labels.insert(name.to_owned(), value).is_some() {
            return Err(format!("label {name} twice"));
        }
        match after.split_at_checked(1) {
            Some((",", after)) => rest = after,
            Some(("}", after)) => return Ok((labels, after)),
            _ => return Err("labels do not end".to_owned()),
        }
    }
}

fn value(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next().ok_or("a value does not end")? {
            '"' => return Ok((value, chars.as_str())),
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some(c @ ('\\' | '"')) => value.push(c),
                _ => return Err("an unknown escape".to_owned()),
            },
            c => value.push(c),
        }
    }
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    chars.next().is_some_and(first) && chars.all(|c| first(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_formats_do_not_allow_is_refused() {
        let good = "# HELP a help\n# TYPE a gauge\na{b=\"c\\\"\\n\"} 1\na 2.5e3\n";
        let samples = parse(good, Format::Text).expect("a valid page");
        let values: Vec<_> = samples.iter().map(|sample| sample.value).collect();
        assert_eq!(values, [1.0, 2500.0]);
        assert_eq!(samples[0].labels["b"], "c\"\n");
        for bad in [
            "a 1\n",
            "# HELP a help\n# TYPE a gauge\n",
            "# HELP a help\n# TYPE a gauge\na 1",
            "# HELP a help\n# TYPE a gauge\na 1\na 2\n",
            "# HELP a help\n# TYPE a gauge\na{b=\"\"\"} 1\n",
            "# HELP a help\n# TYPE a gauge\na{b=\"x\",b=\"y\"} 1\n",
            "# HELP a help\n# TYPE a gauge\na 1\n# HELP b help\n# TYPE b gauge\na 1\n",
            "# HELP a help\n# TYPE a gauge\na 1\n# HELP a help\n# TYPE a gauge\na 1\n",
            "# HELP a help\n# TYPE a counter\na 1\n",
            "# HELP a help\n# TYPE a gauge\na one\n",
        ] {
            assert!(parse(bad, Format::Text).is_err(), "{bad}");
        }
    }
}
