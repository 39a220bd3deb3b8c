//! Calls that read: accounts, lines, status, time, values, the phonebook.

use std::num::NonZeroU16;

use serde_json::{Value, json};

use super::error::JobError;
use super::result::{CallResult, JobResult};
use super::session::Session;
use crate::cli::humanize;
use crate::fleet::reading::{Account, Line};
use crate::webapi::calls::values::{self, ValueKey};
use crate::webapi::calls::{accounts, lines, phonebook_download, status, time};

/// The accounts in use.
pub(super) async fn accounts(session: &mut Session, registered: bool) -> JobResult {
    let accounts = session.read(&accounts::call(registered)).await?;
    let as_json = |account: &Account| {
        json!({
            "account": account.id,
            "state": account.registration.label(),
            "server": account.server.as_str(),
            "user": account.user.as_ref().map_or("", |user| user.as_str()),
        })
    };
    let json = accounts.iter().map(as_json).collect();
    Ok(CallResult::table(
        &["ACCOUNT", "STATE", "SERVER", "USER"],
        json,
    ))
}

/// All lines, or one.
pub(super) async fn lines(session: &mut Session, line: Option<NonZeroU16>) -> JobResult {
    let lines = session.read(&lines::call(line)).await?;
    let as_json = |line: &Line| {
        json!({
            "line": line.number,
            "state": line.state.coarse().label(),
            "code": line.state.code(),
        })
    };
    let json = lines.each.iter().map(as_json).collect();
    Ok(CallResult::table(&["LINE", "STATE", "CODE"], json))
}

/// The status that the phone reports.
pub(super) async fn status(session: &mut Session) -> JobResult {
    let status = session.read(&status::call()).await?;
    let json = json!({ "status": status.as_str() });
    Ok(CallResult::table(&["STATUS"], json))
}

/// Uptime and clock.
pub(super) async fn time(session: &mut Session) -> JobResult {
    let time = session.read(&time::call()).await?;
    let clock = time.clock.map(|clock| clock.strftime("%F %R").to_string());
    let json = json!({ "uptime_seconds": time.uptime.length.as_secs(), "clock": clock });
    let uptime = humanize::duration(time.uptime.length);
    let rows = vec![vec![uptime, clock.unwrap_or_default()]];
    Ok(CallResult::with_rows(&["UPTIME", "CLOCK"], rows, json))
}

/// The values of these keys, in the spelling of the request.
pub(super) async fn values(session: &mut Session, keys: &[ValueKey]) -> JobResult {
    let mut pairs = pairs(session, keys).await?;
    if keys
        .iter()
        .any(|key| value(&pairs, key).is_none_or(str::is_empty))
    {
        // Without a session a phone answers protected keys like unknown ones. A call that needs a
        // session opens one, then the values are read again.
        session.read(&accounts::call(false)).await?;
        pairs = self::pairs(session, keys).await?;
    }
    let answer = |key: &ValueKey| value(&pairs, key).map(str::to_owned);
    let row = |key: &ValueKey| vec![key.as_str().to_owned(), answer(key).unwrap_or_default()];
    let field = |key: &ValueKey| (key.as_str().to_owned(), answer(key).into());
    let rows = keys.iter().map(row).collect();
    let json = Value::Object(keys.iter().map(field).collect());
    Ok(CallResult::with_rows(&["KEY", "VALUE"], rows, json))
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

/// The phonebook XML of the phone.
pub(super) async fn phonebook(session: &mut Session) -> JobResult {
    let document = session.read(&phonebook_download::call()).await?;
    Ok(CallResult {
        json: document.as_str().into(),
        document: Some(document),
        ..CallResult::default()
    })
}
