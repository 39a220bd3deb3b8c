//! `/api/v1/silences`: every silence, those that have expired included, newest first.
//!
//! The answer is a bare list of objects as `/api/v2/silences` of an Alertmanager gives them, so that
//! what reads the one reads the other; ids are numbers written as text. The answer to a POST adds
//! `silenceID`, by which Alertmanager answers, and what the silence covers at the moment.

use jiff::Timestamp;
use serde::Serialize;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::silence::Silence;
use crate::fleet::{Fleet, Moment};
use crate::rules::matcher::Matcher;
use crate::web::api::{ALWAYS_JSON, whole_millis};
use crate::web::json_list::JsonList;
use crate::web::streaming::ChunkSource;

/// One silence.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SilenceJson<'a> {
    id: String,
    matchers: &'a [Matcher],
    starts_at: Timestamp,
    ends_at: Timestamp,
    updated_at: Timestamp,
    created_by: &'a str,
    comment: &'a str,
    status: StatusJson,
}

/// Where in its life a silence is.
#[derive(Serialize)]
struct StatusJson {
    /// `active`, `pending` or `expired`.
    state: &'static str,
}

/// A silence that was just added, and what it covers.
#[derive(Serialize)]
struct AddedJson<'a> {
    #[serde(rename = "silenceID")]
    silence_id: String,
    #[serde(flatten)]
    silence: SilenceJson<'a>,
    /// Phones that it covers as a whole.
    phones: usize,
    /// Pending and firing alerts that it matches.
    alerts: usize,
}

/// All silences.
pub(in crate::web) fn silences(snapshot: &AlertSnapshot, now: Moment) -> impl ChunkSource + use<> {
    JsonList {
        open: "[",
        close: "]",
        items: snapshot.board.silences().iter().rev().cloned().collect(),
        item: move |silence: &Silence, out: &mut Vec<u8>| {
            serde_json::to_writer(out, &json(silence, now)).expect(ALWAYS_JSON);
        },
    }
}

/// A silence that was just expired.
pub(in crate::web) fn expired(silence: &Silence, now: Moment) -> String {
    serde_json::to_string(&json(silence, now)).expect(ALWAYS_JSON)
}

/// A silence that was just added.
pub(in crate::web) fn added(
    silence: &Silence,
    fleet: &Fleet,
    snapshot: &AlertSnapshot,
    now: Moment,
) -> String {
    let phones = fleet.phones();
    let alerts = snapshot.board.active();
    let json = AddedJson {
        silence_id: silence.id.to_string(),
        silence: json(silence, now),
        phones: phones.filter(|phone| silence.covers(&phone.place)).count(),
        alerts: alerts
            .filter(|alert| silence.matches(&alert.labels))
            .count(),
    };
    serde_json::to_string(&json).expect(ALWAYS_JSON)
}

fn json(silence: &Silence, now: Moment) -> SilenceJson<'_> {
    SilenceJson {
        id: silence.id.to_string(),
        matchers: &silence.matchers,
        starts_at: whole_millis(silence.starts_at),
        ends_at: whole_millis(silence.ends_at),
        updated_at: whole_millis(silence.updated_at),
        created_by: &silence.created_by,
        comment: &silence.comment,
        status: StatusJson {
            state: silence.state(now.wall).label(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::fixture;

    #[test]
    fn silences_are_listed_newest_first_with_their_state() {
        let json = fixture::written(silences(&fixture::snapshot(), fixture::now()));
        assert_eq!(
            json[1],
            serde_json::json!({
                "id": "7",
                "matchers": [{
                    "name": "phone",
                    "value": fixture::HOSTILE_NAME,
                    "isRegex": false,
                    "isEqual": true,
                }],
                "startsAt": "2024-05-01T09:00:00Z",
                "endsAt": "2024-05-01T10:00:00Z",
                "updatedAt": "2024-05-01T09:00:00Z",
                "createdBy": "anna",
                "comment": "moving <b>house</b>",
                "status": { "state": "active" },
            })
        );
        assert_eq!(json[0]["status"]["state"], "expired");
    }

    #[test]
    fn an_added_silence_counts_the_phones_and_alerts_that_it_covers() {
        let silence = fixture::silence(9, "phone=~re.*");
        let (fleet, snapshot) = (fixture::fleet(), fixture::snapshot());
        let json = added(&silence, &fleet, &snapshot, fixture::now());
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((&json["phones"], &json["alerts"]), (&1.into(), &1.into()));
        assert_eq!(
            (&json["id"], &json["silenceID"]),
            (&"9".into(), &"9".into())
        );
    }
}
