//! `rules list`: the built-in rules and what they mean, or the rules in force and their `for`.

use std::path::Path;

use super::{pack_of, rule_book};
use crate::rules::describe_rule::{length, phones};
use crate::rules::rule::Rule;

pub(super) fn run(config: Option<&Path>) -> anyhow::Result<()> {
    let (_, book) = rule_book(config)?;
    for group in &book.groups {
        let rules = group.rules.iter();
        let rules: Vec<_> = rules
            .filter(|rule| rule.enabled || config.is_none())
            .collect();
        if rules.is_empty() {
            continue;
        }
        println_line!("{}:", pack_of(group))?;
        for rule in rules {
            let severity = rule.severity().unwrap_or("none");
            let what = match config {
                Some(_) => in_force(rule),
                None => rule.annotations.impact.to_string(),
            };
            println_line!("  {:<28} {severity:<9} {what}", rule.name)?;
        }
    }
    Ok(())
}

fn in_force(rule: &Rule) -> String {
    format!("for {:<8} {}", length(rule.hold), phones(&rule.only))
}
