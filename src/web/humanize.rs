//! Times as people say them, and where they find a phone.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::fleet::Place;

/// A duration to its two largest units: `3 d 4 h`, `12 min`, `8 s`.
pub(super) fn duration(length: Duration) -> String {
    let seconds = length.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let (large, small) = match (days, hours, minutes) {
        (0, 0, 0) => return format!("{seconds} s"),
        (0, 0, minutes) => return format!("{minutes} min"),
        (0, hours, minutes) => ((hours, "h"), (minutes, "min")),
        (days, hours, _) => ((days, "d"), (hours, "h")),
    };
    if small.0 == 0 {
        return format!("{} {}", large.0, large.1);
    }
    format!("{} {} {} {}", large.0, large.1, small.0, small.1)
}

/// The time between two instants; nothing if the second is not the later one.
pub(super) fn since(earlier: Timestamp, later: Timestamp) -> String {
    duration(Duration::try_from(later.duration_since(earlier)).unwrap_or_default())
}

/// A short duration to the millisecond: `42 ms`, `1.5 s`.
pub(super) fn short_duration(length: Duration) -> String {
    if length < Duration::from_secs(1) {
        return format!("{} ms", length.as_millis());
    }
    format!("{:.1} s", length.as_secs_f64())
}

/// A time of day with its date, in universal time to the second: `2024-05-01 09:00:12 UTC`.
pub(super) fn instant(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%S UTC")
        .to_string()
}

/// The web page of the phone itself.
pub(super) fn web_page(place: &Place) -> String {
    format!("{}://{}/", place.scheme.label(), place.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_by_their_two_largest_units() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (3660, "1 h 1 min"),
            (86_400, "1 d"),
            (90_061, "1 d 1 h"),
            (400 * 86_400, "400 d"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), words);
        }
        assert_eq!(short_duration(Duration::from_micros(1_500)), "1 ms");
        assert_eq!(short_duration(Duration::from_millis(1_500)), "1.5 s");
    }

    #[test]
    fn instants_are_told_in_universal_time() {
        assert_eq!(instant(Timestamp::UNIX_EPOCH), "1970-01-01 00:00:00 UTC");
    }
}
