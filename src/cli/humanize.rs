//! Measured durations by their two largest units: `1d 4h`, `59m 59s`, `12s`.
//!
//! Configured durations are shown as they are written, by `alert::words::length`.

use std::time::Duration;

use jiff::Timestamp;

/// A duration by its two largest units; what is less than a second is left out.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let largest = units.into_iter().skip_while(|(count, _)| *count == 0);
    let parts: Vec<_> = largest
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if parts.is_empty() {
        return "0s".to_owned();
    }
    parts.join(" ")
}

/// The time from one instant to a later one; `0s` if it is not later.
pub(super) fn between(earlier: Timestamp, later: Timestamp) -> String {
    duration(Duration::try_from(later.duration_since(earlier)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_by_their_two_largest_units() {
        for (seconds, expect) in [
            (-5, "0s"),
            (59, "59s"),
            (600, "10m"),
            (3599, "59m 59s"),
            (7265, "2h 1m"),
            (86_430, "1d"),
            (90_061, "1d 1h"),
        ] {
            let later = Timestamp::from_second(seconds).expect("an instant");
            assert_eq!(between(Timestamp::UNIX_EPOCH, later), expect);
        }
    }
}
