//! What one poll of one phone brought back.
//!
//! The parts succeed or fail each on their own. The keeper folds a report into the [`Phone`] and
//! the totals; nothing else changes them.
//!
//! [`Phone`]: super::Phone

use std::time::Duration;

use jiff::Timestamp;

use super::failure::{Endpoint, Failure, Reason, Reasons};
use super::guard::Held;
use super::moment::Moment;
use super::reading::{Accounts, Lines, PhoneStatus, PhoneTime, Values};

/// One poll of one phone, from connecting to the last answer.
#[derive(Clone, Debug)]
pub struct PollReport {
    /// When it began.
    pub began: Moment,
    /// How late that was against the schedule; `None` for a poll that was asked for.
    pub lag: Option<Duration>,
    /// How long it took.
    pub took: Duration,
    /// The phone answered HTTP at all.
    pub reached: bool,
    /// The phone accepted a session that was valid at the end of the poll.
    pub session: bool,
    /// Which of the configured passwords opened the session, from 1.
    pub candidate: Option<u8>,
    /// Whether the password that opened the session is the default one; `None` without a login.
    pub default_password: Option<bool>,
    /// Logins that were sent.
    pub logins: u32,
    /// Logins that did not lead to a session.
    pub login_failures: u32,
    /// Sessions that were found ended.
    pub sessions_expired: u32,
    /// Logins are held back.
    pub held: Option<Held>,
    /// What stood in the way of the poll as a whole: connection, login, identity.
    pub failure: Option<Failure>,
    /// What was read.
    pub parts: Parts,
    /// Until when the phone's certificate is valid, where one was seen.
    pub certificate_expiry: Option<Timestamp>,
    /// What was left out to keep within bounds.
    pub dropped: Dropped,
}

/// The outcome of each read.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// `api-get_accounts`.
    pub accounts: Outcome<Accounts>,
    /// `api-get_line_status`.
    pub lines: Outcome<Lines>,
    /// `api-get_phone_status`.
    pub status: Outcome<PhoneStatus>,
    /// `api-get_time`.
    pub time: Outcome<PhoneTime>,
    /// `api-values.get`.
    pub values: Outcome<Values>,
}

/// The outcome of one read.
#[derive(Clone, Debug, Default)]
pub enum Outcome<T> {
    /// Its time had not come.
    #[default]
    NotDue,
    /// Understood; `at` is the middle of the request.
    Read {
        /// When the phone said so.
        at: Moment,
        /// What it said.
        value: T,
    },
    /// Not read.
    Failed(Failure),
}

/// Why something of a phone's answer was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// Text beyond its length.
    Text,
    /// Accounts beyond their number.
    Accounts,
    /// Lines beyond their number.
    Lines,
    /// P-values beyond their number.
    Values,
    /// An id that had been seen in the same answer.
    Duplicate,
    /// A cookie beyond size or number.
    Cookie,
}

/// How often something was left out, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped([u32; DropReason::ALL.len()]);

impl PollReport {
    /// A poll that began and has read nothing yet.
    pub fn new(began: Moment) -> Self {
        Self {
            began,
            lag: None,
            took: Duration::ZERO,
            reached: false,
            session: false,
            candidate: None,
            default_password: None,
            logins: 0,
            login_failures: 0,
            sessions_expired: 0,
            held: None,
            failure: None,
            parts: Parts::default(),
            certificate_expiry: None,
            dropped: Dropped::default(),
        }
    }

    /// Whether accounts or lines were read under a valid session.
    pub fn up(&self) -> bool {
        self.session && (self.parts.accounts.is_read() || self.parts.lines.is_read())
    }

    /// Takes back everything that the device said of itself, because it may be another one than the
    /// expected. That something answered, and why it is not the phone's reading, stays.
    pub fn withhold(&mut self) {
        let unknown = || {
            Failure::new(
                Reason::Login,
                "the device did not tell its hardware address, so what it says is not kept",
            )
        };
        let cause = self.failures().next().map(|(_, failure)| failure.clone());
        let cause = cause.unwrap_or_else(unknown);
        self.parts.withhold(&cause);
        self.session = false;
        self.candidate = None;
        self.default_password = None;
        self.certificate_expiry = None;
    }

