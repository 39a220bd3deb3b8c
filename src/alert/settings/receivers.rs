//! `receivers`: who is told here, of what, how often, and when not.

use std::sync::Arc;

use super::calendars::{self, Calendars, of_clock};
use super::keys;
use super::patterns::{label_names, matching};
use super::reach::Reach;
use super::{email, webhook};
use crate::alert::notify::channel::{Channel, Receiver};
use crate::alert::notify::route::{Quiet, Remind, Route};
use crate::config::read::{
    Files, Findings, Node, Section, Wrong, duration, duration_or_none, quoted, time_zone,
};

/// More alerts than anybody reads in one message.
const MOST_LISTED: u32 = 1000;
/// How many a message lists where nothing else is configured.
const LISTED: usize = 10;

/// The section `receivers`.
pub(super) fn receivers(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
    reach: Reach<'_>,
    calendars: &Calendars<'_>,
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
        let collapse_over =
            section.read(found, "collapse_over", |node| node.number(1, MOST_LISTED));
        let route = route(found, &section, reach, name);
        let quiet = quiet(found, &section, reach, calendars);
        let route = Route { quiet, ..route };
        receivers.extend(channel.map(|channel| {
            Arc::new(Receiver {
                route,
                collapse_over: collapse_over.map_or(LISTED, |over| over.value as usize),
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
        return Err(Wrong::new("is no name of a receiver", mend));
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
            let mend = "add `webhook: …` or `email: …`";
            found.fault(
                section.spot.clone(),
                Wrong::new("has no way to be told", mend),
            );
        }
        (true, false) | (false, true) => {}
    }
    let webhook = section.section(found, "webhook", keys::WEBHOOK);
    let webhook = webhook.and_then(|section| webhook::webhook(found, files, &section));
    let email = section.section(found, "email", keys::EMAIL);
    let email = email.and_then(|section| email::email(found, files, &section));
    match (webhook, email) {
        (Some(webhook), _) => Some(Channel::Webhook(webhook)),
        (None, email) => email.map(|email| Channel::Email(Box::new(email))),
    }
}

fn route(found: &mut Findings, section: &Section<'_>, reach: Reach<'_>, name: &str) -> Route {
    let usual = Route::new(name);
    let matching = matching(found, section, "match", reach);
    let mut group_by = label_names(found, section, "group_by", reach);
    if !section.has("group_by") {
        group_by = usual.group_by;
    }
    let group_wait = section.read(found, "group_wait", duration_or_none);
    let group_interval = section.read(found, "group_interval", duration);
    let remind = section.read(found, "remind_every", remind);
    let urgent = section.read(found, "urgent", Node::flag);
    let route = Route {
        matching,
        group_by,
        group_wait: group_wait.map_or(usual.group_wait, |wait| wait.value),
        group_interval: group_interval.map_or(usual.group_interval, |interval| interval.value),
        remind: remind.map_or(usual.remind, |remind| remind.value),
        urgent: urgent.map_or(usual.urgent, |urgent| urgent.value),
        ..usual
    };
    if let Remind::Every(every) = route.remind
        && every < route.group_interval
        && section.has("remind_every")
    {
        let what = "is shorter than group_interval, before which a group is not told again";
        let wrong = Wrong::new(what, "lengthen it, or shorten group_interval");
        found.warn(section.spot_of("remind_every"), wrong);
    }
    route
}

/// `off`, a length of time, or `daily 08:00 Europe/Berlin`.
fn remind(node: &Node) -> Result<Remind, Wrong> {
    const MEND: &str = "write off, a length of time, or daily with time and zone, as \
                        `daily 08:00 Europe/Berlin`";
    let text = node
        .text()
        .map_err(|_other_type| node.is_not("a time to remind", MEND))?;
    if text == "off" {
        return Ok(Remind::Never);
    }
    let Some(daily) = text.strip_prefix("daily") else {
        let every = duration(node).map_err(|wrong| Wrong {
            mend: MEND.to_owned(),
            ..wrong
        });
        return every.map(Remind::Every);
    };
    let (at, zone) = daily
        .trim()
        .split_once(' ')
        .ok_or_else(|| Wrong::new(format!("{} lacks time or zone", quoted(text)), MEND))?;
    Ok(Remind::Daily {
        at: of_clock(at)?,
        zone: time_zone(zone.trim())?,
    })
}

/// `quiet_hours`.
fn quiet(
    found: &mut Findings,
    section: &Section<'_>,
    reach: Reach<'_>,
    calendars: &Calendars<'_>,
) -> Option<Quiet> {
    let section = section.section(found, "quiet_hours", keys::QUIET)?;
    match (section.has("outside"), section.has("during")) {
        (true, true) => {
            let wrong = Wrong::new("stands beside `outside`", "keep one of them");
            found.fault(section.spot_of("during"), wrong);
        }
        (false, false) => {
            let mend = "add `outside: CALENDAR` or `during: CALENDAR`";
            found.fault(section.spot.clone(), Wrong::new("says no hours", mend));
        }
        (true, false) | (false, true) => {}
    }
    let calendar = |node: &Node| calendars::named(calendars, node);
    let outside = section.read(found, "outside", calendar);
    let during = section.read(found, "during", calendar);
    let except = matching(found, &section, "except", reach);
    Some(Quiet {
        outside: outside.is_some(),
        calendar: outside.or(during)?.value?,
        except,
    })
}
