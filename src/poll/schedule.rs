//! When a phone is polled: a stable offset within its interval, in slots.
//!
//! The offset comes from the phone's name, so a restart does not move it and the fleet spreads
//! evenly. Offsets fall into slots of 50 ms: phones of one slot share a wake-up, which halves the
//! cost of a paced load. A late tick is skipped, never queued.

use std::time::Duration;

use crate::fleet::place::spread;

/// Ticks at `offset`, `offset + interval`, … since the engine started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    interval: Duration,
    offset: Duration,
}

/// The grain of offsets.
const SLOT: Duration = Duration::from_millis(50);

impl Schedule {
    pub(super) fn new(name: &str, interval: Duration) -> Self {
        let slots = (interval.as_nanos() / SLOT.as_nanos()).max(1);
        // The low bits choose the shard: phones of one shard spread over all slots too.
        let slot = u128::from(spread(name) >> 24) % slots;
        Self {
            interval,
            offset: SLOT * u32::try_from(slot).unwrap_or_default(),
        }
    }

    /// The first tick later than `elapsed`, or at zero the first of all.
    pub(super) fn tick_after(self, elapsed: Duration) -> Duration {
        match elapsed.checked_sub(self.offset) {
            Some(since) if !elapsed.is_zero() => {
                let past = since.as_nanos() / self.interval.as_nanos();
                self.offset + Duration::from_nanos_u128(self.interval.as_nanos() * (past + 1))
            }
            Some(_) | None => self.offset,
        }
    }

    /// How many ticks lie after `tick` and not after `elapsed`.
    pub(super) fn missed(self, tick: Duration, elapsed: Duration) -> u32 {
        let late = elapsed.saturating_sub(tick).as_nanos() / self.interval.as_nanos();
        u32::try_from(late).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn every(seconds: u32, offset: u32) -> Schedule {
        Schedule {
            interval: SECOND * seconds,
            offset: SECOND * offset,
        }
    }

    #[test]
    fn ticks_follow_each_other_by_the_interval() {
        let schedule = every(30, 7);
        for (elapsed, tick) in [(0, 7), (6, 7), (7, 37), (8, 37), (36, 37), (37, 67)] {
            let elapsed = SECOND * elapsed;
            assert_eq!(schedule.tick_after(elapsed), SECOND * tick, "{elapsed:?}");
        }
        assert_eq!(every(30, 0).tick_after(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn short_intervals_tick_on_after_years() {
        let interval = Duration::from_millis(1);
        let schedule = Schedule {
            interval,
            offset: Duration::ZERO,
        };
        let years = SECOND * 86_400 * 365 * 30;
        assert_eq!(schedule.tick_after(years), years + interval);
    }

    #[test]
    fn a_long_poll_misses_the_ticks_that_fall_into_it() {
        let schedule = every(30, 7);
        for (elapsed, missed) in [(7, 0), (36, 0), (37, 1), (97, 3)] {
            let elapsed = SECOND * elapsed;
            assert_eq!(schedule.missed(SECOND * 7, elapsed), missed, "{elapsed:?}");
        }
    }

    #[test]
    fn phones_spread_evenly_over_the_interval_and_stay_where_they_are() {
        let interval = SECOND * 10;
        let mut tenths = [0; 10];
        for n in 0..10_000 {
            let schedule = Schedule::new(&format!("phone-{n}"), interval);
            assert!(schedule.offset < interval);
            let tenth = schedule.offset.as_millis() / 1_000;
            tenths[usize::try_from(tenth).expect("below ten")] += 1;
        }
        assert!(
            tenths.iter().all(|n| (850..1_150).contains(n)),
            "{tenths:?}"
        );
        assert_eq!(
            Schedule::new("reception", interval),
            Schedule::new("reception", interval)
        );
    }
}
