//! `api-get_phone_status` and `api-get_time`.
//!
//! The status follows from accounts and lines, so that no test can make a phone that contradicts
//! itself by accident. The many texts of an uptime are here too.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::Call;
use super::answer::Answer;
use crate::sim::behaviour::reading::{DateOrder, Hours, TimeBody, UptimeText};
use crate::sim::spec::Account;
use crate::sim::state::State;
use crate::sim::state::line::Line;
use crate::sim::wire::json::Json;

/// The P-value that switches click-to-dial, which `misc` tells.
const CLICK_TO_DIAL: &str = "1561";

pub(super) fn phone(_call: &Call<'_>, state: &mut State) -> Answer {
    let knobs = &state.behaviour.readings;
    let word = knobs
        .phone_status
        .as_deref()
        .unwrap_or_else(|| status_word(state));
    let clicks = state.value(CLICK_TO_DIAL).as_deref() == Some("1");
    let mut pairs = vec![
        ("response".to_owned(), "success".into()),
        ("body".to_owned(), word.into()),
        ("misc".to_owned(), if clicks { "1" } else { "0" }.into()),
    ];
    if knobs.session_expiring {
        pairs.push(("session_expiring".to_owned(), Json::Bool(false)));
    }
    Answer::json(Json::Object(pairs))
}

fn status_word(state: &State) -> &'static str {
    let any_line = |holds: fn(i64) -> bool| state.lines.iter().any(|line| holds(line.state));
    if any_line(|code| code == Line::RINGING) {
        "ringing"
    } else if any_line(|code| code != Line::IDLE && code != Line::FAILED) {
        "busy"
    } else if state.accounts.iter().any(Account::is_registered) {
        "available"
    } else {
        "unavailable"
    }
}

pub(super) fn time(_call: &Call<'_>, state: &mut State) -> Answer {
    let knobs = &state.behaviour.readings;
    let shown = state.shown_time().to_zoned(TimeZone::UTC);
    if knobs.time == TimeBody::TimeOnly {
        let text = shown.strftime("%Y-%m-%d %H:%M:%S").to_string();
        return Answer::success(Json::object([("time", text.into())]));
    }
    let date = match knobs.date {
        DateOrder::MonthFirst => "%a %m/%d/%Y",
        DateOrder::DayFirst => "%a %d/%m/%Y",
        DateOrder::YearFirst => "%Y-%m-%d %a",
    };
    let time = match knobs.hours {
        Hours::Twelve => " %I:%M%p",
        Hours::TwentyFour => "%H:%M",
    };
    let clock = shown.strftime("%H:%M:%S").to_string();
    let mut pairs = vec![
        ("date".to_owned(), shown.strftime(date).to_string().into()),
        ("time".to_owned(), shown.strftime(time).to_string().into()),
    ];
    if let Some(uptime) = uptime_text(state.uptime(), &knobs.uptime, &clock) {
        pairs.push(("uptime".to_owned(), uptime.into()));
    }
    match knobs.time {
        TimeBody::Guide | TimeBody::TimeOnly => Answer::json(Json::Object(pairs)),
        TimeBody::Enveloped => Answer::success(Json::Object(pairs)),
    }
}

fn uptime_text(uptime: Duration, form: &UptimeText, clock: &str) -> Option<String> {
    let total = uptime.as_secs();
    let (days, hours, minutes) = (total / 86_400, total / 3600 % 24, total / 60 % 60);
    let amounts = [days, hours, minutes, total % 60];
    let text = match form {
        UptimeText::Guide => {
            let names = [" day", " hour", " minute", "second"];
            units(
                amounts,
                names.map(|name| (name.to_owned(), format!("{name}s"))),
            )
        }
        UptimeText::Localised => units(
            amounts,
            [
                (" Tag", " Tage"),
                (" Stunde", " Stunden"),
                (" Minute", " Minuten"),
                ("Sekunde", "Sekunden"),
            ]
            .map(|(one, many)| (one.to_owned(), many.to_owned())),
        ),
        UptimeText::Coarse if days > 0 => format!("{days} day(s)"),
        UptimeText::Coarse if hours > 0 => format!(" {hours}:{minutes:02}"),
        UptimeText::Coarse => format!("{minutes} minute(s)"),
        UptimeText::Unix if days > 0 => format!("{clock} up {days} days"),
        UptimeText::Unix if hours > 0 => format!("{clock} up {hours}:{minutes:02}"),
        UptimeText::Unix => format!("{clock} up {minutes} min"),
        UptimeText::Literal(text) => text.clone(),
        UptimeText::Missing => return None,
    };
    Some(text)
}

