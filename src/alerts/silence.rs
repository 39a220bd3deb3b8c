//! What keeps alerts from being notified because an operator wants it: silences and windows.
//!
//! A silence is made by hand and ends by itself; a window recurs by the calendar. Both select alerts
//! by matchers. One that uses only labels of phones covers a phone as a whole: such phones are in no
//! fraction, and `grandstream_phone_muted` tells Prometheus of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fleet::Place;
use crate::rules::labels;
use crate::rules::matcher::{Matcher, all_match};
use crate::rules::phone_selector;
use crate::rules::subject::Labels;
use crate::rules::time_interval::TimeIntervals;

/// A silence, kept over restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    /// Unique and never used again.
    pub id: u64,
    /// All must match; see [`is_selective`].
    pub matchers: Box<[Matcher]>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends, for good.
    pub ends_at: Timestamp,
    /// When it was made or ended by hand, whichever is later.
    pub updated_at: Timestamp,
    /// Who made it: a login name.
    pub created_by: Box<str>,
    /// Why.
    pub comment: Box<str>,
}

/// Where in its life a silence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SilenceState {
    /// In force.
    Active,
    /// To come.
    Pending,
    /// Over.
    Expired,
}

/// A window of maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Unique.
    pub name: Box<str>,
    /// When it is open.
    pub when: TimeIntervals,
    /// All must match; empty: everything.
    pub matching: Box<[Matcher]>,
}

/// What covers a phone as a whole: the label `by` of `grandstream_phone_muted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutedBy {
    /// A silence.
    Silence,
    /// A window.
    Window,
}

/// Beyond so many silences, those that are over included, the asker is refused: enough for one a
/// phone of a large site, little enough to be looked through for each alert.
pub const MAX_SILENCES: usize = 1000;

impl MutedBy {
    /// The value of the label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Window => "window",
        }
    }
}

impl SilenceState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Pending, Self::Expired];

    /// As a word, for labels and programs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Expired => "expired",
        }
    }
}

impl Silence {
    /// Where in its life it is. One that ended before it began is over.
    pub fn state(&self, at: Timestamp) -> SilenceState {
        if self.ends_at <= at {
            return SilenceState::Expired;
        }
        if at < self.starts_at {
            return SilenceState::Pending;
        }
        SilenceState::Active
    }

    /// Whether it is in force.
    pub fn is_active(&self, at: Timestamp) -> bool {
        self.state(at) == SilenceState::Active
    }

    /// Whether it selects an alert with these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        all_match(&self.matchers, |name| labels::text(labels, name))
    }

    /// Whether it covers a phone as a whole.
    pub fn covers(&self, place: &Place) -> bool {
        covers(&self.matchers, place)
    }
}

impl Window {
    /// Whether it selects an alert with these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        all_match(&self.matching, |name| labels::text(labels, name))
    }

    /// Whether it covers a phone as a whole.
    pub fn covers(&self, place: &Place) -> bool {
        covers(&self.matching, place)
    }
}

/// Whether some matcher does not match the empty text. A silence whose matchers all do would select
/// every alert without these labels.
pub fn is_selective(matchers: &[Matcher]) -> bool {
    matchers.iter().any(|matcher| !matcher.matches(""))
}

/// Whether all alerts of a phone are selected: by labels that it gives them all.
fn covers(matchers: &[Matcher], place: &Place) -> bool {
    let is_of_phone = |name: &str| {
        let mut labels = place.labels.iter();
        matches!(name, "phone" | "site") || labels.any(|(label, _)| **label == *name)
    };
    matchers.iter().all(|matcher| is_of_phone(matcher.name()))
        && all_match(matchers, |name| phone_selector::label(place, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sample::{Sample, minute};
    use crate::rules::matcher::parse_list;

    fn silence(matchers: &str) -> Silence {
        Silence {
            id: 1,
            matchers: parse_list(matchers).expect("matchers").into(),
            starts_at: minute(1).wall,
            ends_at: minute(2).wall,
            updated_at: minute(0).wall,
            created_by: "anna".into(),
            comment: "moving house".into(),
        }
    }

    #[test]
    fn a_silence_is_in_force_up_to_and_without_its_end() {
        let silence = silence("");
        let active = [0, 1, 2].map(|n| silence.is_active(minute(n).wall));
        assert_eq!(active, [false, true, false]);
    }

    #[test]
    fn every_matcher_must_match_and_a_label_that_is_missing_is_empty() {
        let labels: Labels = [("alertname", "Down"), ("phone", "hq-1")]
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        for (matchers, expected) in [
            ("phone=~hq-.*", true),
            ("phone=~hq-.*, site=hq", false),
            ("phone=~hq-.*, site=", true),
            ("phone=~hq-.*, site!=hq", true),
            ("phone=~hq-.*, alertname!=Down", false),
            ("phone!~hq-.*", false),
        ] {
            assert_eq!(silence(matchers).matches(&labels), expected, "{matchers}");
        }
    }

    #[test]
    fn only_labels_that_a_phone_has_cover_it_as_a_whole() {
        let phone = Sample::new("hq-1").site("hq");
        let phone = phone.with(|place| place.labels = Box::new([("floor".into(), "1".into())]));
        let place = phone.phone().place;
        for (matchers, expected) in [
            ("site=hq", true),
            ("site=lyon", false),
            ("site!=lyon, phone=~hq-.*", true),
            ("site=hq, floor=1", true),
            ("site=hq, floor!=1", false),
            ("site=hq, alertname=~.*", false),
            ("site=hq, severity!=critical", false),
            // Rules may give their alerts this label.
            ("site=hq, team!=it", false),
        ] {
            assert_eq!(silence(matchers).covers(&place), expected, "{matchers}");
        }
    }

    #[test]
    fn a_silence_selects_something_by_at_least_one_matcher() {
        for (matchers, expected) in [
            ("site=hq", true),
            ("site!=hq", false),
            ("site=~.*", false),
            ("site!=hq, phone=~.+", true),
            ("site!=", true),
            ("", false),
        ] {
            let matchers = silence(matchers).matchers;
            assert_eq!(is_selective(&matchers), expected, "{matchers:?}");
        }
    }
}
