//! Calls that ask: accounts, lines, status, time, values, the phonebook.

use std::num::NonZeroU16;

use serde_json::{Map, Value, json};

use super::error::JobError;
use super::result::CallResult;
use super::session::Session;
use crate::fleet::reading::LineState;
use crate::webapi::calls::values::{self, ValueKey};
use crate::webapi::calls::{accounts, lines, phonebook_download, status, time};

/// The accounts in use.
pub(super) async fn accounts(
    session: &mut Session,
    registered: bool,
) -> Result<CallResult, JobError> {
    let accounts = session.read(&accounts::call(registered)).await?;
    let user = |user: &Option<crate::fleet::Text>| {
        user.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let rows = accounts
        .iter()
        .map(|account| {
            vec![
                account.id.to_string(),
                account.registration.label().to_owned(),
                account.server.to_string(),
                user(&account.user),
            ]
        })
        .collect();
    let json = accounts
        .iter()
        .map(|account| {
            json!({
                "account": account.id,
                "state": account.registration.label(),
                "server": account.server.as_str(),
                "user": user(&account.user),
            })
        })
        .collect();
    Ok(CallResult::table(
        &["ACCOUNT", "STATE", "SERVER", "USER"],
        rows,
        json,
    ))
}

/// All lines, or one.
pub(super) async fn lines(
    session: &mut Session,
    line: Option<NonZeroU16>,
) -> Result<CallResult, JobError> {
    let lines = session.read(&lines::call(line)).await?;
    let code = |state: LineState| {
        state
            .code()
            .map_or_else(String::new, |code| code.to_string())
    };
    let rows = lines
        .each
        .iter()
        .map(|line| {
            let state = line.state.coarse().label().to_owned();
            vec![line.number.to_string(), state, code(line.state)]
        })
        .collect();
    let json = lines
        .each
        .iter()
        .map(|line| {
            json!({
                "line": line.number,
                "state": line.state.coarse().label(),
                "code": line.state.code(),
            })
        })
        .collect();
    Ok(CallResult::table(&["LINE", "STATE", "CODE"], rows, json))
}

/// The phone's word for itself.
pub(super) async fn status(session: &mut Session) -> Result<CallResult, JobError> {
    let word = session.read(&status::call()).await?;
    let rows = vec![vec![word.to_string()]];
    let json = json!({ "status": word.as_str() });
    Ok(CallResult::table(&["STATUS"], rows, json))
}

/// Uptime and clock.
pub(super) async fn time(session: &mut Session) -> Result<CallResult, JobError> {
    let time = session.read(&time::call()).await?;
    let clock = time.clock.map(|clock| clock.strftime("%F %R").to_string());
    let rows = vec![vec![
        humantime::format_duration(time.uptime.length).to_string(),
        clock.clone().unwrap_or_default(),
    ]];
    let json = json!({ "uptime_seconds": time.uptime.length.as_secs(), "clock": clock });
    Ok(CallResult::table(&["UPTIME", "CLOCK"], rows, json))
}

/// The values of these keys, each under the key as it was asked for.
pub(super) async fn values(
    session: &mut Session,
    keys: &[ValueKey],
) -> Result<CallResult, JobError> {
    let mut pairs = pairs(session, keys).await?;
    if keys
        .iter()
        .any(|key| value(&pairs, key).is_none_or(str::is_empty))
    {
        // Without a session a phone answers closed keys as it answers unknown ones: what wants a
        // session is asked, and then the values again.
        session.read(&accounts::call(false)).await?;
        pairs = self::pairs(session, keys).await?;
    }
    let answer = |key: &ValueKey| value(&pairs, key).map(str::to_owned);
    let rows = keys
        .iter()
        .map(|key| vec![key.as_str().to_owned(), answer(key).unwrap_or_default()])
        .collect();
    let json: Map<String, Value> = keys
        .iter()
        .map(|key| (key.as_str().to_owned(), answer(key).into()))
        .collect();
    Ok(CallResult::table(&["KEY", "VALUE"], rows, json.into()))
}

type Pairs = Vec<(String, String)>;

async fn pairs(session: &mut Session, keys: &[ValueKey]) -> Result<Pairs, JobError> {
    let mut pairs = Vec::new();
    for call in values::calls(keys) {
        pairs.extend(session.read(&call).await?);
    }
    Ok(pairs)
}

fn value<'a>(pairs: &'a Pairs, key: &ValueKey) -> Option<&'a str> {
    let pair = pairs.iter().find(|(name, _)| key.is(name));
    pair.map(|(_, value)| value.as_str())
}

/// The phonebook XML, as the phone gives it.
pub(super) async fn phonebook(session: &mut Session) -> Result<CallResult, JobError> {
    let document = session.read(&phonebook_download::call()).await?;
    Ok(CallResult {
        json: document.as_str().into(),
        document: Some(document),
        ..CallResult::default()
    })
}
