//! What keeps alerts from being said because somebody wanted it: silences and windows.
//!
//! A silence is made by hand and ends by itself; a window comes back at its times. Both speak of
//! labels. One that speaks only of labels of phones covers a phone as a whole: such phones are in no
//! fraction, and `grandstream_phone_muted` says so to Prometheus.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::matcher::{self, LabelPatterns};
use super::pairs;
use super::subject::Labels;
use super::time_interval::TimeIntervals;
use crate::fleet::Place;

/// A silence, kept over restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Unique and never used again.
    pub id: u64,
    /// Each must match; never empty, or it would silence everything.
    pub matching: Box<[LabelPatterns]>,
    /// From then on.
    pub from: Timestamp,
    /// Until then, for good.
    pub until: Timestamp,
    /// Who made it: a login name.
    pub by: Box<str>,
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
    /// Each must match; empty: everything.
    pub matching: Box<[LabelPatterns]>,
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
        if self.until <= at {
            return SilenceState::Expired;
        }
        if at < self.from {
            return SilenceState::Pending;
        }
        SilenceState::Active
    }

    /// Whether it is in force.
    pub fn is_active(&self, at: Timestamp) -> bool {
        self.state(at) == SilenceState::Active
    }

    /// Whether it speaks of an alert with these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        all_match(&self.matching, |name| pairs::text(labels, name))
    }

    /// Whether it covers a phone as a whole.
    pub fn covers(&self, place: &Place) -> bool {
        covers(&self.matching, place)
    }
}

impl Window {
    /// Whether it speaks of an alert with these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        all_match(&self.matching, |name| pairs::text(labels, name))
    }

    /// Whether it covers a phone as a whole.
    pub fn covers(&self, place: &Place) -> bool {
        covers(&self.matching, place)
    }
}

/// Labels of alerts that phones do not have.
const OF_ALERTS: [&str; 6] = [
    "alertname",
    "severity",
    "account",
    "line",
    "server",
    "receiver",
];

fn covers(patterns: &[LabelPatterns], place: &Place) -> bool {
    let of_phones = patterns
        .iter()
        .all(|pattern| !OF_ALERTS.contains(&&*pattern.name));
    of_phones && all_match(patterns, |name| matcher::label(place, name))
}

pub(super) fn all_match<'a>(patterns: &[LabelPatterns], value: impl Fn(&str) -> &'a str) -> bool {
    patterns.iter().all(|pattern| {
        let value = value(&pattern.name);
        pattern.any_of.is_empty() || pattern.any_of.iter().any(|glob| glob.matches(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::matcher::Glob;
    use crate::alert::sample::{Sample, minute};

    fn silence(matching: &[(&str, &str)]) -> Silence {
        Silence {
            id: 1,
            matching: matching
                .iter()
                .map(|(label, pattern)| LabelPatterns {
                    name: (*label).into(),
                    any_of: Box::new([Glob::new(*pattern)]),
                })
                .collect(),
            from: minute(1).wall,
            until: minute(2).wall,
            by: "anna".into(),
            comment: "moving house".into(),
        }
    }

    #[test]
    fn a_silence_is_in_force_up_to_and_without_its_end() {
        let silence = silence(&[]);
        let active = [0, 1, 2].map(|n| silence.is_active(minute(n).wall));
        assert_eq!(active, [false, true, false]);
    }

    #[test]
    fn every_matcher_must_match() {
        let labels: Labels = [("alertname", "Down"), ("phone", "hq-1")]
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        assert!(silence(&[("phone", "hq-*")]).matches(&labels));
        assert!(!silence(&[("phone", "hq-*"), ("site", "hq")]).matches(&labels));
        assert!(silence(&[("phone", "hq-*"), ("site", "")]).matches(&labels));
    }

    #[test]
    fn only_what_speaks_of_phones_alone_covers_a_phone() {
        let phone = Sample::new("hq-1").site("hq").phone();
        let covers = |matching: &[_]| silence(matching).covers(&phone.place);
        assert!(covers(&[("site", "hq")]));
        assert!(!covers(&[("site", "lyon")]));
        assert!(!covers(&[("site", "hq"), ("alertname", "*")]));
    }
}
