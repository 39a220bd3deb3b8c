//! Runs one rule test poll by poll and compares the alerts with the expected ones.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use jiff::Timestamp;

use super::phone::TestPhone;
use super::test_file::{ExpectedAlerts, Labels, TestCase};
use crate::alerting_config::RuleBook;
use crate::alerts::board::Rules;
use crate::alerts::board::{Alert, Board};
use crate::alerts::self_monitoring::Health;
use crate::config::{Config, nearest};
use crate::fleet::{Fleet, Moment};
use crate::rules::condition::Condition;
use crate::rules::describe_rule::length;
use crate::rules::labels;
use crate::rules::rule::Rule;

/// The most polls of a test, all phones together.
const MAX_POLLS: u128 = 1_000_000;

/// The default start: a Monday at midnight.
const DEFAULT_START: &str = "2026-01-05T00:00:00Z";

/// Runs the test; one line for each difference.
pub(super) fn run_case(
    case: &TestCase,
    interval: Duration,
    book: &RuleBook,
    config: Option<&Config>,
) -> anyhow::Result<Vec<String>> {
    let begins = Moment {
        wall: case.begins.unwrap_or(DEFAULT_START.parse::<Timestamp>()?),
        // As a daemon that has been running for days.
        mono: Duration::from_secs(10 * 86_400),
    };
    let rules = rules(case, book)?;
    let mut board = Board::new(Arc::new(Rules::new(rules)));
    board.with_suppression(Arc::clone(&book.suppression));
    let mut phones = phones(case, config, interval, begins);
    let end = case.expect.iter().map(|expected| expected.at).max();
    let end = end.unwrap_or_default();
    let polls = end.as_nanos() / interval.as_nanos() * phones.len().max(1) as u128;
    if polls > MAX_POLLS {
        bail!(
            "needs {polls} polls, at most {MAX_POLLS} are allowed; shorten it, or use a longer `interval`"
        );
    }
    let mut timeline: Vec<_> = case.timeline.iter().collect();
    timeline.sort_by_key(|event| event.at);
    let mut timeline = timeline.into_iter().peekable();
    let mut expected: Vec<_> = case.expect.iter().collect();
    expected.sort_by_key(|expected| expected.at);
    let mut expected = expected.into_iter().peekable();
    let mut fleet = Fleet::new(phones.values().map(|phone| Arc::clone(&phone.place)));
    let mut differences = Vec::new();
    let mut passed = Duration::ZERO;
    while expected.peek().is_some() {
        let now = begins.after(passed);
        while let Some(event) = timeline.next_if(|event| event.at <= passed) {
            let all = event.phone == "*";
            if !all && !phones.contains_key(event.phone.as_str()) {
                let known = phones.keys().copied();
                let hint = nearest(&event.phone, known, "add it to `phones`");
                bail!("`{}` is not a phone of the test; {hint}", event.phone);
            }
            let meant = phones
                .iter_mut()
                .filter(|(name, _)| all || **name == event.phone);
            for (_, phone) in meant {
                phone.apply(event, now)?;
            }
        }
        for (name, phone) in &phones {
            fleet = fleet.with_report(name, phone.report(now));
            let _steps = board.after_poll(&fleet, name, now);
        }
        let _steps = board.after_tick(&fleet, &Health::default(), now);
        // Between two polls, the alerts are those of the earlier one.
        while let Some(expected) = expected.next_if(|expected| expected.at < passed + interval) {
            differences.extend(compare(&board, expected));
        }
        passed += interval;
    }
    Ok(differences)
}

/// The rules of the test, enabled.
fn rules(case: &TestCase, book: &RuleBook) -> anyhow::Result<Vec<Rule>> {
    let all = || book.groups.iter().flat_map(|group| &group.rules);
    for name in &case.rules {
        if !all().any(|rule| *rule.name == **name) {
            let known = all().map(|rule| &*rule.name);
            bail!(
                "no rule `{name}`; {}",
                nearest(name, known, "see `rules list`")
            );
        }
    }
    let named = |rule: &Rule| case.rules.iter().any(|name| **name == *rule.name);
    let looked_at = |rule: &&Rule| match &*case.rules {
        [] => rule.enabled && !matches!(rule.when, Condition::Own(_)),
        _ => named(rule),
    };
    let enabled = |rule: &Rule| Rule {
        enabled: true,
        ..rule.clone()
    };
    Ok(all().filter(looked_at).map(enabled).collect())
}

fn phones<'a>(
    case: &'a TestCase,
    config: Option<&Config>,
    interval: Duration,
    begins: Moment,
) -> BTreeMap<&'a str, TestPhone> {
    let phones = case.phones.iter().map(|(name, written)| {
        let mut listed = config.iter().flat_map(|config| &config.phones);
        let listed = listed.find(|phone| *phone.place.name == **name);
        let listed = listed.map(|phone| &*phone.place);
        let written = written.clone().unwrap_or_default();
        (
            name.as_str(),
            TestPhone::new(name, &written, listed, interval, begins),
        )
    });
    phones.collect()
}

fn compare(board: &Board, expected: &ExpectedAlerts) -> Vec<String> {
    let pending = |alert: &&Alert| alert.state.is_pending();
    let firing = |alert: &&Alert| alert.state.is_firing();
    let shown = |alert: &&Alert| alert.is_shown();
    let at = length(expected.at);
    let mut differences = Vec::new();
    let mut compare_state = |what: &str, wanted: &Option<Vec<Labels>>, found: Vec<&Alert>| {
        let Some(wanted) = wanted else {
            return;
        };
        if !same(wanted, &found) {
            let wanted = list(wanted.iter().map(shown_labels));
            let found = list(found.into_iter().map(shown_alert));
            differences.push(format!("at {at}: expected {what} {wanted}, found {found}"));
        }
    };
    compare_state(
        "pending",
        &expected.pending,
        board.alerts().filter(pending).collect(),
    );
    compare_state(
        "firing",
        &expected.firing,
        board.alerts().filter(firing).collect(),
    );
    compare_state(
        "shown",
        &expected.shown,
        board.alerts().filter(shown).collect(),
    );
    differences
}

/// Whether the alerts are exactly the wanted ones.
fn same(wanted: &[Labels], found: &[&Alert]) -> bool {
    let fits = |labels: &Labels, alert: &Alert| {
        labels
            .iter()
            .all(|(name, value)| labels::text(&alert.labels, name) == value)
    };
    wanted.len() == found.len()
        && wanted
            .iter()
            .all(|labels| found.iter().any(|alert| fits(labels, alert)))
        && found
            .iter()
            .all(|alert| wanted.iter().any(|labels| fits(labels, alert)))
}

fn shown_labels(labels: &Labels) -> String {
    let labels: Vec<_> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{{{}}}", labels.join(", "))
}

fn shown_alert(alert: &Alert) -> String {
    format!("{{{}}}", labels::written(&*alert.labels, ", "))
}

fn list(all: impl Iterator<Item = String>) -> String {
    let all: Vec<_> = all.collect();
    if all.is_empty() {
        return "none".to_owned();
    }
    all.join(" ")
}
