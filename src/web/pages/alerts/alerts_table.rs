//! The table of alerts: firing first, then pending, then suppressed; paginated.

use maud::{Markup, html};

use crate::alerts::board::Alert;
use crate::fleet::Moment;
use crate::rules::labels::{self, Pair};
use crate::rules::severity;
use crate::web::alerting::annotations;
use crate::web::humanize;
use crate::web::pages::alert_cells;
use crate::web::pages::badges::{needs_attention, severity_badge};
use crate::web::pages::components::{columns, encode, prose, runbook_path};
use crate::web::pages::pagination::Pagination;
use crate::web::query::Query;

use super::view::AlertsView;

/// The order of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Firing,
    Pending,
    Suppressed,
}

/// An alert with its place in the order.
struct Row<'a> {
    class: Class,
    alert: &'a Alert,
    /// Its rendered annotations; empty while it is pending.
    annotations: &'a [Pair],
}

/// Summary, filter and table.
pub(super) fn section(view: AlertsView<'_>, now: Moment, query: &Query) -> Markup {
    let all = rows(view);
    let text = query.get("q").unwrap_or_default().trim().to_lowercase();
    let found: Vec<_> = all.iter().filter(|row| row.contains(&text)).collect();
    let pagination = Pagination::of(query, found.len());
    html! {
        (summary(&all))
        @if all.is_empty() {
            p { "No alert is firing or pending." }
        } @else {
            form method="get" action="/alerts" {
                label {
                    "Find "
                    input type="search" name="q" placeholder="alert, phone, site" value=(text);
                }
                button { "Show" }
            }
            @if found.is_empty() {
                p { "No alert matches. " a href="/alerts" { "Show all" } }
            } @else {
                table class="alerts" {
                    (columns(&["Alert", "Target", "Site", "Active for", "Summary", "State", ""]))
                    tbody { @for row in pagination.rows(&found) { (row.render(view, now)) } }
                }
                (pagination.links(|page| format!("/alerts?q={}&page={page}", encode(&text))))
            }
        }
    }
}

fn rows(view: AlertsView<'_>) -> Vec<Row<'_>> {
    let active = view.snapshot.board.active();
    let row = |alert| Row {
        class: Class::of(alert),
        alert,
        annotations: view.snapshot.texts_of(alert),
    };
    let mut rows: Vec<_> = active.map(row).collect();
    rows.sort_by_key(|row| {
        let Row { class, alert, .. } = row;
        let rank = severity::rank(alert.severity());
        (*class, rank, site(alert), &alert.labels, &alert.subject)
    });
    rows
}

fn site(alert: &Alert) -> &str {
    labels::text(&alert.labels, "site")
}

impl Class {
    fn of(alert: &Alert) -> Self {
        if alert.state.is_pending() {
            Self::Pending
        } else if alert.is_shown() {
            Self::Firing
        } else {
            Self::Suppressed
        }
    }
}

impl Row<'_> {
    fn contains(&self, text: &str) -> bool {
        let labels = self.alert.labels.iter().map(|(_, value)| &**value);
        let mut texts = labels.chain([labels::text(self.annotations, "summary")]);
        texts.any(|own| own.to_lowercase().contains(text))
    }

    fn render(&self, view: AlertsView<'_>, now: Moment) -> Markup {
        let alert = self.alert;
        html! {
            tr {
                td data-name="Alert" {
                    (severity_badge(alert.severity())) " " b { (alert.rule().name) }
                }
                td data-name="Target" { (alert_cells::target(alert)) }
                td data-name="Site" {
                    @if !site(alert).is_empty() { span class="name" { (site(alert)) } }
                }
                td data-name="Active for" { (humanize::duration(alert.lasted(now))) }
                td data-name="Summary" {
                    (details(alert, &annotations(alert, view.snapshot, view.fleet, now)))
                }
                td data-name="State" { (alert_cells::state(alert, view.snapshot, now)) }
                td {
                    @if view.may_operate && self.class != Class::Suppressed {
                        a href=(alert_cells::silence_path(alert)) { "Silence" }
                    }
                }
            }
        }
    }
}

/// The summary, the labels without a column, and first steps.
fn details(alert: &Alert, annotations: &[Pair]) -> Markup {
    let shown = ["alertname", "severity", "phone", "site", "account", "line"];
    let labels = alert.labels.iter();
    let others = labels.filter(|(name, _)| !shown.contains(&&**name));
    let others = labels::written(others, " ");
    let first_steps = labels::text(annotations, "first_steps");
    let runbook = runbook(&alert.rule().name, labels::text(annotations, "runbook_url"));
    html! {
        (labels::text(annotations, "summary"))
        @if !others.is_empty() { small { (others) } }
        small {
            @if !first_steps.is_empty() {
                b { "First steps" } " " (prose(first_steps, str::to_owned)) " "
            }
            a rel="noreferrer noopener" href=(runbook) { "Runbook" }
        }
    }
}

/// Where the runbook is. Only a web address of the configuration becomes a link, never a script.
fn runbook(rule: &str, url: &str) -> String {
    if url.starts_with("https://") || url.starts_with("http://") {
        return url.to_owned();
    }
    runbook_path(rule)
}

fn summary(all: &[Row<'_>]) -> Markup {
    let count = |class| {
        let rows = all.iter().filter(|row| row.class == class);
        rows.filter(|row| needs_attention(row.alert)).count()
    };
    let others = [
        (Class::Pending, "pending"),
        (Class::Suppressed, "suppressed"),
    ];
    html! {
        p class="summary" {
            strong {
                @match count(Class::Firing) {
                    1 => "1 alert firing",
                    many => { (many) " alerts firing" }
                }
            }
            @for (class, word) in others.into_iter().filter(|(class, _)| count(*class) > 0) {
                " " span { (count(class)) " " (word) }
            }
        }
    }
}
