//! What to do about each ready-made alert, as a page of the documentation.

use std::fmt::Write as _;

use super::{Exported, built_in, exported};
use crate::rules::packs::RUNBOOKS;

const HEAD: &str = "\
# Runbooks

One section for each ready-made alert. Written from `src/rules/packs`; change it there.
";

/// The page of all ready-made rules, those that are off too.
pub fn runbooks() -> String {
    let mut groups = built_in(RUNBOOKS);
    for rule in groups.iter_mut().flat_map(|group| &mut group.rules) {
        rule.enabled = true;
    }
    let mut page = HEAD.to_owned();
    for (_, rules) in exported(&groups, RUNBOOKS) {
        for rule in rules {
            push(&mut page, &rule).expect("a string takes any text");
        }
    }
    page
}

fn push(page: &mut String, rule: &Exported) -> std::fmt::Result {
    let text = |name: &str| plain(rule.annotation(name));
    let severity = rule.labels.first().map_or("", |(_, severity)| severity);
    writeln!(page, "\n## {}\n", rule.name)?;
    writeln!(page, "{} ({severity}).\n", text("summary"))?;
    writeln!(page, "**What it means.** {}\n", text("impact"))?;
    writeln!(page, "**First steps.** {}\n", text("first_steps"))?;
    writeln!(page, "```promql\n{}\n```", rule.expression)
}

/// A template for readers: labels by their names.
fn plain(template: &str) -> String {
    template.replace("{{ $labels.", "*").replace(" }}", "*")
}
