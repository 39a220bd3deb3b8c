//! The board: every alert that is not inactive, and how it changes.
//!
//! The board is pure in `now`: the same fleets in the same order give the same alerts. A poll's
//! result changes the alerts of one phone ([`Board::after_poll`]); groups, the daemon and the passing
//! of time are looked at on ticks ([`Board::after_tick`]). Both say what changed as [`Transition`]s,
//! oldest first; what becomes of these is no matter here.
//!
//! A copy of the board shares all that did not change, so publishing one is cheap.

mod carry;
mod group_alerts;
mod phone_alerts;
mod rules;
mod saved_alerts;
mod visibility;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::fleet::{Fleet, Moment};

use super::identity::Life;
use super::phase::{self, Ending, Evaluation, Phase, State};
use super::self_monitoring::{Health, Overruns};
use super::silence::{MutedBy, Silence};
use super::suppress::{Suppression, Visibility};
use crate::alerts::inhibition::InhibitionSources;
use crate::rules::condition::Condition;
use crate::rules::labels;
use crate::rules::rule::Rule;
use crate::rules::severity;
use crate::rules::subject::{Labels, Subject};

pub use rules::{KnownRule, Rules};
pub use saved_alerts::{RESTORE_MAX_AGE, SavedAlert, SavedClock, SavedPhase};

use phone_alerts::Desk;
use visibility::Stage;

/// All alerts at one moment.
#[derive(Clone, Debug)]
pub struct Board {
    rules: Arc<Rules>,
    desks: rpds::RedBlackTreeMapSync<Box<str>, Arc<Desk>>,
    /// Alerts of groups and of the daemon.
    wide: Arc<Vec<Alert>>,
    overruns: Overruns,
    stage: Stage,
}

/// One alert that is not inactive.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its rule as it is now; as it was, if the alert ended with it.
    pub rule: Arc<KnownRule>,
    /// What it speaks of.
    pub subject: Subject,
    /// Its labels, as they were when it began.
    pub labels: Labels,
    /// Where in its life it is.
    pub state: State,
    /// When the condition was first seen.
    pub active_at: Moment,
    /// When it began to fire; `None` while it is pending.
    pub fired_at: Option<Moment>,
    /// Whether it may be said; matters only while it fires.
    pub visibility: Visibility,
    /// When a silence or window last let it go.
    pub freed_at: Option<Moment>,
}

/// An alert took a step that somebody may have to be told of.
#[derive(Clone, Debug)]
pub struct Transition {
    /// What happened.
    pub step: Step,
    /// The alert after it.
    pub alert: Alert,
}

/// A step in the life of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The condition was seen; the clock of `for` runs.
    Pending,
    /// It began to fire.
    Fired,
    /// It fired and is over.
    Resolved(Ending),
    /// The condition ended before the alert fired.
    Dropped,
    /// It fires and may be said from now on; whoever was told already knows.
    Shown,
    /// It fires and may not be said any more.
    Hidden,
}

/// How long a resolved alert is kept: as long as an Alertmanager is to be told of it.
pub const RESOLVED_FOR: Duration = Duration::from_secs(15 * 60);

impl Board {
    /// A board without alerts.
    pub fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            desks: rpds::RedBlackTreeMapSync::new_sync(),
            wide: Arc::default(),
            overruns: Overruns::default(),
            stage: Stage::default(),
        }
    }

    /// Takes in the last poll of one phone.
    #[must_use = "somebody may have to be told"]
    pub fn after_poll(&mut self, fleet: &Fleet, phone: &str, now: Moment) -> Vec<Transition> {
        let mut changes = Vec::new();
        if let Some(phone) = fleet.phone(phone) {
            self.look_at(phone, now, &mut changes);
            self.note_flaps(&changes, now);
            self.show_desk(&phone.place, now, &mut changes);
        }
        changes
    }

    /// Looks at everything: time passed, groups, the daemon itself, phones that are gone.
    #[must_use = "somebody may have to be told"]
    pub fn after_tick(&mut self, fleet: &Fleet, health: &Health, now: Moment) -> Vec<Transition> {
        let mut changes = Vec::new();
        self.stage.cover(fleet, now);
        self.look_at_wide(fleet, health, now, &mut changes);
        self.clear_desks(fleet, now, &mut changes);
        for phone in fleet.phones() {
            self.look_at(phone, now, &mut changes);
        }
        self.note_flaps(&changes, now);
        self.stage.forget_flaps(now);
        let rules = &self.stage.suppression.inhibit_rules;
        let sources = InhibitionSources::among(self.alerts(), rules);
        self.stage.sources = Arc::new(sources);
        self.show_wide(now, &mut changes);
        for phone in fleet.phones() {
            self.show_desk(&phone.place, now, &mut changes);
        }
        changes
    }

    /// Takes over what keeps alerts back; it is looked at on the next tick.
    pub fn with_suppression(&mut self, suppression: Arc<Suppression>) {
        self.stage.suppression = suppression;
    }

    /// Takes over all silences; they are looked at on the next tick.
    pub fn with_silences(&mut self, silences: Vec<Silence>) {
        self.stage.silences = Arc::new(silences);
    }

    /// All silences, those that are over included.
    pub fn silences(&self) -> &[Silence] {
        &self.stage.silences
    }

    /// Takes over other rules; what becomes of the alerts is told in `carry`.
    #[must_use = "somebody may have to be told"]
    pub fn with_rules(&mut self, rules: Arc<Rules>, now: Moment) -> Vec<Transition> {
        let mut changes = Vec::new();
        self.rules = rules;
        self.rehang_wide(now, &mut changes);
        self.rehang_desks(now, &mut changes);
        changes
    }

    /// The rules it follows.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Every alert that is not inactive; those of groups and of the daemon first.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        let desks = self.desks.values().flat_map(|desk| desk.alerts());
        self.wide.iter().chain(desks)
    }

    /// Those that are pending or fire.
    pub fn active(&self) -> impl Iterator<Item = &Alert> {
        self.alerts().filter(|alert| !alert.state.is_resolved())
    }

    /// Those of one phone, its accounts and its lines.
    pub fn alerts_of(&self, phone: &str) -> &[Alert] {
        self.desks.get(phone).map_or(&[], |desk| desk.alerts())
    }

    /// Phones that a silence or window covers as a whole, as of the last tick.
    pub fn muted(&self) -> &BTreeMap<Box<str>, MutedBy> {
        &self.stage.muted
    }
}

