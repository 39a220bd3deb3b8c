//! What `/metrics` says of alerts and of telling them, read from the snapshot that the alert task
//! publishes.
//!
//! Where alerts are judged here, closed label sets are complete from the start: each rule by state,
//! each receiver by reason and cause, each Alertmanager. Where they are not, there is nothing but
//! what silences and windows keep back. An alert has a series of its own while it is pending or
//! fires, with all its labels, as Prometheus gives them to `ALERTS`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Unit::Seconds;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alert_engine::snapshot::{Queue, RestoreResult, SUPPRESSORS};
use crate::alerts::board::{Alert, Board};
use crate::alerts::silence::SilenceState;
use crate::alerts::suppress::Visibility;
use crate::fleet::moment::epoch_seconds;
use crate::notify::notification::NotificationReason;
use crate::notify::retry::FailureReason;
use crate::rules::rule::Rule;

use super::samples::Label;
use super::scrape::Scrape;
use super::snapshot_families::Families;

/// So many alerts have series of their own: all that a bad day of 2,000 phones brings, and few enough
/// for any Prometheus. Those that fire come first.
const MOST_LISTED: usize = 2000;

/// The state of an active alert in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Firing,
    /// It fires and is suppressed.
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

/// The alerts as of one moment.
#[derive(Debug)]
pub(super) struct Alerts {
    snapshot: Arc<AlertSnapshot>,
    now: Timestamp,
}

impl Collector for Alerts {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Families(encoder);
        self.alerts(&mut out)?;
        self.rules(&mut out)?;
        self.notifications(&mut out)?;
        self.queues(&mut out)?;
        self.alertmanagers(&mut out)?;
        self.state(&mut out)
    }
}

impl Alerts {
    pub(super) fn of(scrape: &Scrape) -> Self {
        Self {
            snapshot: Arc::clone(&scrape.alerts),
            now: scrape.now.wall,
        }
    }

    fn alerts(&self, out: &mut Families<'_>) -> fmt::Result {
        let board = &self.snapshot.board;
        out.gauges(
            "grandstream_alerts",
            None,
            "Active alerts per rule, by state: pending, firing or suppressed; each alert counts in exactly one.",
            by_rule(board),
        )?;
        let listed = listed(board);
        out.gauges(
            "grandstream_alert_active",
            None,
            "1 for each alert that is pending or firing; the label suppressed names what suppresses one that is firing.",
            listed.iter().map(|alert| (with_state(alert), 1_u32)),
        )?;
        let since = listed
            .iter()
            .map(|alert| (own_labels(alert), epoch_seconds(alert.active.wall)));
        out.gauges(
            "grandstream_alert_active_since_timestamp",
            Some(&Seconds),
            "When the condition of an active alert was first seen.",
            since,
        )?;
        let dropped = board.active().count() - listed.len();
        out.gauge(
            "grandstream_alert_series_dropped",
            None,
            "Active alerts without series of their own, because 2000 others have them.",
            self.if_judged(dropped),
        )
    }

    fn rules(&self, out: &mut Families<'_>) -> fmt::Result {
        let AlertSnapshot {
            matched, evaluated, ..
        } = &*self.snapshot;
        out.gauges(
            "grandstream_alert_rule_matched_entities",
            None,
            "Phones that the rule applies to; a rule that applies to none never fires.",
            matched
                .iter()
                .map(|(rule, phones)| ([("alertname", &**rule)], *phones)),
        )?;
        let evaluated = evaluated.map(|at| epoch_seconds(at.wall));
        out.gauge(
            "grandstream_alert_rule_last_evaluation_timestamp",
            Some(&Seconds),
            "When all rules were last evaluated.",
            evaluated.and_then(|at| self.if_judged(at)),
        )?;
        out.counter(
            "grandstream_alert_rule_evaluation_errors",
            "Templates of alerts that failed to render, so that their source was sent instead.",
            self.if_judged(self.snapshot.tallies.texts_failed),
        )
    }

