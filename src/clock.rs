//! The only reader of the wall clock.
//!
//! Pure code takes `now` as an argument; tasks and request handlers ask this clock for it. It is a
//! concrete type: the real clock, or one that tests move by hand. It never waits: waiting is
//! `tokio::time`'s business.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::fleet::Moment;

/// Tells the present moment; cheap to clone, all clones agree.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Real { start: tokio::time::Instant },
    Manual(Arc<Mutex<Moment>>),
}

impl Clock {
    /// The machine's clock; its monotonic side counts from this call.
    pub fn real() -> Self {
        Self(Source::Real {
            start: tokio::time::Instant::now(),
        })
    }

    /// A clock that stands at `wall` until [`Clock::advance`] moves it.
    pub fn manual(wall: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(Moment {
            wall,
            mono: Duration::ZERO,
        }))))
    }

    /// The present moment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::Real { start } => Moment {
                wall: Timestamp::now(),
                mono: start.elapsed(),
            },
            Source::Manual(moment) => *moment.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a manual clock forward; a real one is left as it is.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(moment) = &self.0 {
            let mut moment = moment.lock().unwrap_or_else(PoisonError::into_inner);
            *moment = moment.after(by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_for_all_its_clones() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let clone = clock.clone();
        clock.advance(Duration::from_secs(90));
        assert_eq!(clone.now().wall.as_second(), 90);
        assert_eq!(clone.now().mono, Duration::from_secs(90));
    }
}
