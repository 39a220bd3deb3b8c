//! Those who tell the outside in rounds: one worker for each Alertmanager, and the heartbeat.
//!
//! They read what is published and keep nothing that must survive. Each belongs to [`AlertmanagerSenders`] and
//! ends with it, or when the settings no longer name it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};

use super::snapshot::{AlertSnapshot, AlertmanagerCounters};
use crate::alerting_config::Settings;
use crate::alerts::board::Alert;
use crate::clock::Clock;
use crate::fleet::{Fleet, Moment, Phone};
use crate::notify::alertmanager::{self, MOST_ALERTS, Sender};
use crate::notify::channel::Alertmanager;
use crate::notify::channel::Heartbeat;
use crate::notify::resend_tracker::ResendTracker;
use crate::notify::retry::{LONGEST_ASKED, backoff};
use crate::notify::send::{PostResult, beat as send_beat, post_alerts};

/// The workers and what they are wired to.
#[derive(Debug)]
pub(super) struct AlertmanagerSenders {
    pictures: watch::Receiver<Arc<AlertSnapshot>>,
    fleet: watch::Receiver<Arc<Fleet>>,
    clock: Clock,
    reports: mpsc::Sender<(Box<str>, AlertmanagerCounters)>,
    workers: JoinSet<()>,
}

/// How often a worker looks for what is due: what changed is told within a second.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl AlertmanagerSenders {
    pub(super) fn new(
        pictures: watch::Receiver<Arc<AlertSnapshot>>,
        fleet: watch::Receiver<Arc<Fleet>>,
        clock: Clock,
        reports: mpsc::Sender<(Box<str>, AlertmanagerCounters)>,
    ) -> Self {
        Self {
            pictures,
            fleet,
            clock,
            reports,
            workers: JoinSet::new(),
        }
    }

    /// Starts anew with the workers that these settings want. What a worker knew is lost with it:
    /// an Alertmanager that stayed is told everything once more, which it takes for a repetition.
    pub(super) fn follow(&mut self, settings: &Arc<Settings>) {
        // What is dropped is ended.
        self.workers = JoinSet::new();
        for manager in &settings.alertmanagers {
            let worker = Worker {
                manager: Arc::clone(manager),
                sender: settings.sender.clone(),
                rounds: ResendTracker::default(),
                tally: AlertmanagerCounters::default(),
            };
            let (pictures, clock) = (self.pictures.clone(), self.clock.clone());
            self.workers
                .spawn(worker.run(pictures, clock, self.reports.clone()));
        }
        if let Some(heartbeat) = settings.heartbeat.clone() {
            let (pictures, fleet) = (self.pictures.clone(), self.fleet.clone());
            self.workers
                .spawn(beat(heartbeat, pictures, fleet, self.clock.clone()));
        }
    }

    /// Waits until a worker ends, which none does by itself: it panicked.
    pub(super) async fn ended(&mut self) -> Option<Result<(), JoinError>> {
        self.workers.join_next().await
    }
}

/// Tells one Alertmanager.
struct Worker {
    manager: Arc<Alertmanager>,
    sender: Sender,
    rounds: ResendTracker,
    /// Since it was last reported.
    tally: AlertmanagerCounters,
}

/// How a round went.
enum Round {
    /// There was nothing to tell.
    Quiet,
    /// What was due was taken, or refused for what it is.
    Told,
    /// The rest waits; leave the Alertmanager alone for so long, if it asked for that.
    Failed(Option<Duration>),
}

impl Worker {
    async fn run(
        mut self,
        pictures: watch::Receiver<Arc<AlertSnapshot>>,
        clock: Clock,
        reports: mpsc::Sender<(Box<str>, AlertmanagerCounters)>,
    ) {
        let mut look = interval(LOOK_EVERY);
        let mut failures = 0;
        let mut held: Option<Moment> = None;
        loop {
            look.tick().await;
            let now = clock.now();
            if held.is_some_and(|until| now.mono < until.mono) {
                continue;
            }
            let snapshot = Arc::clone(&pictures.borrow());
            held = None;
            match self.round(&snapshot, now).await {
                Round::Quiet => continue,
                Round::Told => failures = 0,
                Round::Failed(asked) => {
                    let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
                    let wait = backoff(failures, &self.manager.name).max(asked);
                    held = Some(now.after(wait));
                    failures += 1;
                }
            }
            let tally = std::mem::take(&mut self.tally);
            // The task is gone only when the daemon stops.
            let _gone = reports.send((self.manager.name.clone(), tally)).await;
        }
    }