    fn notifications(&self, out: &mut Families<'_>) -> fmt::Result {
        let tallies = &self.snapshot.tallies;
        let receivers = self.receivers();
        let delivered = receivers.iter().flat_map(|receiver| {
            NotificationReason::ALL.map(|reason| {
                let labels = [
                    ("receiver", *receiver),
                    ("notification_reason", reason.label()),
                ];
                let count = tallies.delivered.get(&((*receiver).into(), reason));
                (labels, count.copied().unwrap_or_default())
            })
        });
        out.counters(
            "grandstream_notifications_delivered",
            "Notifications that a receiver accepted, by why they were sent.",
            delivered,
        )?;
        let failed = receivers.iter().flat_map(|receiver| {
            FailureReason::ALL.map(|cause| {
                let labels = [("receiver", *receiver), ("reason", cause.label())];
                let count = tallies.failed.get(&((*receiver).into(), cause));
                (labels, count.copied().unwrap_or_default())
            })
        });
        out.counters(
            "grandstream_notification_requests_failed",
            "Requests to a receiver that failed, by reason.",
            failed,
        )?;
        let suppressed = SUPPRESSORS.map(|by| {
            let count = tallies.suppressed.get(by).copied();
            ([("by", by)], count.unwrap_or_default())
        });
        out.counters(
            "grandstream_notifications_suppressed",
            "Alerts that fired while suppressed, by what suppressed them.",
            self.if_judged(suppressed).into_iter().flatten(),
        )
    }

    fn queues(&self, out: &mut Families<'_>) -> fmt::Result {
        let mut queues: BTreeMap<&str, Queue> = self
            .receivers()
            .into_iter()
            .map(|receiver| (receiver, Queue::default()))
            .collect();
        // Receivers that are gone may have left messages.
        let known = self.snapshot.queues.iter();
        queues.extend(known.map(|(receiver, queue)| (&**receiver, *queue)));
        let queues = queues
            .iter()
            .map(|(receiver, queue)| ([("receiver", *receiver)], queue));
        out.gauges(
            "grandstream_notification_queue_length",
            None,
            "Notifications that wait for a receiver.",
            queues
                .clone()
                .map(|(labels, queue)| (labels, queue.waiting)),
        )?;
        let oldest = queues
            .clone()
            .filter_map(|(labels, queue)| Some((labels, epoch_seconds(queue.oldest?))));
        out.gauges(
            "grandstream_notification_queue_oldest_timestamp",
            Some(&Seconds),
            "When the oldest notification that waits for a receiver was queued; absent while none waits.",
            oldest,
        )?;
        out.gauges(
            "grandstream_notification_dead_letters",
            None,
            "Notifications to a receiver that are not tried again, kept until a person retries or drops them.",
            queues.map(|(labels, queue)| (labels, queue.dead)),
        )
    }

    fn alertmanagers(&self, out: &mut Families<'_>) -> fmt::Result {
        let AlertSnapshot {
            settings, tallies, ..
        } = &*self.snapshot;
        let names = settings.alertmanagers.iter().map(|one| &*one.name);
        let names: BTreeSet<&str> = names.collect();
        let each = names.iter().map(|name| {
            let tally = tallies.alertmanagers.get(*name).copied();
            ([("alertmanager", *name)], tally.unwrap_or_default())
        });
        out.counters(
            "grandstream_notifications_alertmanager_sent",
            "Alerts that an Alertmanager accepted, each counted as often as it was sent.",
            each.clone().map(|(labels, tally)| (labels, tally.sent)),
        )?;
        out.counters(
            "grandstream_notifications_alertmanager_errors",
            "Requests to an Alertmanager that failed.",
            each.clone().map(|(labels, tally)| (labels, tally.errors)),
        )?;
        out.counters(
            "grandstream_notifications_alertmanager_dropped",
            "Alerts that an Alertmanager refused and that are not sent again.",
            each.clone().map(|(labels, tally)| (labels, tally.dropped)),
        )?;
        out.gauges(
            "grandstream_notifications_alertmanager_queue_length",
            None,
            "Alerts that wait for an Alertmanager to accept them.",
            each.map(|(labels, tally)| (labels, tally.waiting)),
        )
    }

