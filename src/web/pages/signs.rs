//! How an alert is shown wherever it is: how severe it is, what it speaks of, what keeps it back.

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::board::Alert;
use crate::alerts::suppress::Visibility;
use crate::fleet::Moment;
use crate::rules::matcher::Matcher;
use crate::rules::subject::Subject;
use crate::rules::{labels, severity};
use crate::web::alerting::waits_for;
use crate::web::html::Html;
use crate::web::words;

use super::{encode, phone_path};

/// Whether somebody should look at it.
pub(super) fn matters(alert: &Alert) -> bool {
    alert.severity() != severity::NONE
}

/// Severities that have a shape and colour of their own, with their class in the style sheet.
const CLASSES: [(&str, &str); 3] = [
    ("critical", "severity critical"),
    ("warning", "severity warning"),
    ("info", "severity info"),
];

/// The severity as a word with its shape and colour.
pub(super) fn badge(html: &mut Html, severity: &str) {
    let known = CLASSES.iter().find(|(name, _)| *name == severity);
    let class = known.map_or("severity", |(_, class)| class);
    let word = if severity.is_empty() {
        "no severity"
    } else {
        severity
    };
    html.markup("<span class=\"")
        .markup(class)
        .markup("\">")
        .text(word)
        .markup("</span>");
}

/// What the alert speaks of, with a link where there is a page of it.
pub(super) fn subject(html: &mut Html, alert: &Alert) {
    match &alert.subject {
        Subject::Daemon => {
            html.markup("this exporter");
        }
        Subject::Group { label, value } => {
            html.markup("<span class=\"name\">")
                .text(label)
                .markup(" ")
                .text(value)
                .markup("</span>");
        }
        Subject::Phone(phone) => phone_link(html, phone),
        Subject::Account(phone, account) => {
            phone_link(html, phone);
            html.markup("<small>account ")
                .text(account)
                .markup("</small>");
        }
        Subject::Line(phone, line) => {
            phone_link(html, phone);
            html.markup("<small>line ").text(line).markup("</small>");
        }
    }
}

fn phone_link(html: &mut Html, phone: &str) {
    html.markup("<a class=\"name\" href=\"")
        .text(phone_path(phone))
        .markup("\">")
        .text(phone)
        .markup("</a>");
}

/// Where the alert stands in its life, and what keeps it from being said.
pub(super) fn state(html: &mut Html, alert: &Alert, picture: &AlertSnapshot, now: Moment) {
    if alert.state.is_pending() {
        html.markup("pending");
        if let Some(waits) = waits_for(alert, now) {
            html.markup("<small>").text(waits).markup("</small>");
        }
        return;
    }
    if alert.visibility == Visibility::Shown {
        html.markup("<b>firing</b>");
    } else {
        html.markup("kept back<small>");
        kept_back(html, alert, picture, now);
        html.markup("</small>");
    }
    if let Some(unknown) = &alert.state.unknown {
        html.markup("<small>nothing is known of it for ")
            .text(words::duration(unknown.elapsed()))
            .markup("</small>");
    }
}

fn kept_back(html: &mut Html, alert: &Alert, picture: &AlertSnapshot, now: Moment) {
    match &alert.visibility {
        Visibility::Shown => {}
        Visibility::Settling => {
            html.markup("it may be part of something larger: a moment of patience");
        }
        Visibility::Silenced(id) => {
            html.markup("<a href=\"/alerts#silence-")
                .text(id)
                .markup("\">silence ")
                .text(id)
                .markup("</a>");
            let mut silences = picture.board.silences().iter();
            if let Some(silence) = silences.find(|silence| silence.id == *id) {
                html.markup(" of ")
                    .text(&silence.created_by)
                    .markup(", for ")
                    .text(words::since(now.wall, silence.ends_at))
                    .markup(": ")
                    .text(&silence.comment);
            }
        }
        Visibility::InWindow(name) => {
            html.markup("window ").text(name);
        }
        Visibility::Inhibited(by) => {
            html.markup("explained by ").text(by);
        }
        Visibility::Flapping => {
            html.markup("it comes and goes");
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

/// How many alerts of a phone fire, the worst severity of them, and whether it is muted.
pub(super) fn of_phone(html: &mut Html, phone: &str, picture: &AlertSnapshot) {
    let alerts = picture.board.alerts_of(phone);
    let firing = || alerts.iter().filter(|alert| alert.state.is_firing());
    let worst = firing().map(Alert::severity);
    let worst = worst.min_by_key(|one| severity::rank(one));
    if let Some(worst) = worst {
        badge(html, worst);
        html.markup(" ").text(firing().count());
        if !firing().any(Alert::is_shown) {
            html.markup("<small>kept back</small>");
        }
    }
    let pending = alerts.iter().filter(|alert| alert.state.is_pending());
    let pending = pending.count();
    if pending > 0 {
        html.markup("<small>")
            .text(pending)
            .markup(" pending</small>");
    }
    if let Some(by) = picture.board.muted().get(phone) {
        html.markup("<small class=\"muted\">muted by a ")
            .text(by.label())
            .markup("</small>");
    }
}

/// Matchers, a line each.
pub(super) fn matchers(html: &mut Html, matchers: &[Matcher]) {
    for matcher in matchers {
        html.markup("<div><code>")
            .text(matcher)
            .markup("</code></div>");
    }
}
