//! One task a phone: waits for its tick or for being asked, polls, reports.
//!
//! The task lives as long as the phone is listed. Its [`Slot`] is how the engine reaches it: a new
//! entry of the configuration, somebody who wants a poll now. Large futures exist only while a poll
//! is under way, so that an idle phone costs little.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::concurrency_limit::Permit;
use super::keeper::Event;
use super::login::{Gate, ledger_key};
use super::round::{self, Memory, Task};
use super::schedule::Schedule;
use super::silence::Share;
use super::trial::Trial;
use crate::clock::Clock;
use crate::config;
use crate::fleet::reading::Keep;
use crate::fleet::totals::SkipReason;
use crate::fleet::{Moment, PollReport, Reason};
use crate::webapi::Target;

/// How the engine reaches a phone's task.
#[derive(Debug)]
pub(super) struct Slot {
    inbox: Mutex<Inbox>,
    nudge: Notify,
    /// Cancelled when the phone is no longer listed, or the engine stops.
    pub(super) stop: CancellationToken,
}

#[derive(Debug)]
struct Inbox {
    entry: Entry,
    asked: Vec<oneshot::Sender<()>>,
}

/// A phone of the configuration with what was made ready for it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) phone: Arc<config::Phone>,
    pub(super) target: Target,
    pub(super) keep: Keep,
    /// That of its credentials.
    pub(super) tag: u16,
    /// Set where its credentials had no success on record, or were changed.
    pub(super) trial: Option<Arc<Trial>>,
}

/// At most this many may wait for one phone's next poll.
const MAX_ASKED: usize = 16;

impl Slot {
    pub(super) fn new(entry: Entry, stop: CancellationToken) -> Self {
        let asked = Vec::new();
        Self {
            inbox: Mutex::new(Inbox { entry, asked }),
            nudge: Notify::new(),
            stop,
        }
    }

    pub(super) fn entry(&self) -> Entry {
        self.inbox().entry.clone()
    }

    /// The trial that its credentials are in, and their tag.
    pub(super) fn trial(&self) -> Option<(u16, Arc<Trial>)> {
        let inbox = self.inbox();
        let trial = inbox.entry.trial.as_ref()?;
        Some((inbox.entry.tag, Arc::clone(trial)))
    }

    pub(super) fn replace(&self, entry: Entry) {
        self.inbox().entry = entry;
        self.nudge.notify_one();
    }

    /// Has the phone polled soon; beyond a bound the asker is dropped, which tells it so.
    pub(super) fn ask(&self, done: oneshot::Sender<()>) {
        let mut inbox = self.inbox();
        if inbox.asked.len() < MAX_ASKED {
            inbox.asked.push(done);
            self.nudge.notify_one();
        }
    }

    fn take_asked(&self) -> Vec<oneshot::Sender<()>> {
        std::mem::take(&mut self.inbox().asked)
    }

    fn inbox(&self) -> std::sync::MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Polls one phone until its slot stops.
pub(super) async fn run(slot: Arc<Slot>, shared: Arc<Shared>) {
    let stop = slot.stop.clone();
    let mut phone = PhoneTask {
        slot,
        shared,
        state: None,
        values_read: None,
        due: None,
        paused: false,
    };
    // Cancellation loses at most a poll under way; a login in it settles itself as lost.
    stop.run_until_cancelled(phone.run()).await;
}

struct PhoneTask {
    slot: Arc<Slot>,
    shared: Arc<Shared>,
    /// The entry under which the memory was made, and the memory.
    state: Option<Box<(Entry, Memory)>>,
    values_read: Option<Moment>,
    /// The tick that is being waited for, since the engine's start.
    due: Option<Duration>,
    /// The last tick fell into a pause of this process.
    paused: bool,
}

impl PhoneTask {
    async fn run(&mut self) {
        loop {
            let entry = self.slot.entry();
            let place = &entry.phone.place;
            let schedule = Schedule::new(&place.name, place.interval);
            let tick = *self
                .due
                .get_or_insert_with(|| schedule.tick_after(self.shared.timeline.elapsed()));
            let pauses = self.shared.clock.pauses();
            let on_time = tokio::select! {
                () = tokio::time::sleep_until(self.shared.timeline.deadline(tick)) => true,
                () = self.slot.nudge.notified() => false,
            };
            let mut asked = self.slot.take_asked();
            if !on_time && asked.is_empty() {
                // Only the entry changed: its interval may have.
                self.due = None;
                continue;
            }
            if on_time && self.is_put_off(pauses) {
                self.skip_missed(schedule, SkipReason::Paused).await;
                continue;
            }
            if on_time {
                self.due = Some(schedule.tick_after(tick));
            }
            let permit = self.shared.limit.acquire(self.share()).await;
            let reason = self.skip_reason(pauses, SkipReason::Saturated);
            self.skip_missed(schedule, reason).await;
            asked.extend(self.slot.take_asked());
            let lag = on_time.then(|| self.shared.timeline.elapsed().saturating_sub(tick));
            let pauses = self.shared.clock.pauses();
            Box::pin(self.poll(lag, asked, permit)).await;
            let reason = self.skip_reason(pauses, SkipReason::Running);
            self.skip_missed(schedule, reason).await;
        }
    }

    /// Whether the tick fell into a pause of this process. Then the fleet's polls are all due at
    /// once: each waits for its next tick, but not a second time.
    fn is_put_off(&mut self, pauses: u64) -> bool {
        self.paused = !self.paused && self.shared.clock.pauses() != pauses;
        self.paused
    }

    /// Why ticks were missed since so many pauses of this process were counted.
    fn skip_reason(&self, pauses: u64, otherwise: SkipReason) -> SkipReason {
        if self.shared.clock.pauses() == pauses {
            otherwise
        } else {
            SkipReason::Paused
        }
    }

