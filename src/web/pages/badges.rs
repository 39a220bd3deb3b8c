//! Badges: the health of a phone and the severity of an alert as a word with a shape and a colour.

use maud::{Markup, html};

use crate::alerts::board::Alert;
use crate::alerts::silence::MutedBy;
use crate::rules::severity;
use crate::web::phone_health::PhoneHealth;

/// Severities with a shape and a colour of their own in the style sheet.
const STYLED: [&str; 3] = ["critical", "warning", "info"];

/// The health of a phone.
pub(super) fn health(health: PhoneHealth) -> Markup {
    html! { span class={ "health " (health.label()) } { (health.label()) } }
}

/// A severity.
pub(super) fn severity_badge(severity: &str) -> Markup {
    let style = STYLED.into_iter().find(|name| *name == severity);
    let word = if severity.is_empty() {
        "no severity"
    } else {
        severity
    };
    html! { span class={ "severity" @if let Some(style) = style { " " (style) } } { (word) } }
}

/// What mutes a phone.
pub(super) fn muted_by(by: MutedBy) -> &'static str {
    match by {
        MutedBy::Silence => "muted by a silence",
        MutedBy::Window => "muted by a maintenance window",
    }
}

/// Whether an alert needs attention: heartbeats such as `Watchdog` do not.
pub(super) fn needs_attention(alert: &Alert) -> bool {
    alert.severity() != severity::NONE
}
