//! The life of one group of alerts at one receiver: what was told of it, and when it is told again.
//!
//! A first message waits for company, later changes are batched, what is critical breaks through, and
//! a reminder comes after a quiet time in which something was shown: `Group::due` is all of that.
//! What was told stays until its end is told, though the board forgets it meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::notification::{AlertRecord, Notification, NotificationReason};
use super::route::{RepeatInterval, Route};
use crate::alerts::phase::{Ending, Stopwatch};
use crate::fleet::Moment;
use crate::rules::severity;

/// What one receiver was told of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// What was told and not yet told the end of, be it over or not.
    told: Vec<AlertRecord>,
    /// Since when the first message waits for company.
    waiting: Option<Moment>,
    /// When the last message was written, or what was kept was taken back; `None` before the first.
    last: Option<Moment>,
    /// Time since the last message in which something was shown.
    quiet: Stopwatch,
}

/// An alert as one receiver hears of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    /// What would be said; with its end, if it is over.
    pub(super) said: &'a AlertRecord,
    /// Whether it may be said now, to this receiver.
    pub(super) shown: bool,
}

impl Group {
    /// Of what was kept of it over a restart; its clocks start anew.
    pub(super) fn restored(told: Vec<AlertRecord>, now: Moment) -> Self {
        Self {
            told,
            waiting: None,
            last: Some(now),
            quiet: Stopwatch::started(now),
        }
    }

    /// What was told and not yet told the end of.
    pub(super) fn told(&self) -> &[AlertRecord] {
        &self.told
    }

    /// Whether there is anything to remember of it.
    pub(super) fn is_open(&self) -> bool {
        !self.told.is_empty() || self.waiting.is_some()
    }

    /// A message about it was taken: reminders count from here.
    pub(super) fn delivered(&mut self, now: Moment) {
        self.quiet = Stopwatch::started(now);
    }

    /// This counts as told too, by an old message that is sent once more.
    pub(super) fn again(&mut self, said: impl IntoIterator<Item = AlertRecord>, now: Moment) {
        self.told.extend(said);
        self.last.get_or_insert(now);
    }

    /// Takes in what is heard, whether or not something may be said.
    pub(super) fn listen(&mut self, heard: &[Heard<'_>], now: Moment) {
        self.note_ends(heard, now);
        self.quiet.run_if(heard.iter().any(Heard::is_shown), now);
    }

    /// Notes the ends of what was told, which the board forgets before they may be due.
    fn note_ends(&mut self, heard: &[Heard<'_>], now: Moment) {
        let heard: BTreeMap<_, _> = heard
            .iter()
            .map(|one| (one.said.life(), one.said))
            .collect();
        for told in self.told.iter_mut().filter(|told| told.ended.is_none()) {
            match heard.get(&told.life()) {
                Some(said) if said.ended.is_none() => {}
                Some(said) => *told = (*said).clone(),
                // It ended while nobody looked.
                None => told.ended = Some((now.wall, Ending::Unknown.word().into())),
            }
        }
    }

    /// The message that is due now, if one is; from then on what it says counts as told.
    pub(super) fn compose(
        &mut self,
        route: &Route,
        heard: &[Heard<'_>],
        now: Moment,
    ) -> Option<Notification> {
        if !route.send_resolved {
            self.told.retain(|told| told.ended.is_none());
        }
        let over = self.told.iter().filter(|told| told.ended.is_some());
        let over: Vec<_> = over.cloned().collect();
        let told: BTreeSet<_> = self.told.iter().map(AlertRecord::life).collect();
        let shown = || heard.iter().filter(|one| one.is_shown());
        let is_new = |one: &&Heard<'_>| !told.contains(&one.said.life());
        let new: Vec<_> = shown().filter(is_new).map(|one| one.said.clone()).collect();
        let reason = self.due(route, &new, !over.is_empty(), now)?;
        let firing = shown().map(|one| one.said.clone()).collect();
        let fresh = new.iter().map(AlertRecord::life).collect();
        self.told.retain(|told| told.ended.is_none());
        self.told.extend(new);
        self.waiting = None;
        self.last = Some(now);
        self.quiet = Stopwatch::started(now);
        Some(Notification {
            reason,
            firing,
            over,
            fresh,
            missed: 0,
        })
    }

    /// Why a message is due, if one is: the one place that says when.
    fn due(
        &mut self,
        route: &Route,
        new: &[AlertRecord],
        over: bool,
        now: Moment,
    ) -> Option<NotificationReason> {
        let Some(last) = self.last.filter(|_| !self.told.is_empty()) else {
            if new.is_empty() {
                self.waiting = None;
                return None;
            }
            let waiting = *self.waiting.get_or_insert(now);
            return (now.since(waiting) >= route.group_wait).then_some(NotificationReason::First);
        };
        let critical = |said: &AlertRecord| said.label(severity::LABEL) == severity::CRITICAL;
        let bypasses = route.critical_bypasses_group_interval && new.iter().any(critical);
        let batched = now.since(last) >= route.group_interval;
        if !new.is_empty() && (bypasses || batched) {
            return Some(NotificationReason::New);
        }
        if over && batched {
            return Some(NotificationReason::Resolved);
        }
        let reminded = match &route.repeat_interval {
            RepeatInterval::Off => false,
            RepeatInterval::Every(interval) => self.quiet.elapsed() >= *interval,
            RepeatInterval::Daily { at, zone } => is_between(last.wall, *at, zone, now.wall),
        };
        // Nobody is reminded of what is hidden.
        (reminded && self.quiet.is_running()).then_some(NotificationReason::Reminder)
    }
}

impl Heard<'_> {
    fn is_shown(&self) -> bool {
        self.shown && self.said.ended.is_none()
    }
}

/// Whether today's time of telling lies between the last message and now.
fn is_between(last: Timestamp, at: Time, zone: &TimeZone, now: Timestamp) -> bool {
    let (last, now) = (zone.to_datetime(last), zone.to_datetime(now));
    let due = now.date().to_datetime(at);
    last < due && due <= now
}
