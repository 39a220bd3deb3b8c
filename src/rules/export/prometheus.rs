//! A rules file of Prometheus 2.42 or later.

use std::fmt::Write as _;

use super::{Exported, Group, block, exported, text};

const HEAD: &str = "\
# Alert rules for Prometheus, written by `grandstream-exporter rules export --format prometheus`.
# The daemon itself has the same rules: use one of the two, or everything is told twice.
# Prometheus has no inhibition of its own: give Alertmanager the rules of
# alertmanager/inhibit.yml.
groups:
";

/// The groups as a rules file; what only Prometheus can see has its runbooks on this page.
pub fn prometheus(groups: &[Group], runbooks: &str) -> String {
    let mut file = HEAD.to_owned();
    for (name, rules) in exported(groups, runbooks) {
        writeln!(file, "  - name: {name}\n    rules:").expect("a string takes any text");
        for rule in rules {
            push(&mut file, &rule).expect("a string takes any text");
        }
    }
    file
}

fn push(file: &mut String, rule: &Exported) -> std::fmt::Result {
    if !rule.approximated.is_empty() {
        let what = rule.approximated.join(", ");
        writeln!(file, "      # Approximated; without a form here: {what}.")?;
    }
    writeln!(file, "      - alert: {}", rule.name)?;
    writeln!(file, "        expr: {}", block(&rule.expression, 10))?;
    writeln!(file, "        for: {}", rule.hold)?;
    if let Some(keep_firing_for) = &rule.keep_firing_for {
        writeln!(file, "        keep_firing_for: {keep_firing_for}")?;
    }
    writeln!(file, "        labels:")?;
    for (name, value) in &rule.labels {
        writeln!(file, "          {name}: {}", text(value))?;
    }
    writeln!(file, "        annotations:")?;
    for (name, value) in &rule.annotations {
        writeln!(file, "          {name}: {}", text(value))?;
    }
    Ok(())
}
