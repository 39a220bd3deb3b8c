//! `receivers`: who is told here, of what, how often, and when not.

use std::sync::Arc;

use jiff::civil::Time;

use super::keys;
use super::match_scope::MatchScope;
use super::patterns::{label_names, matching};
use super::time_intervals::{Defined, time_of_day};
use super::{email, webhook};
use crate::config::read::{
    Files, Findings, Node, Section, Wrong, duration, duration_or_none, quoted, time_zone,
};
use crate::notify::channel::{Channel, Receiver};
use crate::notify::route::{MuteTimes, RepeatInterval, Route};

/// More alerts than anybody reads in one message.
const MOST_LISTED: u32 = 1000;
/// How many a notification lists where nothing else is configured.
const LISTED: usize = 10;

/// The section `receivers`.
pub(super) fn receivers(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
    scope: MatchScope<'_>,
    intervals: &Defined,
) -> Vec<Arc<Receiver>> {
    let mut receivers = Vec::new();
    for (spot, name, node) in section.named(found, "receivers") {
        if let Err(wrong) = check_name(name) {
            found.fault(spot.clone(), wrong);
        }
        let Some(section) = Section::open(found, spot, node, keys::RECEIVER) else {
            continue;
        };
        let channel = channel(found, files, &section);
        let listed = section.read(found, "max_listed_alerts", |node| {
            node.number(1, MOST_LISTED)
        });
        let route = route(found, &section, scope, name);
        let mute = mute_times(found, &section, scope, intervals);
        let route = Route { mute, ..route };
        receivers.extend(channel.map(|channel| {
            Arc::new(Receiver {
                route,
                max_listed_alerts: listed.map_or(LISTED, |listed| listed.value as usize),
                channel,
            })
        }));
    }
    receivers
}

/// It names series, log lines and commands.
fn check_name(name: &str) -> Result<(), Wrong> {
    /// Longer ones fit no table.
    const LONGEST: usize = 64;
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(usual) {
        let mend = format!("use 1 to {LONGEST} letters, digits, `_`, `-` and `.`");
        return Err(Wrong::new("is not a name for a receiver", mend));
    }
    Ok(())
}

fn channel(found: &mut Findings, files: &mut Files<'_>, section: &Section<'_>) -> Option<Channel> {
    match (section.has("webhook"), section.has("email")) {
        (true, true) => {
            let wrong = Wrong::new("stands beside `webhook`", "make two receivers of it");
            found.fault(section.spot_of("email"), wrong);
        }
        (false, false) => {
            let wrong = Wrong::new(
                "needs exactly one of `webhook` and `email`",
                "add `webhook: …` or `email: …`",
            );
            found.fault(section.spot.clone(), wrong);
        }
        (true, false) | (false, true) => {}
    }
    let webhook = section.section(found, "webhook", keys::WEBHOOK);
    let webhook = webhook.and_then(|section| webhook::webhook(found, files, &section));
    let email = section.section(found, "email", keys::EMAIL);
    let email = email.and_then(|section| email::email(found, files, &section));
    match (webhook, email) {
        (Some(webhook), _) => Some(Channel::Webhook(Box::new(webhook))),
        (None, email) => email.map(|email| Channel::Email(Box::new(email))),
    }
}

fn route(found: &mut Findings, section: &Section<'_>, scope: MatchScope<'_>, name: &str) -> Route {
    let usual = Route::new(name);
    let matching = matching(found, section, "matchers", scope);
    let mut group_by = label_names(found, section, "group_by", scope);
    if !section.has("group_by") {
        group_by = usual.group_by;
    }
    let group_wait = section.read(found, "group_wait", duration_or_none);
    let group_interval = section.read(found, "group_interval", duration);
    let repeat = section.read(found, "repeat_interval", repeat_interval);
    let mut flag = |key, usual| {
        let flag = section.read(found, key, Node::flag);
        flag.map_or(usual, |flag| flag.value)
    };
    let send_resolved = flag("send_resolved", usual.send_resolved);
    let bypass = flag(
        "critical_bypasses_group_interval",
        usual.critical_bypasses_group_interval,
    );
    let route = Route {
        matching,
        group_by,
        group_wait: group_wait.map_or(usual.group_wait, |wait| wait.value),
        group_interval: group_interval.map_or(usual.group_interval, |interval| interval.value),
        repeat_interval: repeat.map_or(usual.repeat_interval, |repeat| repeat.value),
        send_resolved,
        critical_bypasses_group_interval: bypass,
        ..usual
    };
    if let RepeatInterval::Every(every) = route.repeat_interval
        && every < route.group_interval
        && section.has("repeat_interval")
    {
        let what = "is shorter than group_interval, before which a group is not told again";
        let wrong = Wrong::new(what, "lengthen it, or shorten group_interval");
        found.warn(section.spot_of("repeat_interval"), wrong);
    }
    route
}

/// `off`, a length of time, or `daily 08:00 Europe/Berlin`.
fn repeat_interval(node: &Node) -> Result<RepeatInterval, Wrong> {
    const HELP: &str = "write off, a length of time such as 4h, or daily with time and zone such \
                        as `daily 08:00 Europe/Berlin`";
    let text = node
        .text()
        .map_err(|_other_type| node.is_not("a repeat interval", HELP))?;
    if text == "off" {
        return Ok(RepeatInterval::Off);
    }
    let Some(daily) = text.strip_prefix("daily") else {
        let every = duration(node).map_err(|wrong| Wrong {
            mend: HELP.to_owned(),
            ..wrong
        });
        return every.map(RepeatInterval::Every);
    };
    let (at, zone) = daily
        .trim()
        .split_once(' ')
        .ok_or_else(|| Wrong::new(format!("{} lacks time or zone", quoted(text)), HELP))?;
    Ok(RepeatInterval::Daily {
        at: clock_time(at)?,
        zone: time_zone(zone.trim())?,
    })
}

/// What a clock on a wall shows; 24:00 is midnight.
fn clock_time(text: &str) -> Result<Time, Wrong> {
    let minutes = time_of_day(text)?;
    let part = |number: i16| i8::try_from(number).unwrap_or_default();
    let (hour, minute) = (part(minutes / 60 % 24), part(minutes % 60));
    Ok(Time::constant(hour, minute, 0, 0))
}

/// `active_time_intervals`, `mute_time_intervals` and `unmuted_matchers`.
fn mute_times(
    found: &mut Findings,
    section: &Section<'_>,
    scope: MatchScope<'_>,
    intervals: &Defined,
) -> MuteTimes {
    const WHEN: [&str; 2] = ["active_time_intervals", "mute_time_intervals"];
    let [active, mute] = WHEN.map(|key| intervals.named(found, section, key));
    if section.has("unmuted_matchers") && !WHEN.iter().any(|key| section.has(key)) {
        let what = "has no effect: the receiver is never muted";
        let help = "add `active_time_intervals` or `mute_time_intervals`, or remove it";
        found.fault(section.spot_of("unmuted_matchers"), Wrong::new(what, help));
    }
    MuteTimes {
        active,
        mute,
        unmuted: matching(found, section, "unmuted_matchers", scope),
    }
}
