//! What a receiver wants to be told, in which groups, and how often.
//!
//! A [`Route`] is what the configuration says of a receiver. It answers for one alert at a time; when
//! something is said of a group of them is told in `group`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::notice::Said;
use crate::alert::calendar::Calendar;
use crate::alert::matcher::{Matcher, all_match};
use crate::alert::severity;
use crate::fleet::Moment;

/// What a receiver wants to be told, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name of the receiver.
    pub receiver: Box<str>,
    /// All must match; empty: everything.
    pub matching: Box<[Matcher]>,
    /// Labels whose values make the groups.
    pub group_by: Box<[Box<str>]>,
    /// How long a group's first message waits for company.
    pub group_wait: Duration,
    /// The least time between two messages about a group.
    pub group_interval: Duration,
    /// When a group is told again in which nothing changed.
    pub remind: Remind,
    /// Whether what is new and critical does not wait for `group_interval`.
    pub urgent: bool,
    /// When this receiver is left alone.
    pub quiet: Option<Quiet>,
}

/// When a group is told again in which nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remind {
    /// Never.
    Never,
    /// After so long without a message, counted from the last that was delivered.
    Every(Duration),
    /// Each day at this time.
    Daily {
        /// What a clock on a wall shows.
        at: Time,
        /// Where it hangs.
        zone: TimeZone,
    },
}

/// Hours in which a receiver is left alone: what fires then is told when they are over, if it still
/// does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// The hours.
    pub calendar: Calendar,
    /// Quiet is what lies outside of the calendar, not within.
    pub outside: bool,
    /// What is told all the same: all must match; empty: nothing.
    pub except: Box<[Matcher]>,
}

/// The labels that make a group, with their values.
pub type Values = BTreeMap<Box<str>, Box<str>>;

impl Route {
    /// To a receiver that is told of everything, with the usual patience.
    pub fn new(receiver: &str) -> Self {
        Self {
            receiver: receiver.into(),
            matching: Box::default(),
            group_by: ["alertname", "site"].map(Into::into).into(),
            group_wait: Duration::from_secs(30),
            group_interval: Duration::from_secs(5 * 60),
            remind: Remind::Every(Duration::from_secs(4 * 3600)),
            urgent: true,
            quiet: None,
        }
    }

    /// Whether an alert concerns this receiver, at quiet hours too. What has the severity `none` is no
    /// news, but a sign of life for Alertmanagers: it goes only to receivers whose `=` or `=~` names
    /// its severity or its name.
    pub(super) fn wants(&self, said: &Said) -> bool {
        let asks_for_it = |matcher: &Matcher| {
            let label = matcher.name();
            !matcher.op().is_negative() && (label == severity::LABEL || label == "alertname")
        };
        let named = self.matching.iter().any(asks_for_it);
        (named || said.label(severity::LABEL) != severity::NONE)
            && all_match(&self.matching, |name| said.label(name))
    }

    /// The values of the group to which an alert belongs.
    pub(super) fn values(&self, said: &Said) -> Values {
        let names = self.group_by.iter();
        names
            .map(|name| (name.clone(), said.label(name).into()))
            .collect()
    }
}

impl Quiet {
    /// Whether what is said now of this alert waits until the hours are over.
    pub(super) fn hides(&self, said: &Said, now: Moment) -> bool {
        let excepted = !self.except.is_empty() && all_match(&self.except, |name| said.label(name));
        self.calendar.covers(now.wall) != self.outside && !excepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::matcher::parse_list;

    #[test]
    fn all_matchers_must_match_and_a_sign_of_life_must_be_named() {
        let said = |alertname: &str, severity: &str| Said {
            labels: [
                ("alertname", alertname),
                ("severity", severity),
                ("site", "hq"),
            ]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
            annotations: Vec::new(),
            since: jiff::Timestamp::UNIX_EPOCH,
            ended: None,
        };
        let (down, alive) = (said("Down", "critical"), said("Watchdog", "none"));
        for (matchers, wants_down, wants_alive) in [
            ("", true, false),
            ("site=hq", true, false),
            ("site=~hq|lyon,severity=critical", true, false),
            ("site!=hq", false, false),
            ("site=hq,phone=", true, false),
            ("severity=none", false, true),
            ("alertname=~Watch.*", false, true),
            ("severity!=info", true, false),
            ("alertname!~Phone.*", true, false),
        ] {
            let route = Route {
                matching: parse_list(matchers).expect("matchers").into(),
                ..Route::new("desk")
            };
            let wants = (route.wants(&down), route.wants(&alive));
            assert_eq!(wants, (wants_down, wants_alive), "{matchers}");
        }
    }
}
