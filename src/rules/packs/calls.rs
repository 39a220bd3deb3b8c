//! The pack `calls`: lines that hang. Needs `metrics.lines: per_line`.

use super::{NONE, Ready, hours, minutes};
use crate::fleet::reading::Coarse;
use crate::rules::condition::{Condition, EachCondition};
use crate::rules::rule::Rule;

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Ready {
            name: "LineFailed",
            severity: "warning",
            when: line(Coarse::Failed),
            patience: (minutes(2), NONE),
            summary: "Line {{ line }} of {{ phone.name }} says that it failed",
            impact: "No calls can be made on this line.",
            first_steps: "Look at the phone's display; reboot the phone if the line stays so.",
        }
        .rule(),
        Ready {
            name: "LineStuckRinging",
            severity: "warning",
            when: line(Coarse::Ringing),
            patience: (minutes(3), NONE),
            summary: "Line {{ line }} of {{ phone.name }} rings for three minutes",
            impact: "Nobody answers, or the line hangs.",
            first_steps: "Look at the phone; a line that hangs needs a reboot.",
        }
        .rule(),
        Ready {
            name: "LineStuckInCall",
            severity: "warning",
            when: line(Coarse::InCall),
            patience: (hours(4), NONE),
            summary: "Line {{ line }} of {{ phone.name }} is in a call for four hours",
            impact: "A forgotten call, a line that hangs, or fraud.",
            first_steps: "Ask at the phone; look at the call in the SIP server.",
        }
        .rule(),
    ]
}

fn line(state: Coarse) -> Condition {
    Condition::Each(EachCondition::LineState { state })
}
