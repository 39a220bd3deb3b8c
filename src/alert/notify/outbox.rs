//! What is sent next.
//!
//! A receiver is sent one letter at a time. Of its groups whose oldest letter is due the oldest goes
//! first, so that one that is refused again and again does not hold up the others. Letters about one
//! group are sent in order. Those of which none was ever tried are merged into the newest before it is
//! sent, and the merge is written down first. One that was tried may have arrived: it stays as it is
//! under its id, and what came later goes into the next one.

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
    /// Whether it was tried before: then it says what it said.
    pub tried: bool,
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
        let head =
            heads(letters.iter().map(|(letter, _)| *letter)).find(|letter| due(letter, now) <= now);
        let Some(topic) = head.map(|letter| &letter.letter.topic) else {
            return;
        };
        let mut about_it = letters
            .into_iter()
            .filter(|(letter, _)| letter.letter.topic == *topic);
        let Some((mut letter, mut notice)) = about_it.next() else {
            return;
        };
        let tried = letter.attempts > 0;
        let mut gone = Vec::new();
        for (newer, says) in about_it {
            if letter.attempts > 0 || newer.attempts > 0 {
                break;
            }
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
            tried,
        });
    }
}

/// Of letters to receivers that wait, in their order, those that go next: one a group.
pub fn heads<'a>(letters: impl Iterator<Item = &'a Letter>) -> impl Iterator<Item = &'a Letter> {
    let mut seen = BTreeSet::new();
    letters.filter(move |one| {
        let letter = &one.letter;
        !one.dead && seen.insert((&letter.receiver, &letter.topic))
    })
}

#[cfg(test)]
mod tests {
    use super::super::notice::Why;
    use super::*;
    use crate::alert::sample::minute;
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
    fn a_letter_that_was_tried_keeps_what_it_says_and_what_came_later_waits_for_it() {
        let tried = |mut letter: Letter| {
            letter.attempts = 1;
            letter
        };
        let letters = [
            tried(letter(1, "mail", "hq", 9)),
            letter(2, "mail", "hq", 0),
            letter(3, "mail", "hq", 0),
        ];
        // It is not due, and the others do not overtake it.
        assert_eq!(sent(&letters, &[]), [0; 0]);
        let next: Vec<_> = heads(letters.iter()).map(|letter| letter.id).collect();
        assert_eq!(next, [1]);
        let letters = [
            tried(letter(1, "mail", "hq", 5)),
            letter(2, "mail", "hq", 0),
            letter(3, "mail", "hq", 0),
        ];
        let first = plan(&letters, &BTreeSet::new(), minute(5).wall);
        assert_eq!((&first.merges[..], first.sends[0].id), (&[][..], 1));
        let second = plan(&letters[1..], &BTreeSet::new(), minute(5).wall);
        assert_eq!((second.merges[0].into, second.sends[0].id), (3, 3));
    }

    #[test]
    fn a_letter_that_was_tried_is_not_merged_into_an_older_one_either() {
        // It was given up, and somebody has it tried again.
        let mut again = letter(2, "mail", "hq", 0);
        again.attempts = 1;
        let letters = [
            letter(1, "mail", "hq", 0),
            again,
            letter(3, "mail", "hq", 0),
        ];
        let plan = plan(&letters, &BTreeSet::new(), minute(5).wall);
        assert_eq!((&plan.merges[..], plan.sends[0].id), (&[][..], 1));
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
