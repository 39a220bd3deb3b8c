//! A moment, told by two clocks.
//!
//! The wall clock is what people read and what survives a restart, but it steps: a machine without
//! a battery starts in 1970 and jumps when time arrives from the network. Ages and waits therefore
//! use the monotonic side, which only ever advances.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// One instant on the wall clock and on the process' monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Coordinated universal time, as the machine believes it.
    pub wall: Timestamp,
    /// Time since the process started.
    pub mono: Duration,
}

impl Moment {
    /// How long ago `earlier` was; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.mono.saturating_sub(earlier.mono)
    }

    /// The moment `by` later.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self {
            wall: later(self.wall, by),
            mono: self.mono.saturating_add(by),
        }
    }
}

/// The wall time `by` after `at`, held at the end of time.
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| at.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The wall time `by` before `at`, held at the beginning of time.
pub fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| at.checked_sub(by).ok())
        .unwrap_or(Timestamp::MIN)
}

/// Seconds since the epoch with their fraction, as Prometheus writes times.
pub fn epoch_seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}
