//! What the daemon knows of itself, for the rules that speak of it.

use std::time::Duration;

use crate::fleet::totals::SkipReason;
use crate::fleet::{Fleet, Moment};

use super::history::Changes;
use crate::rules::condition::Own;
use crate::rules::subject::Subject;
use crate::rules::tristate::Tristate;

/// The label that makes groups of receivers.
pub const RECEIVER: &str = "receiver";

/// How the daemon is, beside what the fleet's totals tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The last attempt to read the configuration failed.
    pub reload_failed: bool,
    /// The state of alerts should be on disk and is not.
    pub not_persisted: bool,
    /// Messages that were given up.
    pub dead_letters: u64,
    /// Each receiver, and for how long it fails without anything getting through; `None` while all
    /// is well.
    pub receivers: Box<[(Box<str>, Option<Duration>)]>,
}

/// The memory of what is counted since the start.
#[derive(Clone, Debug, Default)]
pub struct Overruns(Changes);

impl Overruns {
    /// Takes in the totals.
    pub fn note(&mut self, fleet: &Fleet, now: Moment) {
        // One change is all that is ever asked for.
        self.0.note(now, fleet.totals.skips(SkipReason::Running), 1);
    }
}

/// Hands over of what the condition speaks, and whether it holds there.
pub fn observe(
    own: Own,
    health: &Health,
    overruns: &Overruns,
    now: Moment,
    mut found: impl FnMut(Subject, Tristate),
) {
    let holds = match own {
        Own::NotifierFailing { within } => {
            for (receiver, failing) in &health.receivers {
                let subject = Subject::Group {
                    label: RECEIVER.into(),
                    value: receiver.clone(),
                };
                let long = failing.is_some_and(|failing| failing >= within);
                found(subject, Tristate::of(Some(long)));
            }
            return;
        }
        Own::PollsOverrun { within } => overruns.0.within(within, now).unwrap_or(0) > 0,
        Own::ReloadFailed => health.reload_failed,
        Own::DeadLetters => health.dead_letters > 0,
        Own::StateNotPersisted => health.not_persisted,
        Own::Watchdog => true,
    };
    found(Subject::Daemon, Tristate::of(Some(holds)));
}
