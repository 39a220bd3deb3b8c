//! Inhibition rules: which firing alerts suppress which others.
//!
//! Words and meaning are Alertmanager's. A firing alert that `source_matchers` select suppresses
//! those that `target_matchers` select, where both carry the same value of each label in `equal`; a
//! label that both lack is equal. Whether the source is itself silenced or inhibited is no matter. An
//! alert that both sides select is not inhibited by alerts for which the same is true, and so never by
//! itself.

use super::labels::{self, Pair};
use super::matcher::{Matcher, all_match};

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InhibitRule {
    /// Select the alerts that inhibit.
    pub source_matchers: Box<[Matcher]>,
    /// Select the alerts that are inhibited.
    pub target_matchers: Box<[Matcher]>,
    /// Labels that must be equal on both.
    pub equal: Box<[Box<str>]>,
}

impl InhibitRule {
    /// The rule that alerts of these names inhibit those of others where these labels are equal.
    pub fn of_names(sources: &[&str], targets: &[&str], equal: &[&str]) -> Self {
        let named = |names: &[&str]| -> Box<[Matcher]> {
            Box::new([Matcher::one_of("alertname", names.iter().copied())])
        };
        Self {
            source_matchers: named(sources),
            target_matchers: named(targets),
            equal: equal.iter().map(|label| (*label).into()).collect(),
        }
    }

    /// Whether an alert of these labels inhibits others once it fires.
    pub fn is_source(&self, labels: &[Pair]) -> bool {
        all_match(&self.source_matchers, |name| labels::text(labels, name))
    }

    /// Whether an alert of these labels can be inhibited.
    pub fn is_target(&self, labels: &[Pair]) -> bool {
        all_match(&self.target_matchers, |name| labels::text(labels, name))
    }

    /// Whether a firing alert of the labels `source` inhibits one of the labels `target`.
    pub fn inhibits(&self, source: &[Pair], target: &[Pair]) -> bool {
        let equal = |label: &str| labels::text(source, label) == labels::text(target, label);
        self.is_source(source)
            && self.is_target(target)
            && self.equal.iter().all(|label| equal(label))
            && !(self.is_source(target) && self.is_target(source))
    }

    /// The values of its `equal` among these labels.
    pub fn values(&self, labels: &[Pair]) -> Vec<Box<str>> {
        let names = self.equal.iter();
        names
            .map(|name| labels::text(labels, name).into())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::matcher::parse_list;

    fn rule(source: &str, target: &str, equal: &[&str]) -> InhibitRule {
        let matchers = |text| parse_list(text).expect("matchers").into();
        InhibitRule {
            source_matchers: matchers(source),
            target_matchers: matchers(target),
            equal: equal.iter().map(|label| (*label).into()).collect(),
        }
    }

    fn labels<'a>(text: &'a str) -> Vec<Pair> {
        let pair = |pair: &'a str| {
            let (name, value) = pair.split_once('=').expect("a label");
            (name.into(), value.into())
        };
        text.split(' ').map(pair).collect()
    }

    #[track_caller]
    fn check(rule: &InhibitRule, source: &str, target: &str, expected: bool) {
        let inhibits = rule.inhibits(&labels(source), &labels(target));
        assert_eq!(inhibits, expected, "{source} {target}");
    }

    #[test]
    fn both_sides_must_match_and_labels_must_be_equal() {
        let rule = rule("alertname=A", "severity!=critical", &["site"]);
        check(&rule, "alertname=A site=hq", "alertname=B site=hq", true);
        check(&rule, "alertname=A site=hq", "alertname=B site=lyon", false);
        check(&rule, "alertname=A site=hq", "alertname=B", false);
        check(&rule, "alertname=A", "alertname=B", true);
        check(&rule, "alertname=C site=hq", "alertname=B site=hq", false);
        let critical = "alertname=B severity=critical site=hq";
        check(&rule, "alertname=A site=hq", critical, false);
    }

    #[test]
    fn an_alert_on_both_sides_is_inhibited_only_by_alerts_on_one() {
        let rule = rule("alertname=~A|B", "alertname=~B|C", &[]);
        check(&rule, "alertname=A", "alertname=B", true);
        check(&rule, "alertname=B", "alertname=B", false);
        check(&rule, "alertname=B site=hq", "alertname=B site=lyon", false);
        check(&rule, "alertname=B", "alertname=C", true);
        check(&rule, "alertname=A", "alertname=C", true);
        check(&rule, "alertname=C", "alertname=B", false);
    }
}
