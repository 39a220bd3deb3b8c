//! The clerk's mail: letters are written, go out one a receiver, and are settled.
//!
//! Letters lie in the store; [`Mail`] is what is known beside them: who was told of what, on whose
//! way something is, who is left alone for now, and who gets nothing. What to say and when is the
//! digest's to decide, what goes next the outbox's, what an answer means that of `retry`: here they
//! meet the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::super::command::Refusal;
use super::super::notify::Notice;
use super::super::notify::digest::Told;
use super::super::notify::outbox::{self, Dispatch};
use super::super::notify::retry::{self, GIVE_UP, Verdict};
use super::super::notify::route::Values;
use super::super::notify::send::Envelope;
use super::super::own::Sending;
use super::super::picture::{ManagerTally, Queue};
use super::super::settings::Settings;
use super::super::start::Start;
use super::kept::json;
use super::{Clerk, Outgoing, Sent};
use crate::fleet::Moment;
use crate::fleet::moment::{earlier, later};
use crate::fleet::place::spread;
use crate::store::{Letter, MOST_LETTERS, NewLetter, Settled, StoreFault};

/// What is known of receivers beside what lies in the store.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// What each was told.
    pub(super) told: BTreeMap<Box<str>, Told>,
    /// Receivers to which something is on its way.
    busy: BTreeSet<Box<str>>,
    /// Receivers that are left alone, and until when.
    held: BTreeMap<Box<str>, Moment>,
    /// Since when nothing gets through to a receiver.
    failing: BTreeMap<Box<str>, Start>,
    /// To whom something got through since the start.
    reached: BTreeSet<Box<str>>,
    /// When the next letter is to be tried; `None` if none waits for its time.
    wake: Option<Timestamp>,
    /// When the letters in the store were written, by the time that stands there.
    written: BTreeMap<Timestamp, Start>,
}

impl Mail {
    /// Each receiver and Alertmanager, and whether anything gets through to it.
    pub(super) fn sending(&self, settings: &Settings, now: Moment) -> Box<[(Box<str>, Sending)]> {
        let sending = |name: &Box<str>| match self.failing.get(name) {
            Some(since) => Sending::FailsFor(since.lasted(now)),
            None if self.reached.contains(name) => Sending::Works,
            None => Sending::Untried,
        };
        names(settings)
            .map(|name| (name.clone(), sending(name)))
            .collect()
    }

    /// Letters that were tried before a restart: their receivers fail until something gets through.
    fn failed_before(&mut self, letters: &[Letter]) {
        let tried = letters
            .iter()
            .filter(|letter| letter.attempts > 0 && !letter.dead);
        for letter in tried {
            let Some(written) = self.written.get(&letter.created) else {
                continue;
            };
            let receiver = letter.letter.receiver.clone();
            self.failing.entry(receiver).or_insert(*written);
        }
    }

    /// Takes in how telling an Alertmanager went.
    pub(super) fn heard_of(&mut self, manager: &str, tally: ManagerTally, now: Moment) {
        if tally.sent > 0 {
            self.failing.remove(manager);
            self.reached.insert(manager.into());
        } else if tally.errors > 0 && !self.failing.contains_key(manager) {
            self.failing.insert(manager.into(), Start::now(now));
        }
    }

    /// Notes when the letters that are there were written.
    fn date(&mut self, letters: &[Letter], now: Moment) {
        let before = std::mem::take(&mut self.written);
        for created in letters.iter().map(|letter| letter.created) {
            let known = before.get(&created).copied();
            let start = known.unwrap_or_else(|| Start::of_stored(created, now));
            self.written.insert(created, start.told_at(now));
        }
    }

    /// When a letter was written, by the clock as it is now.
    fn written_at(&self, letter: &Letter) -> Timestamp {
        let start = self.written.get(&letter.created);
        start.map_or(letter.created, |start| start.wall)
    }

    /// Receivers to which nothing is sent now.
    fn resting(&self, now: Moment) -> BTreeSet<Box<str>> {
        let held = self.held.iter().filter(|(_, until)| now.mono < until.mono);
        let held = held.map(|(name, _)| name.clone());
        self.busy.iter().cloned().chain(held).collect()
    }

