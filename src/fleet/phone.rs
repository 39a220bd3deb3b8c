//! What is known of one phone, and how a poll changes it.
//!
//! Each part keeps its last good reading with the moment it was true. Readers ask for what is still
//! fresh at `now`; a reading too old to be true is not given out. Counters only rise.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::boot::Boot;
use super::clock_offset::clock_offset;
use super::failure::{Endpoint, Failure, Reason, Reasons};
use super::guard::Held;
use super::moment::Moment;
use super::place::Place;
use super::reading::{Accounts, Lines, PhoneStatus, PhoneTime, Values};
use super::report::{Outcome, PollReport};

/// One configured phone and what its polls told.
#[derive(Clone, Debug)]
pub struct Phone {
    /// Which phone is expected where.
    pub place: Arc<Place>,
    /// Its counters.
    pub tally: Tally,
    /// Its last poll; `None` before the first.
    pub last: Option<LastPoll>,
    /// When a poll last found the phone up.
    pub last_success: Option<Moment>,
    /// Registered accounts.
    pub accounts: Part<Accounts>,
    /// Lines and what they do.
    pub lines: Part<Lines>,
    /// The phone's word for itself.
    pub status: Part<PhoneStatus>,
    /// Uptime and clock.
    pub time: Part<PhoneTime>,
    /// P-values.
    pub values: Part<Values>,
    /// Its last boot.
    pub boot: Option<Boot>,
    /// Which of the configured passwords opened the session, from 1.
    pub candidate: Option<u8>,
    /// Whether the password that opened the last session is the default one; `None` before a login.
    pub default_password: Option<bool>,
    /// Until when its certificate is valid.
    pub certificate_expiry: Option<Timestamp>,
    /// The last polls, newest first, at most [`Phone::RECENT`].
    pub recent: Arc<VecDeque<PollSummary>>,
}

/// Counters of one phone since the start, or since it was listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the metrics")]
pub struct Tally {
    pub polls: u64,
    pub poll_failures: u64,
    pub logins: u64,
    pub login_failures: u64,
    pub sessions_expired: u64,
    pub reboots: u64,
}

/// The outcome of the last poll as a whole.
#[derive(Clone, Debug)]
pub struct LastPoll {
    /// When it began.
    pub began: Moment,
    /// How long it took.
    pub took: Duration,
    /// Accounts or lines were read under a valid session.
    pub up: bool,
    /// The phone answered HTTP at all.
    pub reachable: bool,
    /// Logins are held back.
    pub held: Option<Held>,
    /// Every distinct reason of failure.
    pub reasons: Reasons,
    /// What stood in the way of the poll as a whole.
    pub failure: Option<Failure>,
}

/// One part of what is read, with its last good reading.
#[derive(Clone, Debug)]
pub struct Part<T> {
    reading: Option<Dated<T>>,
    /// Its last read was understood.
    pub understood: bool,
    /// Why its last read failed.
    pub failure: Option<Failure>,
}

#[derive(Clone, Debug)]
struct Dated<T> {
    at: Moment,
    value: Arc<T>,
}

/// One poll as the page lists it.
#[derive(Clone, Debug)]
pub struct PollSummary {
    /// When it began.
    pub began: Moment,
    /// How long it took.
    pub took: Duration,
    /// Whether it found the phone up.
    pub up: bool,
    /// What failed, where; at most one entry a read and one for the whole.
    pub failures: Box<[(Option<Endpoint>, Failure)]>,
}

impl Phone {
    /// How many polls are remembered: enough to see a pattern, little enough for 10,000 phones.
    pub const RECENT: usize = 8;

    /// A phone of which nothing is known.
    pub fn new(place: Arc<Place>) -> Self {
        Self {
            place,
            tally: Tally::default(),
            last: None,
            last_success: None,
            accounts: Part::default(),
            lines: Part::default(),
            status: Part::default(),
            time: Part::default(),
            values: Part::default(),
            boot: None,
            candidate: None,
            default_password: None,
            certificate_expiry: None,
            recent: Arc::default(),
        }
    }

    /// The same phone under a changed entry of the configuration.
    #[must_use]
    pub fn moved_to(&self, place: Arc<Place>) -> Self {
        Self {
            place,
            ..self.clone()
        }
    }

