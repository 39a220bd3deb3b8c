//! The alert task: brings the engine what comes in, publishes what it makes of it, and has sent what
//! it wants sent.
//!
//! The engine works on one thread of its own, since it waits for the disk; the runtime never does. A
//! disk that hangs holds up alerts, and neither polls nor pages.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::alertmanager_senders::{AlertmanagerSenders, interval};
use super::command::{Command, Reply};
use super::engine::{Effects, Engine, Input, Outgoing, Sent};
use super::snapshot::{AlertSnapshot, AlertmanagerCounters};
use crate::alerting_config::Settings;
use crate::clock::Clock;
use crate::fleet::Fleet;
use crate::fleet::command::ReloadStatus;
use crate::notify::channel::Receiver;
use crate::notify::send::send_to;
use crate::store::Store;

/// What the task is wired to.
#[derive(Debug)]
pub struct Task {
    /// The published fleet.
    pub fleet: watch::Receiver<Arc<Fleet>>,
    /// How reading the configuration went.
    pub reload: watch::Receiver<ReloadStatus>,
    /// Tells now.
    pub clock: Clock,
    /// What others ask for.
    pub commands: mpsc::Receiver<Command>,
    /// Where the snapshot is published; its first one holds the settings to begin with.
    pub published: watch::Sender<Arc<AlertSnapshot>>,
    /// The database; `None`: in memory.
    pub database: Option<PathBuf>,
    /// Leave the database alone until a configuration is taken over: that of the start is not accepted.
    pub withheld: bool,
}

/// How often the fleet is looked at for phones that were polled: a quarter of a second is no delay
/// to anybody, and a thousand polls a second are four looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long messages on their way are waited for at the end, so that they need not be sent twice.
const LAST_POST: Duration = Duration::from_secs(3);

/// What tellers may report before they wait.
const MAX_REPORTS: usize = 64;

/// The task while it runs.
struct Running {
    task: Task,
    desk: mpsc::Sender<(Input, oneshot::Sender<Effects>)>,
    sends: JoinSet<Sent>,
    tellers: AlertmanagerSenders,
    reports: mpsc::Receiver<(Box<str>, AlertmanagerCounters)>,
    wake: Option<Timestamp>,
}

impl Task {
    /// Judges and tells until `stop`.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let (desk, turns) = mpsc::channel(1);
        let (report, reports) = mpsc::channel(MAX_REPORTS);
        let settings = Arc::clone(&self.published.borrow().settings);
        let opening = Opening {
            settings: Arc::clone(&settings),
            database: self.database.clone(),
            withheld: self.withheld,
            fleet: Arc::clone(&self.fleet.borrow()),
            clock: self.clock.clone(),
        };
        // Joined when the last turn is over; a panic in it ends the process.
        let mut thread = JoinSet::new();
        thread.spawn_blocking(move || work(opening, turns));
        let mut tellers = AlertmanagerSenders::new(
            self.published.subscribe(),
            self.fleet.clone(),
            self.clock.clone(),
            report,
        );
        tellers.follow(&settings);
        let mut running = Running {
            task: self,
            desk,
            sends: JoinSet::new(),
            tellers,
            reports,
            wake: None,
        };
        running.run(&settings, &stop).await?;
        running.end().await?;
        drop(running);
        thread.join_next().await.transpose()?;
        Ok(())
    }
}

