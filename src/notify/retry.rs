//! What an answer to a message means, and when to try again.
//!
//! An error that a change on our side or theirs must mend is permanent; everything else may pass.
//! The wait doubles from [`SHORTEST`] to [`LONGEST`], is spread so that many letters do not knock at
//! once, and is never shorter than the receiver asked for. After [`GIVE_UP`] a letter is dead.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::fleet::moment::later;
use crate::fleet::place::spread;
use crate::store::{DeliveryState, OutboxEntry};

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// It was taken.
    Delivered,
    /// It may be taken later.
    Temporary {
        /// The kind of trouble.
        reason: FailureReason,
        /// What went wrong, without secrets.
        error: Box<str>,
        /// How long the receiver wants to be left alone.
        after: Option<Duration>,
    },
    /// It will never be taken like this.
    Permanent {
        /// The kind of trouble.
        reason: FailureReason,
        /// What went wrong, without secrets.
        error: Box<str>,
    },
}

impl DeliveryResult {
    /// The kind of trouble, if there is any.
    pub fn reason(&self) -> Option<FailureReason> {
        match self {
            Self::Delivered => None,
            Self::Temporary { reason, .. } | Self::Permanent { reason, .. } => Some(*reason),
        }
    }

    /// The same, with more said of what went wrong.
    #[must_use]
    pub(super) fn explained(self, more: impl FnOnce(Box<str>) -> Box<str>) -> Self {
        match self {
            Self::Delivered => Self::Delivered,
            Self::Temporary {
                reason,
                error,
                after,
            } => Self::Temporary {
                reason,
                error: more(error),
                after,
            },
            Self::Permanent { reason, error } => Self::Permanent {
                reason,
                error: more(error),
            },
        }
    }
}

/// The kind of trouble on the way: the label `reason` of failed attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureReason {
    /// No connection: refused, no route, no such name.
    Connect,
    /// It took too long.
    Timeout,
    /// TLS failed.
    Tls,
    /// The other side asks to come back later.
    Busy,
    /// The other side will not take it.
    Refused,
    /// The other side broke off, or speaks something else.
    Broken,
}

impl FailureReason {
    /// All of them, in the order of the label values.
    pub const ALL: [Self; 6] = [
        Self::Busy,
        Self::Connect,
        Self::Timeout,
        Self::Tls,
        Self::Refused,
        Self::Broken,
    ];

    /// The value of the label `reason`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Busy => "busy",
            Self::Refused => "refused",
            Self::Broken => "broken",
        }
    }
}

/// The first wait: long enough for a restart of the other side.
pub const SHORTEST: Duration = Duration::from_secs(5);
/// The longest wait of our own: who is back is told within ten minutes.
pub const LONGEST: Duration = Duration::from_secs(600);
/// The longest wait that a receiver may ask for.
pub const LONGEST_ASKED: Duration = Duration::from_secs(3600);
/// Older letters are of no use to anybody at night; a person decides.
pub const GIVE_UP: Duration = Duration::from_secs(24 * 3600);
/// Nor before so many attempts, the least that fit into a day: a machine that starts in 1970 is told
/// the time a moment later, and its letters are then older than they are.
pub const TRIED: u32 = 24;

/// What a status of HTTP means (RFC 9110; 425 RFC 8470, 429 RFC 6585). Redirects are not followed:
/// they would carry what is secret to somewhere else.
pub fn of_http(status: u16, retry_after: Option<&str>, now: Timestamp) -> DeliveryResult {
    let error = || format!("answered with status {status}").into();
    match status {
        200..=299 => DeliveryResult::Delivered,
        408 | 425 | 429 | 500..=599 => DeliveryResult::Temporary {
            reason: FailureReason::Busy,
            error: error(),
            after: retry_after.and_then(|text| wait(text, now)),
        },
        _ => DeliveryResult::Permanent {
            reason: FailureReason::Refused,
            error: error(),
        },
    }
}

/// What a reply code of SMTP means (RFC 5321, 4.2.1).
pub fn of_smtp(code: u16) -> DeliveryResult {
    let error = || format!("answered with code {code}").into();
    match code {
        200..=299 => DeliveryResult::Delivered,
        500..=599 => DeliveryResult::Permanent {
            reason: FailureReason::Refused,
            error: error(),
        },
        _ => DeliveryResult::Temporary {
            reason: FailureReason::Busy,
            error: error(),
            after: None,
        },
    }
}

/// What becomes of a letter after an attempt.
pub fn settled(letter: &OutboxEntry, result: DeliveryResult, now: Timestamp) -> DeliveryState {
    match result {
        DeliveryResult::Delivered => DeliveryState::Delivered,
        DeliveryResult::Permanent { error, .. } => DeliveryState::GivenUp { error },
        DeliveryResult::Temporary { error, .. }
            if now >= later(letter.created, GIVE_UP) && letter.attempts >= TRIED =>
        {
            DeliveryState::GivenUp { error }
        }
        DeliveryResult::Temporary { error, after, .. } => {
            let asked = after.unwrap_or_default().min(LONGEST_ASKED);
            let wait = backoff(letter.attempts, &letter.id.to_string());
            let due = later(now, wait.max(asked));
            DeliveryState::Later { due, error }
        }
    }
}

