//! The keys `poll`: how often a phone is read, and how long that may take.

use std::time::Duration;

use super::duration::{duration, shown};
use super::fault::{Findings, Wrong};
use super::keys;
use super::max_in_flight::MaxInFlight;
use super::section::{Given, Section};

/// What the file, `defaults`, a group or a phone says of polling.
#[derive(Default)]
pub(super) struct PollKeys {
    pub(super) interval: Option<Given<Duration>>,
    pub(super) values_interval: Option<Given<Duration>>,
    pub(super) timeout: Option<Given<Duration>>,
    pub(super) connect_timeout: Option<Given<Duration>>,
    pub(super) attempts: Option<Given<u8>>,
    pub(super) stale_after: Option<Given<Duration>>,
}

/// By default accounts, lines, status and time are read this often: two scrapes of Prometheus'
/// usual minute.
pub(super) const INTERVAL: Duration = Duration::from_secs(30);

/// By default P-values are read this often: they change when somebody changes them.
pub(super) const VALUES_INTERVAL: Duration = Duration::from_secs(600);

/// The default limit of one whole poll; phones on Wi-Fi that save power take seconds to answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(15);

/// The default limit for opening a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// By default a read that failed on the network is repeated once.
pub(super) const ATTEMPTS: u8 = 2;

/// By default a reading is true for so many intervals: one lost poll is no gap.
pub(super) const STALE_INTERVALS: u32 = 3;

/// Below this an interval is worth a warning: a poll is five requests to a small machine.
const SHORT: Duration = Duration::from_secs(5);

/// Reads the section `poll` of a phone, a group or `defaults`.
pub(super) fn poll_keys(found: &mut Findings, section: &Section<'_>) -> PollKeys {
    let Some(poll) = section.section(found, "poll", keys::POLL) else {
        return PollKeys::default();
    };
    if poll.has("max_in_flight") {
        let what = "holds for all phones together";
        let wrong = Wrong::new(what, "write it under the top-level `poll`");
        found.fault(poll.spot_of("max_in_flight"), wrong);
    }
    timing(found, &poll)
}

/// Reads the top-level section `poll`: what holds for every phone, and `max_in_flight`.
pub(super) fn top_poll(
    found: &mut Findings,
    top: &Section<'_>,
) -> (PollKeys, Option<Given<MaxInFlight>>) {
    let Some(poll) = top.section(found, "poll", keys::POLL) else {
        return (PollKeys::default(), None);
    };
    let max_in_flight = poll.read(found, "max_in_flight", MaxInFlight::read);
    (timing(found, &poll), max_in_flight)
}

fn timing(found: &mut Findings, poll: &Section<'_>) -> PollKeys {
    let keys = PollKeys {
        interval: poll.read(found, "interval", duration),
        values_interval: poll.read(found, "values_interval", duration),
        timeout: poll.read(found, "timeout", duration),
        connect_timeout: poll.read(found, "connect_timeout", duration),
        attempts: poll.read(found, "attempts", |node| {
            let attempts = node.number(1, 5)?;
            Ok(u8::try_from(attempts).unwrap_or(ATTEMPTS))
        }),
        stale_after: poll.read(found, "stale_after", duration),
    };
    if let Some(interval) = &keys.interval
        && interval.value < SHORT
    {
        let what = format!(
            "is {}: phones answer slowly under such load",
            shown(interval.value)
        );
        let mend = format!("choose {} or more", shown(SHORT));
        found.warn(poll.spot_of("interval"), Wrong::new(what, mend));
    }
    keys
}
