//! The page of runbooks: the condition of each rule, what its alert means and first steps.
//!
//! It shows the rules in force with their settings. Where this exporter evaluates no alerts it shows all
//! built-in rules, since Prometheus or Grafana may evaluate them. Notifications link to a rule by its
//! name in lower case, as in `docs/runbooks.md`. Rules that only Prometheus can evaluate come last.

use maud::{Markup, html};

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::Moment;
use crate::rules::condition::Condition;
use crate::rules::describe_rule::{condition, length, phones};
use crate::rules::export::{Exported, seen_from_outside};
use crate::rules::packs::{self, RUNBOOKS};
use crate::rules::promql;
use crate::rules::rule::Rule;

use super::badges::severity_badge;
use super::components::{pair, prose, runbook_path};
use super::layout;

/// One runbook.
struct Runbook<'a> {
    name: &'a str,
    severity: &'a str,
    summary: &'a str,
    condition: Markup,
    /// The phones that the rule applies to; `None` if it is not about phones.
    phones: Option<String>,
    fires_after: String,
    keeps_firing: Option<String>,
    impact: &'a str,
    first_steps: &'a str,
    promql: String,
}

/// The page.
pub(in crate::web) fn runbooks(snapshot: &AlertSnapshot, now: Moment) -> String {
    let settings = &snapshot.settings;
    let rules: Vec<_> = if settings.enabled {
        let rules = settings.rules.iter().map(|known| &known.rule);
        rules.cloned().collect()
    } else {
        let packs = packs::all().into_iter();
        packs.flat_map(|pack| pack.rules).collect()
    };
    let outside = seen_from_outside(RUNBOOKS);
    let own = rules.iter().map(of_rule);
    let runbooks: Vec<_> = own.chain(outside.iter().map(of_exported)).collect();
    let main = html! {
        h1 { "Runbooks" }
        p {
            @if settings.enabled {
                "The condition of each rule in force, what its alert means, and first steps."
            } @else {
                "This exporter does not evaluate alerts. These are the built-in rules, which "
                code { "rules export" } " writes for Prometheus or Grafana."
            }
        }
        p class="contents" {
            @for runbook in &runbooks {
                a href=(runbook_path(runbook.name)) { (runbook.name) } " "
            }
        }
        @for runbook in &runbooks { (section(runbook)) }
    };
    layout::page("Runbooks", now.wall, layout::Refresh::Never, &main)
}

fn of_rule(rule: &Rule) -> Runbook<'_> {
    let is_of_phones = !matches!(rule.when, Condition::Own(_));
    let fires_after = match (rule.hold.is_zero(), rule.min_polls) {
        (true, 1) => "at once".to_owned(),
        (true, polls) => format!("{polls} polls"),
        (false, 1) => length(rule.hold),
        (false, polls) => format!("{} and at least {polls} polls", length(rule.hold)),
    };
    Runbook {
        name: &rule.name,
        severity: rule.severity().unwrap_or_default(),
        summary: &rule.annotations.summary,
        condition: prose(&condition(&rule.when), template),
        phones: is_of_phones.then(|| phones(&rule.only)),
        fires_after,
        keeps_firing: (!rule.keep_firing_for.is_zero()).then(|| length(rule.keep_firing_for)),
        impact: &rule.annotations.impact,
        first_steps: &rule.annotations.first_steps,
        promql: promql::expression(rule),
    }
}

fn of_exported(rule: &Exported) -> Runbook<'_> {
    Runbook {
        name: &rule.name,
        severity: rule.labels.first().map_or("", |(_, severity)| severity),
        summary: rule.annotation("summary"),
        condition: html! { "only Prometheus can evaluate this rule; see PromQL" },
        phones: None,
        fires_after: rule.hold.clone(),
        keeps_firing: None,
        impact: rule.annotation("impact"),
        first_steps: rule.annotation("first_steps"),
        promql: rule.expression.clone(),
    }
}

fn section(runbook: &Runbook<'_>) -> Markup {
    let texts = [
        ("Impact", runbook.impact),
        ("First steps", runbook.first_steps),
    ];
    html! {
        section class="runbook" id=(runbook.name.to_ascii_lowercase()) {
            h2 { (runbook.name) " " (severity_badge(runbook.severity)) }
            @if !runbook.summary.is_empty() { p { (prose(runbook.summary, template)) } }
            dl {
                dt { "Condition" } dd { (runbook.condition) }
                @if let Some(phones) = &runbook.phones { (pair("Phones", phones)) }
                (pair("Fires after", &runbook.fires_after))
                @if let Some(length) = &runbook.keeps_firing { (pair("Keeps firing for", length)) }
                @for (name, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
                    dt { (name) } dd { (prose(text, template)) }
                }
            }
            details { summary { "PromQL" } pre { code { (runbook.promql) } } }
        }
    }
}

/// A template with the names of its variables in place of their values.
fn template(text: &str) -> Markup {
    let mut parts = text.split("{{");
    let first = parts.next().unwrap_or_default();
    html! {
        (first)
        @for part in parts {
            @if let Some((name, after)) = part.split_once("}}") {
                i { (name.trim().trim_start_matches("$labels.").trim_end_matches(".name")) } (after)
            } @else {
                "{{" (part)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rules::export;
    use crate::web::testing::fixture;

    #[test]
    fn the_page_of_the_rules_in_force() {
        let page = runbooks(&fixture::snapshot(), fixture::now());
        insta::assert_snapshot!("runbooks", fixture::golden_page(&page));
    }

    #[test]
    fn without_alerts_of_its_own_it_has_every_section_of_the_documentation() {
        let page = runbooks(&AlertSnapshot::new(Arc::default()), fixture::now());
        let document = export::runbooks();
        let names: Vec<_> = document
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert!(names.len() > 30, "{names:?}");
        for name in names {
            let anchor = name.to_ascii_lowercase();
            assert!(page.contains(&format!("id=\"{anchor}\"")), "{name}");
            assert!(page.contains(&format!("\"/runbooks#{anchor}\"")), "{name}");
        }
        assert!(!page.contains("{{"), "{page}");
    }
}
