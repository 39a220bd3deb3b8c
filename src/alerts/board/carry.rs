//! Alerts whose rules changed: by a reload, or because another program saved them.
//!
//! An alert goes on under the rule of its name, whatever that looks for by now. If it looks for
//! something else, what ran under the old condition proves nothing: what fires goes on firing until
//! the next observation decides, and what was pending begins anew. Labels are what tells alerts
//! apart: where those of the rule changed, the old alert ends and another one takes over its clocks
//! at the same moment, so that both are one message. Without a rule of its name an alert ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::phase::Ending;
use super::{Alert, KnownRule, Rules, Step, Transition};
use crate::fleet::Moment;
use crate::rules::subject;

/// The alerts under the rules as they are now.
pub(super) fn carried(
    alerts: Vec<Alert>,
    rules: &Rules,
    now: Moment,
    changes: &mut Vec<Transition>,
) -> Vec<Alert> {
    let mut kept = Vec::with_capacity(alerts.len());
    for alert in alerts {
        match rules.heir(&alert.rule().name, &alert.subject) {
            Some(rule) => alert.under(rule, now, &mut kept, changes),
            None => kept.extend(alert.ended(Ending::RuleRemoved, now, changes)),
        }
    }
    without_predecessors(kept)
}

impl Alert {
    /// Goes on under this rule, with an end beside it where it goes on as another alert.
    fn under(
        mut self,
        rule: &Arc<KnownRule>,
        now: Moment,
        kept: &mut Vec<Self>,
        changes: &mut Vec<Transition>,
    ) {
        let labels = subject::relabelled(&self.labels, self.rule(), &rule.rule);
        if labels != self.labels {
            if self.state.is_resolved() {
                kept.push(self);
                return;
            }
            let before = self.clone();
            self.labels = labels;
            if before.state.is_firing() {
                kept.extend(before.ended(Ending::Relabelled, now, changes));
                changes.push(Transition {
                    step: Step::Fired,
                    alert: self.clone(),
                });
            }
        }
        let same = self.rule.condition == rule.condition;
        self.rule = Arc::clone(rule);
        if same {
            kept.push(self);
            return;
        }
        match self.state.clone().distrusted() {
            Some(state) => kept.push(Self { state, ..self }),
            None => changes.push(Transition {
                step: Step::Dropped,
                alert: self,
            }),
        }
    }
}

/// One of each alert: what goes on replaces the end of an earlier life.
fn without_predecessors(mut alerts: Vec<Alert>) -> Vec<Alert> {
    let active = alerts.iter().filter(|alert| !alert.state.is_resolved());
    let active: BTreeSet<_> = active.map(|alert| Arc::clone(&alert.labels)).collect();
    let replaced = |alert: &Alert| alert.state.is_resolved() && active.contains(&alert.labels);
    alerts.retain(|alert| !replaced(alert));
    alerts
}
