//! Why a job failed on one phone, with a hint.

use crate::fleet::{Failure, Reason};
use crate::webapi::CallError;

/// The failure of a job on one phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JobError {
    /// A fixed word for programs: a reason of a poll, or one of `rejected`, `lost`, `skipped`,
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

    /// A phone that was skipped.
    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self::new("skipped", why)
    }
}

impl From<Failure> for JobError {
    fn from(failure: Failure) -> Self {
        let hint = if failure.reason == Reason::Forbidden {
            // The hint of a poll is about reading.
            "use a credential with the role admin as `operator` of the phone's credential"
        } else {
            failure.reason.mend()
        };
        Self::new(
            failure.reason.label(),
            format!("{}; {hint}", failure.detail),
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
