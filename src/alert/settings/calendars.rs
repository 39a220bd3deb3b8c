//! `calendars` and `windows`: times that come back, by name or written in place.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::keys;
use super::patterns::{list_of, listed, matching};
use super::reach::Reach;
use crate::alert::calendar::{Calendar, Hours};
use crate::alert::silence::Window;
use crate::config::read::{Findings, Node, Section, Wrong, mend, name, quoted, time_zone, word};

/// `calendars`, by name; `None` for one with faults, which have been told.
pub(super) type Calendars<'a> = BTreeMap<&'a str, Option<Calendar>>;

const WEEKDAYS: &[(&str, Weekday)] = &[
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The section `calendars`.
pub(super) fn calendars<'a>(found: &mut Findings, section: &Section<'a>) -> Calendars<'a> {
    let mut calendars = Calendars::new();
    for (spot, name, node) in section.named(found, "calendars") {
        let calendar = Section::open(found, spot, node, keys::CALENDAR)
            .and_then(|section| calendar(found, &section));
        calendars.insert(name, calendar);
    }
    calendars
}

fn calendar(found: &mut Findings, section: &Section<'_>) -> Option<Calendar> {
    let (zone, weekdays, except) = days(found, section);
    let hours = list_of(found, section, "hours", hours);
    Some(Calendar {
        zone: zone?,
        weekdays,
        hours: hours.into_iter().map(|(_, hours)| hours).collect(),
        except,
    })
}

/// `zone`, `weekdays` and `except`, which calendars and windows share.
fn days(
    found: &mut Findings,
    section: &Section<'_>,
) -> (Option<TimeZone>, Box<[Weekday]>, Box<[Date]>) {
    section.require(found, "zone");
    let zone = section.read(found, "zone", |node| time_zone(node.text()?));
    let weekdays = list_of(found, section, "weekdays", |node| word(node, WEEKDAYS));
    let except = listed(found, section, "except", date);
    (
        zone.map(|zone| zone.value),
        weekdays.into_iter().map(|(_, day)| day).collect(),
        except.into(),
    )
}

/// As `08:00-18:00`.
fn hours(node: &Node) -> Result<Hours, Wrong> {
    const MEND: &str = "write them as \"08:00-18:00\"";
    let text = node
        .text()
        .map_err(|_other_type| node.is_not("hours of a day", MEND))?;
    let (from, to) = text
        .split_once('-')
        .ok_or_else(|| Wrong::new(format!("{} are no hours", quoted(text)), MEND))?;
    let (from, to) = (of_clock(from.trim())?, of_clock(to.trim())?);
    not_the_same(Hours { from, to })
}

fn not_the_same(hours: Hours) -> Result<Hours, Wrong> {
    if hours.from == hours.to {
        let what = "begin and end at the same time";
        return Err(Wrong::new(what, "leave the hours out for the whole day"));
    }
    Ok(hours)
}

/// As a clock on a wall shows it; 24:00 is the end of the day.
pub(super) fn of_clock(text: &str) -> Result<Time, Wrong> {
    let wrong = || {
        let what = format!("{} is no time of day", quoted(text));
        Wrong::new(what, "write it as \"08:00\"")
    };
    let [h1, h2, b':', m1, m2] = text.as_bytes() else {
        return Err(wrong());
    };
    let digit = |byte: &u8| {
        let digit = char::from(*byte).to_digit(10)?;
        i8::try_from(digit).ok()
    };
    let number = |tens, ones| Some(digit(tens)? * 10 + digit(ones)?);
    match (number(h1, h2), number(m1, m2)) {
        (Some(24), Some(0)) => Ok(Time::midnight()),
        (Some(hour), Some(minute)) => {
            Time::new(hour, minute, 0, 0).map_err(|_out_of_range| wrong())
        }
        _ => Err(wrong()),
    }
}

fn date(node: &Node) -> Result<Date, Wrong> {
    let text = node.text()?;
    text.parse().map_err(|_unparsed| {
        let what = format!("{} is no date", quoted(text));
        Wrong::new(what, "write it as 2027-01-01")
    })
}

/// The calendar of this name.
pub(super) fn named(calendars: &Calendars<'_>, node: &Node) -> Result<Option<Calendar>, Wrong> {
    let name = node.text()?;
    calendars.get(name).cloned().ok_or_else(|| {
        let known = calendars.keys().copied();
        let what = format!("{} is no calendar", quoted(name));
        Wrong::new(what, mend(name, known, "define it under `calendars`"))
    })
}

/// `windows`.
pub(super) fn windows(
    found: &mut Findings,
    reach: Reach<'_>,
    section: &Section<'_>,
    calendars: &Calendars<'_>,
) -> Box<[Window]> {
    let mut windows: Vec<Window> = Vec::new();
    for (spot, node) in section.items(found, "windows").unwrap_or_default() {
        let Some(section) = Section::open(found, spot, node, keys::WINDOW) else {
            continue;
        };
        section.require(found, "name");
        let name = section.read(found, "name", |node| {
            let name = name(node)?;
            if windows.iter().any(|window| window.name == name) {
                let what = format!("{} is the name of another window", quoted(&name));
                return Err(Wrong::new(what, "choose another name"));
            }
            Ok(name)
        });
        let matching = matching(found, &section, "match", reach);
        let when = times(found, &section, calendars);
        windows.extend(name.zip(when).map(|(name, when)| Window {
            name: name.value,
            when,
            matching,
        }));
    }
    windows.into()
}

/// `every` or `calendar` of a window.
fn times(
    found: &mut Findings,
    section: &Section<'_>,
    calendars: &Calendars<'_>,
) -> Option<Calendar> {
    match (section.has("every"), section.has("calendar")) {
        (true, true) => {
            let wrong = Wrong::new("stands beside `every`", "keep one of them");
            found.fault(section.spot_of("calendar"), wrong);
        }
        (false, false) => {
            let mend = "add `every: …` or `calendar: …`";
            found.fault(section.spot.clone(), Wrong::new("says no times", mend));
        }
        (true, false) | (false, true) => {}
    }
    let named = section.read(found, "calendar", |node| named(calendars, node));
    let every = section.section(found, "every", keys::EVERY);
    let every = every.and_then(|every| {
        let (zone, weekdays, except) = days(found, &every);
        let hours = from_to(found, &every)?;
        Some(Calendar {
            zone: zone?,
            weekdays,
            hours,
            except,
        })
    });
    every.or_else(|| named?.value)
}

/// `from` and `to`, which belong together; the whole day without them.
fn from_to(found: &mut Findings, every: &Section<'_>) -> Option<Box<[Hours]>> {
    for (key, other) in [("from", "to"), ("to", "from")] {
        if every.has(key) && !every.has(other) {
            let what = format!("needs `{other}`");
            let mend = "write both, or neither for the whole day";
            found.fault(every.spot_of(key), Wrong::new(what, mend));
            return None;
        }
    }
    let mut time = |key| every.read(found, key, |node| of_clock(node.text()?));
    let (from, to) = (time("from"), time("to"));
    if !every.has("from") {
        return Some(Box::default());
    }
    let (from, to) = (from?.value, to?.value);
    let hours = found.keep(every.spot_of("to"), not_the_same(Hours { from, to }))?;
    Some(Box::new([hours]))
}
