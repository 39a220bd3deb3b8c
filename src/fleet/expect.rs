//! Wanted values: what the configuration expects a P-value to be.
//!
//! An entry may name a model; then it speaks only for phones of that model. The outcome is a yes or
//! no per P-value; neither the wanted nor the found value is published.

use std::cmp::Ordering;

use super::reading::Values;

/// One entry of a phone's `expect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The P-value, as asked of the phone.
    pub pvalue: Box<str>,
    /// The only model this entry speaks for.
    pub model: Option<Box<str>>,
    /// What is wanted.
    pub wanted: Wanted,
}

/// What a P-value should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One of these texts.
    AnyOf(Box<[Box<str>]>),
    /// This dotted version or a later one; dotted versions compare by number.
    AtLeast(Box<str>),
}

/// Whether each expected P-value is as wanted: one entry a P-value that was read and that some
/// expectation speaks for, in the order of first mention.
pub fn matches<'a>(expectations: &'a [Expectation], values: &Values) -> Vec<(&'a str, bool)> {
    let mut found: Vec<(&str, bool)> = Vec::new();
    for expectation in expectations {
        if !expectation.applies_to(values) {
            continue;
        }
        let Some(value) = values.get(&expectation.pvalue) else {
            continue;
        };
        let holds = expectation.wanted.holds(value.as_str());
        match found
            .iter_mut()
            .find(|(pvalue, _)| **pvalue == *expectation.pvalue)
        {
            Some((_, all)) => *all &= holds,
            None => found.push((&expectation.pvalue, holds)),
        }
    }
    found
}

impl Expectation {
    fn applies_to(&self, values: &Values) -> bool {
        match &self.model {
            None => true,
            Some(wanted) => values
                .model()
                .is_some_and(|model| model.as_str().eq_ignore_ascii_case(wanted)),
        }
    }
}

impl Wanted {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::AnyOf(texts) => texts.iter().any(|text| **text == *value),
            Self::AtLeast(version) => compare_versions(value, version) != Ordering::Less,
        }
    }
}

/// Compares dotted versions part by part, numbers by value; a missing part counts as zero.
pub fn compare_versions(left: &str, right: &str) -> Ordering {
    let mut left = left.split('.');
    let mut right = right.split('.');
    loop {
        let (l, r) = (left.next(), right.next());
        if l.is_none() && r.is_none() {
            return Ordering::Equal;
        }
        let (l, r) = (l.unwrap_or("0").trim(), r.unwrap_or("0").trim());
        let order = match (l.parse::<u64>(), r.parse::<u64>()) {
            (Ok(l), Ok(r)) => l.cmp(&r),
            (_, _) => l.cmp(r),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Text;

    fn values(pairs: &[(&str, &str)]) -> Values {
        Values::new(pairs.iter().map(|(k, v)| ((*k).into(), Text::clean(v))))
    }

    #[test]
    fn versions_compare_by_number() {
        for (left, right, order) in [
            ("1.0.11.5", "1.0.9.30", Ordering::Greater),
            ("1.0.3", "1.0.3.0", Ordering::Equal),
            ("1.0.3.29", "1.0.3.30", Ordering::Less),
        ] {
            assert_eq!(
                compare_versions(left, right),
                order,
                "{left} against {right}"
            );
        }
    }

    #[test]
    fn every_entry_that_applies_must_hold_and_the_others_do_not_count() {
        let at_least = |model: Option<&str>, version: &str| Expectation {
            pvalue: "68".into(),
            model: model.map(Into::into),
            wanted: Wanted::AtLeast(version.into()),
        };
        let phone = values(&[("68", "1.0.3.30"), ("phone_model", "GXV3370")]);
        let matching = [at_least(None, "1.0.3"), at_least(Some("WP820"), "9")];
        assert_eq!(matches(&matching, &phone), [("68", true)]);
        let failing = [at_least(None, "1.0.3"), at_least(Some("gxv3370"), "9")];
        assert_eq!(matches(&failing, &phone), [("68", false)]);
        assert_eq!(matches(&matching, &values(&[])), []);
    }
}
