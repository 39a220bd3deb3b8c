//! Times, durations and counts in words, and text made fit for one line.

use std::time::Duration;

use crate::fleet::text::harmless;
use crate::rules::describe_rule::count;

/// A duration in its two largest units, "less than a minute" at least.
pub(super) fn lasting(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let parts = match (days, hours) {
        (0, 0) if minutes == 0 => return "less than a minute".into(),
        (0, _) => [(hours, "hour"), (minutes, "minute")],
        (_, _) => [(days, "day"), (hours, "hour")],
    };
    let parts = parts.into_iter().filter(|(n, _)| *n > 0);
    let words: Vec<_> = parts.map(|(n, unit)| count(n, unit)).collect();
    words.join(" ")
}

/// The text on one line, without what moves a cursor.
pub(super) fn line(text: &str) -> String {
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    words.join(" ").chars().map(harmless).collect()
}

/// The text without what moves a cursor; its lines stay.
pub(super) fn lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(line).collect();
    lines.join("\n").trim().to_owned()
}

/// The text, at most so many bytes of it, marked where it is cut.
pub(super) fn cut(text: &str, most: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most.saturating_sub(MARK.len()));
    let (kept, _) = text.split_at(end);
    format!("{kept}{MARK}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        for (seconds, expected) in [
            (0, "less than a minute"),
            (59, "less than a minute"),
            (60, "1 minute"),
            (12 * 60 + 59, "12 minutes"),
            (3600, "1 hour"),
            (3600 * 2 + 5 * 60, "2 hours 5 minutes"),
            (86_400 * 3 + 3600 * 4 + 60, "3 days 4 hours"),
            (86_400, "1 day"),
        ] {
            assert_eq!(lasting(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(
            line("a\r\nBcc: b\u{202E}\u{0}c\t d"),
            "a Bcc: b\u{FFFD}\u{FFFD}c d"
        );
        assert_eq!(lines("a\u{7}\r\n\n b \n"), "a\u{FFFD}\n\nb");
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(cut("aéé", 5), "aéé");
        assert_eq!(cut("aééé", 6), "aé…");
        assert_eq!(cut("aéé", 3), "…");
    }
}
