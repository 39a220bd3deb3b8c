//! A silence for phones that are about to be restarted, so that planned work sends no notifications.
//!
//! It is created through the control socket of the daemon. Without a daemon, or if it refuses, one
//! warning is printed and the job continues: an unneeded notification is better than no reboot.

use std::time::Duration;

use super::Run;
use super::job::Job;
use crate::cli::daemon::SocketArg;
use crate::cli::silence::{NewSilence, PATH, body};
use crate::rules::describe_rule::count;
use crate::rules::matcher::Matcher;
use crate::webapi::calls::sys_operation::Operation;

/// Creates a silence before each batch of phones.
pub(super) struct AutoSilence {
    socket: SocketArg,
    duration: Duration,
    comment: String,
    /// Whether the warning was printed.
    warned: bool,
}

/// How long a phone is silenced beyond `--wait-up`: enough for a restart with a firmware upgrade.
const AFTER_RESTART: Duration = Duration::from_secs(15 * 60);

/// How long the daemon may take for each silence.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The most phones in one silence, so that its body is within the limit of the daemon.
const MAX_PHONES: usize = 100;

impl AutoSilence {
    /// For a job that restarts or provisions phones; `None` for other jobs and with `--no-silence`.
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

    /// Silences these phones.
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