    /// Every failure, that of the whole first.
    pub fn failures(&self) -> impl Iterator<Item = (Option<Endpoint>, &Failure)> {
        let whole = self.failure.iter().map(|failure| (None, failure));
        let parts = Endpoint::ALL.into_iter().filter_map(|endpoint| {
            let failure = self.parts.failure(endpoint)?;
            Some((Some(endpoint), failure))
        });
        whole.chain(parts)
    }

    /// The distinct reasons of all failures.
    pub fn reasons(&self) -> Reasons {
        self.failures().map(|(_, failure)| failure.reason).collect()
    }
}

impl Parts {
    fn withhold(&mut self, cause: &Failure) {
        self.accounts.withhold(cause);
        self.lines.withhold(cause);
        self.status.withhold(cause);
        self.time.withhold(cause);
        self.values.withhold(cause);
    }

    /// Why this read failed, if it did.
    pub fn failure(&self, endpoint: Endpoint) -> Option<&Failure> {
        match endpoint {
            Endpoint::Accounts => self.accounts.failure(),
            Endpoint::Lines => self.lines.failure(),
            Endpoint::Status => self.status.failure(),
            Endpoint::Time => self.time.failure(),
            Endpoint::Values => self.values.failure(),
        }
    }
}

impl<T> Outcome<T> {
    /// Whether it was understood.
    pub fn is_read(&self) -> bool {
        matches!(self, Self::Read { .. })
    }

    fn withhold(&mut self, cause: &Failure) {
        if self.is_read() {
            *self = Self::Failed(cause.clone());
        }
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::NotDue | Self::Read { .. } => None,
        }
    }

    /// Whether it was refused to a valid session.
    pub fn is_forbidden(&self) -> bool {
        self.failure()
            .is_some_and(|failure| failure.reason == Reason::Forbidden)
    }
}

impl DropReason {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::Accounts,
        Self::Lines,
        Self::Values,
        Self::Duplicate,
        Self::Cookie,
    ];

    /// The value of the label `reason`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Accounts => "accounts",
            Self::Lines => "lines",
            Self::Values => "values",
            Self::Duplicate => "duplicate",
            Self::Cookie => "cookie",
        }
    }
}

impl Dropped {
    /// Counts one more.
    pub fn count(&mut self, reason: DropReason) {
        self.add(reason, 1);
    }

    /// Counts `more` of them.
    pub fn add(&mut self, reason: DropReason, more: usize) {
        let count = &mut self.0[reason as usize];
        *count = count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    }

    /// How often this was the reason.
    pub fn get(self, reason: DropReason) -> u32 {
        self.0[reason as usize]
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn of_an_unknown_device_stay_that_it_answered_and_what_failed() {
        let now = Moment {
            wall: Timestamp::UNIX_EPOCH,
            mono: Duration::ZERO,
        };
        let mut report = PollReport::new(now);
        report.reached = true;
        report.session = true;
        report.logins = 1;
        report.candidate = Some(1);
        report.default_password = Some(true);
        report.certificate_expiry = Some(Timestamp::UNIX_EPOCH);
        report.parts.status = Outcome::Read {
            at: now,
            value: PhoneStatus::Busy,
        };
        report.parts.time = Outcome::Failed(Failure::new(Reason::Timeout, "it was late"));
        report.withhold();
        let reasons: Vec<_> = report.reasons().iter().collect();
        assert_eq!(reasons, [Reason::Timeout]);
        assert!(report.reached && !report.session && !report.parts.status.is_read());
        assert_eq!(report.logins, 1);
        assert_eq!((report.candidate, report.default_password), (None, None));
        assert_eq!(report.certificate_expiry, None);
    }
}
