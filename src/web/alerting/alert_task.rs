//! Questions to the alert task, which wait neither for room in its queue nor without limit for its
//! answer.

use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::{mpsc, oneshot};

use crate::alert_engine::command::{self, Command, Refusal};

/// How long a program waits for the alert task, which may wait for its disk.
pub(in crate::web) const API_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a page waits for the part that the alert task knows; it is shown without that part then.
pub(in crate::web) const PAGE_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the alert task did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(in crate::web) enum AlertTaskError {
    /// Its queue is full.
    #[error("the alert task is busy; try again")]
    Busy,
    /// It did not answer in time.
    #[error("the alert task did not answer in time; it may still do what was asked")]
    Late,
    /// It has ended.
    #[error("the alert task is stopping; try again")]
    Stopping,
    /// It refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl AlertTaskError {
    pub(in crate::web) fn status(&self) -> StatusCode {
        match self {
            Self::Refused(Refusal::Unknown(..)) => StatusCode::NOT_FOUND,
            Self::Refused(
                Refusal::Everything
                | Refusal::Past
                | Refusal::Lasting(_)
                | Refusal::Full(_)
                | Refusal::Over(_)
                | Refusal::Waiting(_),
            ) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy | Self::Late | Self::Stopping | Self::Refused(Refusal::Store(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

/// Sends a command to the alert task and waits for its answer, at most for `limit`.
pub(in crate::web) async fn ask<T>(
    commands: &mpsc::Sender<Command>,
    limit: Duration,
    command: impl FnOnce(command::Answer<T>) -> Command,
) -> Result<T, AlertTaskError> {
    let (done, answer) = oneshot::channel();
    commands
        .try_send(command(done))
        .map_err(|unsent| match unsent {
            mpsc::error::TrySendError::Full(_) => AlertTaskError::Busy,
            mpsc::error::TrySendError::Closed(_) => AlertTaskError::Stopping,
        })?;
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => Ok(answer?),
        Ok(Err(_dropped)) => Err(AlertTaskError::Stopping),
        Err(_late) => Err(AlertTaskError::Late),
    }
}
