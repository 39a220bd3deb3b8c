//! What is sent next.
//!
//! A receiver is sent one entry at a time. Of its letters that are due the oldest goes first, so
//! that one that is refused again and again does not hold up the others. Letters about the same
//! group that piled up are merged into the newest before it is sent; the merge is written down first,
//! so that an entry under one id always says the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Notification;
use super::retry::LONGEST_ASKED;
use crate::fleet::moment::later;
use crate::store::OutboxEntry;

/// What to do now, in this order: bury, merge, send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Letters that cannot be read: another version wrote them.
    pub broken: Vec<i64>,
    /// Letters to be merged.
    pub merges: Vec<Merge>,
    /// Letters to be sent, at most one a receiver.
    pub sends: Vec<Dispatch>,
}

/// Several letters become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The entry that stays.
    pub into: i64,
    /// What it says from now on.
    pub notification: Notification,
    /// The letters that go.
    pub gone: Vec<i64>,
}

/// One entry to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Its number in the store.
    pub id: i64,
    /// To whom.
    pub receiver: Box<str>,
    /// About what.
    pub group_key: Box<str>,
    /// Only to these of the receiver, as they lie in the store.
    pub recipients: Option<Box<str>>,
    /// When it was written.
    pub created: Timestamp,
    /// What it says.
    pub notification: Notification,
}

/// When an entry is to be sent. No wait is longer than [`LONGEST_ASKED`]: what seems to be was
/// written before the clock was put back, and is due.
pub fn due(entry: &OutboxEntry, now: Timestamp) -> Timestamp {
    let due = entry.new.due;
    if due > later(now, LONGEST_ASKED) {
        return now;
    }
    due
}

/// Decides on all letters; `busy` receivers have one on its way.
pub fn plan(letters: &[OutboxEntry], busy: &BTreeSet<Box<str>>, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut waiting: BTreeMap<&str, Vec<(&OutboxEntry, Notification)>> = BTreeMap::new();
    for entry in letters.iter().filter(|entry| !entry.dead) {
        match serde_json::from_str(&entry.new.body) {
            Ok(notification) => {
                let receiver = waiting.entry(&entry.new.receiver).or_default();
                receiver.push((entry, notification));
            }
            Err(_unreadable) => plan.broken.push(entry.id),
        }
    }
    for (receiver, letters) in waiting {
        if !busy.contains(receiver) {
            plan.take(receiver, letters, now);
        }
    }
    plan
}