/// For how long a receiver is left alone altogether after one letter found no way: what else waits
/// for it would find none either.
pub fn pause(asked: Option<Duration>) -> Duration {
    asked.unwrap_or_default().clamp(SHORTEST, LONGEST_ASKED)
}

/// Between half and all of a doubling wait, the same for the same attempt of the same one.
pub fn backoff(attempts: u32, whose: &str) -> Duration {
    let doubled = SHORTEST.saturating_mul(1 << attempts.min(16));
    let full = doubled.min(LONGEST);
    let chance = spread(&format!("{whose} {attempts}")) % 1000;
    let part = 500 + u32::try_from(chance / 2).unwrap_or(500);
    full * part / 1000
}

/// `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    Duration::try_from(at.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sample::minute;
    use crate::store::NewEntry;

    fn letter(attempts: u32) -> OutboxEntry {
        OutboxEntry {
            id: 7,
            new: NewEntry {
                receiver: "mail".into(),
                group_key: "hq".into(),
                body: "{}".into(),
                due: minute(0).wall,
            },
            recipients: None,
            created: minute(0).wall,
            attempts,
            error: None,
            dead: false,
        }
    }

    fn temporary(after: Option<u64>) -> DeliveryResult {
        DeliveryResult::Temporary {
            reason: FailureReason::Connect,
            error: "down".into(),
            after: after.map(Duration::from_secs),
        }
    }

    /// For how many seconds the letter waits.
    fn waits(attempts: u32, after: Option<u64>) -> f64 {
        let now = minute(1).wall;
        let settled = settled(&letter(attempts), temporary(after), now);
        let DeliveryState::Later { due, .. } = settled else {
            panic!("{settled:?}");
        };
        due.duration_since(now).as_secs_f64()
    }

    #[test]
    fn the_wait_doubles_up_to_ten_minutes_and_is_spread() {
        for (attempts, full) in [(0, 5.0), (1, 10.0), (5, 160.0), (7, 600.0), (400, 600.0)] {
            let wait = waits(attempts, None);
            assert!(wait >= full / 2.0 && wait <= full, "{attempts}: {wait}");
        }
        assert!((waits(3, None) - waits(3, None)).abs() < f64::EPSILON);
    }

    #[test]
    fn a_receiver_is_left_alone_as_long_as_it_asks_up_to_an_hour() {
        assert!((waits(0, Some(120)) - 120.0).abs() < f64::EPSILON);
        assert!((waits(0, Some(86_400)) - 3600.0).abs() < f64::EPSILON);
        assert!(waits(7, Some(1)) >= 300.0);
    }

    #[test]
    fn what_a_mend_must_precede_is_given_up_at_once_and_the_rest_after_a_day() {
        let now = minute(1).wall;
        let error = || "no".into();
        let permanent = DeliveryResult::Permanent {
            reason: FailureReason::Refused,
            error: error(),
        };
        assert_eq!(
            settled(&letter(0), permanent, now),
            DeliveryState::GivenUp { error: error() }
        );
        let day = later(letter(0).created, GIVE_UP);
        assert!(matches!(
            settled(&letter(3), temporary(None), day),
            DeliveryState::Later { .. }
        ));
        assert!(matches!(
            settled(&letter(99), temporary(None), day),
            DeliveryState::GivenUp { .. }
        ));
        assert_eq!(
            settled(&letter(99), DeliveryResult::Delivered, day),
            DeliveryState::Delivered
        );
    }

    #[test]
    fn answers_are_taken_for_what_they_are() {
        let now = minute(0).wall;
        let class = |result| match result {
            DeliveryResult::Delivered => "delivered",
            DeliveryResult::Temporary { .. } => "temporary",
            DeliveryResult::Permanent { .. } => "permanent",
        };
        for (status, expected) in [
            (200, "delivered"),
            (204, "delivered"),
            (301, "permanent"),
            (400, "permanent"),
            (401, "permanent"),
            (408, "temporary"),
            (425, "temporary"),
            (429, "temporary"),
            (500, "temporary"),
            (503, "temporary"),
        ] {
            assert_eq!(class(of_http(status, None, now)), expected, "{status}");
        }
        for (code, expected) in [
            (250, "delivered"),
            (421, "temporary"),
            (451, "temporary"),
            (550, "permanent"),
        ] {
            assert_eq!(class(of_smtp(code)), expected, "{code}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "1999-12-31T23:59:00Z".parse().expect("a moment");
        let seconds = |text| wait(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Fri, 31 Dec 1999 23:59:59 GMT"), Some(59));
        assert_eq!(seconds("Fri, 31 Dec 1999 23:58:00 GMT"), None);
        assert_eq!(seconds("soon"), None);
    }
}
