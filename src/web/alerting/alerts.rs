//! `/api/v1/alerts`: what is pending or fires, as Prometheus lists it.
//!
//! Our own keys say what Prometheus does not know: since when an alert fires and what keeps it from
//! being said. Its `value` is always one: a condition that holds.

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
use crate::web::listing::Listing;
use crate::web::pieces::Pieces;
use crate::web::words;

use super::texts;

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
    /// Since then nothing is known of the condition.
    unknown_since: Option<Timestamp>,
    /// Restored after a restart, and not seen since.
    unconfirmed: bool,
    /// What keeps it from being said: `silence`, `window`, `inhibited`, `flapping` or `settling`.
    suppressed: Option<&'static str>,
    /// Which silence, window or rule.
    suppressed_by: Option<String>,
}

/// A condition that holds, as Prometheus writes numbers there.
const HOLDS: &str = "1e+00";

/// What alerts and rules are told from.
pub(in crate::web) struct Told {
    pub(in crate::web) picture: Arc<AlertSnapshot>,
    pub(in crate::web) fleet: Arc<Fleet>,
    pub(in crate::web) now: Moment,
}

/// All alerts.
pub(in crate::web) fn alerts(told: Told) -> impl Pieces + use<> {
    Listing {
        open: "{\"status\":\"success\",\"data\":{\"alerts\":[",
        close: "]}}",
        items: active(&told.picture).into(),
        item: move |alert: &Alert, out: &mut Vec<u8>| write(alert, &told, out),
    }
}

/// What is pending or fires, sorted by labels, so that two answers can be compared.
pub(super) fn active(picture: &AlertSnapshot) -> Vec<Alert> {
    let mut active: Vec<_> = picture.board.active().cloned().collect();
    active.sort_by(|a, b| (&a.labels, &a.subject).cmp(&(&b.labels, &b.subject)));
    active
}

/// Appends one alert.
pub(super) fn write(alert: &Alert, told: &Told, out: &mut Vec<u8>) {
    let texts = texts(alert, &told.picture, &told.fleet, told.now);
    let unknown = alert.state.unknown.as_ref();
    let since = unknown.map(|unknown| earlier(told.now.wall, unknown.elapsed()));
    let kept_back = kept_back(alert);
    let json = AlertJson {
        labels: object(&alert.labels),
        annotations: object(&texts),
        state: if alert.state.is_firing() {
            "firing"
        } else {
            "pending"
        },
        active_at: whole_millis(alert.active_at.wall),
        value: HOLDS,
        fired_at: alert.fired_at.map(|at| whole_millis(at.wall)),
        waits_for: waits_for(alert, told.now),
        unknown_since: since.map(|at| at.round(Unit::Second).unwrap_or(at)),
        unconfirmed: alert.state.unconfirmed,
        suppressed: kept_back.as_ref().map(|(label, _)| *label),
        suppressed_by: kept_back.and_then(|(_, by)| by),
    };
    serde_json::to_writer(out, &json).expect(ALWAYS_JSON);
}

/// What a pending alert waits for, for people: `fires in 3 min`; `None` of any other.
pub(in crate::web) fn waits_for(alert: &Alert, now: Moment) -> Option<String> {
    Some(match alert.state.waits_for(alert.rule(), now)? {
        WaitsFor::Time(rest) => format!("fires in {}", words::duration(rest)),
        WaitsFor::Polls(more) => format!("waits for {}", count(more, "more poll")),
        WaitsFor::Reading => "waits for the next reading".to_owned(),
    })
}

/// Pairs of text as an object.
pub(super) fn object(pairs: &[Pair]) -> Object<'_, &str> {
    let pairs = pairs.iter();
    Object(pairs.map(|(name, value)| (&**name, &**value)).collect())
}

/// What keeps a firing alert from being said, and which silence, window or rule.
fn kept_back(alert: &Alert) -> Option<(&'static str, Option<String>)> {
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
    use crate::web::example;

    #[test]
    fn alerts_have_the_shape_of_prometheus_and_say_what_keeps_them_back() {
        let json = example::written(alerts(example::told(example::picture())));
        let pretty = serde_json::to_string_pretty(&json).expect("JSON");
        insta::assert_snapshot!("alerts", pretty);
    }

    #[test]
    fn what_ended_is_not_listed() {
        let mut picture = example::picture();
        let rules = Arc::default();
        let _told = picture.board.with_rules(rules, example::now());
        assert!(picture.board.alerts().next().is_some());
        let json = example::written(alerts(example::told(picture)));
        assert_eq!(json["data"]["alerts"], serde_json::json!([]));
    }
}
