//! The rules in force, folded: what they mean, how long it must last, how many phones they see.

use std::collections::BTreeMap;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::board::Alert;
use crate::rules::condition::Scope;
use crate::web::alerting::state_of;
use crate::web::html::Html;
use crate::web::pages::{columns, end_of_table, runbooks, signs};
use crate::web::words;

/// The whole section; where there are no rules only the way to the ready-made ones.
pub(super) fn write(html: &mut Html, picture: &AlertSnapshot) {
    html.markup("<p><a href=\"/runbooks\">What each alert means, and what to do first</a></p>\n");
    let rules: Vec<_> = picture.board.rules().iter().collect();
    if rules.is_empty() {
        return;
    }
    let mut alerts: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    for alert in picture.board.alerts() {
        alerts.entry(&alert.rule().name).or_default().push(alert);
    }
    html.markup("<details><summary>Rules: ")
        .text(rules.len())
        .markup("</summary>\n");
    columns(
        html,
        &[
            "Rule",
            "Severity",
            "For",
            "Phones",
            "State",
            "What it means",
        ],
    );
    for known in rules {
        let rule = &known.rule;
        let of_rule = alerts.get(&*rule.name).into_iter().flatten();
        html.markup("<tr><td><a href=\"");
        runbooks::link(html, &rule.name);
        html.markup("\">").text(&rule.name).markup("</a></td><td>");
        signs::badge(html, rule.severity().unwrap_or_default());
        html.markup("</td><td>");
        if !rule.hold.is_zero() {
            html.text(words::duration(rule.hold));
        }
        html.markup("</td><td>");
        match picture.matched.get(&rule.name) {
            // Rules of the daemon itself see no phones and fire all the same.
            Some(_) | None if rule.scope() == Scope::Daemon => {}
            Some(0) => {
                html.markup("<b class=\"lost\">0: never fires</b>");
            }
            Some(phones) => {
                html.text(phones);
            }
            None => {}
        }
        html.markup("</td><td>")
            .text(state_of(of_rule.copied()))
            .markup("</td><td>")
            .text(&rule.annotations.impact)
            .markup("</td></tr>\n");
    }
    end_of_table(html);
    html.markup("</details>\n");
}