    /// Takes over the receivers of changed settings; who stayed keeps what it was told, and is left
    /// alone no longer: what was in the way may be mended.
    pub(super) fn follow(&mut self, settings: &Settings) {
        let receivers = || settings.receivers.iter().map(|one| &one.route.receiver);
        self.held.clear();
        self.told
            .retain(|name, _| receivers().any(|other| other == name));
        self.failing
            .retain(|name, _| names(settings).any(|other| other == name));
        self.reached
            .retain(|name| names(settings).any(|other| other == name));
        for name in receivers() {
            self.told.entry(name.clone()).or_default();
        }
    }
}

/// Whom the settings name to be told.
fn names(settings: &Settings) -> impl Iterator<Item = &Box<str>> {
    let receivers = settings.receivers.iter().map(|one| &one.route.receiver);
    receivers.chain(settings.alertmanagers.iter().map(|one| &one.name))
}

impl Clerk {
    /// Writes the messages that are due.
    pub(super) fn compose(&mut self, now: Moment) {
        if self.settings.receivers.is_empty() {
            return;
        }
        let heard = self.hearsay(now);
        let mut letters = Vec::new();
        for receiver in &self.settings.receivers {
            let name = &receiver.route.receiver;
            let told = self.mail.told.entry(name.clone()).or_default();
            let room = room(name, &self.queues, &self.unwritten.letters);
            for (values, notice) in told.compose(&receiver.route, &heard, room, now) {
                letters.push(NewLetter {
                    receiver: name.clone(),
                    topic: json(&values),
                    body: json(&notice),
                    due: now.wall,
                });
            }
        }
        self.unwritten.letters.extend(letters);
        self.keep_told();
    }

    /// Takes in how sending went.
    pub(super) fn settle(&mut self, sent: Vec<Sent>, now: Moment) {
        if sent.is_empty() {
            return;
        }
        let letters = self.letters();
        let mut settled = Vec::new();
        for Sent {
            message,
            receiver,
            attempt,
        } in sent
        {
            self.mail.busy.remove(&receiver);
            self.judge(&receiver, &attempt.verdict, now);
            if let Some(remark) = &attempt.remark {
                tracing::warn!(receiver = %receiver, "A message to `{receiver}`: {remark}");
            }
            // A letter that somebody dropped meanwhile needs no end. Its number may have changed, on the
            // way from memory back to the disk.
            let mut to_it = letters.iter().filter(|one| one.letter.receiver == receiver);
            let Some(letter) = to_it
                .find(|one| id(&one.letter.receiver, &one.letter.topic, one.created) == message)
            else {
                continue;
            };
            if attempt.verdict == Verdict::Delivered {
                self.delivered(letter, now);
            }
            let end = retry::settled(letter, attempt.verdict, now.wall);
            settled.push((letter.id, end));
        }
        self.end(&settled);
    }

    /// Has a letter that was given up sent once more: what fired when it was written may be over long
    /// since, so its group counts as told of it again.
    fn send_again(&mut self, letter: &Letter, now: Moment) -> Result<(), StoreFault> {
        self.store.revive(letter.id, now.wall)?;
        let letter = &letter.letter;
        if let Ok(notice) = serde_json::from_str::<Notice>(&letter.body)
            && let Some(told) = self.mail.told.get_mut(&letter.receiver)
        {
            told.again(&values(&letter.topic), notice.firing, now);
        }
        Ok(())
    }

    /// Has a message tried again that was given up.
    pub(super) fn retry(&mut self, id: i64, now: Moment) -> Result<(), Refusal> {
        let letters = self.store.letters()?;
        let letter = letters.iter().find(|letter| letter.id == id);
        let letter = letter.ok_or(Refusal::Unknown("message", id))?;
        if !letter.dead {
            return Err(Refusal::Waiting(id));
        }
        Ok(self.send_again(letter, now)?)
    }

    /// Has everything tried again that was given up today: what was in the way may be mended.
    pub(super) fn retry_all(&mut self, now: Moment) {
        let since = earlier(now.wall, GIVE_UP);
        let letters = self.letters();
        let dead = letters.iter().filter(|letter| letter.dead);
        for letter in dead.filter(|letter| letter.created >= since) {
            if let Err(fault) = self.send_again(letter, now) {
                tracing::error!("A message cannot be tried again: {fault}");
            }
        }
    }

