//! Inhibition rules that are exported and pasted back suppress the same alerts.

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;

use crate::alerting_config::{RuleBook, rule_book};
use crate::alerts::board::{Alert, KnownRule};
use crate::alerts::inhibition::InhibitionSources;
use crate::alerts::phase::{Evaluation, step};
use crate::alerts::suppress::{Visibility, inhibits};
use crate::config::Environment;
use crate::fleet::Phone;
use crate::fleet::sample::{Sample, minute};
use crate::rules::Rule;
use crate::rules::condition::{Condition, Grouping, Scope};
use crate::rules::export::alertmanager;
use crate::rules::subject::{Subject, labels_of, labels_of_phone};
use crate::rules::tristate::Tristate;

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
    let seen = Evaluation {
        truth: Tristate::Holds,
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
