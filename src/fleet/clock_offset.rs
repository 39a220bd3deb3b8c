//! How far a phone's clock is from ours.
//!
//! A phone tells its local time to the minute and no zone; the zone is configured. Where a local
//! time happens twice (the hour when summer time ends) or never (when it begins), the reading that
//! is nearer to our clock is taken, so that a change of the clocks never looks like a fault.

use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// The phone's clock minus ours at `read`, in whole minutes: zero while both show the same minute.
pub(super) fn clock_offset(
    clock: civil::DateTime,
    zone: &TimeZone,
    read: Timestamp,
) -> Option<SignedDuration> {
    let offsets = match zone.to_ambiguous_timestamp(clock).offset() {
        AmbiguousOffset::Unambiguous { offset } => [offset, offset],
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
            [before, after]
        }
    };
    let minutes = offsets
        .into_iter()
        .filter_map(|offset| offset.to_timestamp(clock).ok())
        .map(|told| minute(told) - minute(read))
        .min_by_key(|minutes| minutes.unsigned_abs())?;
    Some(SignedDuration::from_secs(minutes * 60))
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: &str, clock: &str, read: &str, seconds: i64) {
        let zone = TimeZone::get(zone).expect("the system knows the zone");
        let offset = clock_offset(
            clock.parse().expect("a local time"),
            &zone,
            read.parse().expect("a time"),
        );
        let expected = SignedDuration::from_secs(seconds);
        assert_eq!(offset, Some(expected), "{clock} at {read}");
    }

    #[test]
    fn a_phone_that_shows_our_minute_is_right() {
        check(
            "Europe/Paris",
            "2024-07-01T12:00",
            "2024-07-01T10:00:59Z",
            0,
        );
        check(
            "Europe/Paris",
            "2024-01-01T11:02",
            "2024-01-01T10:00:59Z",
            120,
        );
        check(
            "Europe/Paris",
            "2024-01-01T10:00",
            "2024-01-01T10:00:00Z",
            -3600,
        );
    }

    #[test]
    fn the_hour_that_happens_twice_is_no_fault_in_either_half() {
        check(
            "Europe/Paris",
            "2024-10-27T02:30",
            "2024-10-27T00:30:10Z",
            0,
        );
        check(
            "Europe/Paris",
            "2024-10-27T02:30",
            "2024-10-27T01:30:10Z",
            0,
        );
    }

    #[test]
    fn a_phone_that_missed_the_begin_of_summer_time_is_not_an_hour_late_within_the_gap() {
        check(
            "Europe/Paris",
            "2024-03-31T02:10",
            "2024-03-31T01:10:00Z",
            0,
        );
        check(
            "Europe/Paris",
            "2024-03-31T03:10",
            "2024-03-31T01:10:00Z",
            0,
        );
    }
}
