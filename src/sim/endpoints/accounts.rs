//! `api-get_accounts`.

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
