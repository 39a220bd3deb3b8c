//! Damping: an alert that comes and goes is said once, and again when it is calm.

use std::collections::VecDeque;
use std::time::Duration;

use crate::fleet::Moment;

/// When an alert counts as flapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damping {
    /// So many beginnings and ends.
    pub changes: u8,
    /// Within this time.
    pub within: Duration,
    /// Until none happened for so long.
    pub calm: Duration,
}

/// The last beginnings and ends of one alert.
#[derive(Clone, Debug, Default)]
pub struct Flaps(VecDeque<Moment>);

impl Default for Damping {
    /// Three rounds in half an hour are more than a reboot with its second thoughts.
    fn default() -> Self {
        Self {
            changes: 6,
            within: Duration::from_secs(30 * 60),
            calm: Duration::from_secs(15 * 60),
        }
    }
}

impl Flaps {
    /// Takes in a beginning or an end.
    pub fn note(&mut self, now: Moment, damping: Damping) {
        self.0.push_back(now);
        while self.0.len() > damping.changes.into() {
            self.0.pop_front();
        }
    }

    /// Whether the alert is flapping.
    pub fn is_flapping(&self, now: Moment, damping: Damping) -> bool {
        let (Some(first), Some(last)) = (self.0.front(), self.0.back()) else {
            return false;
        };
        self.0.len() >= damping.changes.into()
            && last.since(*first) <= damping.within
            && now.since(*last) < damping.calm
    }

    /// Whether nothing of it matters any more.
    pub fn is_over(&self, now: Moment, damping: Damping) -> bool {
        self.0
            .back()
            .is_none_or(|last| now.since(*last) > damping.within.max(damping.calm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sample::minute;

    #[test]
    fn it_begins_with_the_change_that_is_too_many_and_ends_with_calm() {
        let damping = Damping::default();
        let mut flaps = Flaps::default();
        for n in 0..6 {
            assert!(!flaps.is_flapping(minute(n), damping));
            flaps.note(minute(n), damping);
        }
        assert!(flaps.is_flapping(minute(5), damping));
        assert!(flaps.is_flapping(minute(19), damping));
        assert!(!flaps.is_flapping(minute(20), damping));
        assert!(flaps.is_over(minute(36), damping));
    }

    #[test]
    fn slow_changes_are_no_flapping() {
        let mut flaps = Flaps::default();
        for n in 0..20 {
            flaps.note(minute(n * 10), Damping::default());
        }
        assert!(!flaps.is_flapping(minute(190), Damping::default()));
        assert_eq!(flaps.0.len(), 6);
    }
}
