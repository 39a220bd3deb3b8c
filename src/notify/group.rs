//! The life of one group of alerts at one receiver: what was told of it, and when it is told again.
//!
//! A first message waits for company, later changes are batched, what is critical breaks through, and
//! a reminder comes after a quiet time in which something was shown: `Group::due` is all of that.
//! What was told stays until its end is told, though the board forgets it meanwhile. A group of which
//! nothing is left to tell is remembered until another message may be sent about it. All waits go on
//! over a restart ([`LogEntry`]): one that began anew each time might never end.

use std::collections::{BTreeMap, BTreeSet};

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::notification::{AlertRecord, Notification, NotificationReason};
use super::route::{RepeatInterval, Route, Values};
use crate::alerts::phase::Ending;
use crate::alerts::start::{Absence, Start};
use crate::fleet::Moment;
use crate::rules::severity;

/// What one receiver was told of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// What was told and not yet told the end of, be it over or not.
    told: Vec<AlertRecord>,
    /// Since when the first message waits for company.
    waiting: Option<Start>,
    /// When the last message was written; `None` before the first.
    last: Option<Start>,
    /// Time since the last message in which something was shown.
    quiet: Quiet,
}

/// Counts the time in which something was shown.
#[derive(Clone, Copy, Debug, Default)]
struct Quiet {
    /// Before it was last hidden.
    before: Duration,
    /// Since when it is shown again; `None` while all is hidden.
    shown: Option<Start>,
}

/// One group of one receiver as it is kept over a restart. Its times change only when something
/// happens, so that it is not written again while nothing does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The group.
    pub values: Values,
    /// What its receiver was told and not yet told the end of, be it over or not.
    pub told: Vec<AlertRecord>,
    /// Since when the first message waits for company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Timestamp>,
    /// When the last message was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// How long something was shown since then, before it was last hidden.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub shown_before: Duration,
    /// Since when something is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_since: Option<Timestamp>,
}

/// An alert as one receiver hears of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    /// What would be said; with its end, if it is over.
    pub(super) said: &'a AlertRecord,
    /// Whether it may be said now, to this receiver.
    pub(super) shown: bool,
    /// Whether it was seen since the daemon started: what was not yet told waits for that.
    pub(super) confirmed: bool,
}

impl Group {
    /// What was kept of it over a restart. An earlier program kept no times: there they begin now.
    pub(super) fn restored(saved: LogEntry, absence: Absence) -> Self {
        let at = |at: Timestamp| Start::restored(at, at, absence);
        let begun = Start::now(absence.now());
        let is_timed = saved.last.is_some() || saved.told.is_empty();
        Self {
            told: saved.told,
            waiting: saved.waiting.map(at),
            last: saved.last.map(at).or((!is_timed).then_some(begun)),
            quiet: Quiet {
                before: saved.shown_before,
                shown: saved.shown_since.map(at).or((!is_timed).then_some(begun)),
            },
        }
    }

    /// What is to be kept of it.
    pub(super) fn save(&self, values: &Values) -> LogEntry {
        let wall = |start: Start| start.wall;
        LogEntry {
            values: values.clone(),
            told: self.told.clone(),
            waiting: self.waiting.map(wall),
            last: self.last.map(wall),
            shown_before: self.quiet.before,
            shown_since: self.quiet.shown.map(wall),
        }
    }

    /// What was told and not yet told the end of.
    pub(super) fn told(&self) -> &[AlertRecord] {
        &self.told
    }

    /// Whether there is anything to remember of it.
    pub(super) fn is_open(&self, route: &Route, now: Moment) -> bool {
        !self.told.is_empty() || self.waiting.is_some() || !self.may_be_told_again(route, now)
    }

    /// Whether the last message about it is long enough ago.
    fn may_be_told_again(&self, route: &Route, now: Moment) -> bool {
        self.last
            .is_none_or(|last| last.lasted(now) >= route.group_interval)
    }

    /// A message about it was taken: reminders count from here.
    pub(super) fn delivered(&mut self, now: Moment) {
        self.quiet = Quiet::from(now);
    }

