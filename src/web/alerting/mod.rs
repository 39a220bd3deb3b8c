//! The alert side for programs: what is published of it, and what the alert task is asked.
//!
//! Alerts, rules and silences are read from the published snapshot. Events and notifications lie in
//! the store of the alert task, which is asked for them by [`ask`]. Alerts and rules have the shapes of
//! Prometheus' API and silences those of Alertmanager's, with keys of our own beside them.

mod alert_task;
mod alerts;
mod annotations;
mod events;
mod notifications;
mod rules;
mod silence_request;
mod silences;

pub(super) use alert_task::{API_TIMEOUT, AlertTaskError, PAGE_TIMEOUT, ask};
pub(super) use alerts::{AlertContext, alerts, waits_for};
pub(super) use annotations::annotations;
pub(super) use events::{EventQuery, events};
pub(super) use notifications::{decode, notifications, recipients};
pub(super) use rules::{rules, state_of};
pub(super) use silence_request::{SilenceRequest, ValidationError, known_labels};
pub(super) use silences::{added as added_silence, expired as expired_silence, silences};
