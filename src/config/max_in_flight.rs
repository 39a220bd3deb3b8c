//! `poll.max_in_flight`: how many polls may be in flight, and how many of them may wait for phones
//! that do not answer.
//!
//! A poll that waits costs a descriptor and a few KiB. `auto` allows one poll a phone as far as the
//! process has descriptors, so that no poll waits for another. Where the bound is lower than the
//! number of phones, polls of phones that did not answer last time hold at most half of it: the
//! other half is theirs who answer.

use std::fmt;
use std::sync::Arc;

use super::Phone;
use super::fault::{Findings, Spot, Wrong};
use super::section::Given;
use super::tree::Node;

/// How many phones may be polled at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaxInFlight {
    /// Every phone, as far as the process has descriptors.
    #[default]
    Auto,
    /// This many.
    Polls(usize),
}

/// The bounds of polls in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// All of them.
    pub polls: usize,
    /// Those of phones that did not answer last time.
    pub silent: usize,
    /// Whether there are descriptors enough for every phone to keep a connection between polls.
    pub keeps_connections: bool,
}

/// More phones at the same time than one process has descriptors for make no sense.
const MOST: u32 = 65_536;

/// Descriptors that polls never take: the listener's connections, the control socket, notifications
/// on their way, lookups of names, state files, and what a reload opens.
const RESERVED_DESCRIPTORS: usize = 1024;

/// How long the poll of a phone known as silent holds its place, on average and rounded up: of four
/// in a row three end after two seconds and one after five.
const SILENT_SECONDS: f64 = 3.0;

/// The share of a fleet that may fall silent together without its polls waiting for each other: one
/// large site of three.
const SILENT_SHARE: f64 = 1.0 / 3.0;

impl MaxInFlight {
    pub(super) fn read(node: &Node) -> Result<Self, Wrong> {
        if node.text().is_ok_and(|text| text == "auto") {
            return Ok(Self::Auto);
        }
        let polls = node.number(1, MOST).map_err(|wrong| Wrong {
            mend: format!("write `auto`, or a number from 1 to {MOST}"),
            ..wrong
        })?;
        Ok(Self::Polls(polls as usize))
    }

    /// The bounds for that many phones in a process that may have that many descriptors open.
    pub fn capacity(self, phones: usize, descriptors: usize) -> Capacity {
        // Where descriptors are few, what is reserved is not reserved from polls alone.
        let spare = descriptors
            .saturating_sub(RESERVED_DESCRIPTORS)
            .max(descriptors / 4);
        let polls = match self {
            Self::Auto => phones,
            Self::Polls(polls) => polls,
        };
        let polls = polls.min(spare).max(1);
        let silent = if polls < phones { polls / 2 } else { polls };
        Capacity {
            polls,
            silent: silent.max(1),
            keeps_connections: phones <= spare,
        }
    }

    /// Warns of a number with which the polls of a silent site wait for each other.
    pub(super) fn check(
        found: &mut Findings,
        given: &Given<Self>,
        spot: Spot,
        phones: &[Arc<Phone>],
    ) {
        let count = phones.len();
        let Self::Polls(polls) = given.value else {
            return;
        };
        let load: f64 = phones
            .iter()
            .map(|phone| (SILENT_SECONDS / phone.place.interval.as_secs_f64()).min(1.0))
            .sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a number of phones"
        )]
        let needed = (load * SILENT_SHARE).ceil() as usize;
        let capacity = given.value.capacity(count, usize::MAX);
        if capacity.silent >= needed {
            return;
        }
        let what = format!(
            "is {polls}: if a third of {count} phones does not answer, their polls need {needed} \
             places and get {}",
            capacity.silent
        );
        let mend = format!("write `auto`, or at least {}", 2 * needed);
        found.warn(spot, Wrong::new(what, mend));
    }
}

impl fmt::Display for MaxInFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Polls(polls) => polls.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(max: MaxInFlight, phones: usize, descriptors: usize, polls: usize, silent: usize) {
        let capacity = max.capacity(phones, descriptors);
        assert_eq!((capacity.polls, capacity.silent), (polls, silent));
    }

    #[test]
    fn auto_follows_the_fleet_and_the_limit_of_descriptors() {
        let auto = MaxInFlight::Auto;
        check(auto, 10_000, 131_072, 10_000, 10_000);
        check(auto, 25, 1024, 25, 25);
        check(auto, 0, 1024, 1, 1);
        // Fewer descriptors than phones: polls share what the rest of the daemon leaves.
        check(auto, 10_000, 4096, 3072, 1536);
        check(auto, 10_000, 1024, 256, 128);
        check(auto, 10, 1, 1, 1);
    }

    #[test]
    fn of_a_number_below_the_fleet_half_is_for_silent_phones() {
        check(MaxInFlight::Polls(256), 10_000, 131_072, 256, 128);
        check(MaxInFlight::Polls(256), 200, 131_072, 256, 256);
        check(MaxInFlight::Polls(3), 10, 131_072, 3, 1);
        check(MaxInFlight::Polls(1), 10, 131_072, 1, 1);
        check(MaxInFlight::Polls(65_536), 10_000, 4096, 3072, 1536);
    }

    #[test]
    fn connections_stay_open_only_where_every_phone_can_have_one() {
        let keeps = |phones| MaxInFlight::Auto.capacity(phones, 4096).keeps_connections;
        assert!(keeps(3072) && !keeps(3073));
    }
}
