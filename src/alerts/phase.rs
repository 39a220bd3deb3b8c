//! The life of one alert: inactive, pending, firing, holding, resolved.
//!
//! [`step`] makes the next state from the last and what was seen. The clocks are Prometheus' where
//! everything is known: an alert fires at the first evaluation `for` after the condition was first
//! seen, and resolves at the first `keep_firing_for` after it was first gone. While the condition is
//! unknown the clocks stand. Who is told of it is no matter here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fleet::Moment;

use crate::rules::rule::{OnUnknown, Rule};
use crate::rules::tristate::Tristate;

/// An alert that is not inactive.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Where in its life it is.
    pub phase: Phase,
    /// How long the condition has been unknown; `None` while it is known.
    pub unknown: Option<Stopwatch>,
    /// Restored after a restart, or its rule looks for something else now, and nothing was seen since.
    pub unconfirmed: bool,
    /// The poll that was last counted.
    counted: Option<Moment>,
}

/// Where in its life an alert is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The condition holds, not yet for long enough.
    Pending {
        /// For how long.
        held: Stopwatch,
        /// In how many polls it was seen.
        polls: u32,
    },
    /// It lasted.
    Firing,
    /// The condition is over; the alert goes on for `keep_firing_for`.
    KeepFiring {
        /// For how long it is over.
        over: Stopwatch,
    },
    /// It was firing and is over.
    Resolved {
        /// Since then.
        at: Moment,
        /// Because of this.
        ending: Ending,
    },
}

/// What a pending alert waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// The rest of `for`, while the condition goes on.
    Time(Duration),
    /// So many more polls that see the condition, at least one.
    Polls(u32),
    /// The condition to be known again: until then the clock of `for` stands.
    Reading,
}

/// How an alert that fired came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The condition ended.
    Cleared,
    /// Nothing has been known of it for too long.
    Unknown,
    /// Its rule is gone.
    RuleRemoved,
    /// Its rule gives it other labels; it goes on under those.
    Relabelled,
    /// What it spoke of is no longer in the list of phones.
    SubjectRemoved,
}

impl Ending {
    /// As a word, for messages and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cleared => "cleared",
            Self::Unknown => "unknown",
            Self::RuleRemoved => "rule_removed",
            Self::Relabelled => "relabelled",
            Self::SubjectRemoved => "subject_removed",
        }
    }
}

/// Counts time between evaluations at which it was running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stopwatch {
    elapsed: Duration,
    running: Option<Moment>,
}

/// What an evaluation saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Of the condition.
    pub truth: Tristate,
    /// In the poll that began then; `None` where no poll is behind it.
    pub polled: Option<Moment>,
    /// An outage above explains why nothing is known.
    pub explained: bool,
    /// When it looked.
    pub now: Moment,
}

/// After so long without knowledge a firing alert ends, unless an outage explains it: longer than
/// any reboot or upgrade of a phone, short enough that nobody chases a ghost.
pub const UNKNOWN_MAX: Duration = Duration::from_secs(30 * 60);

/// The state after an evaluation; `None` is inactive.
pub fn step(before: Option<State>, seen: Evaluation, rule: &Rule) -> Option<State> {
    let unconfirmed = before.as_ref().is_some_and(|state| state.unconfirmed);
    let truth = match (seen.truth, rule.on_unknown) {
        (Tristate::Unknown, OnUnknown::Resolve) if !unconfirmed => Tristate::Fails,
        (Tristate::Unknown, OnUnknown::Fire) => Tristate::Holds,
        (truth, _) => truth,
    };
    // What was resolved and holds again is a new alert.
    let before = before.filter(|state| !(truth == Tristate::Holds && state.is_resolved()));
    let Some(state) = before else {
        return (truth == Tristate::Holds).then(|| State::begun(seen, rule));
    };
    match truth {
        Tristate::Holds => Some(state.holding_on(seen, rule)),
        Tristate::Fails => state.failed(rule, seen.now),
        Tristate::Unknown => Some(state.unknown(seen)),
    }
}

