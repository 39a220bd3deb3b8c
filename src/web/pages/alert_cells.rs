//! An alert in the cells of a table: its target, its state, what suppresses it.

use maud::{Markup, html};

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::board::Alert;
use crate::alerts::suppress::Visibility;
use crate::fleet::Moment;
use crate::rules::labels;
use crate::rules::matcher::Matcher;
use crate::rules::severity;
use crate::rules::subject::Subject;
use crate::web::alerting::waits_for;
use crate::web::humanize;

use super::badges::{muted_by, severity_badge};
use super::components::{encode, phone_path};

/// What the alert is about, with a link to its page if there is one.
pub(super) fn target(alert: &Alert) -> Markup {
    html! {
        @match &alert.subject {
            Subject::Daemon => "this exporter",
            Subject::Group { label, value } => span class="name" { (label) " " (value) },
            Subject::Phone(phone) => (phone_link(phone)),
            Subject::Account(phone, account) => {
                (phone_link(phone)) small { "account " (account) }
            }
            Subject::Line(phone, line) => {
                (phone_link(phone)) small { "line " (line) }
            }
        }
    }
}

/// A link to the page of a phone.
pub(super) fn phone_link(phone: &str) -> Markup {
    html! { a class="name" href=(phone_path(phone)) { (phone) } }
}

/// The state of the alert, and what suppresses it.
pub(super) fn state(alert: &Alert, snapshot: &AlertSnapshot, now: Moment) -> Markup {
    if alert.state.is_pending() {
        return html! {
            "pending"
            @if let Some(waits) = waits_for(alert, now) { small { (waits) } }
        };
    }
    html! {
        @if alert.visibility == Visibility::Shown {
            b { "firing" }
        } @else {
            "suppressed" small { (suppressed_by(alert, snapshot, now)) }
        }
        @if let Some(unknown) = &alert.state.unknown {
            small { "not evaluated for " (humanize::duration(unknown.elapsed())) ": no fresh data" }
        }
    }
}

fn suppressed_by(alert: &Alert, snapshot: &AlertSnapshot, now: Moment) -> Markup {
    html! {
        @match &alert.visibility {
            Visibility::Shown => "",
            Visibility::Settling => "delayed up to 45 s: checking for a wider outage",
            Visibility::Silenced(id) => {
                a href={ "/alerts#silence-" (id) } { "silence " (id) }
                @if let Some(silence) = snapshot.board.silences().iter().find(|one| one.id == *id) {
                    " by " (silence.created_by)
                    ", ends in " (humanize::since(now.wall, silence.ends_at))
                    ": " (silence.comment)
                }
            }
            Visibility::InWindow(name) => { "maintenance window " (name) }
            Visibility::Inhibited(by) => { "inhibited by " (by) }
            Visibility::Flapping => "flapping: fires and resolves again and again",
        }
    }
}

/// The address of the form that silences this alert.
pub(super) fn silence_path(alert: &Alert) -> String {
    let names = ["alertname", "phone", "account", "line"];
    let group = match &alert.subject {
        Subject::Group { label, .. } => Some(&**label),
        Subject::Daemon | Subject::Phone(_) | Subject::Account(..) | Subject::Line(..) => None,
    };
    let matchers = names.into_iter().chain(group).filter_map(|name| {
        let value = labels::text(&alert.labels, name);
        let matcher = Matcher::equal(name, value).to_string();
        (!value.is_empty()).then(|| format!("silence={}", encode(&matcher)))
    });
    format!("/alerts?{}", matchers.collect::<Vec<_>>().join("&"))
}

/// The alerts of a phone: how many fire, the worst severity, and whether the phone is muted.
pub(super) fn of_phone(phone: &str, snapshot: &AlertSnapshot) -> Markup {
    let alerts = snapshot.board.alerts_of(phone);
    let firing = || alerts.iter().filter(|alert| alert.state.is_firing());
    let worst = firing().map(Alert::severity);
    let worst = worst.min_by_key(|one| severity::rank(one));
    let pending = alerts.iter().filter(|alert| alert.state.is_pending());
    let pending = pending.count();
    html! {
        @if let Some(worst) = worst {
            (severity_badge(worst)) " " (firing().count())
            @if !firing().any(Alert::is_shown) { small { "suppressed" } }
        }
        @if pending > 0 { small { (pending) " pending" } }
        @if let Some(by) = snapshot.board.muted().get(phone) {
            small class="muted" { (muted_by(*by)) }
        }
    }
}
