//! A silence for phones that are about to be restarted, so that the operator's own work notifies
//! nobody.
//!
//! The running daemon is asked over its control socket. Where there is none, or it refuses, one line
//! says so and the work goes on: a call out of bed is better than a reboot that waits for a daemon.

use std::time::Duration;

use super::Run;
use super::job::Job;
use crate::cli::daemon::SocketArg;
use crate::cli::silence::{Made, PATH, body};
use crate::rules::describe_rule::count;
use crate::rules::matcher::Matcher;
use crate::webapi::calls::sys_operation::Operation;

/// What is asked for before a batch of phones.
pub(super) struct Quiet {
    socket: SocketArg,
    lasts: Duration,
    comment: String,
    /// Whether it was said already that there is no silence.
    told: bool,
}

/// How long a phone is silenced beyond the time that it is waited for: a restart with an upgrade of its
/// firmware, and its accounts.
const LASTS: Duration = Duration::from_secs(15 * 60);

/// How long the daemon may take for each silence.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many phones one silence names: within what the daemon takes in one body.
const PHONES: usize = 100;

impl Quiet {
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
            lasts: LASTS + job.wait_up.unwrap_or_default(),
            comment: format!("phone {operation}{by}"),
            told: false,
        })
    }

    /// Asks for a silence of these phones.
    pub(super) async fn ask_for(&mut self, phones: &[&str]) {
        let lasts = humantime::format_duration(self.lasts).to_string();
        for names in phones.chunks(PHONES) {
            let matcher = Matcher::one_of("phone", names.iter().copied());
            let body = body(&[matcher], &lasts, &self.comment);
            let made: anyhow::Result<Made> = self.socket.post(PATH, &body, PATIENCE).await;
            match made {
                Ok(Made { id, .. }) => eprintln_line!(
                    "silence {id}: {} silenced for {lasts}",
                    count(names.len(), "phone")
                ),
                Err(error) if !self.told => {
                    self.told = true;
                    eprintln_line!("warning: no silence, so alerts may be sent: {error:#}");
                    return;
                }
                Err(_told_before) => return,
            }
        }
    }
}
