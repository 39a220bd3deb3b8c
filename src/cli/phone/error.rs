//! Why a call did not do what was asked of one phone, with its mend.

use crate::fleet::{Failure, Reason};
use crate::webapi::CallError;

/// What went wrong on one phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JobError {
    /// One of few words, for programs: a reason of a poll, or one of `rejected`, `lost`, `skipped`,
    /// `unknown_call`, `too_long`, `no_such`, `audit`, `not_back`.
    pub(super) reason: &'static str,
    /// For people.
    pub(super) detail: String,
}

impl JobError {
    pub(super) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }

    /// A phone that was left out.
    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self::new("skipped", why)
    }
}

impl From<Failure> for JobError {
    fn from(failure: Failure) -> Self {
        let mend = if failure.reason == Reason::Forbidden {
            // The mend of a poll speaks of reading.
            "use a credential of the role admin, as `operator` of the phone's credential"
        } else {
            failure.reason.mend()
        };
        Self::new(
            failure.reason.label(),
            format!("{}; {mend}", failure.detail),
        )
    }
}

impl From<CallError> for JobError {
    fn from(error: CallError) -> Self {
        let reason = match error {
            CallError::NoSession(failure)
            | CallError::RefusedRole(failure)
            | CallError::Failed(failure) => return failure.into(),
            CallError::NotFound(_) => "unknown_call",
            CallError::Rejected(_) => "rejected",
            CallError::SentAnswerLost(_) => "lost",
            CallError::TooLong => "too_long",
        };
        Self::new(reason, error.to_string())
    }
}
