//! `/api/v1/silences`: every silence, those that are over included, newest first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::alert::Picture;
use crate::alert::phone_selector::{Glob, LabelPatterns};
use crate::alert::silence::Silence;
use crate::fleet::{Fleet, Moment};
use crate::web::api::{ALWAYS_JSON, whole_millis};
use crate::web::listing::Listing;
use crate::web::pieces::Pieces;

/// One silence.
#[derive(Serialize)]
struct SilenceJson<'a> {
    id: u64,
    /// Of each label, one of its patterns must match.
    matchers: BTreeMap<&'a str, Vec<&'a str>>,
    from: Timestamp,
    until: Timestamp,
    by: &'a str,
    comment: &'a str,
    /// `active`, `pending` or `expired`.
    state: &'static str,
}

/// A silence that was just made, and what it reaches.
#[derive(Serialize)]
struct MadeJson<'a> {
    #[serde(flatten)]
    silence: SilenceJson<'a>,
    /// Phones that it covers as a whole.
    phones: usize,
    /// Alerts that are pending or fire now, of which it speaks.
    alerts: usize,
}

/// All silences.
pub(in crate::web) fn silences(picture: &Picture, now: Moment) -> impl Pieces + use<> {
    Listing {
        open: "{\"silences\":[",
        close: "]}",
        items: picture.board.silences().iter().rev().cloned().collect(),
        item: move |silence: &Silence, out: &mut Vec<u8>| {
            serde_json::to_writer(out, &json(silence, now)).expect(ALWAYS_JSON);
        },
    }
}

/// One silence that was just ended.
pub(super) fn ended(silence: &Silence, now: Moment) -> String {
    serde_json::to_string(&json(silence, now)).expect(ALWAYS_JSON)
}

/// One silence that was just made.
pub(super) fn made(silence: &Silence, fleet: &Fleet, picture: &Picture, now: Moment) -> String {
    let phones = fleet.phones();
    let alerts = picture.board.active();
    let json = MadeJson {
        silence: json(silence, now),
        phones: phones.filter(|phone| silence.covers(&phone.place)).count(),
        alerts: alerts
            .filter(|alert| silence.matches(&alert.labels))
            .count(),
    };
    serde_json::to_string(&json).expect(ALWAYS_JSON)
}

/// What a silence or window speaks of, as it is written: `site=lyon`, `phone=hq-1`.
pub(in crate::web) fn matchers(matching: &[LabelPatterns]) -> Vec<String> {
    let written = |one: &LabelPatterns| {
        let patterns = one.any_of.iter();
        let line = |pattern: &str| format!("{}={pattern}", one.name);
        patterns
            .map(|pattern| line(pattern.as_str()))
            .collect::<Vec<_>>()
    };
    matching.iter().flat_map(written).collect()
}

fn json(silence: &Silence, now: Moment) -> SilenceJson<'_> {
    let mut matchers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in &silence.matching {
        let patterns = one.any_of.iter().map(Glob::as_str);
        matchers.entry(&*one.name).or_default().extend(patterns);
    }
    SilenceJson {
        id: silence.id,
        matchers,
        from: whole_millis(silence.from),
        until: whole_millis(silence.until),
        by: &silence.by,
        comment: &silence.comment,
        state: silence.state(now.wall).label(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::example;

    #[test]
    fn silences_are_listed_newest_first_with_their_state() {
        let json = example::written(silences(&example::picture(), example::now()));
        assert_eq!(
            json["silences"][1],
            serde_json::json!({
                "id": 7,
                "matchers": { "phone": [example::HOSTILE_NAME] },
                "from": "2024-05-01T09:00:00Z",
                "until": "2024-05-01T10:00:00Z",
                "by": "anna",
                "comment": "moving <b>house</b>",
                "state": "active",
            })
        );
        assert_eq!(json["silences"][0]["state"], "expired");
    }

    #[test]
    fn who_makes_a_silence_is_told_what_it_reaches() {
        let silence = example::silence(9, "re*");
        let (fleet, picture) = (example::fleet(), example::picture());
        let json = made(&silence, &fleet, &picture, example::now());
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((&json["phones"], &json["alerts"]), (&1.into(), &1.into()));
        assert_eq!(json["id"], 9);
    }
}
