//! Inhibition among the alerts of now: which firing alerts suppress one.
//!
//! The sources of all inhibition rules in one ordered set, so that a target is looked up and not
//! compared with every alert. What a rule says is `rules::inhibit`.

use std::collections::BTreeMap;

use super::board::{Alert, Explains};
use crate::fleet::Moment;
use crate::rules::inhibit::InhibitRule;
use crate::rules::labels::Pair;

/// The alerts that inhibit others, found by what their targets must have, with the observations that
/// each explains.
#[derive(Clone, Debug, Default)]
pub struct InhibitionSources(BTreeMap<Source, Explains>);

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
    /// Those among the alerts that fire, or fired a moment ago.
    pub fn among<'a>(alerts: impl Iterator<Item = &'a Alert>, rules: &[InhibitRule]) -> Self {
        let mut sources = BTreeMap::new();
        for alert in alerts {
            let explains = alert.explains();
            if explains == Explains::Nothing {
                continue;
            }
            for (position, rule) in rules.iter().enumerate() {
                if rule.is_source(&alert.labels) {
                    let source = Source {
                        rule: position,
                        values: rule.values(&alert.labels),
                        is_target: rule.is_target(&alert.labels),
                        alertname: alert.rule().name.clone(),
                    };
                    let known = sources.entry(source).or_insert(explains);
                    *known = known.or(explains);
                }
            }
        }
        Self(sources)
    }

    /// The name of an alert that inhibits one of these labels, which was seen in a poll that began
    /// then, by the same rules.
    pub fn inhibiting(
        &self,
        labels: &[Pair],
        read: Option<Moment>,
        rules: &[InhibitRule],
    ) -> Option<&str> {
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
            let of_rule = self
                .0
                .range(&first..)
                .take_while(|(found, _)| found.rule == first.rule && found.values == first.values);
            let excluded = |found: &Source| found.is_target && rule.is_source(labels);
            let mut inhibiting =
                of_rule.filter(|(found, explains)| explains.covers(read) && !excluded(found));
            inhibiting.next().map(|(found, _)| &*found.alertname)
        })
    }
}