impl State {
    /// The condition was just seen for the first time.
    fn begun(seen: Evaluation, rule: &Rule) -> Self {
        let state = Self {
            phase: Phase::Pending {
                held: Stopwatch::started(seen.now),
                polls: 1,
            },
            unknown: None,
            unconfirmed: false,
            counted: seen.polled,
        };
        state.fired_if_due(rule)
    }

    /// A state that was kept over a restart.
    pub fn restored(phase: Phase) -> Self {
        Self {
            phase,
            unknown: None,
            unconfirmed: true,
            counted: None,
        }
    }

    /// Whether the alert counts as firing.
    pub fn is_firing(&self) -> bool {
        matches!(self.phase, Phase::Firing | Phase::KeepFiring { .. })
    }

    /// Whether the clock of `for` runs.
    pub fn is_pending(&self) -> bool {
        matches!(self.phase, Phase::Pending { .. })
    }

    /// What it waits for while it is pending under `rule`; `None` in every other phase.
    pub fn waits_for(&self, rule: &Rule, now: Moment) -> Option<WaitsFor> {
        let Phase::Pending { held, polls } = self.phase else {
            return None;
        };
        if self.unknown.is_some() || self.unconfirmed {
            return Some(WaitsFor::Reading);
        }
        let rest = rule.hold.saturating_sub(held.at(now));
        if !rest.is_zero() {
            return Some(WaitsFor::Time(rest));
        }
        let missing = rule.min_polls.saturating_sub(polls);
        // Where nothing is missing, the next evaluation decides.
        Some(WaitsFor::Polls(missing.max(1)))
    }

    /// Whether it fired and is over.
    pub fn is_resolved(&self) -> bool {
        matches!(self.phase, Phase::Resolved { .. })
    }

    /// The end, for a reason that lies outside of the condition; `None` if it never fired.
    #[must_use]
    pub fn ended(self, ending: Ending, now: Moment) -> Option<Self> {
        if self.is_resolved() {
            return Some(self);
        }
        self.is_firing().then_some(Self {
            phase: Phase::Resolved { at: now, ending },
            unknown: None,
            ..self
        })
    }

    /// What is left of it when its clocks ran under another condition; `None` if that was all.
    pub fn distrusted(self) -> Option<Self> {
        match self.phase {
            Phase::Pending { .. } => None,
            Phase::Firing | Phase::KeepFiring { .. } => Some(Self::restored(Phase::Firing)),
            Phase::Resolved { .. } => Some(self),
        }
    }

    fn holding_on(mut self, seen: Evaluation, rule: &Rule) -> Self {
        self.known();
        if let Phase::KeepFiring { .. } = self.phase {
            self.phase = Phase::Firing;
        }
        if let Phase::Pending { held, polls } = &mut self.phase {
            held.run(seen.now);
            let newer = match (seen.polled, self.counted) {
                (Some(polled), Some(counted)) => polled.mono > counted.mono,
                (None, _) | (_, None) => true,
            };
            *polls = polls.saturating_add(u32::from(newer));
            self.counted = seen.polled;
        }
        self.fired_if_due(rule)
    }

    fn failed(mut self, rule: &Rule, now: Moment) -> Option<Self> {
        self.known();
        let over = match self.phase {
            Phase::Pending { .. } => return None,
            Phase::Resolved { .. } => return Some(self),
            Phase::Firing => Stopwatch::started(now),
            Phase::KeepFiring { mut over } => {
                over.run(now);
                over
            }
        };
        if over.elapsed >= rule.keep_firing_for {
            return self.ended(Ending::Cleared, now);
        }
        self.phase = Phase::KeepFiring { over };
        Some(self)
    }

    fn unknown(mut self, seen: Evaluation) -> Self {
        match &mut self.phase {
            Phase::Pending { held, .. } => held.pause(),
            Phase::KeepFiring { over } => over.pause(),
            Phase::Firing => {}
            Phase::Resolved { .. } => return self,
        }
        let unknown = self.unknown.get_or_insert_default();
        unknown.run(seen.now);
        let given_up = unknown.elapsed >= UNKNOWN_MAX && !seen.explained;
        if given_up && self.is_firing() {
            self.phase = Phase::Resolved {
                at: seen.now,
                ending: Ending::Unknown,
            };
            self.unknown = None;
        }
        self
    }

