//! The phone's own clock, where its date can mean one day only.
//!
//! Order and notation follow the display settings of the phone, so `08/09/2016` alone could be two
//! days. The weekday beside it tells which; where it does not, there is no clock. Seconds are left
//! out: most phones tell none.

use jiff::civil::{Date, DateTime, Time, Weekday};

/// Reads date and time; `None` unless both are understood.
pub(super) fn parse(date: &str, time: &str) -> Option<DateTime> {
    // Some phones put both into one field.
    let (date, time) = match time.trim().split_once([' ', 'T']) {
        Some((first, second)) if date.is_empty() => (first, second),
        Some(_) | None => (date, time),
    };
    Some(day(date)?.to_datetime(time_of_day(time)?))
}

fn day(text: &str) -> Option<Date> {
    let mut weekday = None;
    let mut numbers = None;
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            if numbers.replace(word).is_some() {
                return None;
            }
            continue;
        }
        weekday = weekday_of(word);
    }
    let mut fields = numbers?.split(['/', '-', '.']);
    let fields = [
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next().unwrap_or(""),
    ];
    let [first, second, third, ""] = fields else {
        return None;
    };
    let mut days = if first.len() == 4 {
        [date(first, second, third), None]
    } else if third.len() == 4 {
        [date(third, first, second), date(third, second, first)]
    } else {
        return None;
    };
    if let Some(weekday) = weekday {
        days = days.map(|day| day.filter(|day| day.weekday() == weekday));
    }
    match days {
        [Some(one), Some(other)] if one != other => None,
        [Some(day), _] | [None, Some(day)] => Some(day),
        [None, None] => None,
    }
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A weekday in English, long or short; other languages do not help to tell the order.
fn weekday_of(word: &str) -> Option<Weekday> {
    let short: String = word
        .chars()
        .take(3)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    Some(match short.as_str() {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// `11:30AM`, `23:30` or `23:30:15`.
fn time_of_day(text: &str) -> Option<Time> {
    let text = text.trim().to_ascii_uppercase();
    let (clock, afternoon) = if let Some(clock) = text.strip_suffix("AM") {
        (clock, Some(false))
    } else if let Some(clock) = text.strip_suffix("PM") {
        (clock, Some(true))
    } else {
        (text.as_str(), None)
    };
    let mut fields = clock.trim().split(':');
    let hour: i8 = fields.next()?.parse().ok()?;
    let minute: i8 = fields.next()?.parse().ok()?;
    if let Some(seconds) = fields.next() {
        seconds
            .parse::<u8>()
            .ok()
            .filter(|seconds| *seconds <= 60)?;
    }
    if fields.next().is_some() {
        return None;
    }
    let hour = match afternoon {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(false) => hour % 12,
        Some(true) => hour % 12 + 12,
    };
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_that_mean_one_day_are_read() {
        let summer = civil::date(2016, 8, 30).at(11, 30, 0, 0);
        let cases = [
            ("Tue 08/30/2016", " 11:30AM"),
            ("Tue 30/08/2016", "11:30 am"),
            ("Tuesday, 30.08.2016", "11:30"),
            ("08/30/2016", "11:30:59"),
            ("Di 30/08/2016", "11:30"),
            ("2016-08-30", "11:30"),
            ("2016/08/30 Tue", "11:30"),
            ("", "2016-08-30 11:30:15"),
            ("", "2016-08-30T11:30:15"),
        ];
        for (date, time) in cases {
            assert_eq!(parse(date, time), Some(summer), "{date:?} {time:?}");
        }
        let either = civil::date(2016, 9, 8).at(0, 5, 0, 0);
        assert_eq!(parse("Thu 09/08/2016", "12:05AM"), Some(either));
        assert_eq!(parse("Thu 08/09/2016", "12:05AM"), Some(either));
        let same = civil::date(2016, 9, 9).at(12, 5, 0, 0);
        assert_eq!(parse("09/09/2016", "12:05 PM"), Some(same));
    }

    #[test]
    fn what_could_mean_another_day_or_time_is_no_clock() {
        let cases = [
            ("08/09/2016", "11:30"),
            ("Do 08/09/2016", "11:30"),
            ("Wed 08/30/2016", "11:30"),
            ("Tue 13/30/2016", "11:30"),
            ("08/30/16", "11:30"),
            ("Tue Aug 30", "11:30"),
            ("08/30/2016/1", "11:30"),
            ("08/30/2016 08/30/2016", "11:30"),
            ("2016-08-30", ""),
            ("2016-08-30", "24:00"),
            ("2016-08-30", "13:30PM"),
            ("2016-08-30", "0:30AM"),
            ("2016-08-30", "11:60"),
            ("2016-08-30", "11:30:61"),
            ("2016-08-30", "11:30:15:1"),
            ("2016-08-30", "11h30"),
            ("", "11:30"),
            ("", ""),
        ];
        for (date, time) in cases {
            assert_eq!(parse(date, time), None, "{date:?} {time:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(date in "\\PC*", time in "\\PC*") {
            let _any = parse(&date, &time);
        }

        #[test]
        fn nor_does_text_that_looks_like_one(
            date in "(Tue |Sun, )?[0-9]{0,5}[/.-][0-9]{0,5}[/.-][0-9]{0,20}",
            time in "[0-9]{0,4}:[0-9]{0,4}(:[0-9]{0,3})?( ?[AP]M)?",
        ) {
            let _any = parse(&date, &time);
        }
    }
}