    /// Ticks that have passed are skipped and counted.
    async fn skip_missed(&mut self, schedule: Schedule, reason: SkipReason) {
        let Some(next) = self.due else { return };
        let elapsed = self.shared.timeline.elapsed();
        if elapsed < next {
            return;
        }
        let missed = schedule.missed(next, elapsed).saturating_add(1);
        self.due = Some(schedule.tick_after(elapsed));
        self.shared.skip(reason, missed).await;
    }

    /// Which of the polls in flight the next one counts among.
    fn share(&self) -> Share {
        let silence = self.state.as_ref().map(|state| state.1.silence);
        silence.unwrap_or_default().share()
    }

    async fn poll(
        &mut self,
        lag: Option<Duration>,
        asked: Vec<oneshot::Sender<()>>,
        permit: Permit,
    ) {
        let entry = self.slot.entry();
        let mut state = self.state_for(&entry).await;
        let now = self.shared.clock.now();
        let task = Task {
            phone: &entry.phone,
            keep: entry.keep,
            values: self
                .values_read
                .is_none_or(|read| now.since(read) >= entry.phone.place.values_interval),
        };
        let pauses = self.shared.clock.pauses();
        let under_way = UnderWay::begin(&self.shared.in_flight);
        let mut report = poll_or_give_up(&mut state.1, task, &self.shared.clock, permit).await;
        drop(under_way);
        self.state = Some(state);
        if self.shared.clock.pauses() != pauses && of_the_network(&report) {
            // What the network did to a poll while this process did not run says nothing of the
            // phone; who asked for the poll is told by silence.
            self.shared.skip(SkipReason::Paused, 1).await;
            return;
        }
        if task.values && is_final(&report) {
            self.values_read = Some(now);
        }
        report.lag = lag;
        let name = entry.phone.place.name.clone();
        self.shared
            .tell(Event::Polled {
                name,
                report: Box::new(report),
                done: asked,
            })
            .await;
    }

    /// The memory to poll this entry with. A session outlives changed passwords: it is the phone's
    /// to end, and on the next login the new ones are tried.
    async fn state_for(&mut self, entry: &Entry) -> Box<(Entry, Memory)> {
        let before = self.state.take();
        if before
            .as_ref()
            .is_none_or(|state| state.0.phone.values != entry.phone.values)
        {
            self.values_read = None;
        }
        let gate = || {
            let ledger = Arc::clone(&self.shared.ledger);
            Gate::new(&entry.phone, ledger, self.shared.clock.clone()).on_trial(entry.trial.clone())
        };
        match before {
            Some(mut state) if state.0.reaches_as(entry) => {
                if !Arc::ptr_eq(&state.0.phone, &entry.phone) {
                    state.1.change_gate(gate());
                    state.0 = entry.clone();
                }
                state
            }
            Some(_) | None => {
                let memory = Memory::new(entry.target.clone(), gate()).await;
                Box::new((entry.clone(), memory))
            }
        }
    }
}

/// One poll; before its first answer it ends when the phone's time for that is over, or when its
/// permit is wanted by another.
async fn poll_or_give_up(
    memory: &mut Memory,
    task: Task<'_>,
    clock: &Clock,
    mut permit: Permit,
) -> PollReport {
    let first_answer = memory.silence.first_answer_within(task.phone.limits);
    let give_up = CancellationToken::new();
    let patience = async {
        match first_answer {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let watch = async {
        tokio::select! {
            () = patience => {}
            () = permit.revoked() => {}
        }
        give_up.cancel();
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        report = round::poll_until(memory, task, clock, give_up.clone()) => report,
        never = watch => match never {},
    }
}

/// Whether the network is why something was not read.
fn of_the_network(report: &PollReport) -> bool {
    report.reasons().iter().any(Reason::is_of_the_network)
}

/// Whether asking for P-values again at the next poll would bring nothing new: without a session a
/// phone tells only some of them, and what the network lost is not lost for long.
fn is_final(report: &PollReport) -> bool {
    report.session
        && match report.parts.values.failure().map(|failure| failure.reason) {
            None
            | Some(Reason::Forbidden | Reason::Parse | Reason::HttpStatus | Reason::TooLarge) => {
                true
            }
            Some(_) => false,
        }
}

/// Counts a poll as under way until it is dropped: a phone may leave the list in the middle of one.
struct UnderWay(Gauge);

impl UnderWay {
    fn begin(count: &Gauge) -> Self {
        count.inc();
        Self(count.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Entry {
    /// Leaves the trial to the other phones.
    pub(super) fn leave_trial(&self) {
        if let Some(trial) = &self.trial {
            trial.leave(&ledger_key(&self.phone));
        }
    }

    /// Leaves the trial if the phone is no longer known by the same key, or has other credentials.
    pub(super) fn leave_trial_before(&self, next: &config::Phone, tag: u16) {
        if self.tag != tag || ledger_key(&self.phone) != ledger_key(next) {
            self.leave_trial();
        }
    }

    /// Whether connection and session under `self` serve `other` too.
    fn reaches_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.phone, &other.phone);
        Arc::ptr_eq(ours, theirs)
            || (ours.place.same_device(&theirs.place)
                && self.target == other.target
                && ours.credential.username == theirs.credential.username)
    }
}

impl Shared {
    async fn skip(&self, reason: SkipReason, times: u32) {
        self.tell(Event::Skipped(reason, times)).await;
    }

    async fn tell(&self, event: Event) {
        // The keeper ends only with the process.
        let _stopping = self.events.send(event).await;
    }
}
