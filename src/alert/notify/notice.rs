//! What one message says: the present truth of a group, and what came to its end since the last.
//!
//! A notice that could not be sent is not replayed when the way is open again: it is merged into the
//! next one about the same group, which then tells what is true now and lists what came and went
//! meanwhile.

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

/// At most so many ends are listed; a message is for reading.
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

    /// The value of the label `reason`.
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
        let mut over = newer.over;
        for said in older.over {
            if !over.iter().any(|other| other.is(&said)) {
                over.push(said);
            }
        }
        over.sort_by_key(|said| std::cmp::Reverse(said.ended.as_ref().map(|(at, _)| *at)));
        over.truncate(MOST_OVER);
        let reason = match older.reason {
            Why::First => Why::First,
            Why::New | Why::Resolved | Why::Reminder | Why::Test => newer.reason,
        };
        Self {
            reason,
            firing: newer.firing,
            over,
            missed: older.missed.saturating_add(newer.missed).saturating_add(1),
        }
    }
}

impl Said {
    /// The value of a label; empty if it has none such.
    pub(super) fn label(&self, name: &str) -> &str {
        pairs::text(&self.labels, name)
    }

    /// Whether it is the same life of the same alert.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.key == other.key && self.since == other.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::sample::minute;

    pub(in crate::alert::notify) fn said(key: &str, since: u64, ended: Option<u64>) -> Said {
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
    fn the_list_of_ends_is_bounded() {
        let many: Vec<_> = (0..150).map(|n| ("a", n, n + 1)).collect();
        let merged = Notice::merged(notice(Why::New, &[], &many), notice(Why::New, &[], &[]));
        assert_eq!(merged.over.len(), MOST_OVER);
        assert_eq!(merged.over[0].since, minute(149).wall);
    }
}