    /// Draws from one attempt what holds for all messages to this receiver.
    fn judge(&mut self, receiver: &str, verdict: &Verdict, now: Moment) {
        self.mail.held.remove(receiver);
        if let Verdict::Temporary { after, .. } = verdict {
            let wait = retry::pause(*after);
            self.mail.held.insert(receiver.into(), now.after(wait));
        }
        let (cause, error) = match verdict {
            Verdict::Delivered => {
                self.mail.reached.insert(receiver.into());
                if self.mail.failing.remove(receiver).is_some() {
                    tracing::info!(receiver, "Messages to `{receiver}` get through again");
                }
                return;
            }
            Verdict::Temporary { cause, error, .. } | Verdict::Permanent { cause, error } => {
                (*cause, error)
            }
        };
        let failed = self.tallies.failed.entry((receiver.into(), cause));
        *failed.or_default() += 1;
        if !self.mail.failing.contains_key(receiver) {
            self.mail.failing.insert(receiver.into(), Start::now(now));
            let cause = cause.label();
            tracing::warn!(receiver, cause, "A message to `{receiver}` failed: {error}");
        }
    }

    /// Counts a letter that was taken; reminders of its group begin anew.
    fn delivered(&mut self, letter: &Letter, now: Moment) {
        let receiver = &letter.letter.receiver;
        if let Ok(notice) = serde_json::from_str::<Notice>(&letter.letter.body) {
            let delivered = self
                .tallies
                .delivered
                .entry((receiver.clone(), notice.reason));
            *delivered.or_default() += 1;
        }
        if let Some(told) = self.mail.told.get_mut(receiver) {
            told.delivered(&values(&letter.letter.topic), now);
        }
    }

    /// What goes out now, and when to look again.
    pub(super) fn post(&mut self, now: Moment) -> (Vec<Outgoing>, Option<Timestamp>) {
        let resting = self.mail.resting(now);
        let mut letters = match self.without_ended(&resting, now) {
            Ok(letters) => letters,
            Err(fault) => {
                tracing::error!("Notifications cannot be prepared: {fault}");
                return (Vec::new(), self.mail.wake);
            }
        };
        let plan = outbox::plan(&letters, &resting, now.wall);
        let broken = plan.broken.iter().map(|id| (*id, unreadable()));
        let broken: Vec<_> = broken.collect();
        self.end(&broken);
        for merge in &plan.merges {
            let body = json(&merge.notice);
            if let Err(fault) = self.store.merge(merge.into, &body, &merge.gone) {
                tracing::error!("Messages cannot be merged: {fault}");
                return (Vec::new(), self.mail.wake);
            }
        }
        let changes = !plan.sends.is_empty() || !plan.broken.is_empty();
        let sends = match self.begin(plan.sends) {
            Ok(sends) => sends,
            Err(fault) => {
                tracing::error!("Notifications cannot be prepared: {fault}");
                return (Vec::new(), self.mail.wake);
            }
        };
        if changes {
            letters = self.letters();
        }
        let busy = sends.iter().map(|send| send.receiver.clone());
        self.mail.busy.extend(busy);
        self.mail.wake = outbox::heads(letters.iter())
            .filter(|letter| !self.mail.busy.contains(&letter.letter.receiver))
            .map(|letter| {
                let held = self.mail.held.get(&letter.letter.receiver);
                let held = held.map_or(now.wall, |until| later(now.wall, until.since(now)));
                outbox::due(letter, now.wall).max(held)
            })
            .min();
        self.mail.date(&letters, now);
        self.queues = Arc::new(queues(&letters, &self.mail, &self.settings));
        (sends, self.mail.wake)
    }

    /// The same, where nothing happened but that time passed.
    pub(super) fn post_if_due(&mut self, now: Moment) -> (Vec<Outgoing>, Option<Timestamp>) {
        match self.mail.wake {
            Some(wake) if wake <= now.wall => self.post(now),
            wake => (Vec::new(), wake),
        }
    }

