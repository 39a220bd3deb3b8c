//! Time intervals: times of the day, weekdays, days of the month, months and years, as Alertmanager
//! means them.
//!
//! A moment is in an interval if each of its lists names it; a list that is left out names every
//! moment. Ranges include both ends, times of the day exclude the end. Times are what a clock at the
//! location shows. When summer time ends, an hour that is shown twice counts both times; when it
//! begins, an hour that is never shown never comes.
//!
//! Beyond Alertmanager, times may end on the next day: `22:00` to `06:00`. They belong to the day on
//! which they begin, whose weekday, day, month and year decide.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Some time intervals, of which any may name a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeIntervals(pub Box<[TimeInterval]>);

/// A time interval with its name: any of its parts names a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeInterval {
    /// Unique.
    pub name: Box<str>,
    /// At least one.
    pub parts: Box<[Part]>,
}

/// One entry of `time_intervals` of a time interval: all of its lists must name a moment. An empty
/// list names every moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Times of the day.
    pub times: Box<[TimeRange]>,
    /// Days of the week, from 0 for Sunday.
    pub weekdays: Box<[Range]>,
    /// Days of the month; negative ones count from its end, where -1 is the last.
    pub days_of_month: Box<[Range]>,
    /// Months, from 1 for January.
    pub months: Box<[Range]>,
    /// Years.
    pub years: Box<[Range]>,
    /// Where the clock and the calendar hang.
    pub location: TimeZone,
}

/// Minutes of a day, from the first up to and without the last. If the last is not above the first,
/// it is one of the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// When it begins, below [`DAY`].
    pub start: i16,
    /// When it ends, at most [`DAY`].
    pub end: i16,
}

/// Numbers from the first up to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub first: i16,
    /// The last.
    pub last: i16,
}

/// How many minutes a day has.
pub const DAY: i16 = 24 * 60;

/// The days of the week by number.
pub const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

/// The months by number, from 1.
pub const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl TimeIntervals {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them contains this moment.
    pub fn contain(&self, at: Timestamp) -> bool {
        self.0.iter().any(|interval| interval.contains(at))
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|interval| &*interval.name)
    }
}

impl TimeInterval {
    /// Whether it contains this moment.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.parts.iter().any(|part| part.contains(at))
    }
}

impl Part {
    /// Every moment, as a clock at this location shows it.
    pub fn always(location: TimeZone) -> Self {
        Self {
            times: Box::default(),
            weekdays: Box::default(),
            days_of_month: Box::default(),
            months: Box::default(),
            years: Box::default(),
            location,
        }
    }

    /// Whether it contains this moment.
    pub fn contains(&self, at: Timestamp) -> bool {
        let shown = self.location.to_datetime(at);
        let date = shown.date();
        if self.times.is_empty() {
            return self.has(date);
        }
        let minute = i16::from(shown.hour()) * 60 + i16::from(shown.minute());
        self.times.iter().any(|times| {
            let overnight = times.end <= times.start;
            let begun = minute >= times.start && (overnight || minute < times.end);
            let since_yesterday = overnight && minute < times.end;
            begun && self.has(date)
                || since_yesterday && date.yesterday().is_ok_and(|day| self.has(day))
        })
    }

    /// Whether times may begin on this date.
    fn has(&self, date: Date) -> bool {
        let weekday = i16::from(date.weekday().to_sunday_zero_offset());
        let days = i16::from(date.days_in_month());
        let day = i16::from(date.day());
        let any = |ranges: &[Range], number| {
            ranges.is_empty() || ranges.iter().any(|range| range.contains(number))
        };
        any(&self.weekdays, weekday)
            && (self.days_of_month.is_empty()
                || self
                    .days_of_month
                    .iter()
                    .any(|range| range.of_month(days).contains(day)))
            && any(&self.months, date.month().into())
            && any(&self.years, date.year())
    }
}

impl Range {
    fn contains(self, number: i16) -> bool {
        (self.first..=self.last).contains(&number)
    }