impl Plan {
    fn take(&mut self, receiver: &str, letters: Vec<(&OutboxEntry, Notification)>, now: Timestamp) {
        let mut ready = letters.iter().filter(|(entry, _)| due(entry, now) <= now);
        let Some(first) = ready.next().map(|(entry, _)| *entry) else {
            return;
        };
        // What is left for one recipient says what the others were told.
        let is_about_it = |entry: &OutboxEntry| match &first.recipients {
            Some(_) => entry.id == first.id,
            None => entry.recipients.is_none() && entry.new.group_key == first.new.group_key,
        };
        let mut about_it = letters.into_iter().filter(|(entry, _)| is_about_it(entry));
        let Some((mut entry, mut notification)) = about_it.next() else {
            return;
        };
        let mut gone = Vec::new();
        for (newer, says) in about_it {
            gone.push(entry.id);
            notification = Notification::merged(notification, says);
            entry = newer;
        }
        if !gone.is_empty() {
            self.merges.push(Merge {
                into: entry.id,
                notification: notification.clone(),
                gone,
            });
        }
        self.sends.push(Dispatch {
            id: entry.id,
            receiver: receiver.into(),
            group_key: entry.new.group_key.clone(),
            recipients: entry.recipients.clone(),
            created: entry.created,
            notification,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::notification::NotificationReason;
    use super::*;
    use crate::fleet::sample::minute;
    use crate::store::NewEntry;

    fn notification() -> Notification {
        Notification {
            reason: NotificationReason::New,
            firing: Vec::new(),
            over: Vec::new(),
            fresh: BTreeSet::new(),
            missed: 0,
        }
    }

    fn entry(id: i64, receiver: &str, group_key: &str, due: u64) -> OutboxEntry {
        OutboxEntry {
            id,
            new: NewEntry {
                receiver: receiver.into(),
                group_key: group_key.into(),
                body: serde_json::to_string(&notification())
                    .expect("it can be written")
                    .into(),
                due: minute(due).wall,
            },
            recipients: None,
            created: minute(0).wall,
            attempts: 0,
            error: None,
            dead: false,
        }
    }

    fn sent(letters: &[OutboxEntry], busy: &[&str]) -> Vec<i64> {
        let busy = busy.iter().map(|name| (*name).into()).collect();
        let plan = plan(letters, &busy, minute(5).wall);
        plan.sends.iter().map(|send| send.id).collect()
    }

    #[test]
    fn each_receiver_gets_its_oldest_letter_that_is_due() {
        let letters = [
            entry(1, "mail", "hq", 9),
            entry(2, "mail", "lyon", 5),
            entry(3, "mail", "rome", 5),
            entry(4, "push", "hq", 0),
        ];
        assert_eq!(sent(&letters, &[]), [2, 4]);
        assert_eq!(sent(&letters, &["mail"]), [4]);
        assert_eq!(sent(&letters[..1], &[]), [0; 0]);
    }

    #[test]
    fn a_clock_that_is_put_back_holds_no_letter_up() {
        let tomorrow = entry(1, "mail", "hq", 5 + 24 * 60);
        assert_eq!(sent(&[tomorrow], &[]), [1]);
        let asked_to_wait = entry(1, "mail", "hq", 5 + 60);
        assert_eq!(sent(&[asked_to_wait], &[]), [0; 0]);
    }

    #[test]
    fn letters_about_one_group_become_the_newest_even_those_not_due() {
        let letters = [
            entry(1, "mail", "hq", 0),
            entry(2, "mail", "lyon", 0),
            entry(3, "mail", "hq", 9),
        ];
        let plan = plan(&letters, &BTreeSet::new(), minute(5).wall);
        let [merge] = &plan.merges[..] else {
            panic!("{plan:?}");
        };
        assert_eq!((merge.into, &merge.gone[..]), (3, &[1][..]));
        assert_eq!(merge.notification.missed, 1);
        assert_eq!(plan.sends[0].notification, merge.notification);
        assert_eq!(plan.sends[0].id, 3);
    }

    #[test]
    fn what_is_left_for_one_recipient_is_merged_with_nothing() {
        let for_one = |id, due| OutboxEntry {
            recipients: Some("[\"b@example.org\"]".into()),
            ..entry(id, "mail", "hq", due)
        };
        let letters = [for_one(1, 0), for_one(2, 0), entry(3, "mail", "hq", 0)];
        let first = plan(&letters, &BTreeSet::new(), minute(5).wall);
        assert_eq!((first.merges.len(), first.sends[0].id), (0, 1));
        let letters = [
            for_one(1, 9),
            entry(2, "mail", "hq", 0),
            entry(3, "mail", "hq", 0),
        ];
        let then = plan(&letters, &BTreeSet::new(), minute(5).wall);
        assert_eq!(
            (then.merges[0].into, &then.merges[0].gone[..]),
            (3, &[2][..])
        );
        assert_eq!(then.sends[0].recipients, None);
    }

    #[test]
    fn the_dead_rest_and_what_cannot_be_read_is_told() {
        let mut dead = entry(1, "mail", "hq", 0);
        dead.dead = true;
        let mut broken = entry(2, "mail", "hq", 0);
        broken.new.body = "?".into();
        let plan = plan(&[dead, broken], &BTreeSet::new(), minute(5).wall);
        assert_eq!(plan.broken, [2]);
        assert_eq!(plan.sends, []);
    }
}
