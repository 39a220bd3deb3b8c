//! What keeps a firing alert from being said: an outage above it, another alert that explains it, a
//! silence, a window, flapping, or a moment of patience.
//!
//! Only the saying is kept back. Alerts begin, last and end as if nothing kept them, and the end of
//! what was said is always said. Whoever is told later is told at once.
//!
//! Patience: what may turn out to be part of an outage waits until the outage above was judged on
//! readings newer than the alert's own beginning, and never longer than [`SETTLE`]. It is a matter of
//! cause, not of a guess how long a group takes. What comes free from a silence or window is judged
//! at the next tick, and waits for what is pending above it.

use std::sync::Arc;
use std::time::Duration;

use super::board::{Alert, KnownRule};
use super::flap::Damping;
use super::inhibition::InhibitionSources;
use super::silence::{Silence, Window};
use crate::fleet::Moment;
use crate::rules::inhibit::InhibitRule;
use crate::rules::labels::{self, Pair};
use crate::rules::rule::Rule;
use crate::rules::subject::{Labels, Subject};

/// What the configuration says of keeping back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppression {
    /// Inhibition rules, those of the packs first; outages inhibit what lies below without one.
    pub inhibit_rules: Box<[InhibitRule]>,
    /// Windows of maintenance.
    pub windows: Box<[Window]>,
    /// When alerts count as flapping.
    pub damping: Damping,
}

/// Whether a firing alert may be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// It may.
    Shown,
    /// Not before it is clear whether it is part of something larger.
    Settling,
    /// By the silence of this id.
    Silenced(u64),
    /// By the window of this name.
    InWindow(Box<str>),
    /// By an outage above, or another alert that explains it: the name of its rule.
    Inhibited(Box<str>),
    /// It comes and goes.
    Flapping,
}

/// No alert is kept back longer than this for patience: one poll of every phone at the usual
/// interval of 30 s, and a tick.
pub const SETTLE: Duration = Duration::from_secs(45);

/// What may explain an alert.
#[derive(Clone, Copy, Debug)]
pub struct Parents<'a> {
    /// Alerts of everything, of groups and of its phone that explain it once they fire.
    pub alerts: &'a [&'a Alert],
    /// Of each group that may come to explain it, when the poll that is longest ago began as the
    /// group was last judged.
    pub judged: &'a [Moment],
}

/// A group as it was last judged, by a rule that may come to explain others.
#[derive(Clone, Debug)]
pub struct GroupEvaluation {
    /// The rule.
    pub rule: Arc<KnownRule>,
    /// The group.
    pub subject: Subject,
    /// The labels that an alert of it has.
    pub labels: Labels,
    /// Whether an inhibition rule selects such an alert as a source.
    pub is_source: bool,
    /// When the poll that is longest ago, of those that counted, began.
    pub oldest: Moment,
}

/// Everything an alert is judged by.
#[derive(Clone, Copy, Debug)]
pub struct SuppressionContext<'a> {
    /// The configuration.
    pub suppression: &'a Suppression,
    /// Silences, those that are over included.
    pub silences: &'a [Silence],
    /// Alerts that inhibit others.
    pub sources: &'a InhibitionSources,
    /// When groups, silences and windows were last looked at.
    pub ticked: Moment,
    /// Now.
    pub now: Moment,
}

impl Visibility {
    /// Whether somebody wanted it to be kept back.
    pub fn is_wanted(&self) -> bool {
        matches!(self, Self::Silenced(_) | Self::InWindow(_))
    }

    /// The value of the label `suppressed` of `grandstream_alert_active`; empty while shown.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Shown => "",
            Self::Settling => "settling",
            Self::Silenced(_) => "silence",
            Self::InWindow(_) => "window",
            Self::Inhibited(_) => "inhibited",
            Self::Flapping => "flapping",
        }
    }
}

