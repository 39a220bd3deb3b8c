//! The inhibition rules of Alertmanager: what outages inhibit, and the rules of `inhibit_rules`.
//!
//! An outage inhibits every alert below it. The list belongs into the configuration of an
//! Alertmanager that gets its alerts from Prometheus; under `alerting` here it suppresses the same
//! alerts as the outages do.

use std::fmt::Write as _;

use super::super::condition::{Condition, Grouping, Scope};
use super::super::inhibit::InhibitRule;
use super::super::matcher::Matcher;
use super::super::rule::Rule;
use super::{Group, single_quoted};

const HEAD: &str = "\
# Inhibition rules for the configuration of Alertmanager; written by
# `grandstream-exporter rules export --format alertmanager`.
inhibit_rules:
";

/// What the outages among the rules of the groups inhibit, then these rules.
pub fn alertmanager(groups: &[Group], inhibit_rules: &[InhibitRule]) -> String {
    let mut file = HEAD.to_owned();
    for rule in of_outages(groups).iter().chain(inhibit_rules) {
        push(&mut file, rule).expect("a string takes any text");
    }
    file
}

/// What outages inhibit, as inhibition rules.
fn of_outages(groups: &[Group]) -> Vec<InhibitRule> {
    let rules: Vec<_> = groups
        .iter()
        .flat_map(|group| &group.rules)
        .filter(|rule| rule.enabled)
        .collect();
    let outages = rules.iter().filter(|rule| rule.inhibits_below);
    let inhibition = outages.map(|outage| {
        let below = rules.iter().filter(|rule| explains(outage, rule));
        let below: Vec<_> = below.map(|rule| &*rule.name).collect();
        let equal = equal(outage)?;
        (!below.is_empty()).then(|| InhibitRule::of_names(&[&outage.name], &below, &equal))
    });
    inhibition.flatten().collect()
}

/// Whether alerts of `rule` can lie below one of `outage`: what an outage of the same kind of thing
/// says is no less true beside it.
pub fn explains(outage: &Rule, rule: &Rule) -> bool {
    if matches!(rule.when, Condition::Own(_)) || equal(outage).is_none() {
        return false;
    }
    match outage.scope() {
        Scope::Phone => rule.scope() >= Scope::Phone && !rule.inhibits_below,
        Scope::Group => rule.scope() > Scope::Group,
        Scope::Daemon => rule.scope() > Scope::Daemon,
        Scope::Account | Scope::Line => false,
    }
}

/// The labels that tell what lies below; `None` where nothing does.
fn equal(outage: &Rule) -> Option<Vec<&str>> {
    let label = match (outage.scope(), &outage.when) {
        (Scope::Daemon, _) => return Some(Vec::new()),
        (Scope::Phone, _) => "phone",
        (Scope::Group, Condition::Fraction(fraction)) => match &fraction.by {
            Grouping::Label(label) => label,
            Grouping::Server => "server",
            Grouping::Fleet => return Some(Vec::new()),
        },
        // No phone belongs to a receiver, and nothing to an account or line.
        (Scope::Group | Scope::Account | Scope::Line, _) => return None,
    };
    Some(vec![label])
}

