//! The rules in force, folded: how long they wait, how many phones they apply to, their state.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::board::Alert;
use crate::alerts::board::KnownRule;
use crate::rules::condition::Scope;
use crate::web::alerting::state_of;
use crate::web::humanize;
use crate::web::pages::badges::severity_badge;
use crate::web::pages::components::{columns, runbook_path};

/// The whole section; without rules only the link to the runbooks.
pub(super) fn section(snapshot: &AlertSnapshot) -> Markup {
    let mut alerts: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    for alert in snapshot.board.alerts() {
        alerts.entry(&alert.rule().name).or_default().push(alert);
    }
    let rules: Vec<_> = snapshot.board.rules().iter().collect();
    html! {
        p { a href="/runbooks" { "Runbooks: what each alert means, and first steps" } }
        @if !rules.is_empty() {
            details {
                summary { "Rules: " (rules.len()) }
                table {
                    (columns(&["Rule", "Severity", "For", "Phones", "State", "Impact"]))
                    tbody {
                        @for known in rules {
                            @let of_rule = alerts.get(&*known.rule.name).into_iter().flatten();
                            (rule_row(known, state_of(of_rule.copied()), snapshot))
                        }
                    }
                }
            }
        }
    }
}

fn rule_row(known: &KnownRule, state: &str, snapshot: &AlertSnapshot) -> Markup {
    let rule = &known.rule;
    // Rules about the exporter itself apply to no phone and fire nevertheless.
    let matched = snapshot.matched.get(&rule.name);
    let matched = matched.filter(|_| rule.scope() != Scope::Daemon);
    html! {
        tr {
            td { a href=(runbook_path(&rule.name)) { (rule.name) } }
            td { (severity_badge(rule.severity().unwrap_or_default())) }
            td { @if !rule.hold.is_zero() { (humanize::duration(rule.hold)) } }
            td {
                @match matched {
                    Some(0) => b class="lost" { "0: never fires" },
                    Some(phones) => (phones),
                    None => {}
                }
            }
            td { (state) }
            td { (rule.annotations.impact) }
        }
    }
}
