//! The pack `self`: does the daemon do its work?
//!
//! It cannot report its own death: [`Own::Watchdog`] and the heartbeat do by their absence.

use super::{NONE, Ready, minutes};
use crate::rules::condition::{Condition, Own};
use crate::rules::rule::Rule;

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Ready {
            name: "PollCycleOverrun",
            severity: "warning",
            when: Condition::Own(Own::PollsOverrun {
                within: minutes(15),
            }),
            patience: (minutes(15), NONE),
            summary: "Polls take longer than their interval",
            impact: "Phones are polled less often than configured, so trouble is seen later.",
            first_steps: "See which phones are slow; raise `poll.interval` or lower \
                          `poll.timeout`.",
        }
        .at_once(),
        Ready {
            name: "ConfigReloadFailed",
            severity: "warning",
            when: Condition::Own(Own::ReloadFailed),
            patience: (minutes(5), NONE),
            summary: "The configuration on disk is not the one in use",
            impact: "Changes have no effect, and a restart would fail.",
            first_steps: "Run `check-config` on the file; it names every fault.",
        }
        .at_once(),
        Ready {
            name: "NotifierFailing",
            severity: "warning",
            when: Condition::Own(Own::NotifierFailing {
                within: minutes(15),
            }),
            patience: (NONE, NONE),
            summary: "Messages to {{ receiver }} do not get through",
            impact: "Whoever reads there learns nothing; messages wait and are sent later.",
            first_steps: "Run `notify test --receiver {{ receiver }}`; it shows the dialogue.",
        }
        .at_once(),
        Ready {
            name: "NotificationsDeadLettered",
            severity: "warning",
            when: Condition::Own(Own::DeadLetters),
            patience: (NONE, NONE),
            summary: "Messages were given up",
            impact: "Somebody was not told of something.",
            first_steps: "Run `notify queue` to see, retry or drop them.",
        }
        .at_once(),
        Ready {
            name: "AlertStateNotPersisted",
            severity: "warning",
            when: Condition::Own(Own::StateNotPersisted),
            patience: (minutes(5), NONE),
            summary: "The state of alerts is not on disk",
            impact: "After a restart alerts may be told twice, or their end not at all.",
            first_steps: "Check space and permissions of `state_dir`.",
        }
        .at_once(),
        Ready {
            name: "Watchdog",
            severity: "none",
            when: Condition::Own(Own::Watchdog),
            patience: (NONE, NONE),
            summary: "Always firing: its absence means that alerts do not get through",
            impact: "None while it fires.",
            first_steps: "Route it to a service that raises the alarm when it stays away.",
        }
        .at_once(),
    ]
}
