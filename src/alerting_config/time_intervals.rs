//! `time_intervals`, in Alertmanager's shape, and `maintenance_windows`, which name them.

use jiff::tz::TimeZone;

use super::keys;
use super::match_scope::MatchScope;
use super::patterns::matching;
use crate::alerts::silence::Window;
use crate::config::read::{Findings, Node, Section, Spot, Wrong, mend, name, quoted, time_zone};
use crate::rules::time_interval::{
    DAY, MONTHS, Part, Range, TimeInterval, TimeIntervals, TimeRange, WEEKDAYS,
};

/// The intervals that are defined, in their order; without parts where they have faults, which have
/// been told.
pub(super) struct Defined(Vec<TimeInterval>);

/// The section `time_intervals`.
pub(super) fn time_intervals(found: &mut Findings, section: &Section<'_>) -> Defined {
    let mut defined: Vec<TimeInterval> = Vec::new();
    for (spot, node) in section.items(found, "time_intervals").unwrap_or_default() {
        let Some(section) = Section::open(found, spot, node, keys::TIME_INTERVAL) else {
            continue;
        };
        section.require(found, "name");
        section.require(found, "time_intervals");
        let is_taken = |name: &str| defined.iter().any(|interval| *interval.name == *name);
        let name = section.read(found, "name", |node| {
            unique(node, "time interval", is_taken)
        });
        let parts = parts(found, &section);
        defined.extend(name.map(|name| TimeInterval {
            name: name.value,
            parts: parts.into(),
        }));
    }
    Defined(defined)
}

/// A name that nothing else of its kind has.
fn unique(node: &Node, kind: &str, is_taken: impl Fn(&str) -> bool) -> Result<Box<str>, Wrong> {
    let name = name(node)?;
    if is_taken(&name) {
        let what = format!("{} is the name of another {kind}", quoted(&name));
        return Err(Wrong::new(what, "choose another name"));
    }
    Ok(name)
}

/// `time_intervals` of a time interval.
fn parts(found: &mut Findings, section: &Section<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    for (spot, node) in items(found, section, "time_intervals") {
        let part = Section::open(found, spot, node, keys::PART);
        parts.extend(part.map(|section| part_of(found, &section)));
    }
    parts
}

fn part_of(found: &mut Findings, section: &Section<'_>) -> Part {
    let location = section.read(found, "location", |node| time_zone(node.text()?));
    let mut ranges = |key, read: fn(&Node) -> Result<Range, Wrong>| -> Box<[Range]> {
        read_items(found, section, key, read).into()
    };
    Part {
        weekdays: ranges("weekdays", weekdays),
        days_of_month: ranges("days_of_month", days_of_month),
        months: ranges("months", months),
        years: ranges("years", years),
        times: times(found, section),
        location: location.map_or(TimeZone::UTC, |location| location.value),
    }
}

/// The items of a list, which must not be empty: in Alertmanager an empty one names no moment.
fn items<'a>(
    found: &mut Findings,
    section: &Section<'a>,
    key: &'static str,
) -> Vec<(Spot, &'a Node)> {
    let items = section.items(found, key);
    if items.as_ref().is_some_and(Vec::is_empty) {
        let wrong = Wrong::new("is empty", "write at least one, or remove the key");
        found.fault(section.spot_of(key), wrong);
    }
    items.unwrap_or_default()
}

/// The same, each as `read` understands it.
fn read_items<T>(
    found: &mut Findings,
    section: &Section<'_>,
    key: &'static str,
    read: impl Fn(&Node) -> Result<T, Wrong>,
) -> Vec<T> {
    let items = items(found, section, key).into_iter();
    items
        .filter_map(|(spot, node)| found.keep(spot, read(node)))
        .collect()
}

/// `times`.
fn times(found: &mut Findings, section: &Section<'_>) -> Box<[TimeRange]> {
    let mut times = Vec::new();
    for (spot, node) in items(found, section, "times") {
        let Some(section) = Section::open(found, spot, node, keys::TIMES) else {
            continue;
        };
        section.require(found, "start_time");
        section.require(found, "end_time");
        let start = section.read(found, "start_time", start_time);
        let end = section.read(found, "end_time", |node| time_of_day(node.text()?));
        times.extend(start.zip(end).map(|(start, end)| TimeRange {
            start: start.value,
            end: end.value,
        }));
    }
    times.into()
}

fn start_time(node: &Node) -> Result<i16, Wrong> {
    match time_of_day(node.text()?)? {
        DAY => Err(Wrong::new("is the end of a day", "write \"00:00\"")),
        start => Ok(start),
    }
}

/// Minutes since midnight, from a time as a clock on a wall shows it; 24:00 is the end of the day.
pub(super) fn time_of_day(text: &str) -> Result<i16, Wrong> {
    let wrong = || {
        let what = format!("{} is not a time of day", quoted(text));
        Wrong::new(what, "write it as \"08:00\"")
    };
    let [h1, h2, b':', m1, m2] = text.as_bytes() else {
        return Err(wrong());
    };
    let digit = |byte: &u8| i16::try_from(char::from(*byte).to_digit(10)?).ok();
    let number = |tens, ones| Some(digit(tens)? * 10 + digit(ones)?);
    match (number(h1, h2), number(m1, m2)) {
        (Some(24), Some(0)) => Ok(DAY),
        (Some(hour @ 0..24), Some(minute @ 0..60)) => Ok(hour * 60 + minute),
        _ => Err(wrong()),
    }
}

