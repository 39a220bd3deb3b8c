//! The engine: board, mail and store in one hand, one turn after the other.
//!
//! An [`Input`] is everything that came in since the last one: polls, the passing of time, commands,
//! how sending went. [`Engine::turn`] takes it in, writes down what must survive, and says what is to
//! be published and sent. It knows nothing of tasks and sockets, and takes `now` from the turn, so a
//! test plays a night in a millisecond. It waits for the disk: its owner keeps it on a thread of its
//! own.
//!
//! What changed and the messages that follow from it are one batch of the store: no crash in between
//! can lose the one and keep the other. What no message tells of yet waits for the next one or a
//! minute, so that an outage of a large fleet is written once and not with every poll.

mod commands;
mod event_log;
mod notification_queue;
mod recipients;
mod saved_silence;
mod saved_state;
mod writing;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::command::{Command, Reply};
use super::snapshot::{AlertSnapshot, AlertmanagerCounters, Counters, Persistence, Queue};
use crate::alerting_config::Settings;
use crate::alerts::annotations::Rendered;
use crate::alerts::board::{Alert, Board, Transition};
use crate::alerts::event;
use crate::alerts::identity::Life;
use crate::alerts::self_monitoring::Health;
use crate::alerts::suppress::Visibility;
use crate::fleet::{Fleet, Moment, Phone};
use crate::notify::notification_log;
use crate::notify::send::{Attempt, Delivery};
use crate::rules::condition::Condition;
use crate::rules::rule::Rule;
use crate::store::{Batch, Store};

use notification_queue::Mail;
use saved_state::Kept;

/// What came in since the last turn.
#[derive(Debug)]
pub struct Input {
    /// When it is taken.
    pub now: Moment,
    /// The fleet as it is.
    pub fleet: Arc<Fleet>,
    /// Whether everything is looked at, not only the phones that were polled.
    pub tick: bool,
    /// Whether the last attempt to read the configuration failed.
    pub reload_failed: bool,
    /// What others ask for.
    pub commands: Vec<Command>,
    /// How sending went.
    pub sent: Vec<Sent>,
    /// What was counted of Alertmanagers since the last turn, by name.
    pub managers: Vec<(Box<str>, AlertmanagerCounters)>,
}

/// How the sending of one message went.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The id of its delivery.
    pub message: Box<str>,
    /// To whom.
    pub receiver: Box<str>,
    /// The part of them that it was for, as it came out; `None`: all.
    pub recipients: Option<Recipients>,
    /// How it went.
    pub attempt: Attempt,
}

/// What follows from a turn.
#[derive(Debug)]
pub struct Effects {
    /// What is to be published.
    pub snapshot: Arc<AlertSnapshot>,
    /// Answers to commands, to be given when the snapshot is published.
    pub replies: Vec<Reply>,
    /// What is to be sent now; until its [`Sent`] comes in, nothing else goes to that receiver.
    pub sends: Vec<Outgoing>,
    /// When a message is to be tried again, at the earliest.
    pub wake: Option<Timestamp>,
}

/// One message to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The name of the receiver in the settings of the snapshot.
    pub receiver: Box<str>,
    /// Only to these of its recipients; `None`: to all.
    pub recipients: Option<Recipients>,
    /// What is sent.
    pub delivery: Delivery,
}

/// Some of a receiver's recipients.
pub type Recipients = Box<[Box<str>]>;

/// Board, mail and store.
#[derive(Debug)]
pub struct Engine {
    settings: Arc<Settings>,
    /// As it was last looked at.
    fleet: Arc<Fleet>,
    board: Board,
    mail: Mail,
    store: Store,
    kept: Kept,
    /// What is to be written; stays until it is.
    unwritten: Batch,
    /// By phone, when something happened that is not yet written and may explain an end, in words.
    reasons: BTreeMap<Box<str>, Vec<(Timestamp, String)>>,
    texts: rpds::RedBlackTreeMapSync<Life, Arc<Rendered>>,
    tallies: Counters,
    /// Alerts that are kept back, and by what, so that each counts once.
    kept_back: BTreeMap<Life, &'static str>,
    matched: Arc<BTreeMap<Box<str>, u32>>,
    evaluated: Option<Moment>,
    queues: Arc<BTreeMap<Box<str>, Queue>>,
    written: Option<Timestamp>,
    /// Since when something changed that is not written.
    unsaved: Option<Moment>,
    /// When the way back to a disk that failed was last tried.
    returned: Option<Moment>,
    last_silence: u64,
    /// Whether there may be something on the disk that was never read.
    unread: bool,
}

