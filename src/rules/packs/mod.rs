//! The ready-made rules, as data: what every site wants to know, to be overridden by name.
//!
//! Each says what is wrong, what it means for the people at the phones, and what to do first, in
//! words that need no knowledge of the daemon. Their names are a contract: silences, routes and
//! `rule_overrides` hold on to them. Facts that no read of the vendor's guide gives (link speed, backup
//! servers, forwarding) have no rule here.

mod calls;
mod compliance;
mod core;
mod own;
mod security;

use std::time::Duration;

use super::condition::Condition;
use super::inhibit::InhibitRule;
use super::rule::{Annotations, Rule};

/// A named set of rules that belong together.
#[derive(Clone, Debug)]
pub struct Pack {
    /// How the configuration names it.
    pub name: &'static str,
    /// Its rules, in the order of their weight.
    pub rules: Vec<Rule>,
}

/// Packs that are on unless the configuration says otherwise.
pub const ON_BY_DEFAULT: [&str; 2] = ["core", "self"];

/// The page on which ready-made rules look for their runbooks unless another is known: it is part of
/// the documentation.
pub const RUNBOOKS: &str = "docs/runbooks.md";

/// Where the runbook of this rule stands on such a page.
pub fn runbook(page: &str, rule: &str) -> String {
    format!("{page}#{}", rule.to_ascii_lowercase())
}

/// All packs, with their runbooks on this page.
pub fn all_on(page: &str) -> Vec<Pack> {
    let mut packs = all();
    for rule in packs.iter_mut().flat_map(|pack| &mut pack.rules) {
        rule.annotations.runbook_url = runbook(page, &rule.name).into();
    }
    packs
}

/// All packs.
pub fn all() -> Vec<Pack> {
    vec![
        Pack {
            name: "core",
            rules: core::rules(),
        },
        Pack {
            name: "security",
            rules: security::rules(),
        },
        Pack {
            name: "compliance",
            rules: compliance::rules(),
        },
        Pack {
            name: "calls",
            rules: calls::rules(),
        },
        Pack {
            name: "self",
            rules: own::rules(),
        },
    ]
}

/// Which ready-made rules inhibit which others, beyond what lies below an outage: the names of the
/// sources, of the targets, and the labels that must be equal.
const INHIBITIONS: [(&[&str], &[&str], &[&str]); 5] = [
    (
        &["MassUnregistered"],
        &["AccountUnregistered", "RegistrationFlapping"],
        &["server"],
    ),
    (
        &["PhoneAuthRejected", "PhoneLoginLocked", "IdentityChanged"],
        &["PhoneNotReadable", "PhoneDataStale"],
        &["phone"],
    ),
    (&["PhoneNotReadable"], &["PhoneDataStale"], &["phone"]),
    (&["PhoneRebootLoop"], &["PhoneRebooted"], &["phone"]),
    (
        &["CertificateExpired"],
        &["CertificateExpiring"],
        &["phone"],
    ),
];

/// The inhibition rules among those ready-made rules that are in force.
pub fn inhibit_rules(is_in_force: impl Fn(&str) -> bool) -> Vec<InhibitRule> {
    let in_force = |names: &[&'static str]| -> Vec<&str> {
        let names = names.iter().copied();
        names.filter(|name| is_in_force(name)).collect()
    };
    let rules = INHIBITIONS.iter().map(|(sources, targets, equal)| {
        let (sources, targets) = (in_force(sources), in_force(targets));
        let given = !sources.is_empty() && !targets.is_empty();
        given.then(|| InhibitRule::of_names(&sources, &targets, equal))
    });
    rules.flatten().collect()
}

/// The inhibition rules among all ready-made rules.
pub fn all_inhibit_rules() -> Vec<InhibitRule> {
    inhibit_rules(|_any| true)
}

/// A rule as the tables of the packs write it.
struct Ready {
    name: &'static str,
    severity: &'static str,
    when: Condition,
    /// `for` and `keep_firing_for`.
    patience: (Duration, Duration),
    summary: &'static str,
    impact: &'static str,
    first_steps: &'static str,
}

impl Ready {
    fn rule(self) -> Rule {
        let (hold, keep_firing_for) = self.patience;
        Rule {
            hold,
            keep_firing_for,
            labels: Box::new([("severity".into(), self.severity.into())]),
            annotations: Annotations {
                summary: self.summary.into(),
                impact: self.impact.into(),
                first_steps: self.first_steps.into(),
                runbook_url: runbook(RUNBOOKS, self.name).into(),
                others: Box::default(),
            },
            ..Rule::new(self.name, self.when)
        }
    }

    /// For what one look proves: it needs no second poll.
    fn at_once(self) -> Rule {
        Rule {
            min_polls: 1,
            ..self.rule()
        }
    }
}

const NONE: Duration = Duration::ZERO;

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

const fn hours(n: u64) -> Duration {
    minutes(60 * n)
}

const fn days(n: u64) -> Duration {
    hours(24 * n)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn rules() -> Vec<Rule> {
        all().into_iter().flat_map(|pack| pack.rules).collect()
    }

    #[test]
    fn every_rule_is_valid_and_named_once() {
        let mut names = BTreeSet::new();
        for rule in rules() {
            assert_eq!(rule.check(), [], "{}", rule.name);
            assert!(names.insert(rule.name.clone()), "{} twice", rule.name);
        }
    }

    #[test]
    fn every_rule_tells_people_what_to_do() {
        for rule in rules() {
            let texts = rule.annotations;
            for text in [&texts.summary, &texts.impact, &texts.first_steps] {
                assert!(!text.is_empty(), "{} lacks a text", rule.name);
            }
            assert!(
                matches!(
                    rule.labels.first(),
                    Some((name, severity)) if **name == *"severity"
                        && ["critical", "warning", "info", "none"].contains(&&**severity)
                ),
                "{} has no known severity",
                rule.name
            );
        }
    }

    #[test]
    fn inhibitions_name_rules_that_exist() {
        let names: BTreeSet<_> = rules().into_iter().map(|rule| rule.name).collect();
        for (sources, targets, _) in INHIBITIONS {
            for name in sources.iter().chain(targets) {
                assert!(names.contains(*name), "{name}");
            }
        }
    }

    #[test]
    fn only_rules_in_force_inhibit_and_are_inhibited() {
        let off = ["PhoneAuthRejected", "PhoneDataStale", "PhoneRebooted"];
        let rules = inhibit_rules(|name| !off.contains(&name));
        let rules: Vec<_> = rules
            .iter()
            .map(|rule| format!("{:?} {:?}", rule.source_matchers, rule.target_matchers))
            .collect();
        assert_eq!(
            rules,
            [
                r#"[alertname="MassUnregistered"] [alertname=~"AccountUnregistered|RegistrationFlapping"]"#,
                r#"[alertname=~"PhoneLoginLocked|IdentityChanged"] [alertname="PhoneNotReadable"]"#,
                r#"[alertname="CertificateExpired"] [alertname="CertificateExpiring"]"#,
            ]
        );
    }
}
