//! Who was told of what: the memory behind every message.
//!
//! One [`NotificationLog`] a receiver, of as many groups as its [`Route`] makes of the alerts it hears of; the
//! life of one is in `group`. The promise: a receiver that was told of a beginning is told of the end,
//! however the alert ended and whatever hid it meanwhile, unless its route says `send_resolved: false`.
//! What began and ended before a receiver was told is not told at all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::group::{Group, Heard};
use super::notification::{AlertRecord, Notification};
use super::route::{Route, Values};
use crate::alerts::board::{Alert, Board};
use crate::alerts::identity::Life;
use crate::alerts::phase::Phase;
use crate::alerts::suppress::Visibility;
use crate::fleet::Moment;

/// An alert as a receiver may hear of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What would be said; with its end, if it is over.
    pub said: AlertRecord,
    /// Whether it may be said now.
    pub shown: bool,
}

/// What one receiver was told.
#[derive(Clone, Debug, Default)]
pub struct NotificationLog(BTreeMap<Values, Group>);

/// One group of one receiver as it is kept over a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The group.
    pub values: Values,
    /// What its receiver was told and not yet told the end of, be it over or not.
    pub told: Vec<AlertRecord>,
}

/// What can be heard on a board; `annotations` renders the texts of an alert.
pub fn candidates(
    board: &Board,
    annotations: impl Fn(&Alert) -> Vec<(Box<str>, Box<str>)>,
) -> Vec<Candidate> {
    let heard = board.alerts().filter(|alert| !alert.state.is_pending());
    heard
        .map(|alert| Candidate {
            said: AlertRecord {
                labels: alert.labels.to_vec(),
                annotations: annotations(alert),
                since: alert.active_at.wall,
                ended: end_of(alert),
            },
            shown: alert.visibility == Visibility::Shown,
        })
        .collect()
}

impl NotificationLog {
    /// What is due to be said now, by group, at most `room` messages: the rest is said when there is
    /// room. The caller writes it down together with [`NotificationLog::save`], so that what counts as told is
    /// on its way for good.
    pub fn compose(
        &mut self,
        route: &Route,
        heard: &[Candidate],
        room: usize,
        now: Moment,
    ) -> Vec<(Values, Notification)> {
        let held = self.held();
        let mut by_group: BTreeMap<Values, Vec<Heard<'_>>> = BTreeMap::new();
        for Candidate { said, shown } in heard {
            let wanted = route.wants(said);
            let values = match held.get(&said.life()) {
                Some(values) => (*values).clone(),
                None if wanted => route.values(said),
                None => continue,
            };
            let hidden = !wanted || route.mute.mutes(said, now);
            by_group.entry(values).or_default().push(Heard {
                said,
                shown: *shown && !hidden,
            });
        }
        for values in by_group.keys() {
            self.0.entry(values.clone()).or_default();
        }
        let mut notifications = Vec::new();
        self.0.retain(|values, group| {
            let heard = by_group.get(values).map_or(&[][..], Vec::as_slice);
            group.listen(heard, now);
            if notifications.len() < room {
                let notification = group.compose(route, heard, now);
                notifications
                    .extend(notification.map(|notification| (values.clone(), notification)));
            }
            group.is_open()
        });
        notifications
    }

    /// Of each life that was told, the group in which it was: there it is told to its end, whatever
    /// a changed route says by now. A receiver that closes what it opened knows it by its group.
    fn held(&self) -> BTreeMap<Life, &Values> {
        let groups = self.0.iter();
        groups
            .flat_map(|(values, group)| group.told().iter().map(move |said| (said.life(), values)))
            .collect()
    }

    /// A message about the group was taken: reminders count from here.
    pub fn delivered(&mut self, values: &Values, now: Moment) {
        if let Some(group) = self.0.get_mut(values) {
            group.delivered(now);
        }
    }

    /// An old message is sent once more: what it says to fire must be told to its end again.
    pub fn again(&mut self, values: &Values, firing: Vec<AlertRecord>, now: Moment) {
        let held: BTreeSet<_> = self.held().into_keys().collect();
        let group = self.0.entry(values.clone()).or_default();
        let unknown = firing
            .into_iter()
            .filter(|said| !held.contains(&said.life()));
        group.again(unknown, now);
    }

    /// What is to be kept.
    pub fn save(&self) -> Vec<LogEntry> {
        let told = self.0.iter().filter(|(_, group)| !group.told().is_empty());
        told.map(|(values, group)| LogEntry {
            values: values.clone(),
            told: group.told().to_vec(),
        })
        .collect()
    }

