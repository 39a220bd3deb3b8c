//! `rules explain`: one rule in words and in PromQL.

use std::path::Path;

use super::{pack_of, rule_book};
use crate::alerting_config::RuleBook;
use crate::rules::describe_rule::{self, length};
use crate::rules::export::{Group, built_in, explains};
use crate::rules::inhibit::InhibitRule;
use crate::rules::labels;
use crate::rules::matcher::Matcher;
use crate::rules::packs::RUNBOOKS;
use crate::rules::promql;
use crate::rules::rule::{OnUnknown, Rule};

pub(super) fn run(name: &str, config: Option<&Path>) -> anyhow::Result<()> {
    let (_, book) = rule_book(config)?;
    let RuleBook {
        groups,
        suppression,
        ..
    } = book;
    let Some((group, rule)) = find(&groups, name) else {
        let all_built_in = built_in(RUNBOOKS);
        if let Some((group, _)) = find(&all_built_in, name) {
            anyhow::bail!(
                "the rule group `{0}` of `{name}` is off; add {0} to `rule_groups`, or omit --config",
                pack_of(group)
            );
        }
        let known = groups
            .iter()
            .chain(&all_built_in)
            .flat_map(|group| &group.rules);
        let hint = crate::config::nearest(name, known.map(|rule| &*rule.name), "see `rules list`");
        anyhow::bail!("no rule `{name}`; {hint}");
    };
    let off = if rule.enabled { "" } else { ", off" };
    let severity = rule.severity().unwrap_or("none");
    println_line!("{name} ({}, {severity}{off})\n", pack_of(group))?;
    for (what, text) in facts(rule) {
        if !text.is_empty() {
            println_line!("  {what:<14} {text}")?;
        }
    }
    for (what, text) in relations(&groups, rule, &suppression.inhibit_rules) {
        if !text.is_empty() {
            println_line!("  {what:<14} {text}")?;
        }
    }
    let all = groups.iter().flat_map(|group| &group.rules);
    let others = promql::Explaining::new(all, &suppression.inhibit_rules);
    Ok(println_line!(
        "\nPromQL:\n{}",
        promql::expression_among(rule, &others)
    )?)
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
        OnUnknown::Keep => "keep: its clocks stop",
        OnUnknown::Resolve => "resolve: as if the condition were false",
        OnUnknown::Fire => "fire: as if the condition were true",
    };
    let mut facts = vec![
        ("condition", describe_rule::condition(&rule.when)),
        ("where", describe_rule::phones(&rule.only)),
        ("for", length(rule.hold)),
        ("min_polls", rule.min_polls.to_string()),
        ("keeps firing", length(rule.keep_firing_for)),
        ("on_unknown", unknown.to_owned()),
        ("labels", labels::written(&rule.labels, ", ")),
        ("summary", texts.summary.to_string()),
        ("impact", texts.impact.to_string()),
        ("first steps", texts.first_steps.to_string()),
        ("runbook", texts.runbook_url.to_string()),
    ];
    let others = texts.others.iter();
    facts.extend(others.map(|(name, text)| (&**name, text.to_string())));
    facts
}

/// What its alerts inhibit, and what inhibits them.
fn relations(
    groups: &[Group],
    rule: &Rule,
    inhibit_rules: &[InhibitRule],
) -> [(&'static str, String); 2] {
    let enabled = || {
        let rules = groups.iter().flat_map(|group| &group.rules);
        rules.filter(|other| other.enabled)
    };
    let others = || enabled().filter(|other| other.name != rule.name);
    let below = others().filter(|other| rule.inhibits_below && explains(rule, other));
    let above = others().filter(|other| other.inhibits_below && explains(other, rule));
    let mut targets: Vec<_> = below.map(|other| other.name.to_string()).collect();
    let mut sources: Vec<_> = above.map(|other| other.name.to_string()).collect();
    for inhibition in inhibit_rules {
        let equal = match &*inhibition.equal {
            [] => String::new(),
            labels => format!(" (same {})", labels.join(", ")),
        };
        let selected = |matchers: &[Matcher]| -> Vec<String> {
            let rules = enabled().filter(|other| may_be_selected(other, matchers));
            rules
                .map(|other| format!("{}{equal}", other.name))
                .collect()
        };
        if may_be_selected(rule, &inhibition.source_matchers) {
            targets.extend(selected(&inhibition.target_matchers));
        }
        if may_be_selected(rule, &inhibition.target_matchers) {
            sources.extend(selected(&inhibition.source_matchers));
        }
    }
    [
        ("inhibits", targets.join(", ")),
        ("inhibited by", sources.join(", ")),
    ]
}

/// Whether matchers can select an alert of this rule, by the labels that all of them have.
fn may_be_selected(rule: &Rule, matchers: &[Matcher]) -> bool {
    matchers.iter().all(|matcher| {
        let own = rule
            .labels
            .iter()
            .find(|(label, _)| **label == *matcher.name());
        match matcher.name() {
            "alertname" => matcher.matches(&rule.name),
            _ => own.is_none_or(|(_, value)| matcher.matches(value)),
        }
    })
}
