//! What of the daemon's own work is impaired, in words: for `/-/healthy`, `healthcheck`, `status` and
//! the page of phones.
//!
//! What is kept in memory only is no reason to start the daemon again, which would lose it: the daemon
//! stays healthy and says so. Alerts that have not been evaluated for long are a reason: no message is
//! sent.

use std::time::Duration;

use crate::fleet::Moment;

use super::answer::Answer;
use super::requests::Code;
use super::{Inputs, words};

/// What is impaired; nothing while all is well.
#[derive(Debug, Default)]
pub(super) struct Degraded {
    lines: Vec<String>,
    /// For how long alerts have not been evaluated, if that is too long.
    stalled: Option<Duration>,
}

/// Alerts are late if none was evaluated for so long, and for so many intervals: longer than any
/// evaluation takes, short enough to react in time.
const STALLED: (Duration, u32) = (Duration::from_secs(5 * 60), 4);

impl Degraded {
    pub(super) fn of(inputs: &Inputs, now: Moment) -> Self {
        let mut degraded = Self::default();
        let (settings, picture) = (inputs.settings.borrow(), inputs.alerts.borrow());
        let lines = &mut degraded.lines;
        lines.extend(settings.loss.as_deref().map(str::to_owned));
        if !settings.reload.successful {
            lines.push(
                "the last reload was refused, and the configuration before it is in force; \
                 `grandstream-exporter reload` says why"
                    .to_owned(),
            );
        }
        if let Some(fault) = &picture.keeping.fault {
            lines.push(format!(
                "the state of alerts is kept in memory only: {fault}; check state_dir"
            ));
        }
        let ledger = inputs.ledger_fault.as_ref();
        if let Some(fault) = ledger.and_then(|fault| fault.borrow().clone()) {
            lines.push(format!(
                "refused logins are kept in memory only: {fault}; check state_dir"
            ));
        }
        let (least, intervals) = STALLED;
        let patience = least.max(picture.settings.evaluation_interval * intervals);
        let since = now.since(picture.evaluated.unwrap_or(inputs.started));
        if picture.settings.enabled && since > patience {
            lines.push(format!(
                "alerts have not been evaluated for {}; the log may say why",
                words::duration(since)
            ));
            degraded.stalled = Some(since);
        }
        degraded
    }

    /// What is impaired, a line each.
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The answer to `/-/healthy`.
    pub(super) fn health(&self) -> Answer {
        let (code, word) = match self.stalled {
            None => (Code::Ok, "healthy"),
            Some(_) => (Code::Unavailable, "unhealthy"),
        };
        let mut text = word.to_owned();
        for line in &self.lines {
            text.push_str("\ndegraded: ");
            text.push_str(line);
        }
        Answer::text(code, text)
    }
}

/// Whether the login ledger is on disk; `None` where it is kept in memory on purpose.
pub(super) fn ledger_on_disk(inputs: &Inputs) -> Option<bool> {
    let fault = inputs.ledger_fault.as_ref()?;
    Some(fault.borrow().is_none())
}
