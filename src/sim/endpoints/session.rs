//! What carries a session: the cookies of a login, and finding the session of a request.
//!
//! A cookie counts only as it was set, quotes and companions included, because a client that
//! rewrites cookies fails on real phones too.

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use crate::sim::behaviour::login::LoginAnswer;
    use crate::sim::behaviour::session::Given;
    use crate::sim::endpoints::desk::{Desk, login_path};

    #[test]
    fn a_session_needs_its_cookie_just_as_it_was_set() {
        let mut desk = Desk::with(|knobs| {
            let cookie = &mut knobs.session.cookie;
            cookie.quoted = true;
            cookie
                .companions
                .insert("session-role".into(), "admin".into());
            cookie.ballast = 5000;
        });
        desk.log_in("gmiadmin", "admin");
        assert_eq!(desk.cookies["ballast"].len(), 5000);
        desk.cookies.remove("ballast");
        assert!(desk.is_in());

        let quoted = desk.cookies["phonecookie"].clone();
        desk.cookies
            .insert("phonecookie".into(), quoted.trim_matches('"').to_owned());
        assert!(!desk.is_in(), "the quotes belong to the value");
        desk.cookies.insert("phonecookie".into(), quoted);
        let role = desk.cookies.remove("session-role").unwrap();
        assert!(!desk.is_in(), "the second cookie is missing");
        desk.cookies.insert("session-role".into(), role);
        assert!(desk.is_in());
    }

    #[test]
    fn the_carrier_comes_when_and_as_it_is_set_to() {
        let mut desk = Desk::with(|knobs| knobs.session.cookie.given = Given::AtRealm);
        let realm = desk.text("loginrealm");
        let given = desk.cookies.clone();
        assert_eq!(given.len(), 1);
        assert!(!desk.is_in());
        desk.log_in_with("gmiadmin", &realm, "admin");
        assert_eq!(desk.cookies, given);
        assert!(desk.is_in());

        let mut desk = Desk::with(|knobs| {
            knobs.session.cookie.attributes =
                "Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly".into();
        });
        let realm = desk.text("loginrealm");
        let response = desk.ask(&login_path("gmiadmin", &realm, "admin"));
        let set = response
            .headers
            .iter()
            .find(|(name, _)| *name == "Set-Cookie")
            .unwrap();
        assert!(
            set.1
                .ends_with("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly"),
            "{}",
            set.1
        );
    }

    #[test]
    fn a_told_sid_carries_the_session_in_the_query_or_a_cookie() {
        let mut desk = Desk::with(|knobs| {
            knobs.session.cookie.given = Given::Never;
            knobs.login.answer = LoginAnswer::JsonSidAsBody;
        });
        let answer: Value = serde_json::from_str(&desk.log_in("gmiadmin", "admin")).unwrap();
        let sid = answer["body"].as_str().unwrap().to_owned();
        assert!(desk.cookies.is_empty() && !desk.is_in());
        assert_eq!(desk.ask(&format!("api-get_time?sid={sid}")).status, 200);
        desk.cookies.insert("sid".into(), sid);
        assert!(desk.is_in());
        desk.state.behaviour.login.answer = LoginAnswer::Json;
        assert!(!desk.is_in(), "a phone that tells no sid takes none");
    }

    #[test]
    fn a_renewed_cookie_ends_the_one_before() {
        let mut desk = Desk::with(|knobs| knobs.session.cookie.renewed = true);
        desk.log_in("gmiadmin", "admin");
        let first = desk.cookies.clone();
        assert!(desk.is_in() && desk.is_in());
        desk.cookies = first;
        assert!(!desk.is_in());
    }

    #[test]
    fn a_session_ends_by_age_and_only_real_use_keeps_it() {
        let age = Duration::from_mins(14);
        let mut desk = Desk::logged_in();
        desk.state.age_sessions(age);
        assert!(desk.is_in());
        desk.state.age_sessions(age);
        assert_eq!(
            desk.ask("api-get_accounts?update_session=false").status,
            200
        );
        desk.state.age_sessions(age);
        assert!(!desk.is_in());
        assert_eq!(desk.state.counters.denials, 1);
    }
}
