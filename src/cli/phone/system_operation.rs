//! Reboot, factory reset and provisioning: who is in a call is spared, and who comes back is seen.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::error::JobError;
use super::result::CallResult;
use super::session::Session;
use crate::fleet::reading::{Coarse, LineState};
use crate::webapi::calls::sys_operation::{self, Operation};
use crate::webapi::calls::{lines, time};

/// One system operation on each of some phones.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemJob {
    pub(super) operation: Operation,
    /// Leave out phones that are in a call.
    pub(super) spare_calls: bool,
    /// Wait until the phone is up again, at most so long.
    pub(super) wait_up: Option<Duration>,
}

/// How often a phone that restarts is asked whether it is back: it takes half a minute or more.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl SystemJob {
    pub(super) async fn perform(&self, session: &mut Session) -> Result<CallResult, JobError> {
        if self.spare_calls && !session.is_dry_run() {
            spare_calls(session).await?;
        }
        let asked = Instant::now();
        session.write(&sys_operation::call(self.operation)).await?;
        match self.wait_up {
            Some(limit) if !session.is_dry_run() => self.wait(session, asked, limit).await?,
            Some(_) | None => {}
        }
        Ok(CallResult::done())
    }

    /// Waits until the phone answers and has not been up for longer than since it was asked. After
    /// provisioning, which need not restart it, until it answers.
    async fn wait(
        &self,
        session: &mut Session,
        asked: Instant,
        limit: Duration,
    ) -> Result<(), JobError> {
        let mut look = tokio::time::interval(LOOK_EVERY);
        // A look that took long is followed by a pause, not by those that were missed.
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = None;
        while asked.elapsed() < limit {
            look.tick().await;
            match session.read(&time::call()).await {
                Ok(time) => {
                    let since = asked.elapsed() + time.uptime.resolution;
                    if self.operation == Operation::Provision || time.uptime.length <= since {
                        return Ok(());
                    }
                    last = Some("it has not restarted".to_owned());
                }
                // It is up, and asking on would only cost refusals.
                Err(error) if error.reason == "auth" => return Err(error),
                Err(error) => last = Some(error.detail),
            }
        }
        let limit = humantime::format_duration(limit);
        let last = last.unwrap_or_default();
        Err(JobError::new(
            "not_back",
            format!("done, and not back within {limit}: {last}"),
        ))
    }
}

async fn spare_calls(session: &mut Session) -> Result<(), JobError> {
    let lines = session.read(&lines::call(None)).await?;
    match lines.each.iter().find(|line| is_call(line.state)) {
        Some(line) => Err(JobError::skipped(format!(
            "in a call on line {}; use --even-in-call, or try later",
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
    fn a_call_in_any_of_its_phases_is_spared() {
        let calls: Vec<i64> = (-1..=14)
            .filter(|code| is_call(LineState::from_code(*code)))
            .collect();
        assert_eq!(calls, [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13]);
    }
}
