//! Notifications: how delivery to each receiver goes, and the dead letters.

use maud::{Markup, html};

use crate::alert_engine::command::OutboxEntry;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::Moment;
use crate::web::alerting::{decode, recipients};
use crate::web::humanize;
use crate::web::pages::components::{columns, row, truncation};

use super::view::AlertsView;

/// How many dead letters are listed.
const ROWS: usize = 100;

/// The whole section; nothing without receivers, Alertmanagers and dead letters.
pub(super) fn section(view: AlertsView<'_>, now: Moment) -> Markup {
    let snapshot = view.snapshot;
    let dead_letters = view.notifications.map(|all| {
        let dead = all.iter().filter(|one| one.dead);
        dead.collect::<Vec<_>>()
    });
    let nowhere = snapshot.queues.is_empty() && snapshot.tallies.alertmanagers.is_empty();
    if nowhere && dead_letters.as_ref().is_none_or(Vec::is_empty) {
        return Markup::default();
    }
    html! {
        section id="notifications" {
            h2 { "Notifications" }
            (receivers(snapshot, now))
            (alertmanagers(snapshot))
            @match dead_letters {
                None => p { "Dead letters are not available: the alert task is busy." },
                Some(none) if none.is_empty() => {}
                Some(dead) => (dead_letter_table(&dead, view.may_operate, now)),
            }
        }
    }
}

fn receivers(snapshot: &AlertSnapshot, now: Moment) -> Markup {
    html! {
        @if !snapshot.queues.is_empty() {
            table {
                (columns(&["Receiver", "Queued", "Oldest", "Dead letters", "Failing for"]))
                tbody {
                    @for (receiver, queue) in snapshot.queues.iter() {
                        (row(&[
                            receiver,
                            &queue.waiting,
                            &queue.oldest.map(|at| humanize::since(at, now.wall)).unwrap_or_default(),
                            &queue.dead,
                            &queue.failing.map(humanize::duration).unwrap_or_default(),
                        ]))
                    }
                }
            }
        }
    }
}

fn alertmanagers(snapshot: &AlertSnapshot) -> Markup {
    html! {
        @if !snapshot.tallies.alertmanagers.is_empty() {
            table {
                (columns(&["Alertmanager", "Alerts sent", "Failed requests", "Alerts refused", "Queued"]))
                tbody {
                    @for (name, tally) in &snapshot.tallies.alertmanagers {
                        (row(&[name, &tally.sent, &tally.errors, &tally.dropped, &tally.waiting]))
                    }
                }
            }
        }
    }
}

fn dead_letter_table(dead: &[&OutboxEntry], may_operate: bool, now: Moment) -> Markup {
    html! {
        h2 { "Dead letters" }
        table {
            (columns(&["ID", "Receiver", "Created", "Alerts", "Attempts", "Error", ""]))
            tbody {
                @for letter in dead.iter().take(ROWS) { (dead_letter_row(letter, may_operate, now)) }
            }
        }
        (truncation(dead.len(), ROWS, "/api/v1/notifications"))
    }
}

fn dead_letter_row(letter: &OutboxEntry, may_operate: bool, now: Moment) -> Markup {
    html! {
        tr {
            td { (letter.id) }
            td {
                (letter.new.receiver)
                @if let Some(recipients) = recipients(letter) { ": " (recipients.join(", ")) }
            }
            td { (humanize::since(letter.created, now.wall)) " ago" }
            td {
                @match decode(letter) {
                    Some(content) => {
                        (content.firing.len()) " firing, " (content.over.len()) " resolved"
                    }
                    None => "written by another version",
                }
            }
            td { (letter.attempts) }
            td { (letter.error.as_deref().unwrap_or_default()) }
            td {
                @if may_operate {
                    (button(letter.id, "retry", "Retry"))
                    (button(letter.id, "drop", "Drop"))
                }
            }
        }
    }
}

fn button(id: i64, action: &str, label: &str) -> Markup {
    html! {
        form method="post" action={ "/alerts/notifications/" (id) "/" (action) } {
            button { (label) }
        }
    }
}
