//! `api-get_accounts`.
//!
//! Lists the slots as they are in the state, duplicates and blanks included, in the style of the
//! knobs.

use super::Call;
use super::answer::Answer;
use crate::sim::behaviour::reading::RegStyle;
use crate::sim::spec::Account;
use crate::sim::state::State;
use crate::sim::wire::json::Json;

pub(super) fn list(call: &Call<'_>, state: &mut State) -> Answer {
    let only_registered = matches!(call.request.param("registered"), Some("1" | "true"));
    let knobs = &state.behaviour.readings;
    let is_told = |account: &&Account| {
        (!only_registered || account.is_registered())
            && !(knobs.hides_blank_accounts && account.is_blank())
    };
    let told = |account: &Account| {
        let mut pairs = vec![
            ("id".to_owned(), account.id.into()),
            ("sip_server".to_owned(), account.server.as_str().into()),
            ("sip_id".to_owned(), account.user.as_str().into()),
            ("name".to_owned(), account.name.as_str().into()),
            ("reg".to_owned(), reg(account, knobs.reg)),
        ];
        if knobs.account_extras {
            pairs.push(("auto_cfg".to_owned(), 0_i64.into()));
        }
        Json::Object(pairs)
    };
    Answer::success(Json::List(
        state.accounts.iter().filter(is_told).map(told).collect(),
    ))
}

fn reg(account: &Account, style: RegStyle) -> Json {
    match style {
        RegStyle::Number => account.told_reg().into(),
        RegStyle::Text => account.told_reg().to_string().into(),
        RegStyle::Bool => Json::Bool(account.is_registered()),
        RegStyle::Words if account.is_registered() => "Registered".into(),
        RegStyle::Words => "Not Registered".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::endpoints::desk::Desk;

    #[test]
    fn accounts_are_told_in_each_style() {
        let mut desk = Desk::logged_in();
        desk.state.accounts[1].reg = 7;
        let accounts = desk.json("api-get_accounts");
        assert_eq!(accounts["body"].as_array().unwrap().len(), 16);
        assert_eq!(
            accounts["body"][1],
            json!({ "id": 2, "sip_server": "pbx.example.com", "sip_id": "700", "name": "700", "reg": 7 }),
        );
        assert_eq!(accounts["body"][15]["sip_server"], "");
        for query in ["?registered=1", "?registered=true"] {
            let registered = desk.json(&format!("api-get_accounts{query}"));
            assert_eq!(registered["body"].as_array().unwrap().len(), 1, "{query}");
        }
        for (style, first, second) in [
            (RegStyle::Text, json!("1"), json!("7")),
            (RegStyle::Bool, json!(true), json!(false)),
            (
                RegStyle::Words,
                json!("Registered"),
                json!("Not Registered"),
            ),
        ] {
            desk.state.behaviour.readings.reg = style;
            let body = &desk.json("api-get_accounts")["body"];
            assert_eq!(
                (&body[0]["reg"], &body[1]["reg"]),
                (&first, &second),
                "{style:?}"
            );
        }
        desk.state.behaviour.readings.hides_blank_accounts = true;
        desk.state.behaviour.readings.account_extras = true;
        desk.state.accounts[0].active = false;
        let body = &desk.json("api-get_accounts")["body"];
        assert_eq!(body.as_array().unwrap().len(), 2);
        assert_eq!(
            (&body[0]["reg"], &body[0]["auto_cfg"]),
            (&json!("Not Registered"), &json!(0))
        );
    }
}