impl Alert {
    /// Whether it hangs on this rule: what ended with an earlier form of it does not.
    fn is_of(&self, rule: &Arc<KnownRule>) -> bool {
        Arc::ptr_eq(&self.rule, rule)
    }

    /// Tells this life of this alert from every other, over restarts too.
    pub fn life(&self) -> Life {
        Life::of(&self.labels, self.active_at.wall)
    }

    /// Its rule as written.
    pub fn rule(&self) -> &Rule {
        &self.rule.rule
    }

    /// The value of its label `severity`; empty if it has none.
    pub fn severity(&self) -> &str {
        labels::text(&self.labels, severity::LABEL)
    }

    /// Whether it fires and may be said.
    pub fn is_shown(&self) -> bool {
        self.state.is_firing() && self.visibility == Visibility::Shown
    }

    /// Whether it is kept no longer.
    fn is_forgotten(&self, now: Moment) -> bool {
        matches!(self.state.phase, Phase::Resolved { at, .. } if now.since(at) > RESOLVED_FOR)
    }

    /// Whether it speaks of the daemon's own work rather than of phones.
    pub fn is_of_daemon_itself(&self) -> bool {
        matches!(self.rule().when, Condition::Own(_))
    }

    /// Whether it fires and explains what lies below.
    fn is_outage(&self) -> bool {
        self.rule.rule.inhibits_below && self.state.is_firing()
    }

    /// The alert after an evaluation of its rule; `begin` tells what a new one speaks of.
    fn advanced(
        before: Option<Self>,
        rule: &Arc<KnownRule>,
        seen: Evaluation,
        begin: impl FnOnce() -> (Subject, Labels),
        changes: &mut Vec<Transition>,
    ) -> Option<Self> {
        let (fired, resolved) = before.as_ref().map_or((false, false), |alert| {
            (alert.state.is_firing(), alert.state.is_resolved())
        });
        let state = before.as_ref().map(|alert| alert.state.clone());
        let Some(state) = phase::step(state, seen, &rule.rule) else {
            changes.extend(before.map(|alert| Transition {
                step: Step::Dropped,
                alert,
            }));
            return None;
        };
        let mut alert = match before {
            Some(alert) if !resolved || state.is_resolved() => alert,
            Some(_) | None => Self::begun(rule, begin(), &state, seen.now, changes),
        };
        alert.state = state;
        if alert.state.is_firing() && !fired {
            alert.fired_at = Some(seen.now);
            changes.push(Transition {
                step: Step::Fired,
                alert: alert.clone(),
            });
        }
        if let Phase::Resolved { ending, .. } = alert.state.phase
            && !resolved
        {
            changes.push(Transition {
                step: Step::Resolved(ending),
                alert: alert.clone(),
            });
        }
        Some(alert)
    }

    /// An alert whose condition was just seen for the first time.
    fn begun(
        rule: &Arc<KnownRule>,
        (subject, labels): (Subject, Labels),
        state: &State,
        now: Moment,
        changes: &mut Vec<Transition>,
    ) -> Self {
        let alert = Self {
            rule: Arc::clone(rule),
            subject,
            labels,
            state: state.clone(),
            active_at: now,
            fired_at: None,
            visibility: Visibility::Settling,
            freed_at: None,
        };
        if let Phase::Pending { .. } = state.phase {
            changes.push(Transition {
                step: Step::Pending,
                alert: alert.clone(),
            });
        }
        alert
    }

    /// Ends it for a reason outside of its condition; `None` if nothing is left to tell.
    fn ended(mut self, ending: Ending, now: Moment, changes: &mut Vec<Transition>) -> Option<Self> {
        let over = self.state.is_resolved();
        let Some(state) = self.state.clone().ended(ending, now) else {
            changes.push(Transition {
                step: Step::Dropped,
                alert: self,
            });
            return None;
        };
        self.state = state;
        if !over {
            changes.push(Transition {
                step: Step::Resolved(ending),
                alert: self.clone(),
            });
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests;