    /// Sends what is due. A batch that is refused is halved until what it is refused for stands
    /// alone; the rest was kept all the same, and is kept twice without harm.
    async fn round(&mut self, snapshot: &AlertSnapshot, now: Moment) -> Round {
        self.rounds.forget(&snapshot.board);
        let due = self
            .rounds
            .due(&snapshot.board, self.sender.resend_delay, now);
        if due.is_empty() {
            return Round::Quiet;
        }
        let mut batches: Vec<&[&Alert]> = due.chunks(MOST_ALERTS).collect();
        let mut end = Round::Told;
        let texts = |alert: &Alert| snapshot.texts_of(alert).to_vec();
        while let Some(batch) = batches.pop() {
            let body = alertmanager::body(batch, &self.sender, texts, now);
            match post_alerts(&self.manager, &body).await {
                PostResult::Accepted => {
                    self.rounds.taken(batch.iter().copied(), now);
                    self.tally.sent += count(batch.len());
                }
                PostResult::Refused { error } if batch.len() == 1 => {
                    self.rounds.refused(batch.iter().copied(), now);
                    self.tally.dropped += 1;
                    let name = &*self.manager.name;
                    tracing::error!(alertmanager = name, "{name} refuses an alert: {error}");
                }
                PostResult::Refused { .. } => {
                    let (left, right) = batch.split_at(batch.len() / 2);
                    batches.extend([left, right]);
                }
                PostResult::Failed {
                    reason,
                    error,
                    after,
                } => {
                    let name = &*self.manager.name;
                    self.tally.errors += 1;
                    let reason = reason.label();
                    tracing::warn!(alertmanager = name, reason, "{name} was not told: {error}");
                    batches.push(batch);
                    end = Round::Failed(after);
                    break;
                }
            }
        }
        self.tally.waiting = count(batches.iter().map(|batch| batch.len()).sum());
        end
    }
}

/// Asks for the address of the heartbeat again and again, while all is well.
async fn beat(
    heartbeat: Heartbeat,
    pictures: watch::Receiver<Arc<AlertSnapshot>>,
    fleet: watch::Receiver<Arc<Fleet>>,
    clock: Clock,
) {
    let mut tick = interval(heartbeat.interval);
    let begun = clock.now();
    let mut failing = false;
    loop {
        tick.tick().await;
        let now = clock.now();
        let well = is_well(&pictures.borrow(), &fleet.borrow(), now);
        // At first nothing was looked at yet: no beat, and nothing to worry about.
        if well.is_err() && now.since(begun) < SLACK {
            continue;
        }
        let outcome = match well {
            Ok(()) => send_beat(&heartbeat).await,
            Err(why) => Err(why.into()),
        };
        match &outcome {
            Err(error) if !failing => tracing::warn!("The heartbeat stays away: {error}"),
            Ok(()) if failing => tracing::info!("The heart beats again"),
            Ok(()) | Err(_) => {}
        }
        failing = outcome.is_err();
    }
}

/// How long the rules may not have been looked at beyond their interval.
const SLACK: Duration = Duration::from_secs(60);

/// Whether phones are polled, rules are looked at, and what comes of them is kept.
fn is_well(snapshot: &AlertSnapshot, fleet: &Fleet, now: Moment) -> Result<(), &'static str> {
    let patience = 2 * snapshot.settings.evaluation_interval + SLACK;
    let evaluated = snapshot.evaluated;
    if evaluated.is_none_or(|at| now.since(at) > patience) {
        return Err("the rules are not looked at");
    }
    if snapshot.keeping.fault.is_some() {
        return Err("the state of alerts is not on disk");
    }
    let polled = |phone: &Arc<Phone>| {
        let patience = 2 * phone.place.interval + SLACK;
        phone
            .last
            .as_ref()
            .is_some_and(|last| now.since(last.began) <= patience)
    };
    if fleet.phones().len() > 0 && !fleet.phones().any(polled) {
        return Err("no phone is polled");
    }
    Ok(())
}

/// Ticks that are not made up for: a late look sees as much as an early one, and two at once see no
/// more.
pub(super) fn interval(every: Duration) -> Interval {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn count(alerts: usize) -> u64 {
    u64::try_from(alerts).unwrap_or(u64::MAX)
}
