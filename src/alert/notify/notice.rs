//! What one message says: the present truth of a group, and what came to its end since the last.
//!
//! A notice that could not be sent is not replayed when the way is open again: it is merged into the
//! next one about the same group, which then tells what is true now and lists what came and went
//! meanwhile.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::pairs::{self, Pair};

/// One message about one group of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Why it is sent.
    pub reason: Why,
    /// What fires now, all of it.
    pub firing: Vec<Said>,
    /// What ended since the last message, with its end.
    pub over: Vec<Said>,
    /// Keys of what no message that arrived told of, be it over or hidden by now.
    #[serde(default)]
    pub fresh: BTreeSet<Box<str>>,
    /// How many earlier messages about the group never arrived and are merged into this one.
    pub missed: u32,
}

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The group is told of for the first time.
    First,
    /// Something new fires.
    New,
    /// Something ended.
    Resolved,
    /// Nothing changed for a while.
    Reminder,
    /// Somebody asked for it.
    Test,
}

/// One alert in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Tells it from others; the same at its beginning and its end.
    pub key: Box<str>,
    /// Its labels.
    pub labels: Vec<Pair>,
    /// Its texts, rendered.
    pub annotations: Vec<Pair>,
    /// Since when the condition holds.
    pub since: Timestamp,
    /// When it ended, and how, as a word.
    pub ended: Option<(Timestamp, Box<str>)>,
}

/// At most so many ends are listed of what came and went unheard; a message is for reading. Ends of
/// what was told before are all listed, or somebody would wait for them.
pub const MOST_OVER: usize = 100;

impl Why {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::First,
        Self::New,
        Self::Resolved,
        Self::Reminder,
        Self::Test,
    ];

    /// The value of the label `notification_reason`.
    pub fn label(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::New => "new",
            Self::Resolved => "resolved",
            Self::Reminder => "reminder",
            Self::Test => "test",
        }
    }
}

impl Notice {
    /// The one message that tells what both tell: what fires is the newer one's, what ended is that
    /// of both, each once, the latest ends first where there are too many.
    #[must_use]
    pub fn merged(older: Self, newer: Self) -> Self {
        let told: BTreeSet<_> = newer.over.iter().map(|said| said.key.clone()).collect();
        let mut over = newer.over;
        let older_ends = older.over.into_iter();
        over.extend(older_ends.filter(|said| !told.contains(&said.key)));
        over.sort_by_key(|said| std::cmp::Reverse(said.ended.as_ref().map(|(at, _)| *at)));
        let mut fresh: BTreeSet<_> = older.fresh.into_iter().chain(newer.fresh).collect();
        let mut unheard = 0;
        over.retain(|said| {
            let was_unheard = fresh.contains(&said.key);
            unheard += usize::from(was_unheard);
            let listed = !was_unheard || unheard <= MOST_OVER;
            if !listed {
                fresh.remove(&said.key);
            }
            listed
        });
        let reason = match older.reason {
            Why::First => Why::First,
            Why::New | Why::Resolved | Why::Reminder | Why::Test => newer.reason,
        };
        Self {
            reason,
            firing: newer.firing,
            over,
            fresh,
            missed: older.missed.saturating_add(newer.missed).saturating_add(1),
        }
    }
}

/// One life of one alert: its key, and since when.
pub(super) type Life<'a> = (&'a str, Timestamp);

impl Said {
    /// Which life of which alert it tells of.
    pub(super) fn life(&self) -> Life<'_> {
        (&self.key, self.since)
    }

    /// The value of a label; empty if it has none such.
    pub(super) fn label(&self, name: &str) -> &str {
        pairs::text(&self.labels, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::sample::minute;

    fn said(key: &str, since: u64, ended: Option<u64>) -> Said {
        Said {
            key: key.into(),
            labels: Vec::new(),
            annotations: Vec::new(),
            since: minute(since).wall,
            ended: ended.map(|n| (minute(n).wall, "cleared".into())),
        }
    }

    fn notice(reason: Why, firing: &[&str], over: &[(&str, u64, u64)]) -> Notice {
        Notice {
            reason,
            firing: firing.iter().map(|key| said(key, 0, None)).collect(),
            over: over
                .iter()
                .map(|(key, since, ended)| said(key, *since, Some(*ended)))
                .collect(),
            fresh: BTreeSet::new(),
            missed: 0,
        }
    }

    #[test]
    fn what_came_and_went_unheard_is_listed_once_under_the_present_truth() {
        let first = notice(Why::First, &["a", "b"], &[]);
        let second = notice(Why::Resolved, &["b"], &[("a", 0, 5)]);
        let third = notice(Why::New, &["b", "a"], &[("c", 6, 7), ("a", 0, 5)]);
        let merged = Notice::merged(Notice::merged(first, second), third);
        let keys = |list: &[Said]| {
            list.iter()
                .map(|said| said.key.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(&merged.firing), ["b", "a"]);
        assert_eq!(keys(&merged.over), ["c", "a"]);
        assert_eq!((merged.reason, merged.missed), (Why::First, 2));
    }

    #[test]
    fn the_list_of_what_came_and_went_unheard_is_bounded_and_that_of_what_was_heard_is_not() {
        let keys: Vec<_> = (0..300).map(|n| format!("{n:03}")).collect();
        let many: Vec<_> = (0..)
            .zip(&keys)
            .map(|(n, key)| (&**key, n, n + 1))
            .collect();
        let mut older = notice(Why::New, &[], &many);
        // The first hundred were told of long ago.
        older.fresh = keys[100..].iter().map(|key| (**key).into()).collect();
        let merged = Notice::merged(older, notice(Why::New, &[], &[]));
        let over: Vec<_> = merged.over.iter().map(|said| &*said.key).collect();
        let expected: Vec<_> = keys[200..]
            .iter()
            .rev()
            .chain(keys[..100].iter().rev())
            .collect();
        assert_eq!(over, expected);
        assert_eq!(merged.fresh.len(), MOST_OVER);
    }
}
