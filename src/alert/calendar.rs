//! Times that come back: hours of weekdays in some zone, except on some dates.
//!
//! Hours are what a clock on a wall there shows. When summer time ends, an hour that is shown twice
//! counts both times; when it begins, an hour that is never shown never comes. Hours may run past
//! midnight; they then belong to the day on which they began.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

/// Hours of weekdays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Where the clock hangs.
    pub zone: TimeZone,
    /// On which days; empty: on all.
    pub weekdays: Box<[Weekday]>,
    /// At which hours; empty: all day.
    pub hours: Box<[Hours]>,
    /// On these dates not: holidays.
    pub except: Box<[Date]>,
}

/// From a time on, up to and without another. If the end is not after the beginning, it is on the
/// next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// When they begin.
    pub from: Time,
    /// When they are over.
    pub to: Time,
}

impl Calendar {
    /// Whether it covers this moment.
    pub fn covers(&self, at: Timestamp) -> bool {
        let shown = self.zone.to_datetime(at);
        let (date, time) = (shown.date(), shown.time());
        if self.hours.is_empty() {
            return self.has(date);
        }
        self.hours.iter().any(|hours| {
            let overnight = hours.to <= hours.from;
            let begun = time >= hours.from && (overnight || time < hours.to);
            let since_yesterday = overnight && time < hours.to;
            begun && self.has(date)
                || since_yesterday && date.yesterday().is_ok_and(|day| self.has(day))
        })
    }

    fn has(&self, date: Date) -> bool {
        let weekday = self.weekdays.is_empty() || self.weekdays.contains(&date.weekday());
        weekday && !self.except.contains(&date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(weekdays: &[Weekday], hours: &[(&str, &str)]) -> Calendar {
        let time = |text: &str| text.parse().expect("a time");
        Calendar {
            zone: TimeZone::get("Europe/Berlin").expect("the system knows the zone"),
            weekdays: weekdays.into(),
            hours: hours
                .iter()
                .map(|(from, to)| Hours {
                    from: time(from),
                    to: time(to),
                })
                .collect(),
            except: Box::default(),
        }
    }

    #[track_caller]
    fn check(calendar: &Calendar, cases: &[(&str, bool)]) {
        for (at, covered) in cases {
            let moment = at.parse().expect("a moment");
            assert_eq!(calendar.covers(moment), *covered, "at {at}");
        }
    }

    #[test]
    fn hours_are_those_of_the_zone_in_summer_and_in_winter() {
        let office = calendar(&[], &[("08:00", "12:00"), ("13:00", "17:00")]);
        let cases = [
            ("2024-07-01T05:59:59Z", false),
            ("2024-07-01T06:00:00Z", true),
            ("2024-07-01T10:00:00Z", false),
            ("2024-07-01T11:00:00Z", true),
            ("2024-01-02T06:00:00Z", false),
            ("2024-01-02T07:00:00Z", true),
        ];
        check(&office, &cases);
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_began() {
        let tuesday_night = calendar(&[Weekday::Tuesday], &[("22:00", "06:00")]);
        let cases = [
            ("2024-07-02T19:59:00Z", false),
            ("2024-07-02T20:00:00Z", true),
            ("2024-07-03T03:59:00Z", true),
            ("2024-07-03T04:00:00Z", false),
            ("2024-07-03T20:00:00Z", false),
            ("2024-07-02T03:00:00Z", false),
        ];
        check(&tuesday_night, &cases);
    }

    #[test]
    fn the_hour_that_is_shown_twice_counts_twice() {
        let night = calendar(&[], &[("02:00", "03:00")]);
        let cases = [
            ("2024-10-27T00:30:00Z", true),
            ("2024-10-27T01:30:00Z", true),
            ("2024-10-27T02:00:00Z", false),
        ];
        check(&night, &cases);
    }

    #[test]
    fn the_hour_that_is_never_shown_never_comes() {
        let night = calendar(&[], &[("02:00", "03:00")]);
        let cases = [
            ("2024-03-31T00:59:59Z", false),
            ("2024-03-31T01:00:00Z", false),
            ("2024-03-31T01:59:59Z", false),
        ];
        check(&night, &cases);
        // One that begins within it begins when the clock has jumped.
        let late = calendar(&[], &[("02:30", "04:00")]);
        check(
            &late,
            &[
                ("2024-03-31T01:00:00Z", true),
                ("2024-03-31T02:00:00Z", false),
            ],
        );
    }

    #[test]
    fn holidays_are_left_out_with_the_night_that_begins_on_them() {
        let night = Calendar {
            except: Box::new(["2024-12-24".parse().expect("a date")]),
            ..calendar(&[], &[("22:00", "06:00")])
        };
        let cases = [
            ("2024-12-24T04:00:00Z", true),
            ("2024-12-24T22:00:00Z", false),
            ("2024-12-25T04:00:00Z", false),
            ("2024-12-25T22:00:00Z", true),
        ];
        check(&night, &cases);
    }

    #[test]
    fn no_hours_are_the_whole_day_and_equal_ones_a_whole_turn() {
        let sunday = calendar(&[Weekday::Sunday], &[]);
        check(
            &sunday,
            &[
                ("2024-07-06T22:00:00Z", true),
                ("2024-07-07T22:00:00Z", false),
            ],
        );
        let turn = calendar(&[Weekday::Sunday], &[("06:00", "06:00")]);
        check(
            &turn,
            &[
                ("2024-07-07T03:00:00Z", false),
                ("2024-07-08T03:59:00Z", true),
            ],
        );
    }
}
