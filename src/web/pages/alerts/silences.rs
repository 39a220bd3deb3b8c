//! Silences: active and pending ones, and the form for a new one.

use maud::{Markup, html};

use crate::alerts::silence::{Silence, SilenceState};
use crate::fleet::Moment;
use crate::web::humanize;
use crate::web::pages::components::{columns, matchers, truncation};
use crate::web::query::Query;

use super::view::{AlertsView, operators_only};

/// How many silences are listed.
const ROWS: usize = 100;

/// The form, filled with the matchers that `?silence=LABEL="VALUE"` names.
pub(super) fn form(may_operate: bool, query: &Query) -> Markup {
    let matchers = query.all("silence").filter(|matcher| !matcher.is_empty());
    let matchers: Vec<_> = matchers.collect();
    html! {
        section id="new-silence" {
            h2 { "New silence" }
            @if may_operate {
                form method="post" action="/alerts/silences" class="tall" {
                    label {
                        span {
                            "Matchers, one per line, e.g. " code { "site=~\"lyon|hq\"" }
                            ", with =, !=, =~ or !~. An alert must match all of them."
                        }
                        // A browser drops the first line break of a text area.
                        textarea name="matchers" rows="4" required { "\n" (matchers.join("\n")) }
                    }
                    label {
                        span {
                            "Duration, e.g. " code { "30m" } ", " code { "2h" } " or " code { "1d" }
                        }
                        input name="duration" value="2h" required;
                    }
                    label { "Comment" input name="comment" maxlength="500" required; }
                    p { button { "Create silence" } " " a href="/alerts" { "Cancel" } }
                }
            } @else {
                (operators_only())
            }
        }
    }
}

/// The silences that have not expired, in the order in which they end.
pub(super) fn list(view: AlertsView<'_>, now: Moment) -> Markup {
    let all = view.snapshot.board.silences().iter();
    let mut silences: Vec<_> = all
        .filter(|silence| silence.state(now.wall) != SilenceState::Expired)
        .collect();
    silences.sort_by_key(|silence| (silence.ends_at, silence.id));
    html! {
        section id="silences" {
            h2 { "Silences" }
            @if silences.is_empty() {
                p { "No silence is active or pending." }
            } @else {
                table {
                    (columns(&["ID", "Matchers", "Ends", "Created by", "Comment", ""]))
                    tbody {
                        @for silence in silences.iter().take(ROWS) {
                            (silence_row(silence, view.may_operate, now))
                        }
                    }
                }
            }
            (truncation(silences.len(), ROWS, "/api/v1/silences"))
            @if view.may_operate {
                p { a href="/alerts?silence=" { "New silence" } }
            } @else {
                (operators_only())
            }
        }
    }
}

fn silence_row(silence: &Silence, may_operate: bool, now: Moment) -> Markup {
    html! {
        tr id={ "silence-" (silence.id) } {
            td { (silence.id) }
            td { (matchers(&silence.matchers)) }
            td {
                (humanize::instant(silence.ends_at))
                small {
                    @if silence.state(now.wall) == SilenceState::Pending {
                        "starts in " (humanize::since(now.wall, silence.starts_at))
                    } @else {
                        "in " (humanize::since(now.wall, silence.ends_at))
                    }
                }
            }
            td { (silence.created_by) }
            td { (silence.comment) }
            td {
                @if may_operate {
                    form method="post" action={ "/alerts/silences/" (silence.id) "/expire" } {
                        button { "Expire" }
                    }
                }
            }
        }
    }
}