impl Running {
    async fn run(&mut self, settings: &Settings, stop: &CancellationToken) -> anyhow::Result<()> {
        let mut tick = interval(settings.evaluation_interval);
        let mut look = interval(LOOK_EVERY);
        loop {
            let mut turn = self.empty_turn();
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = tick.tick() => turn.tick = true,
                _ = look.tick() => if !self.is_due() { continue },
                Some(command) = self.task.commands.recv() => turn.commands.push(command),
                Some(sent) = self.sends.join_next() => turn.sent.push(sent?),
                Some(report) = self.reports.recv() => turn.managers.push(report),
                Some(ended) = self.tellers.ended() => ended?,
            }
            if let Some(changed) = self.take(turn).await? {
                tick = interval(changed.evaluation_interval);
                self.tellers.follow(&changed);
            }
        }
    }

    /// Waits for messages on their way, and has what became of them written down.
    async fn end(&mut self) -> anyhow::Result<()> {
        let mut last = self.empty_turn();
        let all = async {
            while let Some(sent) = self.sends.join_next().await {
                last.sent.extend(sent);
            }
        };
        if tokio::time::timeout(LAST_POST, all).await.is_err() {
            tracing::warn!("Messages on their way are sent again at the next start");
        }
        if !last.sent.is_empty() {
            self.ask(last).await?;
        }
        Ok(())
    }

    fn empty_turn(&self) -> Input {
        Input {
            now: self.task.clock.now(),
            fleet: Arc::clone(&self.task.fleet.borrow()),
            tick: false,
            reload_failed: !self.task.reload.borrow().successful,
            commands: Vec::new(),
            sent: Vec::new(),
            managers: Vec::new(),
        }
    }

    /// Whether a look is worth it: phones were polled, or a message is to be tried again.
    fn is_due(&self) -> bool {
        let wake = self
            .wake
            .is_some_and(|wake| wake <= self.task.clock.now().wall);
        wake || self.task.fleet.has_changed().unwrap_or(false)
    }

    /// Has the engine take a turn; hands over the settings if they changed in it.
    async fn take(&mut self, mut turn: Input) -> anyhow::Result<Option<Arc<Settings>>> {
        turn.fleet = Arc::clone(&self.task.fleet.borrow_and_update());
        turn.now = self.task.clock.now();
        let before = Arc::clone(&self.task.published.borrow().settings);
        let outcome = self.ask(turn).await?;
        let settings = Arc::clone(&outcome.snapshot.settings);
        self.wake = outcome.wake;
        self.task.published.send_replace(outcome.snapshot);
        outcome.replies.into_iter().for_each(Reply::give);
        for outgoing in outcome.sends {
            if let Some(receiver) = settings.receiver(&outgoing.receiver) {
                self.sends.spawn(deliver(Arc::clone(receiver), outgoing));
            }
        }
        Ok((!Arc::ptr_eq(&before, &settings)).then_some(settings))
    }

    async fn ask(&self, turn: Input) -> anyhow::Result<Effects> {
        let gone = "the engine's thread ended";
        let (done, outcome) = oneshot::channel();
        self.desk.send((turn, done)).await.ok().context(gone)?;
        outcome.await.context(gone)
    }
}

/// What the engine begins with.
struct Opening {
    settings: Arc<Settings>,
    database: Option<PathBuf>,
    withheld: bool,
    fleet: Arc<Fleet>,
    clock: Clock,
}

/// The engine's thread: takes turns until nobody asks any more.
fn work(opening: Opening, mut turns: mpsc::Receiver<(Input, oneshot::Sender<Effects>)>) {
    let Opening {
        settings,
        database,
        withheld,
        fleet,
        clock,
    } = opening;
    let store = if withheld {
        Store::withheld(database.as_deref())
    } else {
        Store::open(database.as_deref())
    };
    if let Some(fault) = store.fault() {
        tracing::error!("The state of alerts is kept in memory only: {fault}; see to state_dir");
    }
    let mut engine = Engine::open(settings, store, fleet, clock.now());
    while let Some((turn, done)) = turns.blocking_recv() {
        // Whoever asked is gone only if the daemon stops.
        let _gone = done.send(engine.turn(turn));
    }
    engine.close(clock.now());
}

async fn deliver(receiver: Arc<Receiver>, outgoing: Outgoing) -> Sent {
    let recipients = outgoing.recipients.as_deref();
    Sent {
        attempt: send_to(&receiver, recipients, &outgoing.delivery).await,
        message: outgoing.delivery.id,
        recipients: outgoing.recipients,
        receiver: outgoing.receiver,
    }
}