/// The silence or window that keeps an alert back.
pub fn wanted(alert: &Alert, scene: SuppressionContext<'_>) -> Option<Visibility> {
    let wall = scene.now.wall;
    let mut silences = scene.silences.iter();
    if let Some(silence) =
        silences.find(|silence| silence.is_active(wall) && silence.matches(&alert.labels))
    {
        return Some(Visibility::Silenced(silence.id));
    }
    let mut windows = scene.suppression.windows.iter();
    let window =
        windows.find(|window| window.matches(&alert.labels) && window.when.contain(wall))?;
    Some(Visibility::InWindow(window.name.clone()))
}

/// Whether a firing alert that nobody wanted to keep back may be said, and if not, why.
pub fn judge(
    alert: &Alert,
    above: Parents<'_>,
    scene: SuppressionContext<'_>,
    flapping: bool,
) -> Visibility {
    let mut alerts = above.alerts.iter();
    if let Some(firing) = alerts.find(|above| above.state.is_firing()) {
        return Visibility::Inhibited(firing.rule().name.clone());
    }
    let rules = &scene.suppression.inhibit_rules;
    if let Some(by) = scene.sources.inhibiting(&alert.labels, rules) {
        return Visibility::Inhibited(by.into());
    }
    if flapping {
        return Visibility::Flapping;
    }
    if is_settling(alert, above, scene) {
        return Visibility::Settling;
    }
    Visibility::Shown
}

/// Whether `above` inhibits `alert` once it fires.
pub fn inhibits(above: &Alert, alert: &Alert, rules: &[InhibitRule]) -> bool {
    lies_below(alert, above.rule(), &above.subject, &above.labels)
        || inhibits_by_rule(&above.labels, alert, rules)
}

/// Whether what a rule says of a group can come to inhibit `alert`.
pub fn may_inhibit(judged: &GroupEvaluation, alert: &Alert, rules: &[InhibitRule]) -> bool {
    lies_below(alert, &judged.rule.rule, &judged.subject, &judged.labels)
        || judged.is_source && inhibits_by_rule(&judged.labels, alert, rules)
}

/// Whether an outage of `subject`, an alert of these labels, lies above `alert`. One of a phone
/// inhibits all else of it, but not another outage of the same phone. Groups are told by the labels
/// of both alerts, as an Alertmanager sees them.
pub fn lies_below(alert: &Alert, rule: &Rule, subject: &Subject, labels: &[Pair]) -> bool {
    if !rule.inhibits_below || rule.name == alert.rule().name || alert.is_of_daemon_itself() {
        return false;
    }
    let value = |labels, name| labels::text(labels, name);
    match subject {
        Subject::Daemon => alert.subject != Subject::Daemon,
        Subject::Group { label, .. } => {
            alert.subject.phone().is_some() && value(labels, label) == value(&alert.labels, label)
        }
        Subject::Phone(phone) => {
            alert.subject.phone() == Some(&**phone) && !alert.rule().inhibits_below
        }
        Subject::Account(..) | Subject::Line(..) => false,
    }
}

fn inhibits_by_rule(source: &[Pair], alert: &Alert, rules: &[InhibitRule]) -> bool {
    let mut rules = rules.iter();
    rules.any(|rule| rule.inhibits(source, &alert.labels))
}

/// What was silenced and is free again waits longer where something above is pending: while it was
/// silenced it did not count there.
fn is_settling(alert: &Alert, above: Parents<'_>, scene: SuppressionContext<'_>) -> bool {
    // What was being said goes on being said.
    if alert.visibility == Visibility::Shown {
        return false;
    }
    if alert.state.unconfirmed {
        return true;
    }
    let Some(since) = alert.freed_at.or(alert.fired_at) else {
        return false;
    };
    let pending = above.alerts.iter().filter(|above| above.state.is_pending());
    let longest = pending.map(|above| above.rule().hold).max();
    let judged_before = |judged: &Moment| judged.mono < alert.active_at.mono;
    let unclear = longest.is_some()
        || scene.ticked.mono < since.mono && alert.freed_at.is_some()
        || above.judged.iter().any(judged_before);
    let patience = match alert.freed_at {
        Some(_) => SETTLE + longest.unwrap_or_default(),
        None => SETTLE,
    };
    unclear && scene.now.since(since) < patience
}