    /// Puts a letter into an envelope; one to nobody is given up.
    pub(super) fn address(&mut self, send: Dispatch) -> Option<Outgoing> {
        if self.settings.receiver(&send.receiver).is_none() {
            self.end(&[(send.id, nobody())]);
            return None;
        }
        let whole = whole_topic(&send.receiver, &send.topic);
        let envelope = Envelope {
            id: id(&send.receiver, &send.topic, send.created),
            topic: format!("{whole:016x}").into(),
            group: values(&send.topic).into_iter().collect(),
            written: send.created,
            notice: send.notice,
            external_url: self.settings.external_url.clone(),
        };
        Some(Outgoing {
            receiver: send.receiver,
            envelope,
        })
    }

    /// Counts what waits, before anything is sent.
    pub(super) fn count_letters(&mut self, now: Moment) {
        let letters = self.letters();
        self.mail.date(&letters, now);
        self.mail.failed_before(&letters);
        self.queues = Arc::new(queues(&letters, &self.mail, &self.settings));
    }

    /// Every letter, with the time of its writing by the clock as it is now.
    pub(super) fn dated_letters(&mut self, now: Moment) -> Result<Vec<Letter>, StoreFault> {
        let mut letters = self.store.letters()?;
        self.mail.date(&letters, now);
        for letter in &mut letters {
            letter.created = self.mail.written_at(letter);
        }
        Ok(letters)
    }

    /// Writes down what became of letters.
    fn end(&mut self, settled: &[(i64, Settled)]) {
        for (id, end) in settled {
            if let Settled::GivenUp { error } = end {
                tracing::error!(letter = id, "The message {id} was given up: {error}");
            }
        }
        if settled.is_empty() {
            return;
        }
        if let Err(fault) = self.store.settle(settled) {
            tracing::error!("How sending went cannot be kept: {fault}; messages may come twice");
        }
    }

    pub(super) fn letters(&self) -> Vec<Letter> {
        self.store.letters().unwrap_or_else(|fault| {
            tracing::error!("The messages that wait cannot be read: {fault}");
            Vec::new()
        })
    }
}

/// What a receiver may tell repetitions by. Not the number of the letter: that is another one where
/// the database was made anew.
fn id(receiver: &str, topic: &str, created: Timestamp) -> Box<str> {
    let (created, topic) = (created.as_millisecond(), whole_topic(receiver, topic));
    format!("{created:x}-{topic:016x}").into()
}

fn whole_topic(receiver: &str, topic: &str) -> u64 {
    spread(&format!("{receiver} {topic}"))
}

/// How many more letters to a receiver may be written before older ones that wait would have to go.
fn room(receiver: &str, queues: &BTreeMap<Box<str>, Queue>, unwritten: &[NewLetter]) -> usize {
    let waiting = queues.get(receiver).map_or(0, |queue| queue.waiting);
    let unwritten = unwritten.iter().filter(|one| *one.receiver == *receiver);
    let most = usize::try_from(MOST_LETTERS).unwrap_or(usize::MAX);
    let taken = usize::try_from(waiting).unwrap_or(usize::MAX);
    most.saturating_sub(taken).saturating_sub(unwritten.count())
}

fn unreadable() -> Settled {
    Settled::GivenUp {
        error: "it was written by another version and cannot be read".into(),
    }
}

fn nobody() -> Settled {
    Settled::GivenUp {
        error: "its receiver is no longer configured".into(),
    }
}

fn queues(letters: &[Letter], mail: &Mail, settings: &Settings) -> BTreeMap<Box<str>, Queue> {
    let receivers = settings.receivers.iter();
    let mut queues: BTreeMap<_, Queue> = receivers
        .map(|receiver| (receiver.route.receiver.clone(), Queue::default()))
        .collect();
    for letter in letters {
        let queue = queues.entry(letter.letter.receiver.clone()).or_default();
        if letter.dead {
            queue.dead += 1;
            continue;
        }
        queue.waiting += 1;
        let written = mail.written_at(letter);
        let oldest = queue.oldest.get_or_insert(written);
        *oldest = written.min(*oldest);
    }
    queues
}

/// The labels that make a group, from the topic of its letters.
fn values(topic: &str) -> Values {
    serde_json::from_str(topic).unwrap_or_default()
}