impl Engine {
    /// Takes back what was kept: alerts, silences, who was told of what.
    pub fn open(settings: Arc<Settings>, store: Store, fleet: Arc<Fleet>, now: Moment) -> Self {
        let mut engine = Self {
            board: Board::new(Arc::clone(&settings.rules)),
            settings,
            fleet,
            mail: Mail::default(),
            written: store.written_at().ok().flatten(),
            unread: store.fault().is_some(),
            store,
            kept: Kept::default(),
            unwritten: Batch::default(),
            reasons: BTreeMap::new(),
            texts: rpds::RedBlackTreeMapSync::new_sync(),
            tallies: Counters::default(),
            kept_back: BTreeMap::new(),
            matched: Arc::default(),
            evaluated: None,
            queues: Arc::default(),
            unsaved: None,
            returned: None,
            last_silence: 0,
        };
        let suppression = Arc::clone(&engine.settings.suppression);
        engine.board.with_suppression(suppression);
        engine.take_back_silences();
        engine.take_back_alerts(now);
        engine.take_back_mail(now);
        engine.count_letters();
        engine
    }

    /// Takes in what came, and says what follows.
    pub fn turn(&mut self, turn: Input) -> Effects {
        let now = turn.now;
        let tick = turn.tick || turn.commands.iter().any(Command::is_for_the_board);
        let asked = !turn.commands.is_empty() || !turn.sent.is_empty();
        for (name, tally) in turn.managers {
            self.mail.heard_of(&name, tally, now);
            self.tallies
                .alertmanagers
                .entry(name)
                .or_default()
                .add(tally);
        }
        self.settle(turn.sent, now);
        if turn.commands.iter().any(Command::reads_history) && !self.unwritten.events.is_empty() {
            self.write(now);
        }
        let mut changes = Vec::new();
        let commands = turn.commands.into_iter();
        let replies = commands.map(|command| self.obey(command, now, &mut changes));
        let replies = replies.collect();
        self.look(&turn.fleet, now, &mut changes);
        if tick {
            self.tick(turn.reload_failed, now, &mut changes);
        }
        self.absorb(&changes, now);
        if tick || !changes.is_empty() {
            self.compose(now);
        }
        // What is pending is seen in more and more polls without a step of its own.
        let is_pending = |alert: &Alert| alert.state.is_pending();
        if !changes.is_empty()
            || !self.unwritten.is_empty()
            || (tick && self.board.alerts().any(is_pending))
        {
            self.unsaved.get_or_insert(now);
        }
        self.return_to_disk(now);
        if self.is_to_be_written(now) {
            self.write(now);
        } else if tick && self.settings.enabled {
            // How old the state is tells at the next start whether it may still be true.
            self.store_batch(&Batch::default(), now);
        }
        let (sends, wake) = if tick || asked || !changes.is_empty() {
            self.post(now)
        } else {
            self.post_if_due(now)
        };
        Effects {
            snapshot: Arc::new(self.snapshot(now)),
            replies,
            sends,
            wake: wake.into_iter().chain(self.writes_at()).min(),
        }
    }

    /// Looks at the phones that were polled since the last turn.
    fn look(&mut self, fleet: &Arc<Fleet>, now: Moment, changes: &mut Vec<Transition>) {
        let before = std::mem::replace(&mut self.fleet, Arc::clone(fleet));
        for (was, is) in changed(&before, fleet) {
            changes.extend(self.board.after_poll(fleet, &is.place.name, now));
            let happenings = was.map_or_else(Vec::new, |was| event::between(was, is));
            for happening in happenings {
                self.note(&is.place.name, &happening, now);
            }
        }
    }

