//! The part of the board that speaks of groups of phones and of the daemon itself.

use std::sync::Arc;

use super::super::phase::Evaluation;
use super::super::self_monitoring::{self, Health};
use super::super::suppress::GroupEvaluation;
use super::carry;
use super::{Alert, Board, KnownRule, Transition};
use crate::fleet::{Fleet, Moment, Phone, Place};
use crate::rules::condition::{Condition, Fraction, Grouping};
use crate::rules::group;
use crate::rules::phone_selector;
use crate::rules::subject::{self, Subject};
use crate::rules::tristate::Tristate;

impl Board {
    /// Looks at groups and at the daemon.
    pub(super) fn look_at_wide(
        &mut self,
        fleet: &Fleet,
        health: &Health,
        now: Moment,
        changes: &mut Vec<Transition>,
    ) {
        self.overruns.note(fleet, now);
        let mut alerts = std::mem::take(Arc::make_mut(&mut self.wide));
        let mut judged = Vec::new();
        for rule in &self.rules.wide {
            let seen = match &rule.rule.when {
                Condition::Fraction(fraction) => {
                    self.groups(rule, fraction, fleet, (now, &mut judged))
                }
                Condition::Own(own) => {
                    let mut seen = Vec::new();
                    self_monitoring::observe(
                        *own,
                        health,
                        &self.overruns,
                        now,
                        |subject, truth| {
                            seen.push((subject, unpolled(truth, now)));
                        },
                    );
                    seen
                }
                Condition::Phone(_) | Condition::Each(_) => continue,
            };
            settle(&mut alerts, rule, seen, now, changes);
        }
        alerts.retain(|alert| !alert.is_forgotten(now));
        self.wide = Arc::new(alerts);
        self.stage.judged = Arc::new(judged);
        self.stage.ticked = Some(now);
    }

    /// Hangs the alerts of groups and of the daemon on the rules as they are now.
    pub(super) fn rehang_wide(&mut self, now: Moment, changes: &mut Vec<Transition>) {
        let alerts = std::mem::take(Arc::make_mut(&mut self.wide));
        self.wide = Arc::new(carry::carried(alerts, &self.rules, now, changes));
    }

    /// Whether an outage of a group or of everything explains what is not known of a phone.
    pub(super) fn is_explained(&self, place: &Place) -> bool {
        self.wide
            .iter()
            .any(|alert| alert.is_outage() && covers(&alert.subject, place))
    }

    fn groups(
        &self,
        rule: &Arc<KnownRule>,
        fraction: &Fraction,
        fleet: &Fleet,
        (now, judged): (Moment, &mut Vec<GroupEvaluation>),
    ) -> Vec<(Subject, Evaluation)> {
        let rules = &self.stage.suppression.inhibit_rules;
        let muted = |phone: &Phone| self.stage.muted.contains_key(&phone.place.name);
        group::groups(fraction, &rule.rule.only, fleet, &muted, now)
            .into_iter()
            .map(|(value, group)| {
                let seen = Evaluation {
                    truth: group.truth(fraction),
                    polled: Some(group.newest),
                    explained: false,
                    now,
                };
                let subject = subject_of(&fraction.by, value);
                let labels = subject::labels_of(&rule.rule, &subject);
                let is_source = rules.iter().any(|rule| rule.is_source(&labels));
                if rule.rule.inhibits_below || is_source {
                    judged.push(GroupEvaluation {
                        rule: Arc::clone(rule),
                        subject: subject.clone(),
                        labels,
                        is_source,
                        oldest: group.oldest,
                    });
                }
                (subject, seen)
            })
            .collect()
    }
}

/// Whether what an alert speaks of lies above this phone.
pub(super) fn covers(subject: &Subject, place: &Place) -> bool {
    match subject {
        Subject::Daemon => true,
        Subject::Group { label, value } => *phone_selector::label(place, label) == **value,
        Subject::Phone(phone) => *phone == place.name,
        Subject::Account(..) | Subject::Line(..) => false,
    }
}

/// Takes what was seen into the alerts of one rule. Of what was not seen nothing is known, unless
/// the daemon itself would have told of it.
fn settle(
    alerts: &mut Vec<Alert>,
    rule: &Arc<KnownRule>,
    mut seen: Vec<(Subject, Evaluation)>,
    now: Moment,
    changes: &mut Vec<Transition>,
) {
    let missing = match rule.rule.when {
        Condition::Own(_) => Tristate::Fails,
        Condition::Phone(_) | Condition::Each(_) | Condition::Fraction(_) => Tristate::Unknown,
    };
    for alert in alerts.iter().filter(|alert| alert.is_of(rule)) {
        if seen.iter().all(|(subject, _)| *subject != alert.subject) {
            seen.push((alert.subject.clone(), unpolled(missing, now)));
        }
    }
    for (subject, seen) in seen {
        let position = alerts
            .iter()
            .position(|alert| alert.is_of(rule) && alert.subject == subject);
        let before = position.map(|position| alerts.swap_remove(position));
        let begin = || {
            let labels = subject::labels_of(&rule.rule, &subject);
            (subject, labels)
        };
        alerts.extend(Alert::advanced(before, rule, seen, begin, changes));
    }
}

fn subject_of(by: &Grouping, value: &str) -> Subject {
    match by.label() {
        None => Subject::Daemon,
        Some(label) => Subject::Group {
            label: label.into(),
            value: value.into(),
        },
    }
}

fn unpolled(truth: Tristate, now: Moment) -> Evaluation {
    Evaluation {
        truth,
        polled: None,
        explained: false,
        now,
    }
}