    /// The phone after a poll.
    #[must_use]
    pub fn after(&self, report: PollReport) -> Self {
        let up = report.up();
        let reasons = report.reasons();
        let mut next = self.clone();
        next.count(&report, up);
        next.remember(&report, up);
        if up {
            next.last_success = Some(report.began.after(report.took));
        }
        if reasons.contains(Reason::Identity) {
            next.forget();
        }
        if let Outcome::Read { at, value } = &report.parts.time {
            let (boot, rebooted) = Boot::after(next.boot, value.uptime, *at);
            next.boot = Some(boot);
            next.tally.reboots += u64::from(rebooted);
        }
        next.accounts.take(report.parts.accounts);
        next.lines.take(report.parts.lines);
        next.status.take(report.parts.status);
        next.time.take(report.parts.time);
        next.values.take(report.parts.values);
        next.candidate = report.candidate.or(next.candidate);
        next.default_password = report.default_password.or(next.default_password);
        next.certificate_expiry = report.certificate_expiry.or(next.certificate_expiry);
        next.last = Some(LastPoll {
            began: report.began,
            took: report.took,
            up,
            reachable: report.reached,
            held: report.held,
            reasons,
            failure: report.failure,
        });
        next
    }

    /// Whether the last poll found it up and is recent enough to be believed.
    pub fn is_up(&self, now: Moment) -> bool {
        self.believable(now).is_some_and(|last| last.up)
    }

    /// Whether it answered HTTP in the last poll, if that is recent enough to be believed.
    pub fn is_reachable(&self, now: Moment) -> bool {
        self.believable(now).is_some_and(|last| last.reachable)
    }

    /// Accounts, while fresh.
    pub fn accounts(&self, now: Moment) -> Option<&Accounts> {
        self.accounts.fresh(now, self.place.stale_after)
    }

    /// Lines, while fresh.
    pub fn lines(&self, now: Moment) -> Option<&Lines> {
        self.lines.fresh(now, self.place.stale_after)
    }

    /// The phone's word for itself, while fresh.
    pub fn status(&self, now: Moment) -> Option<PhoneStatus> {
        self.status.fresh(now, self.place.stale_after).copied()
    }

    /// Uptime and clock with the moment they were read, while fresh.
    pub fn time(&self, now: Moment) -> Option<(Moment, PhoneTime)> {
        let time = self.time.fresh(now, self.place.stale_after)?;
        Some((self.time.read_at()?, *time))
    }

    /// Its clock minus ours, in whole minutes, while its time is fresh and its zone is known.
    pub fn clock_offset(&self, now: Moment) -> Option<SignedDuration> {
        let (read, time) = self.time(now)?;
        clock_offset(time.clock?, self.place.time_zone.as_ref()?, read.wall)
    }

    /// When it booted, while its uptime is fresh.
    pub fn booted_at(&self, now: Moment) -> Option<Timestamp> {
        self.time(now)?;
        Some(self.boot?.at)
    }

    /// How long ago it booted, while its uptime is fresh; a wall clock that is set does not change it.
    pub fn booted_ago(&self, now: Moment) -> Option<Duration> {
        self.time(now)?;
        Some(self.boot?.age(now))
    }

    /// P-values, while fresh.
    pub fn values(&self, now: Moment) -> Option<&Values> {
        self.values.fresh(now, self.place.values_stale_after)
    }

    /// Whether the last read of this endpoint was understood.
    pub fn understood(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::Accounts => self.accounts.understood,
            Endpoint::Lines => self.lines.understood,
            Endpoint::Status => self.status.understood,
            Endpoint::Time => self.time.understood,
            Endpoint::Values => self.values.understood,
        }
    }

    fn believable(&self, now: Moment) -> Option<&LastPoll> {
        let last = self.last.as_ref()?;
        (now.since(last.began.after(last.took)) <= self.place.stale_after).then_some(last)
    }

    fn count(&mut self, report: &PollReport, up: bool) {
        self.tally.polls += 1;
        self.tally.poll_failures += u64::from(!up);
        self.tally.logins += u64::from(report.logins);
        self.tally.login_failures += u64::from(report.login_failures);
        self.tally.sessions_expired += u64::from(report.sessions_expired);
    }

    fn remember(&mut self, report: &PollReport, up: bool) {
        let recent = Arc::make_mut(&mut self.recent);
        recent.truncate(Self::RECENT - 1);
        recent.push_front(PollSummary {
            began: report.began,
            took: report.took,
            up,
            failures: report
                .failures()
                .map(|(endpoint, failure)| (endpoint, failure.clone()))
                .collect(),
        });
    }

    /// Drops all readings: they are another device's.
    fn forget(&mut self) {
        self.accounts = Part::default();
        self.lines = Part::default();
        self.status = Part::default();
        self.time = Part::default();
        self.values = Part::default();
        self.boot = None;
        self.certificate_expiry = None;
        self.default_password = None;
    }
}

