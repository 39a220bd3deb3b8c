//! What explains what, as inhibition rules of Alertmanager.
//!
//! An outage explains every alert below it; the other relations are those of `inhibit`. The list
//! belongs into the configuration of an Alertmanager that gets its alerts from Prometheus.

use std::fmt::Write as _;

use super::super::condition::{Condition, Grouping, Scope};
use super::super::inhibit::Inhibit;
use super::super::rule::Rule;
use super::{Group, text};

const HEAD: &str = "\
# What explains what, for the configuration of Alertmanager; written by
# `grandstream-exporter rules export --format alertmanager`.
inhibit_rules:
";

/// The relations among the rules of the groups.
pub fn alertmanager(groups: &[Group], inhibits: &[Inhibit]) -> String {
    let rules: Vec<_> = groups
        .iter()
        .flat_map(|group| &group.rules)
        .filter(|rule| rule.enabled)
        .collect();
    let mut file = HEAD.to_owned();
    for outage in rules.iter().filter(|rule| rule.inhibits_below) {
        let explained = rules.iter().filter(|rule| explains(outage, rule));
        let explained: Vec<_> = explained.map(|rule| &*rule.name).collect();
        push(&mut file, &[&outage.name], &explained, &same(outage))
            .expect("a string takes any text");
    }
    for inhibit in inhibits {
        let [when, mute, same] = [&inhibit.when, &inhibit.mute, &inhibit.same]
            .map(|list| list.iter().map(|one| &**one).collect::<Vec<_>>());
        push(&mut file, &when, &mute, &same).expect("a string takes any text");
    }
    file
}

/// Whether alerts of `rule` can lie below one of `outage`: what an outage of the same kind of thing
/// says is no less true beside it.
pub fn explains(outage: &Rule, rule: &Rule) -> bool {
    if matches!(rule.when, Condition::Own(_)) {
        return false;
    }
    match outage.scope() {
        Scope::Phone if rule.inhibits_below => false,
        Scope::Phone | Scope::Account | Scope::Line => rule.scope() >= Scope::Phone,
        Scope::Group => rule.scope() > Scope::Group,
        Scope::Daemon => rule.scope() > Scope::Daemon,
    }
}

/// The labels that tell what lies below.
fn same(outage: &Rule) -> Vec<&str> {
    match (outage.scope(), &outage.when) {
        (_, Condition::Fraction(fraction)) => match &fraction.by {
            Grouping::Fleet => Vec::new(),
            Grouping::Label(label) => vec![label],
            Grouping::Server => vec!["server"],
        },
        (Scope::Daemon | Scope::Group, _) => Vec::new(),
        (Scope::Phone, _) => vec!["phone"],
        (Scope::Account, _) => vec!["phone", "account"],
        (Scope::Line, _) => vec!["phone", "line"],
    }
}

fn push(file: &mut String, when: &[&str], mute: &[&str], same: &[&str]) -> std::fmt::Result {
    let names = |names: &[&str]| text(&format!("alertname=~\"{}\"", names.join("|")));
    writeln!(file, "  - source_matchers: [{}]", names(when))?;
    writeln!(file, "    target_matchers: [{}]", names(mute))?;
    writeln!(file, "    equal: [{}]", same.join(", "))
}
