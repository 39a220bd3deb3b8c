//! The part of the board that speaks of single phones, their accounts and lines.
//!
//! Each phone has a desk: its alerts and what is remembered of it. Looking at a phone touches
//! nothing else, and costs a few comparisons a rule.

use std::sync::Arc;

use super::super::evaluate::{self, View};
use super::super::history::History;
use super::super::phase::{Ending, Evaluation};
use super::carry;
use super::{Alert, Board, KnownRule, Transition};
use crate::fleet::{Fleet, Moment, Phone};
use crate::rules::condition::Condition;
use crate::rules::subject;
use crate::rules::tristate::Tristate;

/// The alerts of a phone and what is remembered of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    alerts: Vec<Alert>,
    history: History,
}

/// At most so many alerts a phone are kept, ended ones included: several for each account and line. A
/// phone that invents new account numbers at each poll gets no more.
const MOST_ALERTS: usize = 256;

/// One look at a phone.
struct Look<'a> {
    phone: &'a Phone,
    now: Moment,
    explained: bool,
    changes: &'a mut Vec<Transition>,
}

impl Desk {
    pub(super) fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    pub(super) fn alerts_mut(&mut self) -> &mut [Alert] {
        &mut self.alerts
    }

    pub(super) fn hang(&mut self, alert: Alert) {
        self.alerts.push(alert);
    }
}

impl Board {
    /// Looks at one phone with every rule that speaks of it.
    pub(super) fn look_at(&mut self, phone: &Phone, now: Moment, changes: &mut Vec<Transition>) {
        let explained = self.is_explained(&phone.place);
        if !self.desks.contains_key(&phone.place.name) {
            // Where nothing is judged, nothing is remembered of 10,000 phones.
            if self.rules.of_phones.is_empty() {
                return;
            }
            self.desks
                .insert_mut(phone.place.name.clone(), Arc::default());
        }
        let Some(desk) = self.desks.get_mut(&phone.place.name) else {
            return;
        };
        let desk = Arc::make_mut(desk);
        let mut look = Look {
            phone,
            now,
            explained: explained || desk.alerts.iter().any(Alert::is_outage),
            changes,
        };
        for rule in &self.rules.of_phones {
            if rule.rule.only.matches(&phone.place) {
                desk.look(rule, &mut look);
            } else {
                desk.end_all(rule, &mut look);
            }
        }
        desk.alerts.retain(|alert| !alert.is_forgotten(now));
    }

    /// Ends the alerts of phones that are no longer listed, and forgets what is remembered of them.
    pub(super) fn clear_desks(
        &mut self,
        fleet: &Fleet,
        now: Moment,
        changes: &mut Vec<Transition>,
    ) {
        let gone: Vec<_> = self
            .desks
            .keys()
            .filter(|name| fleet.phone(name).is_none())
            .cloned()
            .collect();
        for name in gone {
            let Some(desk) = self.desks.get_mut(&name) else {
                continue;
            };
            let desk = Arc::make_mut(desk);
            desk.history = History::default();
            let alerts = std::mem::take(&mut desk.alerts).into_iter();
            desk.alerts = alerts
                .filter(|alert| !alert.is_forgotten(now))
                .filter_map(|alert| alert.ended(Ending::SubjectRemoved, now, changes))
                .collect();
            if desk.alerts.is_empty() {
                self.desks.remove_mut(&name);
            }
        }
    }

    /// Hangs the alerts of phones on the rules as they are now.
    pub(super) fn rehang_desks(&mut self, now: Moment, changes: &mut Vec<Transition>) {
        let names: Vec<_> = self.desks.keys().cloned().collect();
        for name in names {
            let Some(desk) = self.desks.get_mut(&name) else {
                continue;
            };
            let desk = Arc::make_mut(desk);
            let alerts = std::mem::take(&mut desk.alerts);
            desk.alerts = carry::carried(alerts, &self.rules, now, changes);
        }
    }
}

impl Desk {
    fn look(&mut self, rule: &Arc<KnownRule>, look: &mut Look<'_>) {
        let Look { phone, now, .. } = *look;
        let name = &phone.place.name;
        match &rule.rule.when {
            Condition::Phone(condition) => {
                self.history.note(condition, phone, now);
                let truth = evaluate::whole(condition, self.view(look));
                self.settle(rule, 0, truth, look);
            }
            Condition::Each(condition) => {
                self.history.note_each(condition, phone, now);
                let mut found = Vec::new();
                let others = evaluate::each(condition, self.view(look), |number, truth| {
                    found.push((number, truth));
                });
                for &(number, truth) in &found {
                    self.settle(rule, number, truth, look);
                }
                let missing: Vec<_> = self
                    .alerts
                    .iter()
                    .filter(|alert| alert.is_of(rule))
                    .map(|alert| alert.subject.number())
                    .filter(|number| found.iter().all(|(seen, _)| seen != number))
                    .collect();
                for number in missing {
                    self.settle(rule, number, others, look);
                }
            }
            Condition::Fraction(_) | Condition::Own(_) => {
                debug_assert!(false, "`{name}` is looked at with a rule of groups");
            }
        }
    }

    fn view<'a>(&'a self, look: &Look<'a>) -> View<'a> {
        View {
            phone: look.phone,
            now: look.now,
            history: &self.history,
        }
    }

    /// Takes what was seen into the alert of this account, line or phone.
    fn settle(&mut self, rule: &Arc<KnownRule>, number: u16, truth: Tristate, look: &mut Look<'_>) {
        let position = self
            .alerts
            .iter()
            .position(|alert| alert.is_of(rule) && alert.subject.number() == number);
        let full = self.alerts.len() >= MOST_ALERTS;
        if position.is_none() && (full || truth == Tristate::Fails) {
            return;
        }
        let before = position.map(|position| self.alerts.swap_remove(position));
        let seen = Evaluation {
            truth,
            polled: look.phone.last.as_ref().map(|last| last.began),
            explained: look.explained,
            now: look.now,
        };
        let begin = || {
            let subject = rule.subject(&look.phone.place.name, number);
            let labels = subject::labels_of_phone(&rule.rule, &subject, look.phone, look.now);
            (subject, labels)
        };
        let after = Alert::advanced(before, rule, seen, begin, look.changes);
        self.alerts.extend(after);
    }

    /// Ends what a rule said of a phone of which it speaks no longer.
    fn end_all(&mut self, rule: &Arc<KnownRule>, look: &mut Look<'_>) {
        if !self.alerts.iter().any(|alert| alert.is_of(rule)) {
            return;
        }
        let (ending, staying): (Vec<_>, Vec<_>) = std::mem::take(&mut self.alerts)
            .into_iter()
            .partition(|alert| alert.is_of(rule));
        self.alerts = staying;
        for alert in ending {
            let after = alert.ended(Ending::RuleRemoved, look.now, look.changes);
            self.alerts.extend(after);
        }
    }
}
