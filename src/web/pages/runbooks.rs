//! The page of runbooks: what each rule looks for, what its alert means and what to do first.
//!
//! It speaks of the rules in force, as they are tuned; where alerts are not judged here, of all
//! ready-made ones, since Prometheus or Grafana may have them. Messages lead to the rule by its name in
//! small letters, as in `docs/runbooks.md`. What only Prometheus can see stands at the end.

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::Moment;
use crate::rules::condition::Condition;
use crate::rules::describe_rule::{condition, length, phones};
use crate::rules::export::{Exported, seen_from_outside};
use crate::rules::packs::{self, RUNBOOKS};
use crate::rules::promql;
use crate::rules::rule::Rule;
use crate::web::html::Html;

use super::{Renewal, frame, pair, prose, signs};

/// The page.
pub(in crate::web) fn runbooks(picture: &AlertSnapshot, now: Moment) -> String {
    let settings = &picture.settings;
    let rules: Vec<_> = if settings.enabled {
        let rules = settings.rules.iter().map(|known| &known.rule);
        rules.cloned().collect()
    } else {
        let packs = packs::all().into_iter();
        packs.flat_map(|pack| pack.rules).collect()
    };
    let outside = seen_from_outside(RUNBOOKS);
    frame("Runbooks", now.wall, Renewal::Never, |html| {
        html.markup("<h1>Runbooks</h1>\n<p>")
            .markup(if settings.enabled {
                "What each rule in force looks for, what its alert means and what to do first."
            } else {
                "Alerts are not judged here. These are the ready-made rules, as Prometheus or Grafana \
                 has them by <code>rules export</code>."
            })
            .markup("</p>\n<p class=\"contents\">");
        let names = rules.iter().map(|rule| &*rule.name);
        for name in names.chain(outside.iter().map(|rule| &*rule.name)) {
            html.markup("<a href=\"");
            link(html, name);
            html.markup("\">").text(name).markup("</a> ");
        }
        html.markup("</p>\n");
        for rule in &rules {
            section(html, rule);
        }
        for rule in &outside {
            section_of_outside(html, rule);
        }
    })
}

/// Writes the address of a rule's runbook.
pub(super) fn link(html: &mut Html, rule: &str) {
    html.text(packs::runbook("/runbooks", rule));
}

fn section(html: &mut Html, rule: &Rule) {
    let texts = &rule.annotations;
    begin(html, (&rule.name, rule.severity()), &texts.summary);
    html.markup("<dt>Looks for</dt><dd>");
    prose(html, &condition(&rule.when), template);
    html.markup("</dd>");
    if !matches!(rule.when, Condition::Own(_)) {
        pair(html, "Of", phones(&rule.only));
    }
    let hold = match (rule.hold.is_zero(), rule.min_polls) {
        (true, 1) => "at once".to_owned(),
        (true, polls) => format!("seen in {polls} polls"),
        (false, 1) => length(rule.hold),
        (false, polls) => format!("{}, seen in {polls} polls or more", length(rule.hold)),
    };
    pair(html, "Fires after", hold);
    if !rule.keep_firing_for.is_zero() {
        pair(html, "Goes on for", length(rule.keep_firing_for));
    }
    lessons(html, (&texts.impact, &texts.first_steps));
    expression(html, &promql::expression(rule));
}

fn section_of_outside(html: &mut Html, rule: &Exported) {
    let severity = rule.labels.first().map(|(_, severity)| &**severity);
    begin(html, (&rule.name, severity), rule.annotation("summary"));
    pair(html, "Looks for", "what only Prometheus can see");
    pair(html, "Fires after", &rule.hold);
    lessons(
        html,
        (rule.annotation("impact"), rule.annotation("first_steps")),
    );
    expression(html, &rule.expression);
}

fn begin(html: &mut Html, (name, severity): (&str, Option<&str>), summary: &str) {
    html.markup("<section class=\"runbook\" id=\"")
        .text(name.to_ascii_lowercase())
        .markup("\"><h2>")
        .text(name)
        .markup(" ");
    signs::badge(html, severity.unwrap_or_default());
    html.markup("</h2>\n");
    if !summary.is_empty() {
        html.markup("<p>");
        prose(html, summary, template);
        html.markup("</p>\n");
    }
    html.markup("<dl>");
}

fn lessons(html: &mut Html, (impact, first_steps): (&str, &str)) {
    for (name, text) in [("What it means", impact), ("First steps", first_steps)] {
        if !text.is_empty() {
            html.markup("<dt>").markup(name).markup("</dt><dd>");
            prose(html, text, template);
            html.markup("</dd>");
        }
    }
    html.markup("</dl>\n");
}

fn expression(html: &mut Html, promql: &str) {
    html.markup("<details><summary>PromQL</summary><pre><code>")
        .text(promql)
        .markup("</code></pre></details></section>\n");
}

/// A template with its names instead of what stands for them: there is no alert to take it from.
fn template(html: &mut Html, text: &str) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        let name = name.trim().trim_start_matches("$labels.");
        html.text(before)
            .markup("<i>")
            .text(name.trim_end_matches(".name"))
            .markup("</i>");
        rest = after;
    }
    html.text(rest);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rules::export;
    use crate::web::example;

    #[test]
    fn the_page_of_the_rules_in_force() {
        let page = runbooks(&example::picture(), example::now());
        insta::assert_snapshot!("runbooks", example::without_version(&page));
    }

    #[test]
    fn without_alerts_of_its_own_it_has_every_section_of_the_documentation() {
        let page = runbooks(&AlertSnapshot::new(Arc::default()), example::now());
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
