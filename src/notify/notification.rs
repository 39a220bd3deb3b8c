//! What one message says: the present truth of a group, and what came to its end since the last.
//!
//! A notification that could not be sent is not replayed when the way is open again: it is merged into the
//! next one about the same group, which then tells what is true now and lists what came and went
//! meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alerts::identity::Life;
use crate::rules::labels::{self, Pair};

/// One message about one group of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenNotice")]
pub struct Notification {
    /// Why it is sent.
    pub reason: NotificationReason,
    /// What fires now, all of it.
    pub firing: Vec<AlertRecord>,
    /// What ended since the last message, with its end.
    pub over: Vec<AlertRecord>,
    /// What no message that arrived told of, be it over or hidden by now.
    pub fresh: BTreeSet<Life>,
    /// How many earlier messages about the group never arrived and are merged into this one.
    pub missed: u32,
}

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationReason {
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
pub struct AlertRecord {
    /// Its labels, sorted by name.
    pub labels: Vec<Pair>,
    /// Its texts, rendered.
    pub annotations: Vec<Pair>,
    /// Since when the condition holds.
    pub since: Timestamp,
    /// When it ended, and how, as a word.
    pub ended: Option<(Timestamp, Box<str>)>,
}

/// A message as it lies in the store. The program before this one told alerts apart by a key that it
/// wrote into each of them.
#[derive(Deserialize)]
struct WrittenNotice {
    reason: NotificationReason,
    firing: Vec<WrittenSaid>,
    over: Vec<WrittenSaid>,
    #[serde(default)]
    fresh: Vec<Box<str>>,
    missed: u32,
}

#[derive(Deserialize)]
struct WrittenSaid {
    key: Option<Box<str>>,
    labels: Vec<Pair>,
    annotations: Vec<Pair>,
    since: Timestamp,
    ended: Option<(Timestamp, Box<str>)>,
}

/// At most so many ends are listed of what came and went unheard; a message is for reading. Ends of
/// what was told before are all listed, or somebody would wait for them.
pub const MAX_RESOLVED: usize = 100;

impl NotificationReason {
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

impl Notification {
    /// The same for a receiver without resolved notifications, which would never learn of the end of
    /// what ended while it waited: only what is among `firing`. `None` if that leaves nothing to say.
    pub fn without_resolved(mut self, firing: &BTreeSet<Life>) -> Option<Self> {
        self.over.clear();
        self.firing.retain(|said| firing.contains(&said.life()));
        if self.reason == NotificationReason::Resolved {
            let mut lives = self.firing.iter().map(AlertRecord::life);
            if !lives.any(|life| self.fresh.contains(&life)) {
                return None;
            }
            self.reason = NotificationReason::New;
        }
        (!self.firing.is_empty()).then_some(self)
    }

    /// The one message that tells what both tell: what fires is the newer one's, what ended is that
    /// of both, each once, the latest ends first where there are too many.
    #[must_use]
    pub fn merged(older: Self, newer: Self) -> Self {
        let told: BTreeSet<_> = newer.over.iter().map(AlertRecord::life).collect();
        let mut over = newer.over;
        let older_ends = older.over.into_iter();
        over.extend(older_ends.filter(|said| !told.contains(&said.life())));
        over.sort_by_key(|said| std::cmp::Reverse(said.ended.as_ref().map(|(at, _)| *at)));
        let mut fresh: BTreeSet<_> = older.fresh.into_iter().chain(newer.fresh).collect();
        let mut unheard = 0;
        over.retain(|said| {
            let was_unheard = fresh.contains(&said.life());
            unheard += usize::from(was_unheard);
            let listed = !was_unheard || unheard <= MAX_RESOLVED;
            if !listed {
                fresh.remove(&said.life());
            }
            listed
        });
        let reason = match older.reason {
            NotificationReason::First => NotificationReason::First,
            NotificationReason::New
            | NotificationReason::Resolved
            | NotificationReason::Reminder
            | NotificationReason::Test => newer.reason,
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

impl From<WrittenNotice> for Notification {
    fn from(written: WrittenNotice) -> Self {
        let all = written.firing.iter().chain(&written.over);
        let keys = all.filter_map(|one| Some((&**one.key.as_ref()?, one.life())));
        let keys: BTreeMap<_, _> = keys.collect();
        let fresh = written.fresh.iter().filter_map(|text| {
            let written = text.parse().ok();
            written.or_else(|| keys.get(&**text).copied())
        });
        let fresh = fresh.collect();
        let said = |list: Vec<WrittenSaid>| list.into_iter().map(AlertRecord::from).collect();
        Self {
            reason: written.reason,
            firing: said(written.firing),
            over: said(written.over),
            fresh,
            missed: written.missed,
        }
    }
}

impl WrittenSaid {
    fn life(&self) -> Life {
        Life::of(&self.labels, self.since)
    }
}

impl From<WrittenSaid> for AlertRecord {
    fn from(written: WrittenSaid) -> Self {
        Self {
            labels: written.labels,
            annotations: written.annotations,
            since: written.since,
            ended: written.ended,
        }
    }
}

impl AlertRecord {
    /// Which life of which alert it tells of.
    pub(super) fn life(&self) -> Life {
        Life::of(&self.labels, self.since)
    }

    /// The value of a label; empty if it has none such.
    pub(super) fn label(&self, name: &str) -> &str {
        labels::text(&self.labels, name)
    }
}

#[cfg(test)]
mod tests {
    use crate::fleet::sample::minute;
    use crate::notify::notification::*;

    fn said(phone: &str, since: u64, ended: Option<u64>) -> AlertRecord {
        AlertRecord {
            labels: vec![("phone".into(), phone.into())],
            annotations: Vec::new(),
            since: minute(since).wall,
            ended: ended.map(|n| (minute(n).wall, "cleared".into())),
        }
    }

    fn notification(
        reason: NotificationReason,
        firing: &[&str],
        over: &[(&str, u64, u64)],
    ) -> Notification {
        Notification {
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
        let first = notification(NotificationReason::First, &["a", "b"], &[]);
        let second = notification(NotificationReason::Resolved, &["b"], &[("a", 0, 5)]);
        let third = notification(
            NotificationReason::New,
            &["b", "a"],
            &[("c", 6, 7), ("a", 0, 5)],
        );
        let merged = Notification::merged(Notification::merged(first, second), third);
        let keys = |list: &[AlertRecord]| {
            list.iter()
                .map(|said| said.label("phone").to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(&merged.firing), ["b", "a"]);
        assert_eq!(keys(&merged.over), ["c", "a"]);
        assert_eq!(
            (merged.reason, merged.missed),
            (NotificationReason::First, 2)
        );
    }

    #[test]
    fn without_resolved_notifications_only_what_fires_is_left() {
        let firing = |phones: &[&str]| {
            phones
                .iter()
                .map(|name| said(name, 0, None).life())
                .collect()
        };
        let left = |mut notification: Notification, unnotified: &[&str], still: &[&str]| {
            notification.fresh = firing(unnotified);
            let left = notification.without_resolved(&firing(still))?;
            let phones = left
                .firing
                .iter()
                .map(|said| said.label("phone").to_owned());
            assert_eq!(left.over, []);
            Some((left.reason, phones.collect::<Vec<_>>().join(" ")))
        };
        let over = [("c", 0, 5)];
        let of = |reason| notification(reason, &["a", "b"], &over);
        for (reason, unnotified, still, expected) in [
            (
                NotificationReason::First,
                &["a", "b"][..],
                &["a", "b"][..],
                Some((NotificationReason::First, "a b")),
            ),
            (
                NotificationReason::First,
                &["a", "b"],
                &["b"],
                Some((NotificationReason::First, "b")),
            ),
            (NotificationReason::First, &["a", "b"], &[], None),
            (
                NotificationReason::Reminder,
                &[],
                &["a"],
                Some((NotificationReason::Reminder, "a")),
            ),
            (NotificationReason::Resolved, &[], &["a", "b"], None),
            (
                NotificationReason::Resolved,
                &["b"],
                &["a", "b"],
                Some((NotificationReason::New, "a b")),
            ),
            (NotificationReason::Resolved, &["b"], &["a"], None),
        ] {
            let expected = expected.map(|(reason, phones)| (reason, phones.to_owned()));
            assert_eq!(
                left(of(reason), unnotified, still),
                expected,
                "{reason:?} {still:?}"
            );
        }
    }

    #[test]
    fn the_list_of_what_came_and_went_unheard_is_bounded_and_that_of_what_was_heard_is_not() {
        let keys: Vec<_> = (0..300).map(|n| format!("{n:03}")).collect();
        let many: Vec<_> = (0..)
            .zip(&keys)
            .map(|(n, key)| (&**key, n, n + 1))
            .collect();
        let mut older = notification(NotificationReason::New, &[], &many);
        // The first hundred were told of long ago.
        older.fresh = older.over[100..].iter().map(AlertRecord::life).collect();
        let merged = Notification::merged(older, notification(NotificationReason::New, &[], &[]));
        let over: Vec<_> = merged.over.iter().map(|said| said.label("phone")).collect();
        let expected: Vec<_> = keys[200..]
            .iter()
            .rev()
            .chain(keys[..100].iter().rev())
            .collect();
        assert_eq!(over, expected);
        assert_eq!(merged.fresh.len(), MAX_RESOLVED);
    }

    #[test]
    fn a_message_of_a_program_that_told_alerts_apart_by_a_key_of_its_own_is_read() {
        let mut notification = notification(NotificationReason::First, &["a", "b"], &[("c", 0, 5)]);
        notification.fresh = [said("a", 0, None), said("c", 0, None)]
            .iter()
            .map(AlertRecord::life)
            .collect();
        let mut written = serde_json::to_value(&notification).expect("it can be written");
        let read = serde_json::from_value::<Notification>(written.clone()).expect("it can be read");
        assert_eq!(read, notification);
        // It is a hash of PromQL, the subject, and milliseconds.
        let key = |phone: &str| format!("095fde1f7c604c5f {{\"phone\":\"{phone}\"}} 1000000000");
        for list in ["firing", "over"] {
            for said in written[list].as_array_mut().expect("a list") {
                let phone = said["labels"][0][1].as_str().expect("a text").to_owned();
                said["key"] = key(&phone).into();
            }
        }
        written["fresh"] = serde_json::json!([key("a"), key("c"), key("nobody")]);
        let read = serde_json::from_value::<Notification>(written).expect("it can be read");
        assert_eq!(read, notification);
    }
}
