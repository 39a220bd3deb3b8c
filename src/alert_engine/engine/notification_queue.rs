//! The engine's mail: letters are written, go out one a receiver, and are settled.
//!
//! Letters lie in the store; [`Mail`] is what is known beside them: who was told of what, on whose
//! way something is, who is left alone for now, and who gets nothing. What to say and when is the
//! digest's to decide, what goes next the outbox's, what an answer means that of `retry`: here they
//! meet the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::command::Refusal;
use super::super::snapshot::{AlertmanagerCounters, Queue};
use super::recipients::{ended, only_to, recipients, tell_given_up};
use super::saved_state::json;
use super::{Engine, Outgoing, Sent};
use crate::alerting_config::Settings;
use crate::alerts::board::Alert;
use crate::fleet::Moment;
use crate::fleet::moment::{earlier, later};
use crate::fleet::place::spread;
use crate::notify::Notification;
use crate::notify::notification_log::NotificationLog;
use crate::notify::outbox::{self, Dispatch};
use crate::notify::retry::{self, DeliveryResult, GIVE_UP};
use crate::notify::route::Values;
use crate::notify::send::{Attempt, Delivery};
use crate::store::{DeliveryState, MAX_ENTRIES, NewEntry, OutboxEntry, StoreFault};

/// What is known of receivers beside what lies in the store.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// What each was told.
    pub(super) told: BTreeMap<Box<str>, NotificationLog>,
    /// Receivers to which something is on its way.
    busy: BTreeSet<Box<str>>,
    /// Receivers that are left alone, and until when.
    held: BTreeMap<Box<str>, Moment>,
    /// Since when nothing gets through to a receiver.
    failing: BTreeMap<Box<str>, Moment>,
    /// When the next entry is to be tried; `None` if none waits for its time.
    wake: Option<Timestamp>,
}

impl Mail {
    /// Each receiver and Alertmanager, and for how long nothing gets through to it.
    pub(super) fn failing(
        &self,
        settings: &Settings,
        now: Moment,
    ) -> Box<[(Box<str>, Option<Duration>)]> {
        names(settings)
            .map(|name| {
                let since = self.failing.get(name);
                (name.clone(), since.map(|since| now.since(*since)))
            })
            .collect()
    }

