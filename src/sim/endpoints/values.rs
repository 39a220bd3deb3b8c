//! `api-values.get` and `api-values.post`.
//!
//! Reading needs no session for the few open keys ("limited return"). Keys come back spelled as
//! they were asked. They are separated by a literal `:` before decoding, so `%3A` is part of a
//! key: firmware is not known to decode it.

use super::answer::Answer;
use super::gate::denied;
use super::{Call, Endpoint};
use crate::sim::auth::Role;
use crate::sim::behaviour::reading::UnknownValue;
use crate::sim::state::State;
use crate::sim::state::pvalue::plain;
use crate::sim::wire::Request;
use crate::sim::wire::json::Json;
use crate::sim::wire::request::decode;

/// The length from which a key overflows a buffer of old `GXP16xx` firmware (CVE-2026-2329).
const CRASHING_KEY: usize = 64;

pub(super) fn get(call: &Call<'_>, state: &mut State) -> Answer {
    let is_open = state.behaviour.session.open.contains(&Endpoint::Values);
    let sees_all = call.caller.is_some() || is_open;
    if !sees_all && state.behaviour.values.open.is_empty() {
        return denied(Endpoint::Values, state);
    }
    let knobs = &state.behaviour.values;
    let answered = asked(call.request).into_iter().filter_map(|key| {
        let is_told = sees_all || knobs.open.contains(plain(&key));
        match state.value(plain(&key)).filter(|_| is_told) {
            Some(value) => Some((key, value.into())),
            None if knobs.unknown == UnknownValue::Empty => Some((key, "".into())),
            None => None,
        }
    });
    Answer::success(Json::Object(answered.collect()))
}

/// Whether the request overflows the buffer of a phone that has this flaw; no login needed.
pub(in crate::sim) fn crashes(request: &Request, state: &State) -> bool {
    state.behaviour.values.long_key_crashes
        && request.endpoint == Some(Endpoint::Values)
        && asked(request).iter().any(|key| key.len() >= CRASHING_KEY)
}

fn asked(request: &Request) -> Vec<String> {
    let keys: Vec<String> = if let Some(raw) = request.raw_param("request") {
        raw.split(':').map(decode).collect()
    } else {
        let posted = request.param("request").unwrap_or_default();
        posted.split(':').map(str::to_owned).collect()
    };
    keys.into_iter().filter(|key| !key.is_empty()).collect()
}

pub(super) fn post(call: &Call<'_>, state: &mut State) -> Answer {
    let writes = call
        .request
        .query
        .iter()
        .filter(|(key, _)| key != "update_session" && key != "sid");
    let Some(writes) = writes
        .map(|(key, value)| key.strip_prefix('P').map(|key| (key, value)))
        .collect::<Option<Vec<_>>>()
        .filter(|writes| !writes.is_empty())
    else {
        return Answer::failed();
    };
    let is_admin = call
        .caller
        .as_ref()
        .is_some_and(|caller| caller.role == Role::Admin);
    if !is_admin && writes.iter().any(|(key, _)| *key == "2") {
        return Answer::denial(state.behaviour.session.role_too_low);
    }
    if !state.behaviour.values.writes_ignored {
        for (key, value) in writes {
            state.set_value(key, value);
        }
    }
    Answer::success(Json::object([("status", "right".into())]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::endpoints::desk::{Desk, failed};

    #[test]
    fn values_come_back_under_the_keys_that_were_asked() {
        let mut desk = Desk::logged_in();
        desk.check(
            "api-values.get?request=68:P68:vendor_name:1561:nothing:68%3AP2",
            &json!({ "response": "success", "body": {
                "68": "1.0.3.30", "P68": "1.0.3.30", "vendor_name": "Grandstream", "1561": "0",
                "nothing": "", "68:P2": "",
            } }),
        );
        desk.state.behaviour.values.unknown = UnknownValue::Missing;
        desk.check(
            "api-values.get?request=68:nothing",
            &json!({ "response": "success", "body": { "68": "1.0.3.30" } }),
        );
    }

    #[test]
    fn without_a_session_few_values_are_told() {
        let mut desk = Desk::new();
        desk.check(
            "api-values.get?request=P67:phone_model:2:hw_rev",
            &json!({ "response": "success", "body": {
                "P67": "000B82A1B2C3", "phone_model": "GXV3370", "2": "", "hw_rev": "",
            } }),
        );
        desk.state.behaviour.values.open.clear();
        assert_eq!(desk.ask("api-values.get?request=68").status, 401);
    }

    #[test]
    fn values_are_written_as_the_guide_spells_them_or_not_at_all() {
        let right = json!({ "response": "success", "body": { "status": "right" } });
        let mut desk = Desk::logged_in();
        desk.check("api-values.post?P64=CET&P47=a.example", &right);
        assert_eq!(desk.state.value("64").as_deref(), Some("CET"));
        assert_eq!(desk.state.accounts[0].server, "a.example");
        desk.check("api-values.post?P64=EST&65=1", &failed());
        desk.check("api-values.post", &failed());
        assert_eq!(desk.state.value("64").as_deref(), Some("CET"));
        desk.state.behaviour.values.writes_ignored = true;
        desk.check("api-values.post?P64=EST", &right);
        assert_eq!(desk.state.value("64").as_deref(), Some("CET"));
    }
}
