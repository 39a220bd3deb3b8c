//! Reboot, factory reset and provisioning: skips phones in a call, and waits until they are up again.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::error::JobError;
use super::result::{CallResult, JobResult};
use super::session::Session;
use crate::fleet::reading::{Coarse, LineState};
use crate::rules::describe_rule::length;
use crate::webapi::calls::sys_operation::{self, Operation};
use crate::webapi::calls::{lines, time};

/// A system operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemJob {
    pub(super) operation: Operation,
    /// Skip phones that are in a call.
    pub(super) skip_phones_in_call: bool,
    /// Wait until the phone is up again, at most this long.
    pub(super) wait_up: Option<Duration>,
}

/// How often a restarting phone is polled; a restart takes half a minute or more.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

impl SystemJob {
    pub(super) async fn perform(&self, session: &mut Session) -> JobResult {
        if self.skip_phones_in_call && !session.is_dry_run() {
            check_calls(session).await?;
        }
        let asked = Instant::now();
        session.write(&sys_operation::call(self.operation)).await?;
        match self.wait_up {
            Some(limit) if !session.is_dry_run() => self.wait(session, asked, limit).await?,
            Some(_) | None => {}
        }
        Ok(CallResult::done())
    }

    /// Waits until the phone answers with an uptime since the operation; after provisioning, which may
    /// not restart it, until it answers.
    async fn wait(
        &self,
        session: &mut Session,
        asked: Instant,
        limit: Duration,
    ) -> Result<(), JobError> {
        let mut polls = tokio::time::interval(POLL_INTERVAL);
        // A slow poll is followed by a pause, not by the missed polls.
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = None;
        while asked.elapsed() < limit {
            polls.tick().await;
            match session.read(&time::call()).await {
                Ok(time) => {
                    let since = asked.elapsed() + time.uptime.resolution;
                    if self.operation == Operation::Provision || time.uptime.length <= since {
                        return Ok(());
                    }
                    last = Some("it did not restart".to_owned());
                }
                // It is up, and more polls would only cost refusals.
                Err(error) if error.reason == "auth" => return Err(error),
                Err(error) => last = Some(error.detail),
            }
        }
        let limit = length(limit);
        let last = last.unwrap_or_default();
        Err(JobError::new(
            "not_back",
            format!("done, but not back within {limit}: {last}"),
        ))
    }
}

async fn check_calls(session: &mut Session) -> Result<(), JobError> {
    let lines = session.read(&lines::call(None)).await?;
    match lines.each.iter().find(|line| is_call(line.state)) {
        Some(line) => Err(JobError::skipped(format!(
            "in a call on line {}; try later, or use --even-in-call",
            line.number
        ))),
        None => Ok(()),
    }
}

fn is_call(state: LineState) -> bool {
    match state.coarse() {
        Coarse::Idle | Coarse::Failed => false,
        Coarse::Ringing | Coarse::Calling | Coarse::InCall | Coarse::Hold => true,
        Coarse::Other => matches!(
            state,
            LineState::Transferred | LineState::Transferring | LineState::Ending
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_in_any_phase_counts() {
        let calls: Vec<i64> = (-1..=14)
            .filter(|code| is_call(LineState::from_code(*code)))
            .collect();
        assert_eq!(calls, [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13]);
    }
}
