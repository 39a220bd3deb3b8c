//! `rules explain`: all of one rule, in words and in PromQL.

use std::path::Path;

use super::{pack_of, rule_book};
use crate::alert::export::{Group, built_in, explains};
use crate::alert::inhibit::Inhibit;
use crate::alert::packs::RUNBOOKS;
use crate::alert::pairs;
use crate::alert::promql;
use crate::alert::rule::{OnUnknown, Rule};
use crate::alert::settings::RuleBook;
use crate::alert::words::{self, length};
use crate::cli::println_line;

pub(super) fn run(name: &str, config: Option<&Path>) -> anyhow::Result<()> {
    let (_, book) = rule_book(config)?;
    let RuleBook {
        groups,
        suppression,
        ..
    } = book;
    let Some((group, rule)) = find(&groups, name) else {
        let ready = built_in(RUNBOOKS);
        if let Some((group, _)) = find(&ready, name) {
            anyhow::bail!(
                "the pack `{0}` of `{name}` is not on; add {0} to `packs`, or leave --config out",
                pack_of(group)
            );
        }
        let known = groups.iter().chain(&ready).flat_map(|group| &group.rules);
        let mend = crate::config::nearest(name, known.map(|rule| &*rule.name), "see `rules list`");
        anyhow::bail!("there is no rule `{name}`; {mend}");
    };
    let off = if rule.enabled { "" } else { ", off" };
    let severity = rule.severity().unwrap_or("none");
    println_line(format_args!(
        "{name} ({}, {severity}{off})\n",
        pack_of(group)
    ))?;
    for (what, text) in facts(rule) {
        if !text.is_empty() {
            println_line(format_args!("  {what:<14} {text}"))?;
        }
    }
    for (what, text) in relations(&groups, rule, &suppression.inhibits) {
        if !text.is_empty() {
            println_line(format_args!("  {what:<14} {text}"))?;
        }
    }
    Ok(println_line(format_args!(
        "\nPromQL:\n{}",
        promql::expression(rule)
    ))?)
}

fn find<'a>(groups: &'a [Group], name: &str) -> Option<(&'a Group, &'a Rule)> {
    let mut all = groups
        .iter()
        .flat_map(|group| group.rules.iter().map(move |rule| (group, rule)));
    all.find(|(_, rule)| *rule.name == *name)
}

fn facts(rule: &Rule) -> Vec<(&str, String)> {
    let texts = &rule.annotations;
    let unknown = match rule.on_unknown {
        OnUnknown::Hold => "hold: the clocks stand still",
        OnUnknown::Resolve => "resolve: as if it did not hold",
        OnUnknown::Fire => "fire: as if it held",
    };
    let mut facts = vec![
        ("looks for", words::condition(&rule.when)),
        ("where", words::phones(&rule.only)),
        ("for", length(rule.hold)),
        ("min_polls", rule.min_polls.to_string()),
        ("keeps firing", length(rule.keep_firing_for)),
        ("on_unknown", unknown.to_owned()),
        ("labels", pairs::written(&rule.labels, ", ")),
        ("summary", texts.summary.to_string()),
        ("impact", texts.impact.to_string()),
        ("first steps", texts.first_steps.to_string()),
        ("runbook", texts.runbook_url.to_string()),
    ];
    let others = texts.others.iter();
    facts.extend(others.map(|(name, text)| (&**name, text.to_string())));
    facts
}

/// What keeps its alerts back, and what they keep back.
fn relations(groups: &[Group], rule: &Rule, inhibits: &[Inhibit]) -> [(&'static str, String); 2] {
    let enabled = || {
        let rules = groups.iter().flat_map(|group| &group.rules);
        rules.filter(|other| other.enabled && other.name != rule.name)
    };
    let below = enabled().filter(|other| rule.outage && explains(rule, other));
    let above = enabled().filter(|other| other.outage && explains(other, rule));
    let mut mutes: Vec<_> = below.map(|other| other.name.to_string()).collect();
    let mut muted_by: Vec<_> = above.map(|other| other.name.to_string()).collect();
    for Inhibit { when, mute, same } in inhibits {
        let where_same = match &**same {
            [] => String::new(),
            labels => format!(" (same {})", labels.join(", ")),
        };
        let named = |names: &[Box<str>]| -> Vec<String> {
            names
                .iter()
                .map(|name| format!("{name}{where_same}"))
                .collect()
        };
        if when.contains(&rule.name) {
            mutes.extend(named(mute));
        }
        if mute.contains(&rule.name) {
            muted_by.extend(named(when));
        }
    }
    [
        ("inhibits", mutes.join(", ")),
        ("inhibited by", muted_by.join(", ")),
    ]
}
