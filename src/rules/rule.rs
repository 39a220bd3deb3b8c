//! An alert rule: a condition, which phones it speaks of, and how long it must last.
//!
//! Rules are plain data, filled from the configuration and from the ready-made packs. [`Rule::check`]
//! says everything that is wrong with one, so that no rule can silently never fire. The words are
//! those of Prometheus where the meaning is equal; `min_polls` and `on_unknown` are ours.

use std::time::Duration;

use super::condition::{
    Comparison, Condition, Counted, EachCondition, Fraction, Grouping, Own, PhoneCondition,
    Repeats, Scope,
};
use super::labels::{self, Pair};
use super::phone_selector::Where;
use super::promql::codes;
use super::severity;

/// One rule, valid if [`Rule::check`] has nothing to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique; the label `alertname`.
    pub name: Box<str>,
    /// A disabled rule is known by name and does nothing.
    pub enabled: bool,
    /// What it looks for.
    pub when: Condition,
    /// Which phones it speaks of.
    pub only: Where,
    /// How long the condition must hold before the alert fires: `for` in the configuration.
    pub hold: Duration,
    /// In how many polls at least the condition must have been seen; at least 1. Without it a
    /// re-evaluation of one lost packet could make up a whole `for`.
    pub min_polls: u32,
    /// How long the alert goes on firing after the condition ended.
    pub keep_firing_for: Duration,
    /// What is made of not knowing.
    pub on_unknown: OnUnknown,
    /// While it fires it explains everything below: a phone that is down has no registered
    /// accounts, and nobody needs to be told so.
    pub inhibits_below: bool,
    /// Labels of the alert beside those of what it speaks of; `severity` is one of them.
    pub labels: Box<[Pair]>,
    /// Texts for people, as templates; see [`Annotations`].
    pub annotations: Annotations,
}

/// Texts of an alert. Templates may name `{{ phone.name }}`, `{{ site }}`, `{{ account }}`,
/// `{{ line }}`, `{{ server }}`, `{{ receiver }}`; those have a form in Prometheus too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// What is wrong, in one line.
    pub summary: Box<str>,
    /// What it means for the people at the phones.
    pub impact: Box<str>,
    /// What to do first.
    pub first_steps: Box<str>,
    /// Where to read on.
    pub runbook_url: Box<str>,
    /// Others, by name.
    pub others: Box<[Pair]>,
}

/// What a rule makes of a condition that is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknown {
    /// The clocks stand still: what fires goes on firing, what is pending stays so.
    #[default]
    Keep,
    /// As if the condition did not hold: what Prometheus does when a series ends.
    Resolve,
    /// As if the condition held.
    Fire,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    /// Prometheus and Alertmanager need it too.
    #[error("a rule needs a name of letters, digits and `_` that does not begin with a digit")]
    Name,
    /// A label that the daemon sets itself.
    #[error("the label `{0}` is set by the daemon; choose another name")]
    ReservedLabel(Box<str>),
    /// Alerts of different groups would have the same labels.
    #[error("the label `{0}` makes the groups of this rule; choose another name")]
    GroupLabel(Box<str>),
    /// Not a name of a label.
    #[error("`{0}` is no name of a label: use letters, digits and `_`")]
    LabelName(Box<str>),
    /// Zero polls prove nothing.
    #[error("`min_polls` is 0; the least is 1")]
    MinPolls,
    /// A list without entries.
    #[error("`{0}` is empty; name at least one")]
    Empty(&'static str),
    /// A duration of zero.
    #[error("`{0}` must be longer than 0s")]
    Zero(&'static str),
    /// A share outside its range.
    #[error("`{0}` is a share: above 0, at most 1")]
    Share(&'static str),
    /// A count outside its range.
    #[error("`{0}` must be between 1 and {1}")]
    Count(&'static str, u32),
    /// `other` lines have no code.
    #[error(
        "`line_state` needs a state with a code: idle, ringing, calling, in_call, hold, failed"
    )]
    LineState,
    /// Phones have no label `server`, accounts have.
    #[error("phones have no SIP server of their own; use fraction_unregistered by server")]
    PhonesByServer,
    /// Several series of a phone would be mixed.
    #[error("`{0}` has one series for each `{1}`; choose one before looking at some time")]
    PickOne(&'static str, &'static str),
    /// The metric has no label to pick by.
    #[error("`{0}` has no label of its own to choose by")]
    NothingToPick(&'static str),
    /// Neither a number nor comparable.
    #[error("a metric is compared with a number")]
    NotANumber,
}

/// Labels of an alert that come from what it speaks of, or from how it is.
pub const RESERVED_LABELS: [&str; 9] = [
    "alertname",
    "alertstate",
    "phone",
    "site",
    "account",
    "line",
    "server",
    "receiver",
    "suppressed",
];

impl Annotations {
    /// Every text by name, in the order in which they are told; empty ones too.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = [
            ("summary", &*self.summary),
            ("impact", &self.impact),
            ("first_steps", &self.first_steps),
            ("runbook_url", &self.runbook_url),
        ];
        let others = self.others.iter().map(|(name, text)| (&**name, &**text));
        own.into_iter().chain(others)
    }
}

