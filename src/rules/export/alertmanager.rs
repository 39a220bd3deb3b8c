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
