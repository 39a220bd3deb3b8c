//! What the page of alerts is made of.

use maud::{Markup, html};

use crate::alert_engine::command::OutboxEntry;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::fleet::Fleet;

/// What the page of alerts is made of.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct AlertsView<'a> {
    pub(in crate::web) fleet: &'a Fleet,
    pub(in crate::web) snapshot: &'a AlertSnapshot,
    /// Queued notifications and dead letters; `None` if the alert task did not answer.
    pub(in crate::web) notifications: Option<&'a [OutboxEntry]>,
    /// Whether the reader may change something.
    pub(in crate::web) may_operate: bool,
}

/// The note in place of a form for readers who may not change anything.
pub(super) fn operators_only() -> Markup {
    html! {
        p {
            "Only users in " code { "access.operate" } " can change this here. On this machine, use "
            code { "grandstream-exporter silence" } " and " code { "grandstream-exporter notify" } "."
        }
    }
}
