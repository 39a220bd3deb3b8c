//! `/api/v1/events`: what happened to phones, newest first.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::alert_engine::command::{Event, MOST_EVENTS};
use crate::alerts::event::in_words;
use crate::fleet::moment::earlier;
use crate::fleet::{Moment, Text};
use crate::web::api::{ALWAYS_JSON, whole_millis};
use crate::web::json_list::JsonList;
use crate::web::query::Query;
use crate::web::streaming::ChunkSource;

/// One event.
#[derive(Serialize)]
struct EventJson<'a> {
    id: i64,
    at: Timestamp,
    phone: &'a str,
    kind: &'a str,
    /// For people.
    words: String,
    /// The particulars, whatever they are for this kind.
    detail: Detail<'a>,
}

/// Particulars that are JSON stand as they are, others as text.
#[derive(Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    Json(&'a RawValue),
    Text(&'a str),
}

/// Which events are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct EventQuery {
    pub(in crate::web) phone: Option<Box<str>>,
    pub(in crate::web) since: Timestamp,
    pub(in crate::web) limit: u32,
}

/// A part of the question that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::web) enum EventQueryError {
    #[error(
        "`since={0}` is not a time; write an age, e.g. 24h, or a time, e.g. 2024-05-01T09:00:00Z"
    )]
    Since(String),
    #[error("`limit={0}` is not a number from 1 to {MOST_EVENTS}")]
    Limit(String),
}

/// How far back events are shown where nothing else is asked for.
const SINCE: Duration = Duration::from_secs(24 * 3600);

/// How many events are shown where nothing else is asked for.
const LIMIT: u32 = 1000;

impl EventQuery {
    /// What `?phone=NAME&since=24h&limit=100` asks for.
    pub(in crate::web) fn of(query: &Query, now: Moment) -> Result<Self, EventQueryError> {
        let unclear = |text: &str| Text::clean(text).to_string();
        let since = match query.get("since") {
            None => earlier(now.wall, SINCE),
            Some(text) => match humantime::parse_duration(text) {
                Ok(ago) => earlier(now.wall, ago),
                Err(_) => text
                    .parse()
                    .map_err(|_neither| EventQueryError::Since(unclear(text)))?,
            },
        };
        let limit = match query.get("limit") {
            None => LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST_EVENTS).contains(limit))
                .ok_or_else(|| EventQueryError::Limit(unclear(text)))?,
        };
        Ok(Self {
            phone: query.get("phone").map(Into::into),
            since,
            limit,
        })
    }
}

/// The events as they came from the store.
pub(in crate::web) fn events(events: Vec<Event>) -> impl ChunkSource {
    JsonList {
        open: "{\"events\":[",
        close: "]}",
        items: events.into(),
        item: |event: &Event, out: &mut Vec<u8>| {
            let json = json(event);
            serde_json::to_writer(out, &json).expect(ALWAYS_JSON);
        },
    }
}

fn json(Event { id, event }: &Event) -> EventJson<'_> {
    EventJson {
        id: *id,
        at: whole_millis(event.at),
        phone: &event.phone,
        kind: &event.kind,
        words: in_words(event),
        detail: match serde_json::from_str(&event.body) {
            Ok(json) => Detail::Json(json),
            Err(_) => Detail::Text(&event.body),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::event::PhoneEvent;
    use crate::web::testing::fixture::{now, written};

    #[test]
    fn particulars_stand_as_they_are_or_as_text() {
        let event = |body: &str| Event {
            id: 1,
            event: crate::alert_engine::command::NewEvent {
                at: now().wall,
                phone: "a".into(),
                kind: "rebooted".into(),
                body: body.into(),
            },
        };
        let json = written(events(vec![event("{\"up\": 2}"), event("{no")]));
        assert_eq!(
            json["events"][0],
            serde_json::json!({
                "id": 1,
                "at": "2024-05-01T09:00:00Z",
                "phone": "a",
                "kind": "rebooted",
                "words": "rebooted",
                "detail": { "up": 2 },
            })
        );
        assert_eq!(json["events"][1]["detail"], "{no");
    }

    #[test]
    fn people_read_what_happened_in_words() {
        let happening = PhoneEvent::RegistrationLost {
            account: 1,
            server: "pbx".into(),
        };
        let event = Event {
            id: 1,
            event: crate::alert_engine::command::NewEvent {
                at: now().wall,
                phone: "a".into(),
                kind: happening.kind().into(),
                body: serde_json::to_string(&happening).unwrap().into(),
            },
        };
        let json = written(events(vec![event]));
        let words = "account 1 lost its registration at pbx";
        assert_eq!(json["events"][0]["words"], words);
    }

    #[test]
    fn a_time_is_said_as_an_age_or_as_a_date() {
        let parse = |text: &str| EventQuery::of(&Query::of(Some(text)), now());
        let since = |text: &str| parse(text).map(|query| query.since.to_string());
        assert_eq!(since(""), Ok("2024-04-30T09:00:00Z".to_owned()));
        assert_eq!(since("since=1h"), Ok("2024-05-01T08:00:00Z".to_owned()));
        let date = "2024-04-01T00:00:00Z";
        assert_eq!(since(&format!("since={date}")), Ok(date.to_owned()));
        assert_eq!(since("since=9000000y"), Ok(Timestamp::MIN.to_string()));
        assert!(since("since=soon").is_err());
        let limit = |text: &str| parse(text).map(|query| query.limit);
        assert_eq!(limit("phone=a"), Ok(LIMIT));
        assert_eq!(limit("limit=10000"), Ok(MOST_EVENTS));
        for wrong in ["limit=0", "limit=10001", "limit=-1", "limit="] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }
}