impl<T> Part<T> {
    /// When its last good reading was made.
    pub fn read_at(&self) -> Option<Moment> {
        Some(self.reading.as_ref()?.at)
    }

    /// Its last good reading, however old.
    pub fn last(&self) -> Option<&T> {
        Some(&self.reading.as_ref()?.value)
    }

    fn fresh(&self, now: Moment, stale_after: Duration) -> Option<&T> {
        let reading = self.reading.as_ref()?;
        (now.since(reading.at) <= stale_after).then_some(&*reading.value)
    }

    fn take(&mut self, outcome: Outcome<T>) {
        let vanishes = outcome.is_forbidden();
        match outcome {
            Outcome::NotDue => {}
            Outcome::Read { at, value } => {
                let value = Arc::new(value);
                *self = Self {
                    reading: Some(Dated { at, value }),
                    understood: true,
                    failure: None,
                };
            }
            Outcome::Failed(failure) => {
                self.understood = false;
                self.failure = Some(failure);
            }
        }
        if vanishes {
            self.reading = None;
        }
    }
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self {
            reading: None,
            understood: false,
            failure: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::place::Scheme;

    fn place() -> Arc<Place> {
        Arc::new(Place {
            name: "reception".into(),
            address: "192.0.2.1".into(),
            scheme: Scheme::Http,
            tls_verified: None,
            mac: None,
            site: None,
            labels: Box::default(),
            portable: false,
            time_zone: None,
            expect: Box::default(),
            interval: Duration::from_secs(30),
            values_interval: Duration::from_secs(600),
            stale_after: Duration::from_secs(90),
            values_stale_after: Duration::from_secs(1800),
        })
    }

    fn moment(seconds: u64) -> Moment {
        Moment {
            wall: Timestamp::UNIX_EPOCH,
            mono: Duration::ZERO,
        }
        .after(Duration::from_secs(seconds))
    }

    fn good(seconds: u64) -> PollReport {
        let mut report = PollReport::new(moment(seconds));
        report.reached = true;
        report.session = true;
        report.parts.status = Outcome::Read {
            at: moment(seconds),
            value: PhoneStatus::Available,
        };
        report.parts.accounts = Outcome::Read {
            at: moment(seconds),
            value: Box::default(),
        };
        report
    }

    fn failed(seconds: u64, reason: Reason) -> PollReport {
        let mut report = PollReport::new(moment(seconds));
        report.parts.accounts = Outcome::Failed(Failure::new(reason, "it failed"));
        report
    }

    #[test]
    fn a_reading_outlives_a_failed_poll_until_it_is_stale() {
        let phone = Phone::new(place())
            .after(good(0))
            .after(failed(30, Reason::Timeout));
        assert!(!phone.is_up(moment(30)));
        assert!(phone.accounts(moment(90)).is_some());
        assert!(phone.accounts(moment(91)).is_none());
        assert!(!phone.understood(Endpoint::Accounts));
        assert_eq!((phone.tally.polls, phone.tally.poll_failures), (2, 1));
    }

    #[test]
    fn what_is_forbidden_vanishes_at_once_and_alone() {
        let phone = Phone::new(place())
            .after(good(0))
            .after(failed(30, Reason::Forbidden));
        assert!(phone.accounts(moment(30)).is_none());
        assert!(phone.status(moment(30)).is_some());
    }

    #[test]
    fn nothing_of_another_device_is_kept() {
        let phone = Phone::new(place())
            .after(good(0))
            .after(failed(30, Reason::Identity));
        assert!(phone.status(moment(30)).is_none());
    }

    #[test]
    fn a_phone_that_is_no_longer_polled_is_not_up() {
        let phone = Phone::new(place()).after(good(0));
        assert!(phone.is_up(moment(90)));
        assert!(!phone.is_up(moment(91)));
        assert!(!phone.is_reachable(moment(91)));
    }

    #[test]
    fn only_the_last_polls_are_remembered() {
        let mut phone = Phone::new(place());
        for n in 0..20 {
            phone = phone.after(good(n));
        }
        assert_eq!(phone.recent.len(), Phone::RECENT);
        assert_eq!(phone.recent[0].began, moment(19));
    }
}
