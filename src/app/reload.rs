//! Taking over a changed configuration: on SIGHUP, when asked over HTTP, when a watched file changes.
//!
//! The new configuration is read and checked as a whole; only a valid one that lists what the one
//! before did (see `loss`) is handed on, and the old one stays in force otherwise. Files are watched by
//! looking: every few seconds their times and sizes are compared, which sees what any editor, mount or
//! symbolic link does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::loss::{Counts, Trigger};
use super::notify_socket::NotifySocket;
use crate::alert_engine::command::Command;
use crate::clock::Clock;
use crate::config::{self, Config, Environment, Signature};
use crate::fleet::command::{Reload, ReloadStatus};
use crate::poll::Change;
use crate::web::{ServerConfig, Settings};

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
    /// Its files as they were when it was read.
    pub(super) seen: Signature,
    /// What the last accepted configuration lists; not that in force, if the daemon was started on one
    /// that lost all.
    pub(super) accepted: Counts,
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
        loop {
            let (trigger, done) = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = hangup.recv() => (Trigger::Asked, None),
                Some(reload) = asked.recv() => (Trigger::of(&reload), Some(reload.done)),
                _ = look.tick() => {
                    let found = self.signature().await?;
                    if found == self.seen {
                        continue;
                    }
                    tokio::time::sleep(REST).await;
                    if self.signature().await? != found {
                        continue;
                    }
                    (Trigger::Watched, None)
                }
            };
            // What changes while it is read must differ at the next look.
            self.seen = self.signature().await?;
            self.systemd.reloading();
            let outcome = self.reload(trigger).await;
            self.systemd.ready();
            if let Some(done) = done {
                // Whoever asked may have stopped waiting.
                let _gone = done.send(outcome);
            }
        }
    }

    async fn reload(&mut self, trigger: Trigger) -> Result<(), String> {
        let before = Arc::clone(&self.announce.borrow());
        let outcome = self.take_over(&before.server_config, trigger).await;
        let (server_config, status) = match &outcome {
            Ok(server_config) => {
                tracing::info!(
                    "Took over the configuration: {} phones",
                    self.current.phones.len()
                );
                (server_config, ReloadStatus::good(self.clock.now()))
            }
            Err(faults) => {
                for fault in faults.lines() {
                    tracing::error!("Kept the last good configuration: {fault}");
                }
                let status = ReloadStatus {
                    successful: false,
                    ..before.reload
                };
                (&before.server_config, status)
            }
        };
        let (old, new) = (before.server_config.scheme(), server_config.scheme());
        if old != new {
            tracing::warn!("The listener speaks {new} from now on, no longer {old}");
        }
        let mut settings = super::settings(&self.current, Arc::clone(server_config), status);
        settings.loss = before.loss.clone().filter(|_| outcome.is_err());
        self.announce.send_replace(Arc::new(settings));
        self.told.send_replace(status);
        outcome.map(|_entrance| ())
    }

    async fn take_over(
        &mut self,
        before: &ServerConfig,
        trigger: Trigger,
    ) -> Result<Arc<ServerConfig>, String> {
        let (config, alerting) = super::read(&self.path, &self.environment)
            .await
            .map_err(|error| format!("{error:#}"))?;
        let counts = Counts::of(&config, &alerting);
        if let Some(loss) = counts.loss(self.comparable(&config), trigger) {
            return Err(refused(&loss));
        }
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        if config.listen != self.current.listen || config.state_dir != self.current.state_dir {
            tracing::warn!("Changes of `listen` and `state_dir` take effect at the next start");
        }
        let server_config =
            super::server_config(&config, before).map_err(|error| format!("{error:#}"))?;
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
        self.accept(counts).await?;
        Ok(server_config)
    }

    /// What a new configuration is compared to. Another part of a list that is shared among several
    /// daemons may well be smaller.
    fn comparable(&self, config: &Config) -> Counts {
        let phones = self.accepted.phones;
        let is_same = config.shard == self.current.shard;
        Counts {
            phones: if is_same { phones } else { phones.min(1) },
            ..self.accepted
        }
    }

    /// Keeps what was accepted, for the next start too.
    async fn accept(&mut self, counts: Counts) -> Result<(), String> {
        if counts == self.accepted {
            return Ok(());
        }
        self.accepted = counts;
        let state_dir = self.current.state_dir.clone();
        tokio::task::spawn_blocking(move || counts.accept(state_dir.as_deref()))
            .await
            .map_err(|error| error.to_string())
    }

    async fn signature(&self) -> anyhow::Result<Signature> {
        let config = Arc::clone(&self.current);
        Ok(tokio::task::spawn_blocking(move || config::signature(&config.sources)).await?)
    }
}

impl Trigger {
    fn of(reload: &Reload) -> Self {
        if reload.accept_loss {
            return Self::LossAccepted;
        }
        Self::Asked
    }
}

/// Why a configuration that is valid is not taken over, and what to do.
pub(super) fn refused(loss: &str) -> String {
    format!(
        "the configuration was emptied or cut: {loss}; restore the file, or accept it with \
         `grandstream-exporter reload --accept-loss`"
    )
}

const STOPPING: &str = "the daemon is stopping";

async fn in_time<T>(who: &str, outcome: oneshot::Receiver<T>) -> Result<T, String> {
    tokio::time::timeout(TAKE_OVER, outcome)
        .await
        .map_err(|_late| format!("{who} did not take it over in time"))?
        .map_err(|_gone| STOPPING.to_owned())
}
