//! A silence for phones that are about to be restarted, so that the operator's own work notifies
//! nobody.
//!
//! The running daemon is asked over its control socket. Where there is none, or it refuses, one line
//! says so and the work goes on: a call out of bed is better than a reboot that waits for a daemon.

use std::time::Duration;

use super::Run;
use super::job::Job;
use crate::cli::daemon::SocketArg;
use crate::cli::silence::{NewSilence, PATH, body};
use crate::rules::describe_rule::count;
use crate::rules::matcher::Matcher;
use crate::webapi::calls::sys_operation::Operation;

/// What is asked for before a batch of phones.
pub(super) struct AutoSilence {
    socket: SocketArg,
    duration: Duration,
    comment: String,
    /// Whether it was said already that there is no silence.
    warned: bool,
}

/// How long a phone is silenced beyond the time that it is waited for: a restart with an upgrade of its
/// firmware, and its accounts.
const AFTER_RESTART: Duration = Duration::from_secs(15 * 60);

/// How long the daemon may take for each silence.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How many phones one silence names: within what the daemon takes in one body.
const MAX_PHONES: usize = 100;

impl AutoSilence {
    /// For a job that restarts or provisions phones; `None` for others, and where it is not wanted.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let Job::System(job) = &*run.invocation.job else {
            return None;
        };
        if run.options.no_silence || run.options.dry_run {
            return None;
        }
        let operation = match job.operation {
            Operation::Reboot => "reboot",
            Operation::FactoryReset => "factory-reset",
            Operation::Provision => "provision",
        };
        let by = run.sudo_user.as_deref();
        let by = by.map(|user| format!(" by {user}")).unwrap_or_default();
        Some(Self {
            socket: run.options.socket.clone(),
            duration: AFTER_RESTART + job.wait_up.unwrap_or_default(),
            comment: format!("phone {operation}{by}"),
            warned: false,
        })
    }

    /// Asks for a silence of these phones.
    pub(super) async fn add(&mut self, phones: &[&str]) {
        let duration = humantime::format_duration(self.duration).to_string();
        for names in phones.chunks(MAX_PHONES) {
            let matcher = Matcher::one_of("phone", names.iter().copied());
            let body = body(&[matcher], &duration, &self.comment);
            let made: anyhow::Result<NewSilence> = self.socket.post(PATH, &body, TIMEOUT).await;
            match made {
                Ok(NewSilence { id, .. }) => eprintln_line!(
                    "silence {id}: {} silenced for {duration}",
                    count(names.len(), "phone")
                ),
                Err(error) if !self.warned => {
                    self.warned = true;
                    eprintln_line!("warning: no silence, so alerts may be sent: {error:#}");
                    return;
                }
                Err(_repeated) => return,
            }
        }
    }
}
