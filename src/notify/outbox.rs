//! What is sent next.
//!
//! A receiver is sent one letter at a time. Of its letters that are due the oldest goes first, so
//! that one that is refused again and again does not hold up the others. Letters about the same
//! group that piled up are merged into the newest before it is sent; the merge is written down first,
//! so that a letter under one id always says the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Notice;
use super::retry::LONGEST_ASKED;
use crate::fleet::moment::later;
use crate::store::Letter;

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
    /// The letter that stays.
    pub into: i64,
    /// What it says from now on.
    pub notice: Notice,
    /// The letters that go.
    pub gone: Vec<i64>,
}

/// One letter to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Its number in the store.
    pub id: i64,
    /// To whom.
    pub receiver: Box<str>,
    /// About what.
    pub topic: Box<str>,
    /// When it was written.
    pub created: Timestamp,
    /// What it says.
    pub notice: Notice,
}

/// When a letter is to be sent. No wait is longer than [`LONGEST_ASKED`]: what seems to be was
/// written before the clock was put back, and is due.
pub fn due(letter: &Letter, now: Timestamp) -> Timestamp {
    let due = letter.letter.due;
    if due > later(now, LONGEST_ASKED) {
        return now;
    }
    due
}

/// Decides on all letters; `busy` receivers have one on its way.
pub fn plan(letters: &[Letter], busy: &BTreeSet<Box<str>>, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut waiting: BTreeMap<&str, Vec<(&Letter, Notice)>> = BTreeMap::new();
    for letter in letters.iter().filter(|letter| !letter.dead) {
        match serde_json::from_str(&letter.letter.body) {
            Ok(notice) => {
                let receiver = waiting.entry(&letter.letter.receiver).or_default();
                receiver.push((letter, notice));
            }
            Err(_unreadable) => plan.broken.push(letter.id),
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
    fn take(&mut self, receiver: &str, letters: Vec<(&Letter, Notice)>, now: Timestamp) {
        let mut ready = letters.iter().filter(|(letter, _)| due(letter, now) <= now);
        let Some(topic) = ready.next().map(|(letter, _)| &letter.letter.topic) else {
            return;
        };
        let mut about_it = letters
            .into_iter()
            .filter(|(letter, _)| letter.letter.topic == *topic);
        let Some((mut letter, mut notice)) = about_it.next() else {
            return;
        };
        let mut gone = Vec::new();
        for (newer, says) in about_it {
            gone.push(letter.id);
            notice = Notice::merged(notice, says);
            letter = newer;
        }
        if !gone.is_empty() {
            self.merges.push(Merge {
                into: letter.id,
                notice: notice.clone(),
                gone,
            });
        }
        self.sends.push(Dispatch {
            id: letter.id,
            receiver: receiver.into(),
            topic: letter.letter.topic.clone(),
            created: letter.created,
            notice,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::notice::Why;
    use super::*;
    use crate::fleet::sample::minute;
    use crate::store::NewLetter;

    fn notice() -> Notice {
        Notice {
            reason: Why::New,
            firing: Vec::new(),
            over: Vec::new(),
            fresh: BTreeSet::new(),
            missed: 0,
        }
    }

    fn letter(id: i64, receiver: &str, topic: &str, due: u64) -> Letter {
        Letter {
            id,
            letter: NewLetter {
                receiver: receiver.into(),
                topic: topic.into(),
                body: serde_json::to_string(&notice())
                    .expect("it can be written")
                    .into(),
                due: minute(due).wall,
            },
            created: minute(0).wall,
            attempts: 0,
            error: None,
            dead: false,
        }
    }

    fn sent(letters: &[Letter], busy: &[&str]) -> Vec<i64> {
        let busy = busy.iter().map(|name| (*name).into()).collect();
        let plan = plan(letters, &busy, minute(5).wall);
        plan.sends.iter().map(|send| send.id).collect()
    }

    #[test]
    fn each_receiver_gets_its_oldest_letter_that_is_due() {
        let letters = [
            letter(1, "mail", "hq", 9),
            letter(2, "mail", "lyon", 5),
            letter(3, "mail", "rome", 5),
            letter(4, "push", "hq", 0),
        ];
        assert_eq!(sent(&letters, &[]), [2, 4]);
        assert_eq!(sent(&letters, &["mail"]), [4]);
        assert_eq!(sent(&letters[..1], &[]), [0; 0]);
    }

    #[test]
    fn a_clock_that_is_put_back_holds_no_letter_up() {
        let tomorrow = letter(1, "mail", "hq", 5 + 24 * 60);
        assert_eq!(sent(&[tomorrow], &[]), [1]);
        let asked_to_wait = letter(1, "mail", "hq", 5 + 60);
        assert_eq!(sent(&[asked_to_wait], &[]), [0; 0]);
    }

    #[test]
    fn letters_about_one_group_become_the_newest_even_those_not_due() {
        let letters = [
            letter(1, "mail", "hq", 0),
            letter(2, "mail", "lyon", 0),
            letter(3, "mail", "hq", 9),
        ];
        let plan = plan(&letters, &BTreeSet::new(), minute(5).wall);
        let [merge] = &plan.merges[..] else {
            panic!("{plan:?}");
        };
        assert_eq!((merge.into, &merge.gone[..]), (3, &[1][..]));
        assert_eq!(merge.notice.missed, 1);
        assert_eq!(plan.sends[0].notice, merge.notice);
        assert_eq!(plan.sends[0].id, 3);
    }

    #[test]
    fn the_dead_rest_and_what_cannot_be_read_is_told() {
        let mut dead = letter(1, "mail", "hq", 0);
        dead.dead = true;
        let mut broken = letter(2, "mail", "hq", 0);
        broken.letter.body = "?".into();
        let plan = plan(&[dead, broken], &BTreeSet::new(), minute(5).wall);
        assert_eq!(plan.broken, [2]);
        assert_eq!(plan.sends, []);
    }
}