    fn known(&mut self) {
        self.unknown = None;
        self.unconfirmed = false;
    }

    fn fired_if_due(mut self, rule: &Rule) -> Self {
        if let Phase::Pending { held, polls } = self.phase
            && held.elapsed >= rule.hold
            && polls >= rule.min_polls
        {
            self.phase = Phase::Firing;
        }
        self
    }
}

impl Stopwatch {
    /// Begins to count at `now`.
    pub fn started(now: Moment) -> Self {
        Self {
            elapsed: Duration::ZERO,
            running: Some(now),
        }
    }

    /// One that stands at so much.
    pub fn standing(elapsed: Duration) -> Self {
        Self {
            elapsed,
            running: None,
        }
    }

    /// Counts up to `now` and goes on.
    pub fn run(&mut self, now: Moment) {
        self.run_if(true, now);
    }

    /// Counts up to `now`, and goes on only if told so.
    pub fn run_if(&mut self, on: bool, now: Moment) {
        if let Some(since) = self.running {
            self.elapsed += now.since(since);
        }
        self.running = on.then_some(now);
    }

    /// Stands still from where it last counted.
    pub fn pause(&mut self) {
        self.running = None;
    }

    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// What it will have counted at `now`, if it goes on as it does.
    pub fn at(&self, now: Moment) -> Duration {
        let running = self.running.map(|since| now.since(since));
        self.elapsed + running.unwrap_or_default()
    }

    /// What it counted.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// When it last counted, while it goes on.
    pub fn running(&self) -> Option<Moment> {
        self.running
    }
}

#[cfg(test)]
mod tests {
    use super::Tristate::{Fails, Holds, Unknown};
    use super::*;
    use crate::fleet::sample::minute;
    use crate::rules::condition::{Condition, PhoneCondition};

    const MINUTE: Duration = Duration::from_secs(60);

    fn rule(hold: u32, keep: u32) -> Rule {
        Rule {
            hold: hold * MINUTE,
            keep_firing_for: keep * MINUTE,
            min_polls: 1,
            ..Rule::new("A", Condition::Phone(PhoneCondition::Unreachable))
        }
    }

    /// The states after each minute: `.` inactive, `p` pending, `F` firing, `h` holding, `r`
    /// resolved.
    fn life(rule: &Rule, truths: &[Tristate]) -> String {
        let mut state = None;
        let mut life = String::new();
        for (n, &truth) in (0..).zip(truths) {
            let seen = Evaluation {
                truth,
                polled: Some(minute(n)),
                explained: false,
                now: minute(n),
            };
            state = step(state, seen, rule);
            life.push(letter(state.as_ref()));
        }
        life
    }

    fn letter(state: Option<&State>) -> char {
        match state.map(|state| &state.phase) {
            None => '.',
            Some(Phase::Pending { .. }) => 'p',
            Some(Phase::Firing) => 'F',
            Some(Phase::KeepFiring { .. }) => 'h',
            Some(Phase::Resolved { .. }) => 'r',
        }
    }

    #[track_caller]
    fn check(rule: &Rule, truths: &str, expected: &str) {
        let truths: Vec<_> = truths
            .chars()
            .map(|c| match c {
                '1' => Holds,
                '0' => Fails,
                _ => Unknown,
            })
            .collect();
        assert_eq!(life(rule, &truths), expected);
    }

    #[test]
    fn it_fires_after_for_and_resolves_after_keep_firing_for() {
        check(&rule(0, 0), "0110", ".FFr");
        check(&rule(2, 0), "011110", ".ppFFr");
        check(&rule(2, 0), "01101", ".pp.p");
        check(&rule(1, 2), "11000", "pFhhr");
        check(&rule(1, 2), "1101000", "pFhFhhr");
        check(&rule(1, 0), "110011", "pFrrpF");
    }

    #[test]
    fn a_resolved_alert_that_pends_again_and_does_not_last_is_inactive() {
        check(&rule(1, 0), "11010", "pFrp.");
    }

