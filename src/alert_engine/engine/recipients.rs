//! Mails that some of their recipients refused: what becomes of them for each.
//!
//! A recipient that was refused while others were not, or not in the same way, gets an entry of its own
//! with the same text, which is tried again or given up without costing the others anything.

use jiff::Timestamp;

use super::Recipients;
use super::saved_state::json;
use crate::notify::retry::{self, DeliveryResult};
use crate::notify::send::Attempt;
use crate::store::{DeliveryState, OutboxEntry};

/// What becomes of an entry: of recipients that were refused while others were not, or not in the same
/// way, each gets an entry of its own, which is tried again or given up alone.
pub(super) fn ended(entry: &OutboxEntry, attempt: Attempt, now: Timestamp) -> DeliveryState {
    let Attempt {
        result, refused, ..
    } = attempt;
    let kind = std::mem::discriminant(&result);
    let is_same = |(_, one): &(Box<str>, DeliveryResult)| std::mem::discriminant(one) == kind;
    if refused.iter().all(is_same) {
        return retry::settled(entry, result, now);
    }
    let parts = refused.into_iter();
    let parts = parts.map(|(to, result)| (json(&[to]), retry::settled(entry, result, now)));
    DeliveryState::Split(parts.collect())
}

/// To which of its receiver's recipients an entry is; `None`: to all.
pub(super) fn only_to(entry: &OutboxEntry) -> Option<Recipients> {
    recipients(entry.recipients.as_deref())
}

/// As they lie in the store; what cannot be read is an empty list.
pub(super) fn recipients(text: Option<&str>) -> Option<Recipients> {
    text.map(|text| serde_json::from_str(text).unwrap_or_default())
}

/// Logs that an entry is given up, if it is.
pub(super) fn tell_given_up(id: i64, to: Option<&str>, end: &DeliveryState) {
    match end {
        DeliveryState::GivenUp { error } => {
            let to = recipients(to).map(|to| format!(" to {}", to.join(", ")));
            let to = to.unwrap_or_default();
            tracing::error!(entry = id, "The message {id}{to} was given up: {error}");
        }
        DeliveryState::Split(parts) => {
            for (to, end) in parts {
                tell_given_up(id, Some(to), end);
            }
        }
        DeliveryState::Delivered | DeliveryState::Later { .. } => {}
    }
}