/// The guide's sentence: a leading blank, and no units before the first that is not zero.
fn units(amounts: [u64; 4], names: [(String, String); 4]) -> String {
    let parts = amounts.iter().zip(names).enumerate();
    let parts = parts.skip_while(|(position, (amount, _))| **amount == 0 && *position < 3);
    let parts: Vec<String> = parts
        .map(|(_, (amount, (one, many)))| {
            format!("{amount}{}", if *amount == 1 { one } else { many })
        })
        .collect();
    format!(" {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::endpoints::desk::Desk;

    fn check(form: &UptimeText, expected: [(u64, &str); 4]) {
        for (seconds, expect) in expected {
            let text = uptime_text(Duration::from_secs(seconds), form, "21:06:47");
            assert_eq!(text.as_deref(), Some(expect), "{form:?} {seconds}");
        }
    }

    #[test]
    fn each_uptime_is_told_as_its_firmware_does() {
        let moments = [1_821_023, 3661, 1020, 0];
        let with = |texts: [&'static str; 4]| {
            let mut texts = texts.into_iter();
            moments.map(|moment| (moment, texts.next().unwrap()))
        };
        check(
            &UptimeText::Guide,
            with([
                " 21 days, 1 hour, 50 minutes, 23seconds",
                " 1 hour, 1 minute, 1second",
                " 17 minutes, 0seconds",
                " 0seconds",
            ]),
        );
        check(
            &UptimeText::Coarse,
            with(["21 day(s)", " 1:01", "17 minute(s)", "0 minute(s)"]),
        );
        check(
            &UptimeText::Unix,
            with([
                "21:06:47 up 21 days",
                "21:06:47 up 1:01",
                "21:06:47 up 17 min",
                "21:06:47 up 0 min",
            ]),
        );
        check(
            &UptimeText::Localised,
            with([
                " 21 Tage, 1 Stunde, 50 Minuten, 23Sekunden",
                " 1 Stunde, 1 Minute, 1Sekunde",
                " 17 Minuten, 0Sekunden",
                " 0Sekunden",
            ]),
        );
        check(&UptimeText::Literal("?".into()), with(["?"; 4]));
        assert_eq!(uptime_text(Duration::ZERO, &UptimeText::Missing, ""), None);
    }

    #[test]
    fn the_status_follows_accounts_and_lines_or_the_knob() {
        let mut desk = Desk::logged_in();
        let mut check = |word: &str, change: fn(&mut State)| {
            change(&mut desk.state);
            let answer = desk.json("api-get_phone_status");
            assert_eq!(
                answer,
                json!({ "response": "success", "body": word, "misc": "0" })
            );
        };
        check("available", |_| ());
        check("busy", |state| state.lines[0].state = Line::HOLD);
        check("ringing", |state| state.lines[1].ring("", "1"));
        check("unavailable", |state| {
            state.lines.clear();
            state.accounts.clear();
        });
        check("preview", |state| {
            state.behaviour.readings.phone_status = Some("preview".into());
        });
        desk.state.set_value("1561", "1");
        desk.state.behaviour.readings.session_expiring = true;
        let answer = desk.json("api-get_phone_status");
        assert_eq!(
            (&answer["misc"], &answer["session_expiring"]),
            (&json!("1"), &json!(false))
        );
    }

    #[test]
    fn the_time_is_told_in_each_form() {
        let mut desk = Desk::logged_in();
        desk.state.set_uptime(Duration::from_secs(1_821_023));
        let uptime = " 21 days, 1 hour, 50 minutes, 23seconds";
        desk.check(
            "api-get_time",
            &json!({ "date": "Tue 08/30/2016", "time": " 11:30AM", "uptime": uptime }),
        );
        desk.state.clock_ahead = jiff::SignedDuration::from_hours(12);
        for (date, hours, expect_date, expect_time) in [
            (
                DateOrder::MonthFirst,
                Hours::Twelve,
                "Tue 08/30/2016",
                " 11:30PM",
            ),
            (
                DateOrder::DayFirst,
                Hours::TwentyFour,
                "Tue 30/08/2016",
                "23:30",
            ),
            (
                DateOrder::YearFirst,
                Hours::TwentyFour,
                "2016-08-30 Tue",
                "23:30",
            ),
        ] {
            desk.state.behaviour.readings.date = date;
            desk.state.behaviour.readings.hours = hours;
            let answer = desk.json("api-get_time");
            assert_eq!(
                (&answer["date"], &answer["time"]),
                (&json!(expect_date), &json!(expect_time))
            );
        }
        desk.state.behaviour.readings.time = TimeBody::Enveloped;
        assert_eq!(desk.json("api-get_time")["body"]["uptime"], uptime);
        desk.state.behaviour.readings.time = TimeBody::TimeOnly;
        desk.check(
            "api-get_time",
            &json!({ "response": "success", "body": { "time": "2016-08-30 23:30:00" } }),
        );
    }
}
