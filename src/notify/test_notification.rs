//! The message that tests whether a receiver takes messages: marked as a test, about nothing real.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::Notification;
use super::alertmanager::PostableAlert;
use super::channel::Receiver;
use super::notification::{AlertRecord, NotificationReason};
use super::send::Delivery;
use crate::fleet::moment::later;
use crate::rules::labels::Pair;

/// What a message speaks of that tests `receiver`: labels as an alert of a phone has them.
const LABELS: [(&str, &str); 4] = [
    ("alertname", "TestAlert"),
    ("phone", "test-phone"),
    ("severity", "info"),
    ("site", "test-site"),
];

/// What it says.
const TEXTS: [(&str, &str); 3] = [
    ("summary", "This is a test: nothing is wrong"),
    ("impact", "None. Somebody ran `notify test`."),
    ("first_steps", "Nothing is to be done."),
];

/// How long an Alertmanager takes the alert of a test for firing: longer than it usually waits for
/// company before it tells anybody.
const LASTS: Duration = Duration::from_secs(120);

/// The request that tells an Alertmanager of one alert that ends by itself.
pub fn posted(now: Timestamp) -> String {
    let alert = PostableAlert {
        labels: owned(&LABELS).into_iter().collect(),
        annotations: owned(&TEXTS).into_iter().collect(),
        starts_at: now,
        ends_at: later(now, LASTS),
        generator_url: Box::default(),
    };
    serde_json::to_string(&[alert]).expect("maps of text have a form in JSON")
}

/// A message about one alert that fires in nothing but this test.
pub fn delivery(receiver: &Receiver, external_url: &str, now: Timestamp) -> Delivery {
    let said = AlertRecord {
        labels: owned(&LABELS),
        annotations: owned(&TEXTS),
        since: now,
        ended: None,
    };
    let group = receiver.route.group_by.iter();
    let group = group.map(|name| (name.clone(), said.label(name).into()));
    let group = group.collect();
    Delivery {
        id: format!("test-{}", now.as_millisecond()).into(),
        group_key: format!("test {}", receiver.route.receiver).into(),
        group,
        notification: Notification {
            reason: NotificationReason::Test,
            firing: vec![said],
            over: Vec::new(),
            fresh: BTreeSet::new(),
            missed: 0,
        },
        written: now,
        external_url: external_url.into(),
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<Pair> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::fleet::sample::minute;
    use crate::notify::channel::{Body, Channel, Webhook};
    use crate::notify::http_client::HttpClient;
    use crate::notify::route::Route;
    use crate::notify::test_notification::*;

    #[test]
    fn it_is_marked_and_grouped_as_a_real_message_would_be() {
        let receiver = Receiver {
            route: Route {
                group_by: Box::new(["site".into(), "team".into()]),
                ..Route::new("push")
            },
            max_listed_alerts: 10,
            channel: Channel::Webhook(Box::new(Webhook {
                url: "https://push.example".into(),
                body: Body::Generic,
                hmac: None,
                client: HttpClient::default(),
                timeout: None,
            })),
        };
        let delivery = delivery(&receiver, "https://phones.example", minute(0).wall);
        assert_eq!(delivery.notification.reason, NotificationReason::Test);
        let group = [
            ("site".into(), "test-site".into()),
            ("team".into(), "".into()),
        ];
        assert_eq!(delivery.group, group);
        assert_eq!(delivery.notification.firing.len(), 1);
        let next = super::delivery(&receiver, "", minute(1).wall);
        assert_ne!(delivery.id, next.id);
        assert_eq!(delivery.group_key, next.group_key);
    }
}
