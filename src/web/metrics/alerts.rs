//! What `/metrics` says of alerts and of telling them, read from the picture that the alert task
//! publishes.
//!
//! Where alerts are judged here, closed label sets are complete from the start: each rule by state,
//! each receiver by reason and cause, each Alertmanager. Where they are not, there is nothing but
//! what silences and windows keep back. An alert has a series of its own while it is pending or
//! fires, with all its labels, as Prometheus gives them to `ALERTS`.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::alert::board::{Alert, Board};
use crate::alert::notify::notice::Why;
use crate::alert::notify::retry::Cause;
use crate::alert::picture::{ManagerTally, Queue, Restored, SUPPRESSORS};
use crate::alert::silence::SilenceState;
use crate::alert::suppress::Visibility;
use crate::alert::{Picture, Rule};
use crate::fleet::Phone;
use crate::fleet::moment::epoch_seconds;

use super::page::Scrape;
use super::samples::Samples;

/// So many alerts have series of their own: all that a bad day of 2,000 phones brings, and few enough
/// for any Prometheus. Those that fire come first.
pub(super) const MOST_LISTED: usize = 2000;

/// What an active alert is to whoever counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    /// It fires and may be said.
    Firing,
    /// It fires, and something keeps it from being said.
    Suppressed,
}

impl State {
    const ALL: [Self; 3] = [Self::Pending, Self::Firing, Self::Suppressed];

    fn of(alert: &Alert) -> Self {
        match alert.visibility {
            _ if alert.state.is_pending() => Self::Pending,
            Visibility::Shown => Self::Firing,
            Visibility::Settling
            | Visibility::Silenced(_)
            | Visibility::InWindow(_)
            | Visibility::Inhibited(_)
            | Visibility::Flapping => Self::Suppressed,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Suppressed => "suppressed",
        }
    }
}

/// The alerts that have series of their own. Labels of a rule may make two alerts look the same;
/// then the first counts.
pub(super) fn listed(board: &Board) -> Vec<Alert> {
    let mut labels = HashSet::new();
    let (firing, pending): (Vec<_>, Vec<_>) =
        board.active().partition(|alert| alert.state.is_firing());
    let alerts = firing.into_iter().chain(pending);
    alerts
        .filter(|alert| labels.insert(&alert.labels))
        .take(MOST_LISTED)
        .cloned()
        .collect()
}

pub(super) fn by_rule(scrape: &Scrape, out: &mut Samples<'_>) {
    let board = &scrape.alerts.board;
    let rules = board.rules().iter().map(|known| &known.rule);
    let mut counts: BTreeMap<_, _> = rules.map(|rule| (named(rule), [0_u32; 3])).collect();
    for alert in board.active() {
        let count = counts.entry(named(alert.rule())).or_default();
        count[State::of(alert) as usize] += 1;
    }
    for ((name, severity), counts) in counts {
        for state in State::ALL {
            let labels = [
                ("alertname", name),
                ("severity", severity),
                ("state", state.label()),
            ];
            out.count(&labels, counts[state as usize]);
        }
    }
}

pub(super) fn active_alert(alert: &Alert, out: &mut Samples<'_>) {
    let state = State::of(alert);
    let fires = match state {
        State::Pending => State::Pending,
        State::Firing | State::Suppressed => State::Firing,
    };
    let mut labels = own_labels(alert);
    labels.push(("alertstate", fires.label()));
    if state == State::Suppressed {
        labels.push(("suppressed", alert.visibility.label()));
    }
    out.flag(&labels, true);
}

pub(super) fn active_since(alert: &Alert, out: &mut Samples<'_>) {
    out.number(&own_labels(alert), epoch_seconds(alert.active_at.wall));
}

pub(super) fn left_out(scrape: &Scrape, out: &mut Samples<'_>) {
    if is_judged(scrape) {
        let board = &scrape.alerts.board;
        out.count(&[], board.active().count() - listed(board).len());
    }
}

pub(super) fn matched(scrape: &Scrape, out: &mut Samples<'_>) {
    for (rule, phones) in &*scrape.alerts.matched {
        out.count(&[("rule", rule)], *phones);
    }
}

pub(super) fn evaluated(scrape: &Scrape, out: &mut Samples<'_>) {
    if let Some(at) = scrape.alerts.evaluated
        && is_judged(scrape)
    {
        out.number(&[], epoch_seconds(at.wall));
    }
}

pub(super) fn texts_failed(scrape: &Scrape, out: &mut Samples<'_>) {
    if is_judged(scrape) {
        out.count(&[], scrape.alerts.tallies.texts_failed);
    }
}

pub(super) fn delivered(scrape: &Scrape, out: &mut Samples<'_>) {
    for receiver in receivers(&scrape.alerts) {
        for reason in Why::ALL {
            let told = &scrape.alerts.tallies.delivered;
            let count = told.get(&(receiver.into(), reason)).copied();
            let labels = [("receiver", receiver), ("reason", reason.label())];
            out.count(&labels, count.unwrap_or_default());
        }
    }
}

