//! How long ago something was, and how long it will be, for tables of people.

use std::time::Duration;

use jiff::Timestamp;

/// From one moment to a later one, to the minute where it is longer than an hour: `2h 5m`, `12s`;
/// `0s` if it is not later.
pub(super) fn between(earlier: Timestamp, later: Timestamp) -> String {
    let length = Duration::try_from(later.duration_since(earlier)).unwrap_or_default();
    let seconds = length.as_secs();
    let grain = match seconds {
        0..3600 => 1,
        3600..86_400 => 60,
        _ => 3600,
    };
    humantime::format_duration(Duration::from_secs(seconds / grain * grain)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_the_coarser() {
        let start = Timestamp::UNIX_EPOCH;
        for (seconds, words) in [
            (-5, "0s"),
            (59, "59s"),
            (3599, "59m 59s"),
            (7265, "2h 1m"),
            (90_061, "1day 1h"),
        ] {
            let later = Timestamp::from_second(seconds).expect("a moment");
            assert_eq!(between(start, later), words);
        }
    }
}
