//! Alerts as they are kept over a restart.
//!
//! Pending alerts keep the time they have held; the time the daemon was away is not counted. Firing
//! ones are taken back as unconfirmed: they are not told again, and the first fresh reading decides.
//! What was away for too long is ended, since nobody knows what happened meanwhile.
//!
//! An alert about which nothing happens is saved as it was: a clock that runs is kept as when it
//! began, not as what it shows, so that time passing writes nothing. What was seen in fewer polls than
//! its rule wants is not saved: one lost packet writes nothing either.

use std::sync::Arc;
use std::time::Duration;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// Whether it was being said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shown: bool,
}

/// Where in its life an alert was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavedPhase {
    /// It held for so long, in so many polls.
    Pending {
        /// For how long.
        held: SavedClock,
        /// In how many polls, as far as they count.
        polls: u32,
    },
    /// It fired.
    Firing,
    /// It fired and had been over for so long.
    Holding {
        /// For how long.
        over: SavedClock,
    },
    /// It was over.
    Resolved {
        /// Since then.
        at: Timestamp,
        /// Because of this.
        ending: Ending,
    },
}

/// What a stopwatch showed; untagged, since an earlier program saved every one as it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SavedClock {
    /// It stood at so much.
    Standing(Duration),
    /// It ran, as if from this moment on: up to when all was last saved, it counted from there.
    RunningSince(Timestamp),
}

impl SavedClock {
    fn of(clock: &Stopwatch) -> Self {
        let Some(now) = clock.running() else {
            return Self::Standing(clock.elapsed());
        };
        // In whole seconds, up: the wall clock and the monotonic one are not read at once, and what was
        // not counted is not made up.
        let since = moment::earlier(now.wall, clock.elapsed());
        let second = Unit::Second;
        let round = TimestampRound::new().smallest(second).mode(RoundMode::Ceil);
        Self::RunningSince(since.round(round).unwrap_or(since))
    }

    fn restored(self, saved_at: Timestamp) -> Stopwatch {
        Stopwatch::standing(match self {
            Self::Standing(elapsed) => elapsed,
            Self::RunningSince(since) => {
                Duration::try_from(saved_at.duration_since(since)).unwrap_or_default()
            }
        })
    }
}

/// Alerts that were saved longer ago are ended: a day without the daemon is a day of unknown events.
pub const RESTORE_MAX_AGE: Duration = Duration::from_secs(24 * 3600);

impl SavedAlert {
    /// The alert as it is to be kept.
    pub fn of(alert: &Alert) -> Self {
        let phase = match &alert.state.phase {
            Phase::Pending { held, polls } => SavedPhase::Pending {
                held: SavedClock::of(held),
                polls: (*polls).min(alert.rule().min_polls),
            },
            Phase::Firing => SavedPhase::Firing,
            Phase::KeepFiring { over } => SavedPhase::Holding {
                over: SavedClock::of(over),
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
    fn restored(self, saved_at: Timestamp, now: Moment) -> Alert {
        let rule = KnownRule::of_old(&self.rule, self.condition, self.rule_labels);
        let phase = match self.phase {
            SavedPhase::Pending { held, polls } => Phase::Pending {
                held: held.restored(saved_at),
                polls,
            },
            SavedPhase::Firing => Phase::Firing,
            SavedPhase::Holding { over } => Phase::KeepFiring {
                over: over.restored(saved_at),
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

impl Alert {
    fn is_kept(&self) -> bool {
        match self.state.phase {
            Phase::Pending { polls, .. } => polls >= self.rule().min_polls,
            Phase::Firing | Phase::KeepFiring { .. } | Phase::Resolved { .. } => true,
        }
    }
}

impl Board {
    /// Every alert as it is to be kept.
    pub fn save(&self) -> Vec<SavedAlert> {
        let kept = self.alerts().filter(|alert| alert.is_kept());
        kept.map(SavedAlert::of).collect()
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
        let saved = saved.into_iter();
        let saved = saved.map(|alert| alert.restored(saved_at, now)).collect();
        let mut alerts = carry::carried(saved, &self.rules, now, &mut changes);
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