fn push(file: &mut String, rule: &InhibitRule) -> std::fmt::Result {
    let list = |matchers: &[Matcher]| {
        let matchers: Vec<_> = matchers
            .iter()
            .map(|matcher| single_quoted(&matcher.to_string()))
            .collect();
        matchers.join(", ")
    };
    writeln!(
        file,
        "  - source_matchers: [{}]",
        list(&rule.source_matchers)
    )?;
    writeln!(
        file,
        "    target_matchers: [{}]",
        list(&rule.target_matchers)
    )?;
    writeln!(file, "    equal: [{}]", rule.equal.join(", "))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::alert::board::{Alert, KnownRule};
    use crate::alert::inhibit::InhibitionSources;
    use crate::alert::phase::{Seen, step};
    use crate::alert::sample::{Sample, minute};
    use crate::alert::settings::{RuleBook, rule_book};
    use crate::alert::subject::{Subject, labels_of, labels_of_phone};
    use crate::alert::suppress::{Visibility, inhibits};
    use crate::alert::truth::Truth;
    use crate::config::Environment;
    use crate::fleet::Phone;

    /// Every ready-made rule, outages of every kind, and inhibition rules of an operator's own.
    const CONFIG: &str = r#"
phones:
  - { name: a, address: 192.0.2.1, site: hq, password: test, labels: { floor: "1" } }
  - { name: b, address: 192.0.2.2, site: hq, password: test, labels: { floor: "2" } }
  - { name: c, address: 192.0.2.3, site: lyon, password: test, labels: { floor: "1" } }
  - { name: d, address: 192.0.2.4, password: test }
alerting:
  rule_groups: [core, security, compliance, calls, self]
  rule_overrides: { NotifierFailing: { inhibits_below: true }, Watchdog: { inhibits_below: true }, PhoneUnstable: { enabled: false } }
  rules:
    - { name: FloorOutage, when: { fraction_unreachable: { by: floor, at_least: 0.5, min: 1 } }, inhibits_below: true }
    - { name: PbxOutage, when: { fraction_unregistered: { by: sip_server, at_least: 0.5, min: 1 } }, inhibits_below: true }
    - { name: AccountOutage, when: { account_not_registered: {} }, inhibits_below: true }
    - { name: PhoneOutage, when: { phone_not_readable: {} }, inhibits_below: true, labels: { floor: "2" } }
    - { name: OnFloorOne, when: { phone_not_readable: {} }, labels: { floor: "1", team: it } }
"#;
    const OWN: &str = r#"
    - source_matchers: ['alertname=~"ClockSkew|LineFailed"']
      target_matchers: ['alertname=~"LineFailed|ConfigDrift"', 'site!="lyon"']
      equal: [floor]
    - { source_matchers: [team=it], target_matchers: ['severity=~"warn.*"'], equal: [site, line] }
"#;

    fn book(inhibit_rules: &str) -> RuleBook {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("config.yaml");
        let text = format!("{CONFIG}  inhibit_rules:\n{inhibit_rules}");
        std::fs::write(&file, text).expect("written");
        let book = rule_book(&file, &Environment::default());
        book.unwrap_or_else(|faults| panic!("{faults}")).1
    }

    /// Phones as the configuration lists them, each with an account at one of two servers.
    fn phones() -> [Phone; 4] {
        [
            ("a", "hq", "1", "one"),
            ("b", "hq", "2", "two"),
            ("c", "lyon", "1", "one"),
            ("d", "", "", "two"),
        ]
        .map(|(name, site, floor, server)| {
            let sample = Sample::new(name).polled(minute(0)).account(1, server, true);
            let sample = sample.with(|place| {
                place.site = (!site.is_empty()).then(|| site.into());
                let labels = [("floor".into(), floor.into())].into_iter();
                place.labels = labels.filter(|_| !floor.is_empty()).collect();
            });
            sample.phone()
        })
    }

    /// A firing alert of this rule; of the phone, if it is of phones, else of one of its groups.
    fn alert(rule: &Rule, phone: &Phone) -> Alert {
        let name = &phone.place.name;
        let group = |label: &str, value: &str| Subject::Group {
            label: label.into(),
            value: value.into(),
        };
        let subject = match (rule.scope(), &rule.when) {
            (Scope::Daemon, _) => Subject::Daemon,
            (Scope::Phone, _) => Subject::Phone(name.clone()),
            (Scope::Account, _) => Subject::Account(name.clone(), 1),
            (Scope::Line, _) => Subject::Line(name.clone(), 1),
            (Scope::Group, Condition::Fraction(fraction)) => match &fraction.by {
                Grouping::Label(label) if **label == *"floor" => group("floor", "1"),
                Grouping::Label(label) => group(label, "hq"),
                Grouping::Server => group("server", "one"),
                Grouping::Fleet => Subject::Daemon,
            },
            (Scope::Group, _) => group("receiver", "desk"),
        };
        let labels = match rule.scope() {
            Scope::Daemon | Scope::Group => labels_of(rule, &subject),
            Scope::Phone | Scope::Account | Scope::Line => {
                labels_of_phone(rule, &subject, phone, minute(0))
            }
        };
        let seen = Seen {
            truth: Truth::Holds,
            polled: None,
            explained: false,
            now: minute(0),
        };
        let at_once = Rule {
            hold: std::time::Duration::ZERO,
            min_polls: 0,
            ..rule.clone()
        };
        Alert {
            rule: Arc::new(KnownRule {
                rule: rule.clone(),
                condition: Box::default(),
            }),
            subject,
            labels,
            state: step(None, seen, &at_once).expect("it fires"),
            active_at: minute(0),
            fired_at: Some(minute(0)),
            visibility: Visibility::Shown,
            freed_at: None,
        }
    }

    #[test]
    fn exported_rules_that_are_pasted_here_suppress_the_same_alerts() {
        let RuleBook {
            groups,
            suppression,
            ..
        } = book(OWN);
        let as_it_is = &suppression.inhibit_rules;
        let exported = alertmanager(&groups, as_it_is);
        let (_, list) = exported.split_once("inhibit_rules:\n").expect("a list");
        let count = list.matches("- source_matchers").count();
        let with_pasted = book(list).suppression;
        let built_in = with_pasted.inhibit_rules.len() - count;
        let pasted = &with_pasted.inhibit_rules[built_in..];

        let rules: Vec<_> = groups.iter().flat_map(|group| &group.rules).collect();
        let rules: Vec<_> = rules.into_iter().filter(|rule| rule.enabled).collect();
        let phones = phones();
        let chosen = proptest::collection::vec((0..rules.len(), 0..phones.len()), 1..12);
        let (all, suppressed) = (Cell::new(0), Cell::new(0));
        let mut runner = proptest::test_runner::TestRunner::default();
        runner
            .run(&chosen, |chosen| {
                let alerts: Vec<_> = chosen
                    .iter()
                    .map(|(rule, phone)| alert(rules[*rule], &phones[*phone]))
                    .collect();
                let sources = InhibitionSources::among(alerts.iter(), pasted);
                for alert in &alerts {
                    let here = alerts.iter().any(|above| inhibits(above, alert, as_it_is));
                    let there = alerts.iter().any(|above| {
                        let mut rules = pasted.iter();
                        rules.any(|rule| rule.inhibits(&above.labels, &alert.labels))
                    });
                    let found = sources.inhibiting(&alert.labels, pasted).is_some();
                    prop_assert_eq!(here, there, "{:?} among {:?}", alert.labels, alerts);
                    prop_assert_eq!(there, found, "{:?} among {:?}", alert.labels, alerts);
                    all.set(all.get() + 1);
                    suppressed.set(suppressed.get() + u32::from(here));
                }
                Ok(())
            })
            .unwrap_or_else(|failure| panic!("{failure}"));
        let (all, suppressed) = (all.get(), suppressed.get());
        assert!(
            all / 10 < suppressed && suppressed < all,
            "{suppressed} of {all}"
        );
    }
}
