//! The alert side for programs: what is published of it, and what is asked of the alert task.
//!
//! What the picture holds is answered from it at once. Events and messages lie in the task's store and
//! changes are its own, so these go there as commands, and wait neither for a place in its queue nor
//! without a limit for an answer. Rules and alerts have the shapes of Prometheus' API, with keys of our
//! own beside.

mod actions;
mod alerts;
mod events;
mod notifications;
mod rules;
mod silence_request;
mod silences;

use hyper::StatusCode;
use std::borrow::Cow;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::alert::command::{self, Command, Refusal};
use crate::alert::pairs::Pair;
use crate::alert::{Alert, Picture};
use crate::fleet::{Fleet, Moment};

pub(super) use actions::{ActionRequest, obey};
pub(super) use alerts::{AlertContext, alerts, waits_for};
pub(super) use events::{EventQuery, events};
pub(super) use notifications::{notice, queue};
pub(super) use rules::{rules, state_of};
pub(super) use silences::silences;

/// How long a program waits for the alert task, which may wait for its disk.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long a page waits for the part that the alert task knows; it is shown without it then.
pub(super) const GLANCE: Duration = Duration::from_secs(2);

/// Why the alert task gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum AlertTaskError {
    /// Too many ask.
    #[error("the alert task has too much to do; try again")]
    Busy,
    /// It takes too long.
    #[error("the alert task did not answer in time; it may still do what was asked")]
    Late,
    /// It ends.
    #[error("the alert task is about to stop; try again")]
    Gone,
    /// It will not.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl AlertTaskError {
    /// How that is said in HTTP.
    pub(super) fn code(&self) -> StatusCode {
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
            Self::Busy | Self::Late | Self::Gone | Self::Refused(Refusal::Store(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

/// The texts of an alert; those of one that is pending are rendered when somebody looks.
pub(super) fn texts<'a>(
    alert: &Alert,
    picture: &'a Picture,
    fleet: &Fleet,
    now: Moment,
) -> Cow<'a, [Pair]> {
    let rendered = picture.texts_of(alert);
    if !rendered.is_empty() {
        return Cow::Borrowed(rendered);
    }
    let phone = alert.subject.phone().and_then(|name| fleet.phone(name));
    let texts = &picture.settings.texts;
    Cow::Owned(texts.of(alert, phone.map(|phone| &**phone), now).texts)
}

/// Asks the alert task and waits for its answer, at most for `patience`.
pub(super) async fn ask<T>(
    commands: &mpsc::Sender<Command>,
    patience: Duration,
    command: impl FnOnce(command::Answer<T>) -> Command,
) -> Result<T, AlertTaskError> {
    let (done, answer) = oneshot::channel();
    commands
        .try_send(command(done))
        .map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => AlertTaskError::Busy,
            mpsc::error::TrySendError::Closed(_) => AlertTaskError::Gone,
        })?;
    let answer = tokio::time::timeout(patience, answer).await;
    match answer {
        Ok(Ok(answer)) => Ok(answer?),
        Ok(Err(_dropped)) => Err(AlertTaskError::Gone),
        Err(_late) => Err(AlertTaskError::Late),
    }
}