impl Rule {
    /// A rule with the usual patience: seen in two polls, and held while unknown.
    pub fn new(name: impl Into<Box<str>>, when: Condition) -> Self {
        Self {
            name: name.into(),
            enabled: true,
            when,
            only: Where::default(),
            hold: Duration::ZERO,
            min_polls: 2,
            keep_firing_for: Duration::ZERO,
            on_unknown: OnUnknown::Keep,
            inhibits_below: false,
            labels: Box::default(),
            annotations: Annotations::default(),
        }
    }

    /// Everything that is wrong with it.
    pub fn check(&self) -> Vec<RuleFault> {
        let mut faults = Vec::new();
        if !is_name(&self.name) {
            faults.push(RuleFault::Name);
        }
        if self.min_polls == 0 {
            faults.push(RuleFault::MinPolls);
        }
        for (name, _) in &self.labels {
            if RESERVED_LABELS.contains(&&**name) {
                faults.push(RuleFault::ReservedLabel(name.clone()));
            } else if !is_name(name) {
                faults.push(RuleFault::LabelName(name.clone()));
            }
        }
        for patterns in &self.only.labels {
            if !is_name(&patterns.name) {
                faults.push(RuleFault::LabelName(patterns.name.clone()));
            }
        }
        match &self.when {
            Condition::Phone(condition) => check_phone(condition, &mut faults),
            Condition::Each(condition) => check_each(condition, &mut faults),
            Condition::Fraction(fraction) => check_fraction(fraction, &self.labels, &mut faults),
            Condition::Own(own) => check_own(*own, &mut faults),
        }
        faults
    }

    /// The value of its label `severity`.
    pub fn severity(&self) -> Option<&str> {
        Some(labels::text(&self.labels, severity::LABEL)).filter(|severity| !severity.is_empty())
    }

    /// What it speaks of.
    pub fn scope(&self) -> Scope {
        self.when.scope()
    }
}

fn check_phone(condition: &PhoneCondition, faults: &mut Vec<RuleFault>) {
    for part in condition.parts() {
        check_phone(part, faults);
    }
    match condition {
        PhoneCondition::AnyOf(parts) => not_empty("any_of", parts, faults),
        PhoneCondition::AllOf(parts) => not_empty("all_of", parts, faults),
        PhoneCondition::PollError { reasons } => not_empty("reasons", reasons, faults),
        PhoneCondition::FirmwareNot { targets, .. } => not_empty("target", targets, faults),
        PhoneCondition::UnreachableRatio { over, above } => {
            not_zero("over", *over, faults);
            if !(0.0..1.0).contains(above) {
                faults.push(RuleFault::Share("above"));
            }
        }
        PhoneCondition::Rebooted { within } => not_zero("within", *within, faults),
        PhoneCondition::RebootLoop(repeats) => check_repeats(*repeats, faults),
        PhoneCondition::ClockOffset { over } => not_zero("over", *over, faults),
        PhoneCondition::DataOlderThan { age } | PhoneCondition::NotSeenFor { age } => {
            not_zero("age", *age, faults);
        }
        PhoneCondition::Any(condition) => check_each(condition, faults),
        PhoneCondition::Unreachable
        | PhoneCondition::NotReadable
        | PhoneCondition::LoginBlocked
        | PhoneCondition::PvalueDrift { .. }
        | PhoneCondition::Posture(_)
        | PhoneCondition::CertificateExpires { .. }
        | PhoneCondition::Not(_) => {}
    }
}

fn check_each(condition: &EachCondition, faults: &mut Vec<RuleFault>) {
    match condition {
        EachCondition::AccountNotRegistered { .. } => {}
        EachCondition::RegistrationFlapping(repeats) => check_repeats(*repeats, faults),
        EachCondition::LineState { state } => {
            if codes(*state).is_empty() {
                faults.push(RuleFault::LineState);
            }
        }
        EachCondition::Metric(comparison) => check_metric(comparison, faults),
    }
}

fn check_metric(comparison: &Comparison, faults: &mut Vec<RuleFault>) {
    let family = comparison.family;
    if !comparison.bound.is_finite() {
        faults.push(RuleFault::NotANumber);
    }
    if let Some((_, over)) = comparison.over {
        not_zero("over", over, faults);
    }
    match family.label {
        None if comparison.pick.is_some() => {
            faults.push(RuleFault::NothingToPick(family.name));
        }
        Some(label) if comparison.pick.is_none() && comparison.over.is_some() => {
            if !matches!(label, "account" | "line") {
                faults.push(RuleFault::PickOne(family.name, label));
            }
        }
        Some(_) | None => {}
    }
}