    /// This counts as told too, by an old message that is sent once more.
    pub(super) fn again(&mut self, said: impl IntoIterator<Item = AlertRecord>, now: Moment) {
        self.told.extend(said);
        self.last.get_or_insert(Start::now(now));
    }

    /// Takes in what is heard, whether or not something may be said.
    pub(super) fn listen(&mut self, heard: &[Heard<'_>], now: Moment) {
        self.note_ends(heard, now);
        self.quiet.run_if(heard.iter().any(Heard::is_shown), now);
        let waits = [&mut self.waiting, &mut self.last, &mut self.quiet.shown];
        for start in waits.into_iter().flatten() {
            *start = start.told_at(now);
        }
    }

    /// Notes the ends of what was told, which the board forgets before they may be due.
    fn note_ends(&mut self, heard: &[Heard<'_>], now: Moment) {
        let heard: BTreeMap<_, _> = heard.iter().map(|one| (one.said.life, one.said)).collect();
        for told in self.told.iter_mut().filter(|told| told.ended.is_none()) {
            match heard.get(&told.life) {
                Some(said) if said.ended.is_none() => {}
                Some(said) => *told = (*said).clone(),
                // It ended while nobody looked.
                None => {
                    told.ended = Some((now.wall, Ending::Unknown.word().into()));
                    told.lasted = None;
                }
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
        let told: BTreeSet<_> = self.told.iter().map(|said| said.life).collect();
        let is_new = |one: &&Heard<'_>| !told.contains(&one.said.life);
        let shown = || {
            let shown = heard.iter().filter(|one| one.is_shown());
            shown.filter(|one| one.confirmed || !is_new(one))
        };
        let new: Vec<_> = shown().filter(is_new).map(|one| one.said.clone()).collect();
        let unclear = heard.iter().any(|one| one.is_shown() && !one.confirmed);
        if new.is_empty() && !unclear {
            self.waiting = None;
        }
        let reason = self.due(route, &new, !over.is_empty(), now)?;
        let firing = shown().map(|one| one.said.clone()).collect();
        let fresh = new.iter().map(|said| said.life).collect();
        self.told.retain(|told| told.ended.is_none());
        self.told.extend(new);
        self.waiting = None;
        self.last = Some(Start::now(now));
        self.quiet = Quiet::from(now);
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
        let critical = |said: &AlertRecord| said.label(severity::LABEL) == severity::CRITICAL;
        let bypasses = route.critical_bypasses_group_interval && new.iter().any(critical);
        let batched = self.may_be_told_again(route, now);
        let Some(last) = self.last.filter(|_| !self.told.is_empty()) else {
            if new.is_empty() {
                return None;
            }
            let waiting = *self.waiting.get_or_insert(Start::now(now));
            let waited = waiting.lasted(now) >= route.group_wait;
            return (waited && (bypasses || batched)).then_some(NotificationReason::First);
        };
        if !new.is_empty() && (bypasses || batched) {
            return Some(NotificationReason::New);
        }
        if over && batched {
            return Some(NotificationReason::Resolved);
        }
        let reminded = match &route.repeat_interval {
            RepeatInterval::Off => false,
            RepeatInterval::Every(interval) => self.quiet.lasted(now) >= *interval,
            RepeatInterval::Daily { at, zone } => is_between(last.wall, *at, zone, now.wall),
        };
        // Nobody is reminded of what is hidden.
        (reminded && self.quiet.shown.is_some()).then_some(NotificationReason::Reminder)
    }
}

impl Quiet {
    /// Nothing was counted yet; something is shown.
    fn from(now: Moment) -> Self {
        Self {
            before: Duration::ZERO,
            shown: Some(Start::now(now)),
        }
    }

    /// Counts up to `now`, and goes on only while something is shown.
    fn run_if(&mut self, shown: bool, now: Moment) {
        if shown {
            self.shown.get_or_insert(Start::now(now));
            return;
        }
        self.before = self.lasted(now);
        self.shown = None;
    }

    fn lasted(&self, now: Moment) -> Duration {
        let shown = self.shown.map(|shown| shown.lasted(now));
        self.before + shown.unwrap_or_default()
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
