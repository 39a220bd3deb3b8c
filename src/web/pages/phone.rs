//! The page of one phone: what is wrong and how to fix it, its alerts, its readings, its last polls and
//! events.

use std::time::Duration;

use maud::{Markup, html};

use crate::alert_engine::command::Event;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::board::Alert;
use crate::alerts::event::in_words;
use crate::fleet::phone::PollSummary;
use crate::fleet::{Fleet, Moment, Phone};
use crate::rules::labels;
use crate::rules::matcher::Matcher;
use crate::rules::severity;
use crate::web::alerting::annotations;
use crate::web::humanize;
use crate::web::phone_health::{PhoneHealth, failures, held};
use crate::web::settings::Settings;

use super::badges::{self, severity_badge};
use super::components::{columns, encode, runbook_path};
use super::phone_problems::{failure, login_backoff, stale, unregistered};
use super::{alert_cells, layout, phone_readings};

/// How far back events of a phone are shown.
pub(in crate::web) const HISTORY: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many of them are shown.
pub(in crate::web) const MAX_HISTORY: u32 = 50;

/// What is shown of a phone beside its readings.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct PhoneView<'a> {
    pub(in crate::web) fleet: &'a Fleet,
    pub(in crate::web) snapshot: &'a AlertSnapshot,
    /// Its events, newest first; `None` if the alert task did not answer.
    pub(in crate::web) events: Option<&'a [Event]>,
}

/// The page of this phone.
pub(in crate::web) fn phone(
    phone: &Phone,
    view: PhoneView<'_>,
    now: Moment,
    settings: &Settings,
) -> String {
    let name = &*phone.place.name;
    let main = html! {
        h1 { (name) " " (badges::health(PhoneHealth::of(phone, now))) }
        @if let Some(by) = view.snapshot.board.muted().get(name) {
            p class="note" {
                "This phone is " (badges::muted_by(*by)) ": no notifications are sent for its alerts. "
                a href="/alerts#silences" { "Silences" }
            }
        }
        (problems(phone, now))
        (alerts(name, view, now))
        (phone_readings::sections(phone, now, settings))
        (polls(phone, now))
        (events(view.events, now))
    };
    layout::page(name, now.wall, layout::Refresh::EveryMinute, &main)
}

fn problems(phone: &Phone, now: Moment) -> Markup {
    let whole = phone.last.as_ref().and_then(|last| last.failure.as_ref());
    // The failure of the whole poll is not repeated for each endpoint.
    let failures = failures(phone).filter(|(part, cause)| part.is_none() || Some(*cause) != whole);
    html! {
        @if PhoneHealth::of(phone, now).is_problem() {
            section class="wrong" {
                h2 { "Problems" }
                @for (part, cause) in failures {
                    p { (failure((part, cause))) small { (cause.reason.mend()) } }
                }
                @if let Some(held) = held(phone, now) { (login_backoff(held, now)) }
                (unregistered(phone, now))
                (stale(phone, now))
            }
        }
    }
}

fn alerts(name: &str, view: PhoneView<'_>, now: Moment) -> Markup {
    let all = view.snapshot.board.alerts_of(name).iter();
    let mut alerts: Vec<_> = all.filter(|alert| !alert.state.is_resolved()).collect();
    alerts.sort_by_key(|alert| (alert.state.is_pending(), severity::rank(alert.severity())));
    let silence = encode(&Matcher::equal("phone", name).to_string());
    html! {
        @if !alerts.is_empty() {
            section {
                h2 { "Alerts" }
                table class="stacked" {
                    (columns(&["Alert", "Target", "Active for", "Summary", "State"]))
                    tbody { @for alert in alerts { (alert_row(alert, view, now)) } }
                }
                p { a href={ "/alerts?silence=" (silence) } { "Silence this phone" } }
            }
        }
    }
}

fn alert_row(alert: &Alert, view: PhoneView<'_>, now: Moment) -> Markup {
    let annotations = annotations(alert, view.snapshot, view.fleet, now);
    let rule = &*alert.rule().name;
    html! {
        tr {
            td data-name="Alert" { (severity_badge(alert.severity())) " " a href=(runbook_path(rule)) { (rule) } }
            td data-name="Target" { (alert_cells::target(alert)) }
            td data-name="Active for" { (humanize::duration(alert.lasted(now))) }
            td data-name="Summary" { (labels::text(&annotations, "summary")) }
            td data-name="State" { (alert_cells::state(alert, view.snapshot, now)) }
        }
    }
}

fn polls(phone: &Phone, now: Moment) -> Markup {
    if phone.recent.is_empty() {
        return html! { p { "No poll has finished yet." } };
    }
    html! {
        section {
            h2 { "Last polls" }
            table {
                (columns(&["Started", "Duration", "Result", "Errors"]))
                tbody { @for poll in phone.recent.iter() { (poll_row(poll, now)) } }
            }
        }
    }
}

fn poll_row(poll: &PollSummary, now: Moment) -> Markup {
    html! {
        tr {
            td { (humanize::duration(now.since(poll.began))) " ago" }
            td { (humanize::short_duration(poll.took)) }
            td { @if poll.up { "up" } @else { "down" } }
            td {
                @for (endpoint, cause) in &poll.failures { div { (failure((*endpoint, cause))) } }
            }
        }
    }
}

fn events(events: Option<&[Event]>, now: Moment) -> Markup {
    let Some(events) = events else {
        return html! { p { "Events are not available: the alert task is busy." } };
    };
    html! {
        @if !events.is_empty() {
            section {
                h2 { "Events in the last " (humanize::duration(HISTORY)) }
                table {
                    (columns(&["Time", "Event"]))
                    tbody {
                        @for Event { event, .. } in events {
                            tr {
                                td { (humanize::since(event.at, now.wall)) " ago" }
                                td { (in_words(event)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert_engine::command::NewEvent;
    use crate::web::testing::fixture;

    fn shown(of: &Phone) -> String {
        let event = NewEvent {
            at: fixture::now().wall,
            phone: of.place.name.clone(),
            kind: "firmware_changed".into(),
            body: r#"{"kind":"firmware_changed","from":"1.0.11.5","to":"<b>"}"#.into(),
        };
        let view = PhoneView {
            fleet: &fixture::fleet(),
            snapshot: &fixture::snapshot(),
            events: Some(&[Event { id: 1, event }]),
        };
        phone(of, view, fixture::now(), &fixture::settings())
    }

    #[test]
    fn the_page_of_a_phone_that_answers_everything() {
        let fleet = fixture::fleet();
        let reception = fleet.phone("reception").expect("it is listed");
        let page = shown(reception);
        insta::assert_snapshot!("reception", fixture::golden_page(&page));
    }

    #[test]
    fn the_page_of_a_phone_that_refuses_the_password_tells_how_to_fix_it() {
        let fleet = fixture::fleet();
        let bar = fleet.phone(fixture::HOSTILE_NAME).expect("it is listed");
        let page = shown(bar);
        insta::assert_snapshot!("refused", fixture::golden_page(&page));
    }
}