fn check_fraction(fraction: &Fraction, labels: &[Pair], faults: &mut Vec<RuleFault>) {
    if !(fraction.at_least > 0.0 && fraction.at_least <= 1.0) {
        faults.push(RuleFault::Share("at_least"));
    }
    if fraction.min == 0 {
        faults.push(RuleFault::Count("min", u32::MAX));
    }
    if let Grouping::Label(label) = &fraction.by {
        if !is_name(label) {
            faults.push(RuleFault::LabelName(label.clone()));
        }
        if labels.iter().any(|(name, _)| name == label) {
            faults.push(RuleFault::GroupLabel(label.clone()));
        }
    }
    if fraction.of == Counted::Unreachable && fraction.by == Grouping::Server {
        faults.push(RuleFault::PhonesByServer);
    }
}

fn check_own(own: Own, faults: &mut Vec<RuleFault>) {
    if let Own::PollsOverrun { within } | Own::NotifierFailing { within } = own {
        not_zero("within", within, faults);
    }
}

fn check_repeats(repeats: Repeats, faults: &mut Vec<RuleFault>) {
    not_zero("within", repeats.within, faults);
    if !(1..=Repeats::MOST).contains(&repeats.count) {
        faults.push(RuleFault::Count("count", Repeats::MOST.into()));
    }
}

fn not_empty<T>(name: &'static str, list: &[T], faults: &mut Vec<RuleFault>) {
    if list.is_empty() {
        faults.push(RuleFault::Empty(name));
    }
}

fn not_zero(name: &'static str, duration: Duration, faults: &mut Vec<RuleFault>) {
    if duration.is_zero() {
        faults.push(RuleFault::Zero(name));
    }
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::super::condition::{Operator, Take};
    use super::super::metric::Family;
    use super::*;
    use crate::fleet::reading::Coarse;

    const UNREACHABLE: Condition = Condition::Phone(PhoneCondition::Unreachable);

    #[track_caller]
    fn check(when: Condition, faults: &[RuleFault]) {
        assert_eq!(Rule::new("A", when).check(), faults);
    }

    #[test]
    fn what_could_never_fire_is_refused() {
        check(UNREACHABLE, &[]);
        let phone = |condition| Condition::Phone(condition);
        check(
            phone(PhoneCondition::AnyOf(Box::default())),
            &[RuleFault::Empty("any_of")],
        );
        let reasons = Box::default();
        check(
            phone(PhoneCondition::Not(Box::new(PhoneCondition::PollError {
                reasons,
            }))),
            &[RuleFault::Empty("reasons")],
        );
        let line = |state| Condition::Each(EachCondition::LineState { state });
        check(line(Coarse::Other), &[RuleFault::LineState]);
        check(line(Coarse::Failed), &[]);
        let fraction = Fraction {
            of: Counted::Unreachable,
            by: Grouping::Server,
            at_least: 1.5,
            min: 0,
        };
        check(
            Condition::Fraction(fraction),
            &[
                RuleFault::Share("at_least"),
                RuleFault::Count("min", u32::MAX),
                RuleFault::PhonesByServer,
            ],
        );
    }

    #[test]
    fn a_metric_with_several_series_is_looked_back_at_one_by_one() {
        let family = Family::named("grandstream_lines").expect("a metric");
        let comparison = |pick: Option<&str>| {
            Condition::metric(Comparison {
                family,
                pick: pick.map(Into::into),
                is: Operator::Above,
                bound: 3.0,
                over: Some((Take::Min, Duration::from_secs(60))),
            })
        };
        check(
            comparison(None),
            &[RuleFault::PickOne("grandstream_lines", "state")],
        );
        check(comparison(Some("ringing")), &[]);
    }

    #[test]
    fn a_label_that_would_make_one_alert_of_all_groups_is_refused() {
        let by = |by: &str| Fraction {
            of: Counted::Unreachable,
            by: Grouping::Label(by.into()),
            at_least: 0.5,
            min: 1,
        };
        let rule = |fraction| Rule {
            labels: Box::new([("floor".into(), "all".into())]),
            ..Rule::new("A", Condition::Fraction(fraction))
        };
        assert_eq!(rule(by("site")).check(), []);
        let taken = RuleFault::GroupLabel("floor".into());
        assert_eq!(rule(by("floor")).check(), [taken]);
    }

    #[test]
    fn only_names_of_labels_reach_an_expression() {
        let fraction = Fraction {
            of: Counted::Unreachable,
            by: Grouping::Label("a) or vector(1".into()),
            at_least: 0.5,
            min: 1,
        };
        check(
            Condition::Fraction(fraction),
            &[RuleFault::LabelName("a) or vector(1".into())],
        );
    }

    #[test]
    fn labels_that_the_daemon_sets_are_refused() {
        let rule = Rule {
            labels: Box::new([
                ("phone".into(), "x".into()),
                ("a-b".into(), "x".into()),
                ("severity".into(), "warning".into()),
            ]),
            ..Rule::new("1A", UNREACHABLE)
        };
        let faults = [
            RuleFault::Name,
            RuleFault::ReservedLabel("phone".into()),
            RuleFault::LabelName("a-b".into()),
        ];
        assert_eq!(rule.check(), faults);
        assert_eq!(rule.severity(), Some("warning"));
    }
}
