//! What carries a session: the cookies of a login, and finding the session of a request.

use super::Caller;
use crate::sim::behaviour::session::Cookie;
use crate::sim::state::State;
use crate::sim::wire::Request;

/// Whose session the request came under, if it carries a valid one. Counts as its use.
pub(super) fn caller(request: &Request, state: &mut State) -> Option<Caller> {
    let cookie = &state.behaviour.session.cookie;
    let brings = |name: &str, value: &str| request.cookies().any(|pair| pair == (name, value));
    if !cookie
        .companions
        .iter()
        .all(|(name, value)| brings(name, value))
    {
        return None;
    }
    let in_cookie = request
        .cookies()
        .filter(|(name, _)| *name == cookie.name)
        .filter_map(|(_, value)| unquoted(value, cookie));
    let sid = request
        .cookies()
        .filter(|(name, _)| *name == "sid")
        .map(|(_, value)| value)
        .chain(request.param("sid"))
        .filter(|_| state.behaviour.login.answer.tells_sid());
    let (now, idle_limit) = (state.now(), state.behaviour.session.idle_limit);
    let session = state.auth.session(in_cookie.chain(sid), idle_limit, now)?;
    if request.param("update_session") != Some("false") {
        session.touch(now);
    }
    Some(Caller {
        token: session.token.clone(),
        role: session.role,
    })
}

/// The token in a cookie's raw value; quotes must be there just where the phone set them.
fn unquoted<'a>(value: &'a str, cookie: &Cookie) -> Option<&'a str> {
    if cookie.quoted {
        value.strip_prefix('"')?.strip_suffix('"')
    } else {
        Some(value)
    }
}

/// The `Set-Cookie` that carries `token`.
pub(super) fn carrier(token: &str, cookie: &Cookie) -> String {
    let quote = if cookie.quoted { "\"" } else { "" };
    let (name, attributes) = (&cookie.name, &cookie.attributes);
    let divider = if attributes.is_empty() { "" } else { "; " };
    format!("{name}={quote}{token}{quote}{divider}{attributes}")
}

/// The cookies beside the carrier that come with a login.
pub(super) fn companions(cookie: &Cookie) -> impl Iterator<Item = String> {
    let ballast = (cookie.ballast > 0).then(|| format!("ballast={}", "x".repeat(cookie.ballast)));
    cookie
        .companions
        .iter()
        .map(|(name, value)| format!("{name}={value}; Path=/"))
        .chain(ballast)
}

/// The new carrier, where every read under a session renews it.
pub(super) fn renewal(caller: &Caller, state: &mut State) -> Option<String> {
    if !state.behaviour.session.cookie.renewed {
        return None;
    }
    let token = state.auth.renew(&caller.token)?;
    Some(carrier(&token, &state.behaviour.session.cookie))
}
