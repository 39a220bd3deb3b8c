//! Degraded operation of the daemon itself: for `/-/healthy`, `healthcheck`, `status` and the fleet page.
//!
//! State that is only in memory does not make the daemon unhealthy, since a restart would lose it. Alerts
//! that have not been evaluated for long do: no notification is sent.

use std::time::Duration;

use hyper::StatusCode;

use crate::fleet::Moment;

use super::humanize;
use super::inputs::Inputs;
use super::response::Response;

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
        let (settings, snapshot) = (inputs.settings.borrow(), inputs.alerts.borrow());
        let lines = &mut degraded.lines;
        lines.extend(settings.loss.as_deref().map(str::to_owned));
        if !settings.reload.successful {
            lines.push(
                "the last reload was refused, and the configuration before it is in force; \
                 `grandstream-exporter reload` says why"
                    .to_owned(),
            );
        }
        if let Some(fault) = &snapshot.keeping.fault {
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
        let limit = least.max(snapshot.settings.evaluation_interval * intervals);
        let since = now.since(snapshot.evaluated.unwrap_or(inputs.started));
        if snapshot.settings.enabled && since > limit {
            lines.push(format!(
                "alerts have not been evaluated for {}; the log may say why",
                humanize::duration(since)
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
    pub(super) fn health(&self) -> Response {
        let (status, word) = match self.stalled {
            None => (StatusCode::OK, "healthy"),
            Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
        };
        let mut text = word.to_owned();
        for line in &self.lines {
            text.push_str("\ndegraded: ");
            text.push_str(line);
        }
        Response::text(status, text)
    }
}

/// Whether the login ledger is on disk; `None` where it is kept in memory on purpose.
pub(super) fn ledger_on_disk(inputs: &Inputs) -> Option<bool> {
    let fault = inputs.ledger_fault.as_ref()?;
    Some(fault.borrow().is_none())
}
