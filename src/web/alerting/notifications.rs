//! `/api/v1/notifications`: messages that wait to be sent, and those that were request up.
//!
//! What a message says in full is between the daemon and its receiver; here it is counted.

use jiff::Timestamp;
use serde::Serialize;

use crate::alert_engine::command::OutboxEntry;
use crate::notify::Notification;
use crate::web::api::{ALWAYS_JSON, whole_millis};
use crate::web::json_list::JsonList;
use crate::web::streaming::ChunkSource;

/// One notification.
#[derive(Serialize)]
struct NotificationJson<'a> {
    id: i64,
    receiver: &'a str,
    /// The recipients it still has to reach; absent where it is for all of the receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipients: Option<Vec<String>>,
    /// The key of its group of alerts.
    topic: &'a str,
    /// `waiting` or `dead`.
    state: &'static str,
    attempts: u32,
    /// Why the last attempt failed.
    error: Option<&'a str>,
    created: Timestamp,
    /// When it is tried next; `null` if it was request up.
    due: Option<Timestamp>,
    /// Why it is sent; `null` if another version of the exporter wrote it.
    reason: Option<&'static str>,
    /// How many firing alerts are in it.
    firing: Option<usize>,
    /// How many resolved alerts are in it.
    over: Option<usize>,
}

/// Notifications as they came from the store.
pub(in crate::web) fn notifications(queued: Vec<OutboxEntry>) -> impl ChunkSource {
    JsonList {
        open: "{\"notifications\":[",
        close: "]}",
        items: queued.into(),
        item: |queued: &OutboxEntry, out: &mut Vec<u8>| {
            serde_json::to_writer(out, &json(queued)).expect(ALWAYS_JSON);
        },
    }
}

/// The recipients of its receiver that a notification is for, if not for all.
pub(in crate::web) fn recipients(queued: &OutboxEntry) -> Option<Vec<String>> {
    let text = queued.recipients.as_deref()?;
    serde_json::from_str(text).ok()
}

/// The content of a notification, if this version can read it.
pub(in crate::web) fn decode(queued: &OutboxEntry) -> Option<Notification> {
    serde_json::from_str(&queued.new.body).ok()
}

fn json(queued: &OutboxEntry) -> NotificationJson<'_> {
    let content = decode(queued);
    NotificationJson {
        id: queued.id,
        receiver: &queued.new.receiver,
        recipients: recipients(queued),
        topic: &queued.new.group_key,
        state: if queued.dead { "dead" } else { "waiting" },
        attempts: queued.attempts,
        error: queued.error.as_deref(),
        created: whole_millis(queued.created),
        due: (!queued.dead).then(|| whole_millis(queued.new.due)),
        reason: content.as_ref().map(|content| content.reason.label()),
        firing: content.as_ref().map(|content| content.firing.len()),
        over: content.as_ref().map(|content| content.over.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::fixture;

    #[test]
    fn the_alerts_of_a_notification_are_counted_and_not_shown() {
        let mut unreadable = fixture::dead_letter();
        unreadable.new.body = "?".into();
        unreadable.dead = false;
        unreadable.recipients = Some("[\"b@example.org\"]".into());
        let json = fixture::written(notifications(vec![fixture::dead_letter(), unreadable]));
        assert_eq!(
            json["notifications"][0],
            serde_json::json!({
                "id": 3,
                "receiver": "push",
                "topic": "hq",
                "state": "dead",
                "attempts": 12,
                "error": "answered with <status> 404",
                "created": "2024-05-01T09:00:00Z",
                "due": null,
                "reason": "new",
                "firing": 0,
                "over": 0,
            })
        );
        let waiting = &json["notifications"][1];
        assert_eq!(waiting["state"], "waiting");
        assert_eq!(waiting["recipients"], serde_json::json!(["b@example.org"]));
        assert_eq!(waiting["due"], "2024-05-01T09:00:00Z");
        assert!(waiting["reason"].is_null());
    }
}