    #[test]
    fn while_nothing_is_known_the_clocks_stand() {
        check(&rule(2, 0), "1??111", "pppppF");
        check(&rule(1, 0), "11???0", "pFFFFr");
        check(&rule(1, 2), "110??00", "pFhhhhh");
        check(&rule(0, 0), "??", "..");
    }

    #[test]
    fn not_knowing_can_be_taken_for_either() {
        let resolve = Rule {
            on_unknown: OnUnknown::Resolve,
            ..rule(1, 0)
        };
        check(&resolve, "11?1", "pFrp");
        let fire = Rule {
            on_unknown: OnUnknown::Fire,
            ..rule(1, 0)
        };
        check(&fire, "0??0?", ".pFrp");
    }

    #[test]
    fn the_same_poll_seen_twice_is_one_poll() {
        let rule = Rule {
            min_polls: 2,
            ..rule(0, 0)
        };
        let seen = |polled, now| Evaluation {
            truth: Holds,
            polled: Some(minute(polled)),
            explained: false,
            now: minute(now),
        };
        let first = step(None, seen(0, 0), &rule);
        let again = step(first, seen(0, 1), &rule);
        assert_eq!(letter(again.as_ref()), 'p');
        let second = step(again, seen(1, 2), &rule);
        assert_eq!(letter(second.as_ref()), 'F');
    }

    #[test]
    fn a_pending_alert_tells_what_it_waits_for() {
        let rule = Rule {
            min_polls: 3,
            ..rule(2, 0)
        };
        let seen = |truth, polled, now| Evaluation {
            truth,
            polled: Some(minute(polled)),
            explained: false,
            now: minute(now),
        };
        let waits = |state: &Option<State>, now| {
            let state = state.as_ref().expect("it is pending");
            state.waits_for(&rule, minute(now))
        };
        let mut state = step(None, seen(Holds, 0, 0), &rule);
        assert_eq!(waits(&state, 0), Some(WaitsFor::Time(2 * MINUTE)));
        assert_eq!(waits(&state, 1), Some(WaitsFor::Time(MINUTE)));
        state = step(state, seen(Unknown, 1, 1), &rule);
        assert_eq!(waits(&state, 5), Some(WaitsFor::Reading));
        // The time is over and the polls are not: it does not go on saying "fires after 2 min".
        for n in 2..=5 {
            state = step(state, seen(Holds, 2, n), &rule);
        }
        assert_eq!(waits(&state, 5), Some(WaitsFor::Polls(1)));
        state = step(state, seen(Holds, 6, 6), &rule);
        assert_eq!(waits(&state, 6), None, "it fires");
        let restored = Some(State::restored(Phase::Pending {
            held: Stopwatch::standing(3 * MINUTE),
            polls: 3,
        }));
        assert_eq!(waits(&restored, 0), Some(WaitsFor::Reading));
    }

    #[test]
    fn what_is_unknown_for_too_long_ends_unless_an_outage_explains_it() {
        for (explained, expected) in [(false, 'r'), (true, 'F')] {
            let seen = |truth, n| Evaluation {
                truth,
                polled: None,
                explained,
                now: minute(n),
            };
            let rule = rule(0, 0);
            let mut state = step(None, seen(Holds, 0), &rule);
            for n in 1..=31 {
                state = step(state, seen(Unknown, n), &rule);
            }
            assert_eq!(letter(state.as_ref()), expected);
        }
    }

    #[test]
    fn what_was_restored_waits_for_something_fresh() {
        let resolve = Rule {
            on_unknown: OnUnknown::Resolve,
            ..rule(0, 0)
        };
        let seen = |truth, n| Evaluation {
            truth,
            polled: None,
            explained: false,
            now: minute(n),
        };
        let restored = Some(State::restored(Phase::Firing));
        let state = step(restored, seen(Unknown, 0), &resolve);
        assert_eq!(letter(state.as_ref()), 'F');
        let state = step(state, seen(Holds, 1), &resolve);
        assert!(state.as_ref().is_some_and(|state| !state.unconfirmed));
        let state = step(state, seen(Unknown, 2), &resolve);
        assert_eq!(letter(state.as_ref()), 'r');
    }
}
