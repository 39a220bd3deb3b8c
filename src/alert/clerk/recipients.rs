//! Mails that some of their recipients refused: what becomes of them for each.
//!
//! A recipient that was refused while others were not, or not in the same way, gets a letter of its own
//! with the same text, which is tried again or given up without costing the others anything.

use jiff::Timestamp;

use super::super::notify::retry::{self, Verdict};
use super::super::notify::send::Attempt;
use super::Recipients;
use super::kept::json;
use crate::store::{Letter, Settled};

/// What becomes of a letter: of recipients that were refused while others were not, or not in the same
/// way, each gets a letter of its own, which is tried again or given up alone.
pub(super) fn ended(letter: &Letter, attempt: Attempt, now: Timestamp) -> Settled {
    let Attempt {
        verdict, refused, ..
    } = attempt;
    let kind = std::mem::discriminant(&verdict);
    let is_same = |(_, one): &(Box<str>, Verdict)| std::mem::discriminant(one) == kind;
    if refused.iter().all(is_same) {
        return retry::settled(letter, verdict, now);
    }
    let parts = refused.into_iter();
    let parts = parts.map(|(to, verdict)| (json(&[to]), retry::settled(letter, verdict, now)));
    Settled::Split(parts.collect())
}

/// To which of its receiver's recipients a letter is; `None`: to all.
pub(super) fn only_to(letter: &Letter) -> Option<Recipients> {
    recipients(letter.recipients.as_deref())
}

/// As they lie in the store; what cannot be read is an empty list.
pub(super) fn recipients(text: Option<&str>) -> Option<Recipients> {
    text.map(|text| serde_json::from_str(text).unwrap_or_default())
}

/// Logs that a letter is given up, if it is.
pub(super) fn tell_given_up(id: i64, to: Option<&str>, end: &Settled) {
    match end {
        Settled::GivenUp { error } => {
            let to = recipients(to).map(|to| format!(" to {}", to.join(", ")));
            let to = to.unwrap_or_default();
            tracing::error!(letter = id, "The message {id}{to} was given up: {error}");
        }
        Settled::Split(parts) => {
            for (to, end) in parts {
                tell_given_up(id, Some(to), end);
            }
        }
        Settled::Delivered | Settled::Later { .. } => {}
    }
}
