//! The body of Alertmanager's webhook, version 4: what receives it from an Alertmanager takes it from
//! here.
//!
//! A test makes the alerts of a body that an Alertmanager 0.25 sent and compares the whole, with the
//! fingerprints. `notification_reason` is what newer ones add, in our words.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::template_data::MOST_LISTED;
use crate::alerts::identity::Fingerprint;
use crate::notify::delivery::{Delivery, page_of_alerts};
use crate::notify::notification::{AlertRecord, NotificationReason};

type Texts<'a> = BTreeMap<&'a str, &'a str>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    receiver: &'a str,
    status: &'static str,
    alerts: Vec<Alert<'a>>,
    group_labels: Texts<'a>,
    common_labels: Texts<'a>,
    common_annotations: Texts<'a>,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: String,
    truncated_alerts: usize,
    #[serde(rename = "notification_reason")]
    reason: NotificationReason,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    status: &'static str,
    labels: Texts<'a>,
    annotations: Texts<'a>,
    starts_at: Timestamp,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    fingerprint: String,
}

/// The end of what has none, as Go writes it.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// The body; alerts beyond [`MOST_LISTED`] are only counted.
pub(super) fn body(receiver: &str, delivery: &Delivery) -> String {
    let notification = &delivery.notification;
    let all = notification.firing.iter().chain(&notification.over);
    let generator_url = page_of_alerts(&delivery.external_url);
    let alerts: Vec<_> = all
        .take(MOST_LISTED)
        .map(|said| Alert::new(said, &generator_url))
        .collect();
    let body = Body {
        receiver,
        status: status(notification.firing.is_empty()),
        group_labels: texts(&delivery.group),
        common_labels: common(alerts.iter().map(|alert| &alert.labels)),
        common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
        external_url: &delivery.external_url,
        version: "4",
        group_key: group_key(&delivery.group),
        truncated_alerts: (notification.firing.len() + notification.over.len())
            .saturating_sub(MOST_LISTED),
        reason: notification.reason,
        alerts,
    };
    serde_json::to_string(&body).expect("maps of text have a form in JSON")
}

impl<'a> Alert<'a> {
    fn new(said: &'a AlertRecord, generator_url: &str) -> Self {
        let ended = said.ended.as_ref().map(|(at, _)| at.to_string());
        let labels = texts(&said.labels);
        Self {
            status: status(ended.is_some()),
            fingerprint: Fingerprint::of_pairs(labels.iter().map(|(name, value)| (*name, *value)))
                .to_string(),
            labels,
            annotations: texts(&said.annotations),
            starts_at: said.since,
            ends_at: ended.unwrap_or_else(|| NEVER.to_owned()),
            generator_url: generator_url.to_owned(),
        }
    }
}

fn status(over: bool) -> &'static str {
    if over { "resolved" } else { "firing" }
}

fn texts(pairs: &[(Box<str>, Box<str>)]) -> Texts<'_> {
    pairs
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect()
}

/// What all of them say.
fn common<'a: 'b, 'b>(mut each: impl Iterator<Item = &'b Texts<'a>>) -> Texts<'a> {
    let mut common = each.next().cloned().unwrap_or_default();
    for texts in each {
        common.retain(|name, text| texts.get(name) == Some(text));
    }
    common
}

/// The group as the root of an Alertmanager's routes names it.
fn group_key(group: &[(Box<str>, Box<str>)]) -> String {
    let mut key = String::from("{}:{");
    for (n, (name, value)) in texts(group).into_iter().enumerate() {
        let between = if n > 0 { ", " } else { "" };
        write!(key, "{between}{name}={value:?}").expect("a text grows");
    }
    key + "}"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::notify::Notification;

    /// The message that tells what the captured body tells.
    fn told(captured: &Value) -> Delivery {
        let pairs = |map: &Value| {
            let map = map.as_object().expect("a map").iter();
            let pairs = map
                .map(|(name, text)| (name.as_str().into(), text.as_str().expect("a text").into()));
            pairs.collect()
        };
        let time = |text: &Value| text.as_str().expect("a text").parse().expect("a time");
        let alerts = captured["alerts"].as_array().expect("a list").iter();
        let (firing, over) = alerts
            .map(|alert| AlertRecord {
                labels: pairs(&alert["labels"]),
                annotations: pairs(&alert["annotations"]),
                since: time(&alert["startsAt"]),
                ended: (alert["status"] == "resolved")
                    .then(|| (time(&alert["endsAt"]), "cleared".into())),
            })
            .partition(|said: &AlertRecord| said.ended.is_none());
        Delivery {
            id: "7".into(),
            group_key: "hq".into(),
            group: pairs(&captured["groupLabels"]),
            notification: Notification {
                reason: NotificationReason::New,
                firing,
                over,
                fresh: BTreeSet::new(),
                missed: 0,
            },
            written: Timestamp::UNIX_EPOCH,
            external_url: captured["externalURL"].as_str().expect("a text").into(),
        }
    }

    #[track_caller]
    fn check(captured: &str) {
        let mut captured: Value = serde_json::from_str(captured).expect("JSON");
        let ours = body("sink", &told(&captured));
        captured["notification_reason"] = "new".into();
        assert_eq!(
            serde_json::from_str::<Value>(&ours).expect("JSON"),
            captured
        );
    }

    #[test]
    fn a_body_is_what_an_alertmanager_sends_of_the_same_alerts() {
        check(include_str!(
            "../../../tests/fixtures/alertmanager/webhook-firing-and-resolved.json"
        ));
        check(include_str!(
            "../../../tests/fixtures/alertmanager/webhook-resolved.json"
        ));
    }

    #[test]
    fn alerts_beyond_the_bound_are_counted() {
        use crate::notify::render::sample::{delivery, said};
        let many = vec![said("A", "p", 1); MOST_LISTED + 3];
        let body = body("sink", &delivery(NotificationReason::New, many, Vec::new()));
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["truncatedAlerts"], 3);
        assert_eq!(body["alerts"].as_array().map(Vec::len), Some(MOST_LISTED));
    }
}
