//! The alert side for programs: what is published of it, and what is asked of the alert task.
//!
//! What the picture holds is answered from it at once. Events and messages lie in the task's store and
//! changes are its own, so these go there as commands, and wait neither for a place in its queue nor
//! without a limit for an answer. Rules and alerts have the shapes of Prometheus' API, with keys of our
//! own beside.

mod alerts;
mod events;
mod letters;
mod orders;
mod rules;
mod silence_request;
mod silences;

use std::borrow::Cow;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::alert_engine::command::{self, Command, Refusal};
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::board::Alert;
use crate::fleet::{Fleet, Moment};
use crate::rules::labels::Pair;

use super::requests::Code;

pub(super) use alerts::{Told, alerts, waits_for};
pub(super) use events::{Wish, events};
pub(super) use letters::{notice, queue, recipients};
pub(super) use orders::{Given, obey};
pub(super) use rules::{rules, state_of};
pub(super) use silences::silences;

/// How long a program waits for the alert task, which may wait for its disk.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long a page waits for the part that the alert task knows; it is shown without it then.
pub(super) const GLANCE: Duration = Duration::from_secs(2);

/// Why the alert task gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
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

impl Unanswered {
    /// How that is said in HTTP.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Refused(Refusal::Unknown(..)) => Code::NotFound,
            Self::Refused(
                Refusal::Everything
                | Refusal::Past
                | Refusal::Lasting(_)
                | Refusal::Full(_)
                | Refusal::Over(_)
                | Refusal::Waiting(_),
            ) => Code::Unprocessable,
            Self::Busy | Self::Late | Self::Gone | Self::Refused(Refusal::Store(_)) => {
                Code::Unavailable
            }
        }
    }
}

/// The texts of an alert; those of one that is pending are rendered when somebody looks.
pub(super) fn texts<'a>(
    alert: &Alert,
    picture: &'a AlertSnapshot,
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
) -> Result<T, Unanswered> {
    let (done, answer) = oneshot::channel();
    commands
        .try_send(command(done))
        .map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => Unanswered::Busy,
            mpsc::error::TrySendError::Closed(_) => Unanswered::Gone,
        })?;
    let answer = tokio::time::timeout(patience, answer).await;
    match answer {
        Ok(Ok(answer)) => Ok(answer?),
        Ok(Err(_dropped)) => Err(Unanswered::Gone),
        Err(_late) => Err(Unanswered::Late),
    }
}
