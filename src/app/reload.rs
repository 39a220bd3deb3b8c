//! Taking over a changed configuration: on SIGHUP, when asked over HTTP, when a watched file changes.
//!
//! The new configuration is read and checked as a whole; only a valid one is handed on, and the old
//! one stays in force otherwise. Files are watched by looking: every few seconds their times and
//! sizes are compared, which sees what any editor, mount or symbolic link does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::notify_socket::NotifySocket;
use crate::alert_engine::command::Command;
use crate::clock::Clock;
use crate::config::{self, Config, Environment};
use crate::fleet::command::{Reload, ReloadStatus};
use crate::poll::Change;
use crate::web::{Entrance, Settings};

/// What takes over changed configurations, and what it is wired to.
pub(super) struct Reloader {
    pub(super) systemd: NotifySocket,
    pub(super) path: PathBuf,
    pub(super) environment: Arc<Environment>,
    pub(super) current: Arc<Config>,
    pub(super) changes: mpsc::Sender<Change>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) announce: watch::Sender<Arc<Settings>>,
    pub(super) told: watch::Sender<ReloadStatus>,
    pub(super) clock: Clock,
}

/// How many requests to reload may wait.
pub(super) const MAX_WAITING: usize = 4;

/// How often watched files are looked at: soon enough for a person who waits, rarely enough to cost
/// nothing.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A file that has changed is read once it rested for so long: one that is just being written is
/// empty or half of a list, and may be valid all the same.
const REST: Duration = Duration::from_millis(500);

/// How long the engine may take to take over 20,000 phones.
const TAKE_OVER: Duration = Duration::from_secs(60);

impl Reloader {
    pub(super) async fn run(
        mut self,
        mut asked: mpsc::Receiver<Reload>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut look = tokio::time::interval(LOOK_EVERY);
        // A late look sees as much as an early one.
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = self.signature().await?;
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = hangup.recv() => None,
                Some(reload) = asked.recv() => Some(reload.done),
                _ = look.tick() => {
                    let found = self.signature().await?;
                    if found == seen {
                        continue;
                    }
                    tokio::time::sleep(REST).await;
                    if self.signature().await? != found {
                        continue;
                    }
                    None
                }
            };
            // What changes while it is read must differ at the next look.
            seen = self.signature().await?;
            self.systemd.reloading();
            let outcome = self.reload().await;
            self.systemd.ready();
            if let Some(done) = done {
                // Whoever asked may have stopped waiting.
                let _gone = done.send(outcome);
            }
        }
    }

    async fn reload(&mut self) -> Result<(), String> {
        let before = Arc::clone(&self.announce.borrow());
        let outcome = self.take_over(&before.entrance).await;
        let (entrance, status) = match &outcome {
            Ok(entrance) => {
                tracing::info!(
                    "Took over the configuration: {} phones",
                    self.current.phones.len()
                );
                (entrance, ReloadStatus::good(self.clock.now().wall))
            }
            Err(faults) => {
                for fault in faults.lines() {
                    tracing::error!("Kept the last good configuration: {fault}");
                }
                let status = ReloadStatus {
                    successful: false,
                    ..before.reload
                };
                (&before.entrance, status)
            }
        };
        let (old, new) = (before.entrance.scheme(), entrance.scheme());
        if old != new {
            tracing::warn!("The listener speaks {new} from now on, no longer {old}");
        }
        let settings = super::settings(&self.current, Arc::clone(entrance), status);
        self.announce.send_replace(Arc::new(settings));
        self.told.send_replace(status);
        outcome.map(|_entrance| ())
    }

    async fn take_over(&mut self, before: &Entrance) -> Result<Arc<Entrance>, String> {
        let (config, alerting) = super::read(&self.path, &self.environment)
            .await
            .map_err(|error| format!("{error:#}"))?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        if config.listen != self.current.listen || config.state_dir != self.current.state_dir {
            tracing::warn!("Changes of `listen` and `state_dir` take effect at the next start");
        }
        let entrance = super::entrance(&config, before).map_err(|error| format!("{error:#}"))?;
        let config = Arc::new(config);
        let (done, outcome) = oneshot::channel();
        let change = Change {
            config: Arc::clone(&config),
            done,
        };
        if self.changes.send(change).await.is_err() {
            return Err(STOPPING.to_owned());
        }
        let taken_over = in_time("the engine", outcome).await?;
        taken_over.map_err(|failure| failure.to_string())?;
        self.current = config;
        let (done, outcome) = oneshot::channel();
        let settings = Arc::new(alerting);
        let command = Command::Reload { settings, done };
        if self.commands.send(command).await.is_err() {
            return Err(STOPPING.to_owned());
        }
        let taken_over = in_time("the alert task", outcome).await?;
        taken_over.map_err(|refusal| refusal.to_string())?;
        Ok(entrance)
    }

    async fn signature(&self) -> anyhow::Result<config::Signature> {
        let config = Arc::clone(&self.current);
        Ok(tokio::task::spawn_blocking(move || config::signature(&config.sources)).await?)
    }
}

const STOPPING: &str = "the daemon is stopping";

async fn in_time<T>(who: &str, outcome: oneshot::Receiver<T>) -> Result<T, String> {
    tokio::time::timeout(TAKE_OVER, outcome)
        .await
        .map_err(|_late| format!("{who} did not take it over in time"))?
        .map_err(|_gone| STOPPING.to_owned())
}
