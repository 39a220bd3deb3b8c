//! What a receiver wants to be told, in which groups, and how often.
//!
//! A [`Route`] is what the configuration says of a receiver. It answers for one alert at a time; when
//! something is said of a group of them is told in `group`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::notification::AlertRecord;
use crate::fleet::Moment;
use crate::rules::matcher::{Matcher, all_match};
use crate::rules::severity;
use crate::rules::time_interval::TimeIntervals;

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
    pub repeat_interval: RepeatInterval,
    /// Whether the receiver is told the end of what it was told.
    pub send_resolved: bool,
    /// Whether what is new and critical does not wait for `group_interval`.
    pub critical_bypasses_group_interval: bool,
    /// When the receiver gets no notifications.
    pub mute: MuteTimes,
}

/// When a group is told again in which nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepeatInterval {
    /// Never.
    Off,
    /// After so long without a notification, counted from the last that was delivered.
    Every(Duration),
    /// Each day at this time.
    Daily {
        /// What a clock on a wall shows.
        at: Time,
        /// Where it hangs.
        zone: TimeZone,
    },
}

/// Times at which a receiver is not notified of what fires: that happens when they are over, if it
/// still fires. Resolved notifications are sent all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MuteTimes {
    /// Muted at all times but these, if there are any.
    pub active: TimeIntervals,
    /// Muted at these times.
    pub mute: TimeIntervals,
    /// What is never muted: all must match; empty: nothing.
    pub unmuted: Box<[Matcher]>,
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
            repeat_interval: RepeatInterval::Every(Duration::from_secs(4 * 3600)),
            send_resolved: true,
            critical_bypasses_group_interval: true,
            mute: MuteTimes::default(),
        }
    }

    /// Whether an alert concerns this receiver, muted or not. What has the severity `none` is no
    /// news, but a sign of life for Alertmanagers: it goes only to receivers whose `=` or `=~` names
    /// its severity or its name.
    pub(super) fn wants(&self, said: &AlertRecord) -> bool {
        let asks_for_it = |matcher: &Matcher| {
            let label = matcher.name();
            !matcher.op().is_negative() && (label == severity::LABEL || label == "alertname")
        };
        let named = self.matching.iter().any(asks_for_it);
        (named || said.label(severity::LABEL) != severity::NONE)
            && all_match(&self.matching, |name| said.label(name))
    }

    /// The values of the group to which an alert belongs.
    pub(super) fn values(&self, said: &AlertRecord) -> Values {
        let names = self.group_by.iter();
        names
            .map(|name| (name.clone(), said.label(name).into()))
            .collect()
    }
}

impl MuteTimes {
    /// Whether a notification of this alert waits now.
    pub(super) fn mutes(&self, said: &AlertRecord, now: Moment) -> bool {
        let inactive = !self.active.is_empty() && !self.active.contain(now.wall);
        let is_unmuted =
            || !self.unmuted.is_empty() && all_match(&self.unmuted, |name| said.label(name));
        (inactive || self.mute.contain(now.wall)) && !is_unmuted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::matcher::parse_list;

    #[test]
    fn all_matchers_must_match_and_a_sign_of_life_must_be_named() {
        let said = |alertname: &str, severity: &str| AlertRecord {
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