    /// The same in a month of so many days. What lies beyond its end or before its beginning names
    /// no day.
    fn of_month(self, days: i16) -> Self {
        let day = |number: i16| {
            if number < 0 {
                days + number + 1
            } else {
                number
            }
        };
        Self {
            first: day(self.first),
            last: day(self.last),
        }
    }
}

impl fmt::Display for Part {
    /// As people read it: `monday:friday 08:00-18:00 Europe/Berlin`; `always` without any list.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = |number: i16| number.to_string();
        let mut words = Vec::new();
        words.extend(listed(&self.years, numbers));
        words.extend(listed(&self.months, |number| named(&MONTHS, number - 1)));
        let days = listed(&self.days_of_month, numbers);
        words.extend(days.map(|days| format!("days {days}")));
        words.extend(listed(&self.weekdays, |number| named(&WEEKDAYS, number)));
        let times: Vec<_> = self.times.iter().map(ToString::to_string).collect();
        words.extend((!times.is_empty()).then(|| times.join(", ")));
        if words.is_empty() {
            return f.write_str("always");
        }
        words.extend(self.location.iana_name().map(str::to_owned));
        f.write_str(&words.join(" "))
    }
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start, self.end);
        let clock = |f: &mut fmt::Formatter<'_>, minutes: i16| {
            write!(f, "{:02}:{:02}", minutes / 60, minutes % 60)
        };
        clock(f, start)?;
        f.write_str("-")?;
        clock(f, end)
    }
}

/// Ranges with a word for each end; `None` for an empty list.
fn listed(ranges: &[Range], word: impl Fn(i16) -> String) -> Option<String> {
    let ranges: Vec<_> = ranges
        .iter()
        .map(|range| match range {
            Range { first, last } if first == last => word(*first),
            Range { first, last } => format!("{}:{}", word(*first), word(*last)),
        })
        .collect();
    (!ranges.is_empty()).then(|| ranges.join(", "))
}

