//! `/api/v1/alerts`: what is pending or fires, as Prometheus lists it.
//!
//! Keys of our own tell what Prometheus does not know: since when an alert fires and what suppresses
//! it. `value` is always one: a condition that holds.

use std::sync::Arc;

use jiff::{Timestamp, Unit};
use serde::Serialize;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::board::Alert;
use crate::alerts::phase::WaitsFor;
use crate::alerts::suppress::Visibility;
use crate::fleet::moment::earlier;
use crate::fleet::{Fleet, Moment};
use crate::rules::describe_rule::count;
use crate::rules::labels::Pair;
use crate::web::api::{ALWAYS_JSON, Object, whole_millis};
use crate::web::humanize;
use crate::web::json_list::JsonList;
use crate::web::streaming::ChunkSource;

use super::annotations::annotations;

/// One alert.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertJson<'a> {
    labels: Object<'a, &'a str>,
    annotations: Object<'a, &'a str>,
    state: &'static str,
    active_at: Timestamp,
    value: &'static str,
    fired_at: Option<Timestamp>,
    /// What it waits for while it is pending.
    waits_for: Option<String>,
    /// The condition cannot be evaluated since then.
    unknown_since: Option<Timestamp>,
    /// Restored after a restart, and not seen since.
    unconfirmed: bool,
    /// What suppresses it: `silence`, `window`, `inhibited`, `flapping` or `settling`.
    suppressed: Option<&'static str>,
    /// The silence, window or rule that does.
    suppressed_by: Option<String>,
}

/// A condition that holds, as Prometheus writes numbers there.
const HOLDS: &str = "1e+00";

/// What alerts and rules are context from.
pub(in crate::web) struct AlertContext {
    pub(in crate::web) snapshot: Arc<AlertSnapshot>,
    pub(in crate::web) fleet: Arc<Fleet>,
    pub(in crate::web) now: Moment,
}

/// All alerts.
pub(in crate::web) fn alerts(context: AlertContext) -> impl ChunkSource + use<> {
    JsonList {
        open: "{\"status\":\"success\",\"data\":{\"alerts\":[",
        close: "]}}",
        items: active(&context.snapshot).into(),
        item: move |alert: &Alert, out: &mut Vec<u8>| write(alert, &context, out),
    }
}

/// What is pending or fires, sorted by labels, so that two answers can be compared.
pub(super) fn active(snapshot: &AlertSnapshot) -> Vec<Alert> {
    let mut active: Vec<_> = snapshot.board.active().cloned().collect();
    active.sort_by(|a, b| (&a.labels, &a.subject).cmp(&(&b.labels, &b.subject)));
    active
}

/// Appends one alert.
pub(super) fn write(alert: &Alert, context: &AlertContext, out: &mut Vec<u8>) {
    let annotations = annotations(alert, &context.snapshot, &context.fleet, context.now);
    let unknown = alert.state.unknown.as_ref();
    let since = unknown.map(|unknown| earlier(context.now.wall, unknown.elapsed()));
    let suppression = suppression(alert);
    let json = AlertJson {
        labels: object(&alert.labels),
        annotations: object(&annotations),
        state: if alert.state.is_firing() {
            "firing"
        } else {
            "pending"
        },
        active_at: whole_millis(alert.active.wall),
        value: HOLDS,
        fired_at: alert.fired.map(|at| whole_millis(at.wall)),
        waits_for: waits_for(alert, context.now),
        unknown_since: since.map(|at| at.round(Unit::Second).unwrap_or(at)),
        unconfirmed: alert.state.unconfirmed,
        suppressed: suppression.as_ref().map(|(label, _)| *label),
        suppressed_by: suppression.and_then(|(_, by)| by),
    };
    serde_json::to_writer(out, &json).expect(ALWAYS_JSON);
}

/// What a pending alert waits for, for people: `fires in 3 min`; `None` of any other.
pub(in crate::web) fn waits_for(alert: &Alert, now: Moment) -> Option<String> {
    Some(match alert.state.waits_for(alert.rule(), now)? {
        WaitsFor::Time(rest) => format!("fires in {}", humanize::duration(rest)),
        WaitsFor::Polls(more) => format!("waits for {}", count(more, "more poll")),
        WaitsFor::Reading => "waits for the next reading".to_owned(),
    })
}

/// Pairs of text as an object.
pub(super) fn object(pairs: &[Pair]) -> Object<'_, &str> {
    let pairs = pairs.iter();
    Object(pairs.map(|(name, value)| (&**name, &**value)).collect())
}

/// What suppresses a firing alert, and which silence, window or rule.
fn suppression(alert: &Alert) -> Option<(&'static str, Option<String>)> {
    if !alert.state.is_firing() || alert.is_shown() {
        return None;
    }
    let by = match &alert.visibility {
        Visibility::Silenced(id) => Some(id.to_string()),
        Visibility::InWindow(name) | Visibility::Inhibited(name) => Some(name.to_string()),
        Visibility::Shown | Visibility::Settling | Visibility::Flapping => None,
    };
    Some((alert.visibility.label(), by))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::fixture;

    #[test]
    fn alerts_have_the_shape_of_prometheus_and_name_what_suppresses_them() {
        let json = fixture::written(alerts(fixture::context(fixture::snapshot())));
        let pretty = serde_json::to_string_pretty(&json).expect("JSON");
        insta::assert_snapshot!("alerts", pretty);
    }

    #[test]
    fn resolved_alerts_are_not_listed() {
        let mut snapshot = fixture::snapshot();
        let rules = Arc::default();
        let _told = snapshot.board.with_rules(rules, fixture::now());
        assert!(snapshot.board.alerts().next().is_some());
        let json = fixture::written(alerts(fixture::context(snapshot)));
        assert_eq!(json["data"]["alerts"], serde_json::json!([]));
    }
}