fn weekdays(node: &Node) -> Result<Range, Wrong> {
    const HELP: &str = "write sunday to saturday, or a range such as monday:friday";
    let position = |word: &str| WEEKDAYS.iter().position(|day| *day == word);
    let day = |word: &str| i16::try_from(position(word)?).ok();
    let range = range(node, "a weekday", HELP, day)?;
    in_order(range, "write two ranges: a week begins with sunday")
}

fn months(node: &Node) -> Result<Range, Wrong> {
    const HELP: &str = "write january to december, 1 to 12, or a range such as january:march";
    let position = |word: &str| MONTHS.iter().position(|month| *month == word);
    let month = |word: &str| {
        let named = position(word).and_then(|at| i16::try_from(at + 1).ok());
        let number = word.parse().ok().filter(|number| (1..=12).contains(number));
        named.or(number)
    };
    let range = range(node, "a month", HELP, month)?;
    in_order(range, "write two ranges: a year begins with january")
}

fn years(node: &Node) -> Result<Range, Wrong> {
    const HELP: &str = "write it as 2027, or a range as 2027:2029";
    let year = |word: &str| word.parse().ok().filter(|year| (1..=9999).contains(year));
    let range = range(node, "a year", HELP, year)?;
    in_order(range, "write the earlier one first")
}

fn days_of_month(node: &Node) -> Result<Range, Wrong> {
    const HELP: &str = "write 1 to 31, -1 to -31 from the end, or a range such as 1:5 or -3:-1";
    /// The shortest month.
    const SHORTEST: i16 = 28;
    let known = |day: &i16| *day != 0 && (-31..=31).contains(day);
    let day = |word: &str| word.parse().ok().filter(known);
    let range = range(node, "a day of the month", HELP, day)?;
    if range.first < 0 && range.last > 0 {
        let what = "begins at the end of a month and ends at its beginning";
        return Err(Wrong::new(what, "write two ranges"));
    }
    // What could name no day of the shortest month is a mistake, as in Alertmanager.
    let place = |day: i16| if day < 0 { SHORTEST + day } else { day };
    if place(range.first) > place(range.last) {
        let what = "ends before it begins, at least in February";
        return Err(Wrong::new(what, HELP));
    }
    Ok(range)
}

/// One word, or two with a colon between them, in any case; a number may stand without quotes.
fn range(
    node: &Node,
    what: &str,
    help: &str,
    read: impl Fn(&str) -> Option<i16>,
) -> Result<Range, Wrong> {
    let text = node.plain().ok_or_else(|| node.is_not(what, help))?;
    let word = |word: &str| {
        let known = read(&word.to_lowercase());
        known.ok_or_else(|| Wrong::new(format!("{} is not {what}", quoted(text)), help))
    };
    match text.split_once(':') {
        None => word(text).map(|only| Range {
            first: only,
            last: only,
        }),
        Some((first, last)) => Ok(Range {
            first: word(first)?,
            last: word(last)?,
        }),
    }
}

fn in_order(range: Range, help: &str) -> Result<Range, Wrong> {
    if range.first > range.last {
        return Err(Wrong::new("ends before it begins", help));
    }
    Ok(range)
}

impl Defined {
    /// The intervals that the list behind `key` names. One with faults, which have been told, is left
    /// out.
    pub(super) fn named(
        &self,
        found: &mut Findings,
        section: &Section<'_>,
        key: &'static str,
    ) -> TimeIntervals {
        let named = read_items(found, section, key, |node| self.find(node));
        let named = named.into_iter().filter(|one| !one.parts.is_empty());
        TimeIntervals(named.collect())
    }

    fn find(&self, node: &Node) -> Result<TimeInterval, Wrong> {
        let name = node.text()?;
        let interval = self.0.iter().find(|interval| *interval.name == *name);
        interval.cloned().ok_or_else(|| {
            let known = self.0.iter().map(|interval| &*interval.name);
            let what = format!("{} is not a time interval", quoted(name));
            Wrong::new(what, mend(name, known, "define it under `time_intervals`"))
        })
    }
}

/// `maintenance_windows`.
pub(super) fn maintenance_windows(
    found: &mut Findings,
    scope: MatchScope<'_>,
    section: &Section<'_>,
    defined: &Defined,
) -> Box<[Window]> {
    let mut windows: Vec<Window> = Vec::new();
    let listed = section.items(found, "maintenance_windows");
    for (spot, node) in listed.unwrap_or_default() {
        let Some(section) = Section::open(found, spot, node, keys::MAINTENANCE_WINDOW) else {
            continue;
        };
        section.require(found, "name");
        section.require(found, "active_time_intervals");
        let is_taken = |name: &str| windows.iter().any(|window| *window.name == *name);
        let name = section.read(found, "name", |node| {
            unique(node, "maintenance window", is_taken)
        });
        let matching = matching(found, &section, "matchers", scope);
        let when = defined.named(found, &section, "active_time_intervals");
        windows.extend(name.map(|name| Window {
            name: name.value,
            when,
            matching,
        }));
    }
    windows.into()
}
