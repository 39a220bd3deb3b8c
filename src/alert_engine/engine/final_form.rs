//! What a notification says from its first attempt on.
//!
//! An attempt that failed may have arrived all the same. So the attempt is written down before it
//! begins, and from then on the notification keeps its id and its body: what comes later goes into the
//! next one. A receiver without resolved notifications would never learn of the end of what its
//! notification lists. What still fires of it is sent to that receiver under a new id, and the old one
//! is never sent again.

use std::collections::BTreeSet;

use super::saved_state::json;
use super::{Engine, Moment, Outgoing};
use crate::alerts::board::Alert;
use crate::alerts::identity::Life;
use crate::notify::Notification;
use crate::notify::outbox::{self, Dispatch};
use crate::store::{OutboxEntry, StoreFault};

impl Engine {
    /// Every entry, after what has ended was left out of those that are tried again and whose
    /// receiver gets no resolved notifications.
    pub(super) fn without_ended(
        &mut self,
        resting: &BTreeSet<Box<str>>,
        now: Moment,
    ) -> Result<Vec<OutboxEntry>, StoreFault> {
        let letters = self.letters();
        let again: Vec<_> = outbox::heads(letters.iter())
            .filter(|entry| entry.attempts > 0 && outbox::due(entry, now.wall) <= now.wall)
            .filter(|entry| {
                let receiver = &entry.new.receiver;
                !resting.contains(receiver) && !self.sends_resolved(receiver)
            })
            .collect();
        let mut changed = false;
        for entry in again {
            changed |= self.replace(entry, &letters, now)?;
        }
        Ok(if changed { self.letters() } else { letters })
    }

    /// Replaces an entry of which something has ended; whether it did.
    fn replace(
        &mut self,
        entry: &OutboxEntry,
        letters: &[OutboxEntry],
        now: Moment,
    ) -> Result<bool, StoreFault> {
        let Some(notification) = notification(entry) else {
            return Ok(false);
        };
        let Some(left) = notification.clone().without_resolved(&self.firing()) else {
            self.store.discard(entry.id)?;
            return Ok(true);
        };
        if left == notification {
            return Ok(false);
        }
        let is_next = |other: &&OutboxEntry| {
            let about = |one: &OutboxEntry| (one.new.receiver.clone(), one.new.group_key.clone());
            other.id > entry.id && !other.dead && about(other) == about(entry)
        };
        let next = letters.iter().find(is_next);
        let untried = next.filter(|next| next.attempts == 0);
        match untried.and_then(|next| Some((next.id, self::notification(next)?))) {
            Some((id, says)) => {
                let merged = Notification::merged(left, says);
                self.store.merge(id, &json(&merged), &[entry.id])?;
            }
            None => self.store.replace(entry.id, &json(&left), now.wall)?,
        }
        Ok(true)
    }

    /// Writes down what is about to be sent, before it is: from then on an entry keeps what it says.
    pub(super) fn begin(&mut self, sends: Vec<Dispatch>) -> Result<Vec<Outgoing>, StoreFault> {
        let mut begun = Vec::new();
        let mut outgoing = Vec::new();
        for send in sends {
            let id = send.id;
            if let Some(send) = self.final_form(send)? {
                outgoing.extend(self.address(send));
                begun.push(id);
            }
        }
        if !begun.is_empty() {
            self.store.begin(&begun)?;
        }
        Ok(outgoing)
    }

    /// What is sent of an entry from its first attempt on; `None` if nothing is left of it.
    fn final_form(&mut self, send: Dispatch) -> Result<Option<Dispatch>, StoreFault> {
        if send.tried || self.sends_resolved(&send.receiver) {
            return Ok(Some(send));
        }
        let Some(left) = send.notification.clone().without_resolved(&self.firing()) else {
            self.store.discard(send.id)?;
            return Ok(None);
        };
        if left != send.notification {
            self.store.merge(send.id, &json(&left), &[])?;
        }
        Ok(Some(Dispatch {
            notification: left,
            ..send
        }))
    }

    fn sends_resolved(&self, receiver: &str) -> bool {
        let receiver = self.settings.receiver(receiver);
        receiver.is_none_or(|receiver| receiver.route.send_resolved)
    }

    fn firing(&self) -> BTreeSet<Life> {
        let firing = self.board.alerts().filter(|alert| alert.state.is_firing());
        firing.map(Alert::life).collect()
    }
}

/// What an entry says; `None` if it cannot be read.
fn notification(entry: &OutboxEntry) -> Option<Notification> {
    serde_json::from_str(&entry.new.body).ok()
}
