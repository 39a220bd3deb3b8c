//! How a phone does, in one word, for pages and JSON.
//!
//! The word sums up what the metrics say singly: whether the last poll found the phone up, whether
//! everything in it was understood, and whether its accounts are registered.

use crate::fleet::guard::Held;
use crate::fleet::reading::Registration;
use crate::fleet::{Endpoint, Failure, Moment, Phone};

/// How a phone does; the worse comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PhoneHealth {
    /// The last poll did not find it up.
    Down,
    /// It is up, and something is wrong all the same.
    Trouble,
    /// It was not polled yet.
    Waiting,
    /// It does not answer and may be away: a portable phone.
    Away,
    /// All is well.
    Up,
}

impl PhoneHealth {
    /// How this phone does at `now`.
    pub(super) fn of(phone: &Phone, now: Moment) -> Self {
        let Some(last) = &phone.last else {
            return Self::Waiting;
        };
        if !phone.is_up(now) {
            if phone.place.portable && !phone.is_reachable(now) {
                return Self::Away;
            }
            return Self::Down;
        }
        let unregistered =
            registrations(phone, now).is_some_and(|(registered, all)| registered < all);
        if unregistered || !last.reasons.is_empty() || failures(phone).next().is_some() {
            return Self::Trouble;
        }
        Self::Up
    }

    /// Whether it needs attention.
    pub(super) fn is_problem(self) -> bool {
        match self {
            Self::Down | Self::Trouble => true,
            Self::Waiting | Self::Away | Self::Up => false,
        }
    }

    /// The word.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Trouble => "trouble",
            Self::Waiting => "waiting",
            Self::Away => "away",
            Self::Up => "up",
        }
    }
}

/// What is wrong as far as we know: of the last poll as a whole, and of each part whose last read
/// failed.
pub(super) fn failures(phone: &Phone) -> impl Iterator<Item = (Option<Endpoint>, &Failure)> {
    let whole = phone.last.as_ref().and_then(|last| last.failure.as_ref());
    let parts = [
        (Endpoint::Accounts, &phone.accounts.failure),
        (Endpoint::Lines, &phone.lines.failure),
        (Endpoint::Status, &phone.status.failure),
        (Endpoint::Time, &phone.time.failure),
        (Endpoint::Values, &phone.values.failure),
    ];
    let parts = parts
        .into_iter()
        .filter_map(|(endpoint, failure)| Some((Some(endpoint), failure.as_ref()?)));
    whole
        .map(|failure| (None, failure))
        .into_iter()
        .chain(parts)
}

/// When the last good reading of this endpoint was made.
pub(super) fn read_at(phone: &Phone, endpoint: Endpoint) -> Option<Moment> {
    match endpoint {
        Endpoint::Accounts => phone.accounts.read_at(),
        Endpoint::Lines => phone.lines.read_at(),
        Endpoint::Status => phone.status.read_at(),
        Endpoint::Time => phone.time.read_at(),
        Endpoint::Values => phone.values.read_at(),
    }
}

/// What holds logins back at `now`: what the last poll found may have ended since.
pub(super) fn held(phone: &Phone, now: Moment) -> Option<Held> {
    let held = phone.last.as_ref()?.held?;
    (now.wall < held.until).then_some(held)
}

/// How many accounts are registered, and how many there are, while that is fresh.
pub(super) fn registrations(phone: &Phone, now: Moment) -> Option<(usize, usize)> {
    let accounts = phone.accounts(now)?;
    let registered = accounts
        .iter()
        .filter(|account| account.registration == Registration::Registered)
        .count();
    Some((registered, accounts.len()))
}