    /// Takes in how telling an Alertmanager went.
    pub(super) fn heard_of(&mut self, manager: &str, tally: AlertmanagerCounters, now: Moment) {
        if tally.sent > 0 {
            self.failing.remove(manager);
        } else if tally.errors > 0 && !self.failing.contains_key(manager) {
            self.failing.insert(manager.into(), now);
        }
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

impl Engine {
    /// Writes the messages that are due.
    pub(super) fn compose(&mut self, now: Moment) {
        if self.settings.receivers.is_empty() {
            return;
        }
        let heard = self.candidates();
        let mut letters = Vec::new();
        for receiver in &self.settings.receivers {
            let name = &receiver.route.receiver;
            let told = self.mail.told.entry(name.clone()).or_default();
            let room = room(name, &self.queues, &self.unwritten.letters);
            for (values, notification) in told.compose(&receiver.route, &heard, room, now) {
                letters.push(NewEntry {
                    receiver: name.clone(),
                    group_key: json(&values),
                    body: json(&notification),
                    due: now.wall,
                });
            }
        }
        self.unwritten.letters.extend(letters);
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
            recipients,
            attempt,
        } in sent
        {
            self.mail.busy.remove(&receiver);
            self.judge(&receiver, recipients.is_some(), &attempt, now);
            if let Some(remark) = &attempt.remark {
                tracing::warn!(receiver = %receiver, "A message to `{receiver}`: {remark}");
            }
            // An entry that somebody dropped meanwhile needs no end. Its number may have changed, on the
            // way from memory back to the disk.
            let mut to_it = letters.iter().filter(|one| one.new.receiver == receiver);
            let Some(entry) = to_it.find(|one| {
                id(&one.new.receiver, &one.new.group_key, one.created) == message
                    && only_to(one) == recipients
            }) else {
                continue;
            };
            if attempt.result == DeliveryResult::Delivered {
                self.delivered(entry, now);
            }
            settled.push((entry.id, ended(entry, attempt, now.wall)));
        }
        self.end(&settled);
    }

    /// Has an entry that was given up sent once more: what fired when it was written may be over long
    /// since, so its group counts as told of it again.
    fn send_again(&mut self, entry: &OutboxEntry, now: Moment) -> Result<(), StoreFault> {
        self.store.requeue(entry.id, now.wall)?;
        let entry = &entry.new;
        if let Ok(notification) = serde_json::from_str::<Notification>(&entry.body)
            && let Some(told) = self.mail.told.get_mut(&entry.receiver)
        {
            told.again(&values(&entry.group_key), notification.firing, now);
        }
        Ok(())
    }

    /// Has a message tried again that was given up.
    pub(super) fn retry(&mut self, id: i64, now: Moment) -> Result<(), Refusal> {
        let letters = self.store.letters()?;
        let entry = letters.iter().find(|entry| entry.id == id);
        let entry = entry.ok_or(Refusal::Unknown("message", id))?;
        if !entry.dead {
            return Err(Refusal::Waiting(id));
        }
        Ok(self.send_again(entry, now)?)
    }

    /// Has everything tried again that was given up today: what was in the way may be mended.
    pub(super) fn retry_all(&mut self, now: Moment) {
        let since = earlier(now.wall, GIVE_UP);
        let letters = self.letters();
        let dead = letters.iter().filter(|entry| entry.dead);
        for entry in dead.filter(|entry| entry.created >= since) {
            if let Err(fault) = self.send_again(entry, now) {
                tracing::error!("A message cannot be tried again: {fault}");
            }
        }
    }

    /// Draws from one attempt what holds for all messages to this receiver; nothing where a server
    /// refused the one recipient that it was still for.
    fn judge(&mut self, receiver: &str, for_some: bool, attempt: &Attempt, now: Moment) {
        for (_, result) in &attempt.refused {
            if let Some(reason) = result.reason() {
                *self
                    .tallies
                    .failed
                    .entry((receiver.into(), reason))
                    .or_default() += 1;
            }
        }
        let result = &attempt.result;
        if for_some && !attempt.refused.is_empty() {
            return;
        }
        self.mail.held.remove(receiver);
        if let DeliveryResult::Temporary { after, .. } = result {
            let wait = retry::pause(*after);
            self.mail.held.insert(receiver.into(), now.after(wait));
        }
        let (reason, error) = match result {
            DeliveryResult::Delivered => {
                if self.mail.failing.remove(receiver).is_some() {
                    tracing::info!(receiver, "Messages to `{receiver}` get through again");
                }
                return;
            }
            DeliveryResult::Temporary { reason, error, .. }
            | DeliveryResult::Permanent { reason, error } => (*reason, error),
        };
        if attempt.refused.is_empty() {
            let failed = self.tallies.failed.entry((receiver.into(), reason));
            *failed.or_default() += 1;
        }
        if !self.mail.failing.contains_key(receiver) {
            self.mail.failing.insert(receiver.into(), now);
            let reason = reason.label();
            tracing::warn!(
                receiver,
                reason,
                "A message to `{receiver}` failed: {error}"
            );
        }
    }

    /// Counts an entry that was taken; reminders of its group begin anew.
    fn delivered(&mut self, entry: &OutboxEntry, now: Moment) {
        let receiver = &entry.new.receiver;
        if let Ok(notification) = serde_json::from_str::<Notification>(&entry.new.body) {
            let delivered = self
                .tallies
                .delivered
                .entry((receiver.clone(), notification.reason));
            *delivered.or_default() += 1;
        }
        if let Some(told) = self.mail.told.get_mut(receiver) {
            told.delivered(&values(&entry.new.group_key), now);
        }
    }

    /// What goes out now, and when to look again.
    pub(super) fn post(&mut self, now: Moment) -> (Vec<Outgoing>, Option<Timestamp>) {
        let mut letters = self.letters();
        let resting = self.mail.resting(now);
        let plan = outbox::plan(&letters, &resting, now.wall);
        let broken = plan.broken.iter().map(|id| (*id, unreadable()));
        let broken: Vec<_> = broken.collect();
        self.end(&broken);
        for merge in &plan.merges {
            let body = json(&merge.notification);
            if let Err(fault) = self.store.merge(merge.into, &body, &merge.gone) {
                tracing::error!("Messages cannot be merged: {fault}");
                return (Vec::new(), self.mail.wake);
            }
        }
        let planned = plan.sends.len();
        let sends: Vec<_> = plan
            .sends
            .into_iter()
            .filter_map(|send| self.address(send))
            .collect();
        if !plan.merges.is_empty() || !broken.is_empty() || sends.len() < planned {
            letters = self.letters();
        }
        let busy = sends.iter().map(|send| send.receiver.clone());
        self.mail.busy.extend(busy);
        let waiting = letters.iter().filter(|entry| !entry.dead);
        self.mail.wake = waiting
            .filter(|entry| !self.mail.busy.contains(&entry.new.receiver))
            .map(|entry| {
                let held = self.mail.held.get(&entry.new.receiver);
                let held = held.map_or(now.wall, |until| later(now.wall, until.since(now)));
                outbox::due(entry, now.wall).max(held)
            })
            .min();
        self.queues = Arc::new(queues(&letters, &self.settings));
        (sends, self.mail.wake)
    }

    /// The same, where nothing happened but that time passed.
    pub(super) fn post_if_due(&mut self, now: Moment) -> (Vec<Outgoing>, Option<Timestamp>) {
        match self.mail.wake {
            Some(wake) if wake <= now.wall => self.post(now),
            wake => (Vec::new(), wake),
        }
    }

    /// Puts an entry into a delivery; one to nobody is given up.
    fn address(&mut self, mut send: Dispatch) -> Option<Outgoing> {
        let Some(receiver) = self.settings.receiver(&send.receiver) else {
            self.end(&[(send.id, nobody())]);
            return None;
        };
        if !receiver.route.send_resolved {
            let firing = self.board.alerts().filter(|alert| alert.state.is_firing());
            let firing = firing.map(Alert::life).collect();
            let Some(left) = send.notification.without_resolved(&firing) else {
                if let Err(fault) = self.store.discard(send.id) {
                    tracing::error!("The message {} cannot be removed: {fault}", send.id);
                }
                return None;
            };
            send.notification = left;
        }
        let whole = whole_topic(&send.receiver, &send.group_key);
        let delivery = Delivery {
            id: id(&send.receiver, &send.group_key, send.created),
            group_key: format!("{whole:016x}").into(),
            group: values(&send.group_key).into_iter().collect(),
            written: send.created,
            notification: send.notification,
            external_url: self.settings.external_url.clone(),
        };
        Some(Outgoing {
            receiver: send.receiver,
            recipients: recipients(send.recipients.as_deref()),
            delivery,
        })
    }

    /// Counts what waits, before anything is sent.
    pub(super) fn count_letters(&mut self) {
        self.queues = Arc::new(queues(&self.letters(), &self.settings));
    }

    /// Writes down what became of letters.
    fn end(&mut self, settled: &[(i64, DeliveryState)]) {
        for (id, end) in settled {
            tell_given_up(*id, None, end);
        }
        if settled.is_empty() {
            return;
        }
        if let Err(fault) = self.store.settle(settled) {
            tracing::error!("How sending went cannot be kept: {fault}; messages may come twice");
        }
    }

    fn letters(&self) -> Vec<OutboxEntry> {
        self.store.letters().unwrap_or_else(|fault| {
            tracing::error!("The messages that wait cannot be read: {fault}");
            Vec::new()
        })
    }
}

/// What a receiver may tell repetitions by. Not the number of the entry: that is another one where
/// the database was made anew.
fn id(receiver: &str, group_key: &str, created: Timestamp) -> Box<str> {
    let (created, group_key) = (created.as_millisecond(), whole_topic(receiver, group_key));
    format!("{created:x}-{group_key:016x}").into()
}

fn whole_topic(receiver: &str, group_key: &str) -> u64 {
    spread(&format!("{receiver} {group_key}"))
}

/// How many more letters to a receiver may be written before older ones that wait would have to go.
fn room(receiver: &str, queues: &BTreeMap<Box<str>, Queue>, unwritten: &[NewEntry]) -> usize {
    let waiting = queues.get(receiver).map_or(0, |queue| queue.waiting);
    let unwritten = unwritten.iter().filter(|one| *one.receiver == *receiver);
    let most = usize::try_from(MAX_ENTRIES).unwrap_or(usize::MAX);
    let taken = usize::try_from(waiting).unwrap_or(usize::MAX);
    most.saturating_sub(taken).saturating_sub(unwritten.count())
}

fn unreadable() -> DeliveryState {
    DeliveryState::GivenUp {
        error: "it was written by another version and cannot be read".into(),
    }
}

fn nobody() -> DeliveryState {
    DeliveryState::GivenUp {
        error: "its receiver is no longer configured".into(),
    }
}

fn queues(letters: &[OutboxEntry], settings: &Settings) -> BTreeMap<Box<str>, Queue> {
    let receivers = settings.receivers.iter();
    let mut queues: BTreeMap<_, Queue> = receivers
        .map(|receiver| (receiver.route.receiver.clone(), Queue::default()))
        .collect();
    for entry in letters {
        let queue = queues.entry(entry.new.receiver.clone()).or_default();
        if entry.dead {
            queue.dead += 1;
            continue;
        }
        queue.waiting += 1;
        let oldest = queue.oldest.get_or_insert(entry.created);
        *oldest = entry.created.min(*oldest);
    }
    queues
}

/// The labels that make a group, from the group key of its notifications.
fn values(group_key: &str) -> Values {
    serde_json::from_str(group_key).unwrap_or_default()
}