    /// What was kept; the clocks of its groups start anew.
    pub fn restored(saved: impl IntoIterator<Item = LogEntry>, now: Moment) -> Self {
        let groups = saved.into_iter();
        let groups = groups.map(|saved| (saved.values, Group::restored(saved.told, now)));
        Self(groups.collect())
    }
}

fn end_of(alert: &Alert) -> Option<(Timestamp, Box<str>)> {
    match alert.state.phase {
        Phase::Resolved { at, ending } => Some((at.wall, ending.word().into())),
        Phase::Pending { .. } | Phase::Firing | Phase::KeepFiring { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;

    use super::super::notification::NotificationReason;
    use super::super::route::{MuteTimes, RepeatInterval};
    use crate::fleet::sample::minute;
    use crate::notify::notification_log::*;
    use crate::rules::matcher::Matcher;
    use crate::rules::time_interval::{Part, TimeInterval, TimeIntervals, TimeRange};

    const MINUTE: Duration = Duration::from_secs(60);
    const ROOM: usize = 1000;

    fn route() -> Route {
        Route {
            receiver: "mail".into(),
            matching: Box::default(),
            group_by: Box::new(["site".into()]),
            group_wait: MINUTE,
            group_interval: 5 * MINUTE,
            repeat_interval: RepeatInterval::Every(60 * MINUTE),
            send_resolved: true,
            critical_bypasses_group_interval: true,
            mute: MuteTimes::default(),
        }
    }

    fn labelled(phone: &str, severity: &str, shown: bool, ended: Option<u64>) -> Candidate {
        let labels = [("phone", phone), ("severity", severity), ("site", "hq")];
        Candidate {
            said: AlertRecord {
                labels: labels
                    .map(|(name, value)| (name.into(), value.into()))
                    .into(),
                annotations: Vec::new(),
                since: minute(0).wall,
                ended: ended.map(|n| (minute(n).wall, "cleared".into())),
            },
            shown,
        }
    }

    fn fires(phone: &str) -> Candidate {
        labelled(phone, "warning", true, None)
    }

    fn hidden(phone: &str) -> Candidate {
        labelled(phone, "warning", false, None)
    }

    fn over(phone: &str, n: u64) -> Candidate {
        labelled(phone, "warning", false, Some(n))
    }

    /// What is said at this minute: `First +a,b -c`.
    fn hear(told: &mut NotificationLog, n: u64, heard: &[Candidate]) -> String {
        let notifications = told.compose(&route(), heard, ROOM, minute(n));
        let phones = |list: &[AlertRecord]| {
            list.iter()
                .map(|one| one.label("phone"))
                .collect::<Vec<_>>()
                .join(",")
        };
        let lines = notifications.iter().map(|(_, notification)| {
            let (firing, over) = (phones(&notification.firing), phones(&notification.over));
            format!("{:?} +{firing} -{over}", notification.reason)
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_first_message_waits_for_company_and_later_ones_are_batched() {
        let mut told = NotificationLog::default();
        assert_eq!(hear(&mut told, 0, &[fires("a")]), "");
        assert_eq!(
            hear(&mut told, 1, &[fires("a"), fires("b")]),
            "First +a,b -"
        );
        let three = [fires("a"), fires("b"), fires("c")];
        assert_eq!(hear(&mut told, 2, &three), "");
        assert_eq!(hear(&mut told, 6, &three), "New +a,b,c -");
        let ended = [over("a", 7), fires("b"), over("c", 7)];
        assert_eq!(hear(&mut told, 7, &ended), "");
        assert_eq!(hear(&mut told, 11, &ended), "Resolved +b -a,c");
    }

    #[test]
    fn what_came_and_went_before_anybody_was_told_is_not_told() {
        let mut told = NotificationLog::default();
        assert_eq!(hear(&mut told, 0, &[fires("a")]), "");
        assert_eq!(hear(&mut told, 1, &[over("a", 1)]), "");
        assert_eq!(told.0.len(), 0);
    }

    #[test]
    fn the_end_is_told_whatever_hid_the_alert_and_even_if_it_vanished() {
        for last in [&[over("a", 9)][..], &[]] {
            let mut told = NotificationLog::default();
            hear(&mut told, 0, &[fires("a")]);
            assert_eq!(hear(&mut told, 1, &[fires("a")]), "First +a -");
            assert_eq!(hear(&mut told, 8, &[hidden("a")]), "");
            assert_eq!(hear(&mut told, 9, last), "Resolved + -a");
            assert_eq!(hear(&mut told, 20, last), "");
        }
    }

    #[test]
    fn what_is_new_and_critical_breaks_through() {
        let mut told = NotificationLog::default();
        hear(&mut told, 0, &[fires("a")]);
        hear(&mut told, 1, &[fires("a")]);
        let critical = [fires("a"), labelled("b", "critical", true, None)];
        assert_eq!(hear(&mut told, 2, &critical), "New +a,b -");
    }

    #[test]
    fn reminders_count_only_time_in_which_something_is_shown() {
        let mut told = NotificationLog::default();
        for n in 0..=60 {
            hear(&mut told, n, &[fires("a")]);
        }
        assert_eq!(hear(&mut told, 61, &[fires("a")]), "Reminder +a -");
        for n in 62..=121 {
            assert_eq!(hear(&mut told, n, &[hidden("a")]), "");
        }
        assert_eq!(hear(&mut told, 150, &[fires("a")]), "");
    }

    #[test]
    fn a_daily_reminder_comes_at_its_time_and_once() {
        // Minute 0 is 13:46:40 UTC.
        let daily = Route {
            repeat_interval: RepeatInterval::Daily {
                at: "15:00".parse().expect("a time"),
                zone: TimeZone::UTC,
            },
            ..route()
        };
        let mut told = NotificationLog::default();
        let said: Vec<_> = (0..48 * 60)
            .filter(|n| {
                !told
                    .compose(&daily, &[fires("a")], ROOM, minute(*n))
                    .is_empty()
            })
            .collect();
        assert_eq!(said, [1, 74, 74 + 24 * 60]);
    }

    /// Every day from one hour to another, in UTC.
    fn daily(name: &str, start: i16, end: i16) -> TimeInterval {
        TimeInterval {
            name: name.into(),
            parts: Box::new([Part {
                times: Box::new([TimeRange {
                    start: start * 60,
                    end: end * 60,
                }]),
                ..Part::always(TimeZone::UTC)
            }]),
        }
    }

    /// At which minutes how many alerts are told to fire, of one warning and one critical alert.
    fn told_while(mute: MuteTimes) -> Vec<(u64, usize)> {
        let route = Route { mute, ..route() };
        let mut told = NotificationLog::default();
        let heard = [fires("a"), labelled("b", "critical", true, None)];
        let mut said = Vec::new();
        for n in 0..30 {
            for (_, notification) in told.compose(&route, &heard, ROOM, minute(n)) {
                said.push((n, notification.firing.len()));
            }
        }
        said
    }

    #[test]
    fn while_a_receiver_is_muted_only_what_is_unmuted_is_told_and_the_rest_afterwards() {
        // Minute 0 is 13:46:40 UTC, minute 14 the first of the hour after.
        let some = |intervals: &[TimeInterval]| TimeIntervals(intervals.into());
        let unmuted: Box<[_]> = Box::new([Matcher::equal("severity", "critical")]);
        let active = MuteTimes {
            active: some(&[daily("night", 0, 4), daily("afternoon", 14, 17)]),
            unmuted: unmuted.clone(),
            ..MuteTimes::default()
        };
        assert_eq!(told_while(active.clone()), [(1, 1), (14, 2)]);
        let mute = MuteTimes {
            mute: some(&[daily("night", 0, 4), daily("noon", 12, 14)]),
            unmuted,
            ..MuteTimes::default()
        };
        assert_eq!(told_while(mute.clone()), [(1, 1), (14, 2)]);
        let both = MuteTimes {
            active: some(&[daily("day", 8, 18)]),
            unmuted: Box::default(),
            ..mute
        };
        assert_eq!(told_while(both), [(15, 2)]);
        let always = MuteTimes {
            mute: some(&[daily("day", 8, 18)]),
            ..active
        };
        assert_eq!(told_while(always), [(1, 1)]);
    }

    #[test]
    fn a_resolved_notification_passes_while_the_receiver_is_muted() {
        let muted = Route {
            mute: MuteTimes {
                mute: TimeIntervals(Box::new([daily("afternoon", 14, 17)])),
                ..MuteTimes::default()
            },
            ..route()
        };
        let mut told = NotificationLog::default();
        for n in [0, 1] {
            told.compose(&muted, &[fires("a")], ROOM, minute(n));
        }
        let said = told.compose(&muted, &[over("a", 20)], ROOM, minute(20));
        assert_eq!(said[0].1.over, [over("a", 20).said]);
    }

    #[test]
    fn without_send_resolved_no_end_is_told_and_what_fires_again_is_new() {
        let silent = Route {
            send_resolved: false,
            ..route()
        };
        let mut told = NotificationLog::default();
        let mut hear = |n: u64, heard: &[Candidate]| {
            let notifications = told.compose(&silent, heard, ROOM, minute(n));
            let said = notifications.iter().map(|(_, notification)| {
                assert_eq!(notification.over, [], "at minute {n}");
                (notification.reason, notification.firing.len())
            });
            said.collect::<Vec<_>>()
        };
        assert_eq!(hear(0, &[fires("a"), fires("b")]), []);
        assert_eq!(
            hear(1, &[fires("a"), fires("b")]),
            [(NotificationReason::First, 2)]
        );
        assert_eq!(hear(7, &[over("a", 7), fires("b")]), []);
        let mut again = fires("a");
        again.said.since = minute(8).wall;
        assert_eq!(
            hear(8, &[again.clone(), fires("b")]),
            [(NotificationReason::New, 2)]
        );
        assert_eq!(hear(20, &[over("a", 20), over("b", 20)]), []);
        assert_eq!(told.save(), []);
        assert!(told.0.is_empty());
    }

    #[test]
    fn a_restart_forgets_nobody_who_was_told() {
        let mut told = NotificationLog::default();
        hear(&mut told, 0, &[fires("a")]);
        hear(&mut told, 1, &[fires("a")]);
        let text = serde_json::to_string(&told.save()).expect("it can be written");
        let saved: Vec<LogEntry> = serde_json::from_str(&text).expect("it can be read");
        let mut told = NotificationLog::restored(saved, minute(10));
        assert_eq!(hear(&mut told, 11, &[fires("a")]), "");
        assert_eq!(hear(&mut told, 16, &[over("a", 12)]), "Resolved + -a");
    }

    #[test]
    fn an_alert_that_ended_and_began_again_is_told_as_two() {
        let mut told = NotificationLog::default();
        hear(&mut told, 0, &[fires("a")]);
        hear(&mut told, 1, &[fires("a")]);
        let mut again = fires("a");
        again.said.since = minute(4).wall;
        assert_eq!(hear(&mut told, 6, &[again]), "New +a -a");
    }

    #[test]
    fn an_end_is_told_as_it_was_even_if_the_board_forgot_it_before_it_was_due() {
        let slow = Route {
            group_interval: 60 * MINUTE,
            ..route()
        };
        let mut told = NotificationLog::default();
        for n in [0, 1] {
            told.compose(&slow, &[fires("a")], ROOM, minute(n));
        }
        let mut end = over("a", 5);
        end.said.annotations = vec![("changed".into(), "rebooted".into())];
        assert!(
            told.compose(&slow, &[end.clone()], ROOM, minute(5))
                .is_empty()
        );
        let mut told = NotificationLog::restored(told.save(), minute(6));
        let notifications = told.compose(&slow, &[], ROOM, minute(66));
        assert_eq!(notifications[0].1.over, [end.said]);
        assert!(told.save().is_empty());
    }

    #[test]
    fn what_was_told_before_a_route_changed_is_told_to_its_end_in_its_group_and_not_before() {
        let regrouped = Route {
            group_by: Box::new(["severity".into()]),
            ..route()
        };
        let other_way = Route {
            matching: Box::new([Matcher::equal("site", "lyon")]),
            ..route()
        };
        for changed in [regrouped, other_way] {
            let mut told = NotificationLog::default();
            hear(&mut told, 0, &[fires("a")]);
            assert_eq!(hear(&mut told, 1, &[fires("a")]), "First +a -");
            for n in 2..50 {
                let said = told.compose(&changed, &[fires("a")], ROOM, minute(n));
                assert_eq!(said, [], "at minute {n}");
            }
            let said = told.compose(&changed, &[over("a", 50)], ROOM, minute(50));
            let [(values, notification)] = &said[..] else {
                panic!("{said:?}");
            };
            assert_eq!(values["site"], "hq".into());
            assert_eq!(notification.over, [over("a", 50).said]);
        }
    }

    #[test]
    fn what_finds_no_room_is_told_when_there_is_some() {
        let single = Route {
            group_by: Box::new(["severity".into()]),
            group_wait: Duration::ZERO,
            ..route()
        };
        let heard = ["critical", "warning", "info"];
        let heard = heard.map(|severity| labelled(severity, severity, true, None));
        let mut told = NotificationLog::default();
        let mut said = Vec::new();
        for (n, room) in [(0, 0), (1, 2), (2, 0), (3, 2), (4, 2)] {
            let notifications = told.compose(&single, &heard, room, minute(n));
            said.extend(
                notifications
                    .iter()
                    .map(|(_, notification)| notification.firing[0].label("phone").to_owned()),
            );
        }
        assert_eq!(said, ["critical", "info", "warning"]);
    }
}
