//! Uptime text, in all the forms that phones of the vendor write.
//!
//! ` 21 days, 1 hour, 50 minutes, 23seconds` (the guide), `17 minute(s)`, `4 day(s)`, ` 3:25`,
//! `21:06:47 up 22 days`, `up 2 days, 3:25`. One scanner reads numbers with units in any order,
//! plural or not, and clock notation. A word it does not know, in whichever language, ends it:
//! what is not understood is no uptime, since a wrong one looks like a reboot.

use std::time::Duration;

use crate::fleet::reading::Uptime;

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 86_400;

/// Longer than any phone exists: beyond it the text means something else.
const LONGEST: u64 = 100 * 365 * DAY;

/// The parts of an uptime, each at most once.
#[derive(Default)]
struct Parts([Option<u64>; 4]);

/// Reads an uptime; `None` if any of it is not understood.
pub(super) fn parse(text: &str) -> Option<Uptime> {
    let mut rest = text.trim();
    if let Some((clock, after)) = split_at_up(rest) {
        if !clock.is_empty() {
            Parts::default().take_clock(clock)?;
        }
        rest = after;
    }
    let mut parts = Parts::default();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() {
            return parts.total();
        }
        let (digits, after) = split(rest, |c| c.is_ascii_digit() || c == ':');
        if digits.contains(':') {
            parts.take_clock(digits)?;
            rest = after;
            continue;
        }
        let (word, after) = split(after.trim_start(), |c| c.is_ascii_alphabetic());
        parts.put(unit(word)?, digits.parse().ok()?)?;
        rest = after.strip_prefix("(s)").unwrap_or(after);
    }
}

impl Parts {
    fn put(&mut self, unit: u64, number: u64) -> Option<()> {
        let slot = self.0.get_mut(match unit {
            SECOND => 0,
            MINUTE => 1,
            HOUR => 2,
            _ => 3,
        })?;
        if slot.is_some() {
            return None;
        }
        *slot = Some(number.checked_mul(unit)?);
        Some(())
    }

    /// `H:MM` or `H:MM:SS`.
    fn take_clock(&mut self, text: &str) -> Option<()> {
        let mut fields = text.split(':');
        self.put(HOUR, fields.next()?.parse().ok()?)?;
        for unit in [MINUTE, SECOND] {
            let Some(field) = fields.next() else {
                break;
            };
            let number = field.parse().ok().filter(|n| field.len() == 2 && *n < 60)?;
            self.put(unit, number)?;
        }
        fields.next().is_none().then_some(())
    }

    fn total(&self) -> Option<Uptime> {
        let total = self
            .0
            .iter()
            .flatten()
            .try_fold(0_u64, |sum, part| sum.checked_add(*part))?;
        let smallest = [SECOND, MINUTE, HOUR, DAY]
            .into_iter()
            .zip(&self.0)
            .find_map(|(unit, part)| part.map(|_| unit))?;
        (total <= LONGEST).then_some(Uptime {
            length: Duration::from_secs(total),
            resolution: Duration::from_secs(smallest),
        })
    }
}

/// What stands before and after the word `up`.
fn split_at_up(text: &str) -> Option<(&str, &str)> {
    let (before, rest) = split(text, |c| !c.is_ascii_alphabetic());
    let (word, after) = split(rest, |c| c.is_ascii_alphabetic());
    word.eq_ignore_ascii_case("up")
        .then_some((before.trim(), after))
}

/// The start of `text` that `belongs`, and the rest.
fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn unit(word: &str) -> Option<u64> {
    Some(match word.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, length: u64, resolution: u64) {
        let expect = Uptime {
            length: Duration::from_secs(length),
            resolution: Duration::from_secs(resolution),
        };
        assert_eq!(parse(text), Some(expect), "{text:?}");
    }

    #[test]
    fn every_known_form_is_read_with_its_resolution() {
        let guide = 21 * DAY + HOUR + 50 * MINUTE + 23;
        check(" 21 days, 1 hour, 50 minutes, 23seconds", guide, SECOND);
        check("23 Seconds 50 minute 1 HOURS 21day", guide, SECOND);
        check(
            "21 day(s), 1 hour(s), 50 minute(s), 23 second(s)",
            guide,
            SECOND,
        );
        check("17 minute(s)", 17 * MINUTE, MINUTE);
        check("4 day(s)", 4 * DAY, DAY);
        check("1 day", DAY, DAY);
        check("5 hours, 3 minutes", 5 * HOUR + 3 * MINUTE, MINUTE);
        check("2 days, 3 hours", 2 * DAY + 3 * HOUR, HOUR);
        check(" 3:25", 3 * HOUR + 25 * MINUTE, MINUTE);
        check("0:00", 0, MINUTE);
        check("103:25:07", 103 * HOUR + 25 * MINUTE + 7, SECOND);
        check("21:06:47 up 22 days", 22 * DAY, DAY);
        check(
            "21:06:47 up 22 days, 3:25",
            22 * DAY + 3 * HOUR + 25 * MINUTE,
            MINUTE,
        );
        check("up 2 days, 3:25", 2 * DAY + 3 * HOUR + 25 * MINUTE, MINUTE);
        check(
            "up 1 day,  3:25:01",
            DAY + 3 * HOUR + 25 * MINUTE + 1,
            SECOND,
        );
        check("up 5 min", 5 * MINUTE, MINUTE);
        check("Up 3:25", 3 * HOUR + 25 * MINUTE, MINUTE);
        check("0 seconds", 0, SECOND);
    }

    #[test]
    fn what_is_not_understood_is_no_uptime() {
        for text in [
            "",
            " , ",
            "up",
            "21 Tage, 1 Stunde",
            "21 jours",
            "21 天 1 小时",
            "２１ days",
            "21",
            "days",
            "days 21",
            "-3 days",
            "1.5 days",
            "3 weeks",
            "1 day 2 days",
            "1 hour, 3:25",
            "3:5",
            "3:60",
            "3:25:61",
            "1:2:3:4",
            ":",
            "3:",
            ":25",
            "3 days ago",
            "yesterday up 3 days",
            "up up 3 days",
            "99999999999999999999 days",
            "18446744073709551615 days",
            "36501 days",
            "18446744073709551615 seconds, 1 minute",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_no_uptime_is_beyond_belief(text in "\\PC*") {
            if let Some(uptime) = parse(&text) {
                prop_assert!(uptime.length.as_secs() <= LONGEST);
            }
        }

        #[test]
        fn nor_does_text_that_looks_like_one(
            text in "(up )?([0-9]{1,20}[ :,]?(days?|hour\\(s\\)|min|s|up)?[ ,:]{0,2}){0,6}"
        ) {
            if let Some(uptime) = parse(&text) {
                prop_assert!(uptime.length.as_secs() <= LONGEST);
            }
        }

        #[test]
        fn numbers_survive_in_any_order_and_spelling(
            days in 0_u64..36_000, hours in 0_u64..24, minutes in 0_u64..60, seconds in 0_u64..60,
            reversed: bool, suffix in prop::sample::select(vec!["", "s", "(s)"]),
        ) {
            let mut parts = [
                format!("{days} day{suffix}"), format!("{hours}hour{suffix}"),
                format!("{minutes}  minute{suffix}"), format!("{seconds}second{suffix}"),
            ];
            if reversed {
                parts.reverse();
            }
            let length = days * DAY + hours * HOUR + minutes * MINUTE + seconds;
            check(&parts.join(", "), length, SECOND);
        }
    }
}
