//! What a notification says from its first attempt on.
//!
//! An attempt that failed may have arrived all the same. So the attempt is written down before it
//! begins, and from then on the notification keeps its id and its body: what comes later goes into the
//! next one. A receiver without resolved notifications would never learn of the end of what its
//! notification lists. What still fires of it is sent to that receiver under a new id, and the old one
//! is never sent again.

use std::collections::BTreeSet;

use super::super::board::Alert;
use super::super::identity::Life;
use super::super::notify::Notice;
use super::super::notify::outbox::{self, Dispatch};
use super::kept::json;
use super::{Clerk, Moment, Outgoing};
use crate::store::{Letter, StoreFault};

impl Clerk {
    /// Every letter, after what has ended was left out of those that are tried again and whose
    /// receiver gets no resolved notifications.
    pub(super) fn without_ended(
        &mut self,
        resting: &BTreeSet<Box<str>>,
        now: Moment,
    ) -> Result<Vec<Letter>, StoreFault> {
        let letters = self.letters();
        let again: Vec<_> = outbox::heads(letters.iter())
            .filter(|letter| letter.attempts > 0 && outbox::due(letter, now.wall) <= now.wall)
            .filter(|letter| {
                let receiver = &letter.letter.receiver;
                !resting.contains(receiver) && !self.sends_resolved(receiver)
            })
            .collect();
        let mut changed = false;
        for letter in again {
            changed |= self.replace(letter, &letters, now)?;
        }
        Ok(if changed { self.letters() } else { letters })
    }

    /// Replaces a letter of which something has ended; whether it did.
    fn replace(
        &mut self,
        letter: &Letter,
        letters: &[Letter],
        now: Moment,
    ) -> Result<bool, StoreFault> {
        let Some(notice) = notice(letter) else {
            return Ok(false);
        };
        let Some(left) = notice.clone().without_resolved(&self.firing()) else {
            self.store.discard(letter.id)?;
            return Ok(true);
        };
        if left == notice {
            return Ok(false);
        }
        let is_next = |other: &&Letter| {
            let about = |one: &Letter| (one.letter.receiver.clone(), one.letter.topic.clone());
            other.id > letter.id && !other.dead && about(other) == about(letter)
        };
        let next = letters.iter().find(is_next);
        let untried = next.filter(|next| next.attempts == 0);
        match untried.and_then(|next| Some((next.id, self::notice(next)?))) {
            Some((id, says)) => {
                let merged = Notice::merged(left, says);
                self.store.merge(id, &json(&merged), &[letter.id])?;
            }
            None => self.store.replace(letter.id, &json(&left), now.wall)?,
        }
        Ok(true)
    }

    /// Writes down what is about to be sent, before it is: from then on a letter keeps what it says.
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

    /// What is sent of a letter from its first attempt on; `None` if nothing is left of it.
    fn final_form(&mut self, send: Dispatch) -> Result<Option<Dispatch>, StoreFault> {
        if send.tried || self.sends_resolved(&send.receiver) {
            return Ok(Some(send));
        }
        let Some(left) = send.notice.clone().without_resolved(&self.firing()) else {
            self.store.discard(send.id)?;
            return Ok(None);
        };
        if left != send.notice {
            self.store.merge(send.id, &json(&left), &[])?;
        }
        Ok(Some(Dispatch {
            notice: left,
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

/// What a letter says; `None` if it cannot be read.
fn notice(letter: &Letter) -> Option<Notice> {
    serde_json::from_str(&letter.letter.body).ok()
}