fn named(names: &[&str], position: i16) -> String {
    let name = usize::try_from(position).ok().and_then(|at| names.get(at));
    name.copied().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn always(location: &str) -> Part {
        Part::always(TimeZone::get(location).expect("the system knows the zone"))
    }

    /// Times as `08:00-18:00`.
    fn times(of: &[&str]) -> Box<[TimeRange]> {
        let minutes = |text: &str| {
            let (hours, minutes) = text.split_once(':').expect("a colon");
            hours.parse::<i16>().expect("hours") * 60 + minutes.parse::<i16>().expect("minutes")
        };
        let range = |text: &&str| {
            let (start, end) = text.split_once('-').expect("a dash");
            TimeRange {
                start: minutes(start),
                end: minutes(end),
            }
        };
        of.iter().map(range).collect()
    }

    fn ranges<const N: usize>(of: [(i16, i16); N]) -> Box<[Range]> {
        of.map(|(first, last)| Range { first, last }).into()
    }

    fn berlin(of: &[&str]) -> Part {
        Part {
            times: times(of),
            ..always("Europe/Berlin")
        }
    }

    #[track_caller]
    fn check(part: &Part, cases: &[(&str, bool)]) {
        for (at, expected) in cases {
            let moment = at.parse().expect("a moment");
            assert_eq!(part.contains(moment), *expected, "{part} at {at}");
        }
    }

    #[test]
    fn each_list_narrows_and_includes_both_ends_but_for_times() {
        let utc = || always("UTC");
        check(&utc(), &[("2024-07-01T00:00:00Z", true)]);
        let office = Part {
            times: times(&["09:00-17:00"]),
            weekdays: ranges([(1, 5)]),
            ..utc()
        };
        check(
            &office,
            &[
                // A Monday and a Friday.
                ("2024-07-01T08:59:59Z", false),
                ("2024-07-01T09:00:00Z", true),
                ("2024-07-05T16:59:59Z", true),
                ("2024-07-05T17:00:00Z", false),
                ("2024-07-06T12:00:00Z", false),
                ("2024-07-07T12:00:00Z", false),
            ],
        );
        let weekend = Part {
            weekdays: ranges([(0, 0), (6, 6)]),
            ..utc()
        };
        check(
            &weekend,
            &[
                ("2024-07-05T23:59:59Z", false),
                ("2024-07-06T00:00:00Z", true),
                ("2024-07-07T23:59:59Z", true),
                ("2024-07-08T00:00:00Z", false),
            ],
        );
        let quarter = Part {
            months: ranges([(1, 3), (12, 12)]),
            years: ranges([(2020, 2023), (2027, 2027)]),
            ..utc()
        };
        check(
            &quarter,
            &[
                ("2019-12-31T23:59:59Z", false),
                ("2020-01-01T00:00:00Z", true),
                ("2023-03-31T23:59:59Z", true),
                ("2023-04-01T00:00:00Z", false),
                ("2023-12-31T23:59:59Z", true),
                ("2024-01-01T00:00:00Z", false),
                ("2027-12-01T00:00:00Z", true),
            ],
        );
    }

    #[test]
    fn a_day_lasts_until_24_00() {
        let late = Part {
            times: times(&["22:30-24:00"]),
            ..always("UTC")
        };
        check(
            &late,
            &[
                ("2024-07-01T22:29:59Z", false),
                ("2024-07-01T23:59:59Z", true),
                ("2024-07-02T00:00:00Z", false),
            ],
        );
    }

    /// The days of this month that the ranges name.
    fn days<const N: usize>(of: [(i16, i16); N], month: &str, location: &str) -> Vec<i8> {
        let part = Part {
            days_of_month: ranges(of),
            ..always(location)
        };
        let first: Date = format!("{month}-01").parse().expect("a date");
        let dates = first.series(jiff::Span::new().days(1));
        let dates = dates.take_while(|date| date.month() == first.month());
        dates
            .filter(|date| {
                let noon = date.at(12, 0, 0, 0).to_zoned(part.location.clone());
                part.contains(noon.expect("a moment").timestamp())
            })
            .map(Date::day)
            .collect()
    }

    #[test]
    fn days_count_from_either_end_of_the_month_and_stay_within_it() {
        // (ranges, month, days): a leap year's February has 29.
        for (of, month, expected) in [
            ((1, 5), "2024-02", vec![1, 2, 3, 4, 5]),
            ((1, 1), "2024-02", vec![1]),
            ((28, 31), "2023-02", vec![28]),
            ((29, 31), "2023-02", vec![]),
            ((29, 31), "2024-02", vec![29]),
            ((31, 31), "2024-04", vec![]),
            ((-1, -1), "2024-02", vec![29]),
            ((-1, -1), "2023-02", vec![28]),
            ((-3, -1), "2024-04", vec![28, 29, 30]),
            ((-31, -28), "2023-02", vec![1]),
            ((-31, -30), "2023-02", vec![]),
            ((26, -2), "2024-04", vec![26, 27, 28, 29]),
            ((27, -1), "2023-02", vec![27, 28]),
            ((1, -28), "2023-02", vec![1]),
        ] {
            assert_eq!(days([of], month, "UTC"), expected, "{of:?} of {month}");
        }
        assert_eq!(days([(1, 2), (-1, -1)], "2024-04", "UTC"), [1, 2, 30]);
    }

    #[test]
    fn a_month_that_loses_an_hour_has_all_its_days() {
        // In March 2024 clocks in Berlin went forward; in October they went back.
        assert_eq!(days([(-1, -1)], "2024-03", "Europe/Berlin"), [31]);
        assert_eq!(days([(-2, -1)], "2024-10", "Europe/Berlin"), [30, 31]);
    }

    #[test]
    fn a_moment_is_taken_to_the_location_first() {
        let new_year = Part {
            years: ranges([(2027, 2027)]),
            months: ranges([(1, 1)]),
            days_of_month: ranges([(1, 1)]),
            ..always("Asia/Tokyo")
        };
        check(
            &new_year,
            &[
                ("2026-12-31T14:59:59Z", false),
                ("2026-12-31T15:00:00Z", true),
                ("2027-01-01T14:59:59Z", true),
                ("2027-01-01T15:00:00Z", false),
            ],
        );
    }

    #[test]
    fn times_are_those_of_the_location_in_summer_and_in_winter() {
        let office = berlin(&["08:00-12:00", "13:00-17:00"]);
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
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let tuesday_night = Part {
            weekdays: ranges([(2, 2)]),
            ..berlin(&["22:00-06:00"])
        };
        let cases = [
            ("2024-07-02T19:59:00Z", false),
            ("2024-07-02T20:00:00Z", true),
            ("2024-07-03T03:59:00Z", true),
            ("2024-07-03T04:00:00Z", false),
            ("2024-07-03T20:00:00Z", false),
            ("2024-07-02T03:00:00Z", false),
        ];
        check(&tuesday_night, &cases);
        let new_years_eve = Part {
            years: ranges([(2026, 2026)]),
            months: ranges([(12, 12)]),
            days_of_month: ranges([(-1, -1)]),
            ..berlin(&["22:00-06:00"])
        };
        let cases = [
            ("2026-12-31T03:00:00Z", false),
            ("2026-12-31T22:00:00Z", true),
            ("2027-01-01T04:59:00Z", true),
            ("2027-01-01T22:00:00Z", false),
        ];
        check(&new_years_eve, &cases);
    }

    #[test]
    fn the_hour_that_is_shown_twice_counts_twice() {
        let cases = [
            ("2024-10-27T00:30:00Z", true),
            ("2024-10-27T01:30:00Z", true),
            ("2024-10-27T02:00:00Z", false),
        ];
        check(&berlin(&["02:00-03:00"]), &cases);
    }

    #[test]
    fn the_hour_that_is_never_shown_never_comes() {
        let cases = [
            ("2024-03-31T00:59:59Z", false),
            ("2024-03-31T01:00:00Z", false),
            ("2024-03-31T01:59:59Z", false),
        ];
        check(&berlin(&["02:00-03:00"]), &cases);
        // One that begins within it begins when the clock has jumped.
        let cases = [
            ("2024-03-31T01:00:00Z", true),
            ("2024-03-31T02:00:00Z", false),
        ];
        check(&berlin(&["02:30-04:00"]), &cases);
    }

    #[test]
    fn times_that_end_where_they_begin_last_a_whole_turn() {
        let turn = Part {
            weekdays: ranges([(0, 0)]),
            ..berlin(&["06:00-06:00"])
        };
        let cases = [
            ("2024-07-07T03:00:00Z", false),
            ("2024-07-07T04:00:00Z", true),
            ("2024-07-08T03:59:00Z", true),
            ("2024-07-08T04:00:00Z", false),
        ];
        check(&turn, &cases);
    }

    #[test]
    fn any_part_of_any_interval_names_a_moment() {
        let interval = |name: &str, parts: &[&str]| TimeInterval {
            name: name.into(),
            parts: parts.iter().map(|of| berlin(&[*of])).collect(),
        };
        let some = TimeIntervals(Box::new([
            interval("morning", &["06:00-07:00", "08:00-09:00"]),
            interval("evening", &["18:00-19:00"]),
        ]));
        let contain = |at: &str| some.contain(at.parse().expect("a moment"));
        let at = |hour: i8| contain(&format!("2024-07-01T{:02}:30:00Z", hour - 2));
        assert_eq!([6, 7, 8, 18, 19].map(at), [true, false, true, true, false]);
        assert!(!TimeIntervals::default().contain("2024-07-01T00:00:00Z".parse().expect("one")));
    }

    #[test]
    fn a_part_is_shown_as_it_is_written() {
        let part = Part {
            times: times(&["22:00-24:00", "00:00-06:00"]),
            weekdays: ranges([(1, 5), (0, 0)]),
            days_of_month: ranges([(-3, -1)]),
            months: ranges([(1, 3), (12, 12)]),
            years: ranges([(2027, 2029)]),
            ..always("Europe/Berlin")
        };
        assert_eq!(
            part.to_string(),
            "2027:2029 january:march, december days -3:-1 monday:friday, sunday \
             22:00-24:00, 00:00-06:00 Europe/Berlin"
        );
        assert_eq!(always("UTC").to_string(), "always");
    }
}