pub(super) fn failed(scrape: &Scrape, out: &mut Samples<'_>) {
    for receiver in receivers(&scrape.alerts) {
        for cause in Cause::ALL {
            let failed = &scrape.alerts.tallies.failed;
            let count = failed.get(&(receiver.into(), cause)).copied();
            let labels = [("receiver", receiver), ("cause", cause.label())];
            out.count(&labels, count.unwrap_or_default());
        }
    }
}

pub(super) fn kept_back(scrape: &Scrape, out: &mut Samples<'_>) {
    if is_judged(scrape) {
        for by in SUPPRESSORS {
            let count = scrape.alerts.tallies.suppressed.get(by).copied();
            out.count(&[("by", by)], count.unwrap_or_default());
        }
    }
}

pub(super) fn waiting(scrape: &Scrape, out: &mut Samples<'_>) {
    for (receiver, queue) in queues(&scrape.alerts) {
        out.count(&[("receiver", receiver)], queue.waiting);
    }
}

pub(super) fn oldest(scrape: &Scrape, out: &mut Samples<'_>) {
    for (receiver, queue) in queues(&scrape.alerts) {
        let age = queue
            .oldest
            .map(|at| scrape.now.wall.duration_since(at).as_secs_f64().max(0.0));
        out.number(&[("receiver", receiver)], age.unwrap_or_default());
    }
}

pub(super) fn dead(scrape: &Scrape, out: &mut Samples<'_>) {
    for (receiver, queue) in queues(&scrape.alerts) {
        out.count(&[("receiver", receiver)], queue.dead);
    }
}

pub(super) fn sent(scrape: &Scrape, out: &mut Samples<'_>) {
    managers(scrape, out, |tally| tally.sent);
}

pub(super) fn errors(scrape: &Scrape, out: &mut Samples<'_>) {
    managers(scrape, out, |tally| tally.errors);
}

pub(super) fn refused(scrape: &Scrape, out: &mut Samples<'_>) {
    managers(scrape, out, |tally| tally.dropped);
}

pub(super) fn unsent(scrape: &Scrape, out: &mut Samples<'_>) {
    managers(scrape, out, |tally| tally.waiting);
}

pub(super) fn written(scrape: &Scrape, out: &mut Samples<'_>) {
    if let Some(at) = scrape.alerts.keeping.written {
        out.number(&[], epoch_seconds(at));
    }
}

/// Says nothing where state is kept in memory on purpose.
pub(super) fn persisted(scrape: &Scrape, out: &mut Samples<'_>) {
    let keeping = &scrape.alerts.keeping;
    if keeping.fault.is_some() || keeping.written.is_some() {
        out.flag(&[], keeping.fault.is_none());
    }
}

pub(super) fn restored(scrape: &Scrape, out: &mut Samples<'_>) {
    if is_judged(scrape) {
        for result in Restored::ALL {
            let count = scrape.alerts.tallies.restored.get(&result).copied();
            out.count(&[("result", result.label())], count.unwrap_or_default());
        }
    }
}

pub(super) fn silences(scrape: &Scrape, out: &mut Samples<'_>) {
    let silences = scrape.alerts.board.silences();
    if !is_judged(scrape) && silences.is_empty() {
        return;
    }
    let now = scrape.now.wall;
    for state in SilenceState::ALL {
        let those = silences.iter().filter(|one| one.state(now) == state);
        out.count(&[("state", state.label())], those.count());
    }
}

pub(super) fn muted(scrape: &Scrape, phone: &Phone, out: &mut Samples<'_>) {
    if let Some(by) = scrape.alerts.board.muted().get(&phone.place.name) {
        out.flag(&[("by", by.label())], true);
    }
}

fn is_judged(scrape: &Scrape) -> bool {
    scrape.alerts.settings.enabled
}

/// Name and severity of a rule.
fn named(rule: &Rule) -> (&str, &str) {
    (&rule.name, rule.severity().unwrap_or_default())
}

fn own_labels(alert: &Alert) -> Vec<(&str, &str)> {
    let labels = alert.labels.iter();
    labels.map(|(name, value)| (&**name, &**value)).collect()
}

/// The receivers of the configuration, each once.
fn receivers(picture: &Picture) -> BTreeSet<&str> {
    let receivers = picture.settings.receivers.iter();
    receivers
        .map(|receiver| &*receiver.route.receiver)
        .collect()
}

/// The queue of each receiver, and of those that are gone and left messages.
fn queues(picture: &Picture) -> BTreeMap<&str, Queue> {
    let receivers = receivers(picture).into_iter();
    let mut queues: BTreeMap<_, _> = receivers.map(|name| (name, Queue::default())).collect();
    let known = picture.queues.iter();
    queues.extend(known.map(|(name, queue)| (&**name, *queue)));
    queues
}

fn managers(scrape: &Scrape, out: &mut Samples<'_>, count: impl Fn(&ManagerTally) -> u64) {
    let Picture {
        settings, tallies, ..
    } = &*scrape.alerts;
    let names = settings.alertmanagers.iter().map(|one| &*one.name);
    for name in names.collect::<BTreeSet<_>>() {
        let tally = tallies.alertmanagers.get(name).copied();
        let labels = [("alertmanager", name)];
        out.count(&labels, count(&tally.unwrap_or_default()));
    }
}