    /// Looks at everything.
    fn tick(&mut self, reload_failed: bool, now: Moment, changes: &mut Vec<Transition>) {
        self.forget_silences(now);
        let health = Health {
            reload_failed,
            not_persisted: self.store.fault().is_some(),
            dead_letters: self.queues.values().map(|queue| queue.dead).sum(),
            receivers: self.mail.failing(&self.settings, now),
        };
        changes.extend(self.board.after_tick(&self.fleet, &health, now));
        self.evaluated = Some(now);
        self.matched = Arc::new(matched(&self.settings, &self.fleet));
        self.count_kept_back();
        self.render_all(now);
    }

    /// Counts alerts that are kept back by something new.
    fn count_kept_back(&mut self) {
        let firing = self.board.alerts().filter(|alert| alert.state.is_firing());
        let kept_back: BTreeMap<_, _> = firing
            .filter(|alert| alert.visibility != Visibility::Shown)
            .map(|alert| (alert.life(), alert.visibility.label()))
            .collect();
        for (life, by) in &kept_back {
            if self.kept_back.get(life) != Some(by) {
                *self.tallies.suppressed.entry(by).or_default() += 1;
            }
        }
        self.kept_back = kept_back;
    }

    fn snapshot(&self, now: Moment) -> AlertSnapshot {
        let mut queues = Arc::clone(&self.queues);
        for (receiver, failing) in self.mail.failing(&self.settings, now) {
            if queues
                .get(&receiver)
                .is_some_and(|queue| queue.failing != failing)
                && let Some(queue) = Arc::make_mut(&mut queues).get_mut(&receiver)
            {
                queue.failing = failing;
            }
        }
        AlertSnapshot {
            settings: Arc::clone(&self.settings),
            board: self.board.clone(),
            texts: self.texts.clone(),
            matched: Arc::clone(&self.matched),
            evaluated: self.evaluated,
            tallies: Arc::new(self.tallies.clone()),
            queues,
            keeping: self.keeping(),
        }
    }

    /// Of what is kept in memory as wanted there is nothing to say.
    fn keeping(&self) -> Persistence {
        if !self.store.is_wanted_on_disk() {
            return Persistence::default();
        }
        Persistence {
            written: self.written,
            fault: self.store.fault().map(|fault| fault.to_string().into()),
        }
    }

    /// Everything that can be heard on the board.
    fn candidates(&self) -> Vec<notification_log::Candidate> {
        let texts = |alert: &Alert| {
            let texts = self.texts.get(&alert.life());
            texts.map_or_else(Vec::new, |texts| texts.to_vec())
        };
        notification_log::candidates(&self.board, texts)
    }
}

/// Phones that are not as they were, with what they were; those that are new have been nothing.
fn changed<'a>(
    before: &'a Fleet,
    after: &'a Fleet,
) -> impl Iterator<Item = (Option<&'a Arc<Phone>>, &'a Arc<Phone>)> {
    let mut in_order = before.phones();
    after.phones().filter_map(move |is| {
        let there = in_order.next();
        if there.is_some_and(|was| Arc::ptr_eq(was, is)) {
            return None;
        }
        let there = there.filter(|was| was.place.name == is.place.name);
        let was = there.or_else(|| before.phone(&is.place.name));
        let same = was.is_some_and(|was| Arc::ptr_eq(was, is));
        (!same).then_some((was, is))
    })
}

/// Of each rule of phones, how many phones it speaks of.
fn matched(settings: &Settings, fleet: &Fleet) -> BTreeMap<Box<str>, u32> {
    let count = |rule: &Rule| {
        let phones = fleet
            .phones()
            .filter(|phone| rule.only.matches(&phone.place));
        u32::try_from(phones.count()).unwrap_or(u32::MAX)
    };
    let rules = settings.rules.iter().map(|known| &known.rule);
    rules
        .filter(|rule| !matches!(rule.when, Condition::Own(_)))
        .map(|rule| (rule.name.clone(), count(rule)))
        .collect()
}

#[cfg(test)]
mod tests;
