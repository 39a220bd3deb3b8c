//! `/api/v1/notifications`: messages that wait to be sent, and those that were given up.
//!
//! What a message says in full is between the daemon and its receiver; here it is counted.

use jiff::Timestamp;
use serde::Serialize;

use crate::alert_engine::command::OutboxEntry;
use crate::notify::Notification;
use crate::web::api::{ALWAYS_JSON, whole_millis};
use crate::web::listing::Listing;
use crate::web::pieces::Pieces;

/// One message.
#[derive(Serialize)]
struct LetterJson<'a> {
    id: i64,
    receiver: &'a str,
    /// Only to these of its recipients; not there where it is to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipients: Option<Vec<String>>,
    /// Tells the group of alerts from others.
    topic: &'a str,
    /// `waiting` or `dead`.
    state: &'static str,
    attempts: u32,
    /// Why the last attempt failed.
    error: Option<&'a str>,
    created: Timestamp,
    /// When it is tried next; `null` if it was given up.
    due: Option<Timestamp>,
    /// Why it is sent; `null` if another version wrote it.
    reason: Option<&'static str>,
    /// How many alerts it tells of.
    firing: Option<usize>,
    /// How many ends it tells of.
    over: Option<usize>,
}

/// The messages as they came from the store.
pub(in crate::web) fn queue(letters: Vec<OutboxEntry>) -> impl Pieces {
    Listing {
        open: "{\"notifications\":[",
        close: "]}",
        items: letters.into(),
        item: |letter: &OutboxEntry, out: &mut Vec<u8>| {
            serde_json::to_writer(out, &json(letter)).expect(ALWAYS_JSON);
        },
    }
}

/// To which of its receiver's recipients a message is, where it is not to all.
pub(in crate::web) fn recipients(letter: &OutboxEntry) -> Option<Vec<String>> {
    let text = letter.recipients.as_deref()?;
    serde_json::from_str(text).ok()
}

/// What a message says, if this version can read it.
pub(in crate::web) fn notice(letter: &OutboxEntry) -> Option<Notification> {
    serde_json::from_str(&letter.new.body).ok()
}

fn json(letter: &OutboxEntry) -> LetterJson<'_> {
    let notice = notice(letter);
    LetterJson {
        id: letter.id,
        receiver: &letter.new.receiver,
        recipients: recipients(letter),
        topic: &letter.new.group_key,
        state: if letter.dead { "dead" } else { "waiting" },
        attempts: letter.attempts,
        error: letter.error.as_deref(),
        created: whole_millis(letter.created),
        due: (!letter.dead).then(|| whole_millis(letter.new.due)),
        reason: notice.as_ref().map(|notice| notice.reason.label()),
        firing: notice.as_ref().map(|notice| notice.firing.len()),
        over: notice.as_ref().map(|notice| notice.over.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::example;

    #[test]
    fn a_message_is_counted_and_not_shown() {
        let mut unreadable = example::dead_letter();
        unreadable.new.body = "?".into();
        unreadable.dead = false;
        unreadable.recipients = Some("[\"b@example.org\"]".into());
        let json = example::written(queue(vec![example::dead_letter(), unreadable]));
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
