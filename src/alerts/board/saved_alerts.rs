//! Alerts as they are kept over a restart.
//!
//! Pending alerts keep the time they have held; the time the daemon was away is not counted. Firing
//! ones are taken back as unconfirmed: they are not told again, and the first fresh reading decides.
//! What was away for too long is ended, since nobody knows what happened meanwhile.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::phase::{Ending, Phase, State, Stopwatch};
use super::super::suppress::Visibility;
use super::carry;
use super::{Alert, Board, KnownRule, Transition};
use crate::fleet::Moment;
use crate::fleet::moment;
use crate::rules::labels::Pair;
use crate::rules::subject::Subject;

/// One alert, without what belongs to the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedAlert {
    /// Name of its rule.
    pub rule: Box<str>,
    /// The hash of what its rule looked for; `None` where it was saved without, by a program that
    /// hashed the PromQL of the rule.
    #[serde(default)]
    pub condition: Option<Box<str>>,
    /// Labels that its rule gave it; none where they were not saved.
    #[serde(default)]
    pub rule_labels: Vec<Pair>,
    /// What it speaks of.
    pub subject: Subject,
    /// Its labels.
    pub labels: Vec<Pair>,
    /// Where in its life it is.
    pub phase: SavedPhase,
    /// When the condition was first seen.
    pub active_at: Timestamp,
    /// When it began to fire.
    pub fired_at: Option<Timestamp>,
    /// Whether it was being said.
    pub shown: bool,
}

/// Where in its life an alert was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavedPhase {
    /// It held for so long, in so many polls.
    Pending {
        /// For how long.
        held: Duration,
        /// In how many polls.
        polls: u32,
    },
    /// It fired.
    Firing,
    /// It fired and had been over for so long.
    Holding {
        /// For how long.
        over: Duration,
    },
    /// It was over.
    Resolved {
        /// Since then.
        at: Timestamp,
        /// Because of this.
        ending: Ending,
    },
}

/// Alerts that were saved longer ago are ended: a day without the daemon is a day of unknown events.
pub const RESTORE_MAX_AGE: Duration = Duration::from_secs(24 * 3600);

impl SavedAlert {
    /// The alert as it is to be kept.
    pub fn of(alert: &Alert) -> Self {
        let phase = match &alert.state.phase {
            Phase::Pending { held, polls } => SavedPhase::Pending {
                held: held.elapsed(),
                polls: *polls,
            },
            Phase::Firing => SavedPhase::Firing,
            Phase::KeepFiring { over } => SavedPhase::Holding {
                over: over.elapsed(),
            },
            Phase::Resolved { at, ending } => SavedPhase::Resolved {
                at: at.wall,
                ending: *ending,
            },
        };
        Self {
            rule: alert.rule().name.clone(),
            condition: Some(alert.rule.condition.clone()),
            rule_labels: alert.rule().labels.to_vec(),
            subject: alert.subject.clone(),
            labels: alert.labels.to_vec(),
            phase,
            active_at: alert.active_at.wall,
            fired_at: alert.fired_at.map(|at| at.wall),
            shown: alert.visibility == Visibility::Shown,
        }
    }

    /// The alert on its rule as that was.
    fn restored(self, now: Moment) -> Alert {
        let rule = KnownRule::of_old(&self.rule, self.condition, self.rule_labels);
        let phase = match self.phase {
            SavedPhase::Pending { held, polls } => Phase::Pending {
                held: Stopwatch::standing(held),
                polls,
            },
            SavedPhase::Firing => Phase::Firing,
            SavedPhase::Holding { over } => Phase::KeepFiring {
                over: Stopwatch::standing(over),
            },
            SavedPhase::Resolved { at, ending } => Phase::Resolved {
                at: moment_of(at, now),
                ending,
            },
        };
        Alert {
            rule: Arc::new(rule),
            subject: self.subject,
            labels: self.labels.into(),
            state: State::restored(phase),
            active_at: moment_of(self.active_at, now),
            fired_at: self.fired_at.map(|at| moment_of(at, now)),
            visibility: if self.shown {
                Visibility::Shown
            } else {
                Visibility::Settling
            },
            freed_at: None,
        }
    }
}

impl Board {
    /// Every alert as it is to be kept.
    pub fn save(&self) -> Vec<SavedAlert> {
        self.alerts().map(SavedAlert::of).collect()
    }

    /// Takes back what was last saved at `saved_at`.
    #[must_use = "somebody may have to be told"]
    pub fn restore(
        &mut self,
        saved: Vec<SavedAlert>,
        saved_at: Timestamp,
        now: Moment,
    ) -> Vec<Transition> {
        let mut changes = Vec::new();
        let too_old = now.wall > moment::later(saved_at, RESTORE_MAX_AGE);
        let saved = saved.into_iter().map(|alert| alert.restored(now));
        let mut alerts = carry::carried(saved.collect(), &self.rules, now, &mut changes);
        if too_old {
            let old = alerts.into_iter();
            let old = old.filter_map(|alert| alert.ended(Ending::Unknown, now, &mut changes));
            alerts = old.collect();
        }
        for alert in alerts {
            self.hang(alert);
        }
        changes
    }

    fn hang(&mut self, alert: Alert) {
        let Some(phone) = alert.subject.phone() else {
            Arc::make_mut(&mut self.wide).push(alert);
            return;
        };
        let mut desk = self.desks.get(phone).cloned().unwrap_or_default();
        let name = phone.into();
        Arc::make_mut(&mut desk).hang(alert);
        self.desks.insert_mut(name, desk);
    }
}

/// A moment of another process: its age on the monotonic clock is lost, so it counts from now.
fn moment_of(wall: Timestamp, now: Moment) -> Moment {
    Moment {
        wall,
        mono: now.mono,
    }
}
