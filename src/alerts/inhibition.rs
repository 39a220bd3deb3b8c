//! Inhibition among the alerts of now: which firing alerts suppress one.
//!
//! The sources of all inhibition rules in one ordered set, so that a target is looked up and not
//! compared with every alert. What a rule says is `rules::inhibit`.

use std::collections::BTreeSet;

use super::board::Alert;
use crate::rules::inhibit::InhibitRule;
use crate::rules::labels::Pair;

/// The firing alerts that inhibit others, found by what their targets must have.
#[derive(Clone, Debug, Default)]
pub struct InhibitionSources(BTreeSet<Source>);

/// The fields are in the order of the search.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Source {
    /// The rule, by its position.
    rule: usize,
    /// The values of its `equal`.
    values: Vec<Box<str>>,
    /// Whether it could be a target of the same rule.
    is_target: bool,
    /// The name of the alert.
    alertname: Box<str>,
}

impl InhibitionSources {
    /// Those among the alerts that fire.
    pub fn among<'a>(alerts: impl Iterator<Item = &'a Alert>, rules: &[InhibitRule]) -> Self {
        let mut sources = BTreeSet::new();
        for alert in alerts.filter(|alert| alert.state.is_firing()) {
            for (position, rule) in rules.iter().enumerate() {
                if rule.is_source(&alert.labels) {
                    sources.insert(Source {
                        rule: position,
                        values: rule.values(&alert.labels),
                        is_target: rule.is_target(&alert.labels),
                        alertname: alert.rule().name.clone(),
                    });
                }
            }
        }
        Self(sources)
    }

    /// The name of an alert that inhibits one of these labels, by the same rules.
    pub fn inhibiting(&self, labels: &[Pair], rules: &[InhibitRule]) -> Option<&str> {
        let mut applying = rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.is_target(labels));
        applying.find_map(|(position, rule)| {
            let first = Source {
                rule: position,
                values: rule.values(labels),
                is_target: false,
                alertname: Box::default(),
            };
            let found = self.0.range(&first..).next()?;
            let is_of_rule = (found.rule, &found.values) == (first.rule, &first.values);
            let excluded = found.is_target && rule.is_source(labels);
            (is_of_rule && !excluded).then_some(&*found.alertname)
        })
    }
}