    fn state(&self, out: &mut Families<'_>) -> fmt::Result {
        let AlertSnapshot {
            keeping, tallies, ..
        } = &*self.snapshot;
        out.gauge(
            "grandstream_alert_state_last_write_timestamp",
            Some(&Seconds),
            "When the state of alerts was last written to disk.",
            keeping.written.map(epoch_seconds),
        )?;
        let is_meant_to = keeping.fault.is_some() || keeping.written.is_some();
        out.gauge(
            "grandstream_alert_state_persisted",
            None,
            "Whether the state of alerts is on disk; absent where it is kept in memory on purpose.",
            is_meant_to.then_some(u32::from(keeping.fault.is_none())),
        )?;
        let restored = RestoreResult::ALL.map(|result| {
            let count = tallies.restored.get(&result).copied();
            ([("result", result.label())], count.unwrap_or_default())
        });
        out.counters(
            "grandstream_alert_state_restore",
            "Alerts restored at the start, by result.",
            self.if_judged(restored).into_iter().flatten(),
        )?;
        let silences = self.snapshot.board.silences();
        let by_state = SilenceState::ALL.map(|state| {
            let those = silences.iter().filter(|one| one.state(self.now) == state);
            ([("state", state.label())], those.count())
        });
        let some = !silences.is_empty();
        out.gauges(
            "grandstream_silences",
            None,
            "Silences by state: active, pending or expired.",
            (some || self.is_judged())
                .then_some(by_state)
                .into_iter()
                .flatten(),
        )
    }

    fn is_judged(&self) -> bool {
        self.snapshot.settings.enabled
    }

    fn if_judged<T>(&self, value: T) -> Option<T> {
        self.is_judged().then_some(value)
    }

    /// The receivers of the configuration, each once.
    fn receivers(&self) -> BTreeSet<&str> {
        let receivers = self.snapshot.settings.receivers.iter();
        receivers
            .map(|receiver| &*receiver.route.receiver)
            .collect()
    }
}

/// The alerts that have series of their own. Labels of a rule may make two alerts look the same;
/// then the first counts.
fn listed(board: &Board) -> Vec<&Alert> {
    let mut labels = HashSet::new();
    let (firing, pending): (Vec<_>, Vec<_>) =
        board.active().partition(|alert| alert.state.is_firing());
    let alerts = firing.into_iter().chain(pending);
    alerts
        .filter(|alert| labels.insert(&alert.labels))
        .take(MOST_LISTED)
        .collect()
}

/// How many alerts of each rule are in each state: every state of every known rule is there.
fn by_rule(board: &Board) -> impl Iterator<Item = ([Label<'_>; 3], u64)> {
    let rules = board.rules().iter().map(|known| &known.rule);
    let mut counts: BTreeMap<_, _> = rules.map(|rule| (named(rule), [0_u64; 3])).collect();
    for alert in board.active() {
        let count = counts.entry(named(alert.rule())).or_default();
        count[State::of(alert) as usize] += 1;
    }
    counts.into_iter().flat_map(|((name, severity), counts)| {
        State::ALL.map(|state| {
            let labels = [
                ("alertname", name),
                ("severity", severity),
                ("state", state.label()),
            ];
            (labels, counts[state as usize])
        })
    })
}

/// Name and severity of a rule.
fn named(rule: &Rule) -> (&str, &str) {
    (&rule.name, rule.severity().unwrap_or_default())
}

fn own_labels(alert: &Alert) -> Vec<Label<'_>> {
    let labels = alert.labels.iter();
    labels.map(|(name, value)| (&**name, &**value)).collect()
}

fn with_state(alert: &Alert) -> Vec<Label<'_>> {
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
    labels
}
