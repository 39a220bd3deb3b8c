//! `loginrealm` and `login`: what the phone says about realms, sessions, refusals and locks.
//!
//! Whether a login is right is judged in [`auth`](crate::sim::auth); here are only the words for
//! it, all those that are known of the vendor's phones.

use super::answer::{Answer, Body, LOGIN_PAGE};
use super::{Call, session};
use crate::sim::auth::{Attempt, Lock, Refused, Role, Verdict};
use crate::sim::behaviour::login::{Instead, LockedAnswer, LoginAnswer, RealmBody, Refusal};
use crate::sim::behaviour::session::{Given, PerUser};
use crate::sim::state::State;
use crate::sim::wire::json::Json;

pub(super) fn realm(_call: &Call<'_>, state: &mut State) -> Answer {
    let (realm, token) = state.auth.issue_realm();
    let mut answer = match state.behaviour.login.realm {
        RealmBody::Plain => Answer::text(realm),
        RealmBody::PlainCrlf => Answer::text(realm + "\r\n"),
        RealmBody::Quoted => Answer::text(format!("\"{realm}\"")),
        RealmBody::JsonString => Answer::json(realm.into()),
        RealmBody::JsonBody => Answer::success(realm.into()),
        RealmBody::JsonRandom => Answer::json(Json::object([("random", realm.into())])),
        RealmBody::JsonRealm => Answer::json(Json::object([("realm", realm.into())])),
        RealmBody::Html => Answer::html(200, LOGIN_PAGE),
        RealmBody::Error => Answer::lines(&["Response=Error", "Message=Unknown Error"]),
        RealmBody::Garbage => Answer::text("\u{1}\u{2}\u{3}{[<\u{0}".to_owned()),
        RealmBody::Empty => Answer::text(String::new()),
    };
    let cookie = &state.behaviour.session.cookie;
    if cookie.given == Given::AtRealm {
        answer.cookies.push(session::carrier(&token, cookie));
    }
    answer
}

pub(super) fn login(call: &Call<'_>, state: &mut State) -> Answer {
    let instead = without_verdict(state);
    if let Some(answer) = instead.and_then(|instead| unjudged(instead, call)) {
        return answer;
    }
    let username = call.request.param("Username").unwrap_or_default();
    let known = [(&state.admin, Role::Admin), (&state.user, Role::User)]
        .into_iter()
        .find(|(user, _)| user.username == username)
        .map(|(user, role)| (user.password.as_str(), role));
    let attempt = Attempt {
        username,
        secret: call.request.param("Secret").unwrap_or_default(),
        known,
    };
    let now = state.now();
    let knobs = &state.behaviour;
    match state
        .auth
        .log_in(&attempt, &knobs.login, &knobs.lockout, now)
    {
        Verdict::Accepted(token) => {
            state.counters.logins += 1;
            if knobs.session.per_user == PerUser::One {
                state.auth.end_others(username, &token);
            }
            if instead.is_some() {
                state.auth.end_sessions();
            }
            let mut answer = accepted(&token, state);
            if instead == Some(Instead::SessionLostUnsaid) {
                answer.body = Body::Text(String::new());
            }
            answer
        }
        Verdict::Refused(refused) => {
            state.counters.refusals += 1;
            refusal(refused, knobs.login.refusal)
        }
        Verdict::Locked(lock) => {
            state.counters.refusals += 1;
            locked(lock, state)
        }
    }
}

/// What this login gets in place of a verdict.
fn without_verdict(state: &mut State) -> Option<Instead> {
    let knobs = &state.behaviour.login;
    let instead = knobs.instead?;
    let so_far = &mut state.counters.unjudged;
    if knobs.instead_times > 0 && *so_far >= knobs.instead_times {
        return None;
    }
    *so_far += 1;
    Some(instead)
}

/// The answer of a phone that does not look at the digest; `None` where it does.
fn unjudged(instead: Instead, call: &Call<'_>) -> Option<Answer> {
    const PAGE: &str = "<html><body><h1>Please wait</h1></body></html>";
    Some(match instead {
        Instead::Redirect => Answer::redirect(302, "/".to_owned()),
        Instead::RedirectToLogin => Answer::redirect(302, "/login".to_owned()),
        Instead::RedirectToHttps => {
            Answer::redirect(301, format!("https://phone{}", call.request.path))
        }
        Instead::Page => Answer::html(200, PAGE),
        Instead::LoginPage => Answer::html(200, LOGIN_PAGE),
        Instead::Empty => Answer::text(String::new()),
        Instead::NoContent => Answer::html(204, ""),
        Instead::NotFound => Answer::not_found(),
        Instead::ServerError => Answer::html(500, PAGE),
        Instead::Unavailable => Answer::html(503, PAGE),
        Instead::Rebooting => Answer::message("error", "phone rebooting".into()),
        Instead::RebootingLines => Answer::lines(&["Response=Error", "Message=Rebooting"]),
        Instead::Garbage => Answer::text("\u{1f}\u{8b}\u{8}\u{0}\u{3}{[<\u{0}".to_owned()),
        Instead::SessionLost | Instead::SessionLostUnsaid => return None,
    })
}

fn accepted(token: &str, state: &State) -> Answer {
    let knobs = &state.behaviour.login;
    let mut answer = match knobs.answer {
        LoginAnswer::Json => Answer::success("".into()),
        LoginAnswer::JsonSidAsBody => Answer::success(token.into()),
        LoginAnswer::JsonSidInBody => Answer::success(Json::object([
            ("sid", token.into()),
            ("defaultAuth", Json::Bool(knobs.must_change_password)),
        ])),
        LoginAnswer::JsonSidBeside => Answer::json(Json::object([
            ("response", "success".into()),
            ("body", "".into()),
            ("sid", token.into()),
        ])),
        LoginAnswer::ResMsg => Answer::message("success", "authentication accepted".into()),
        LoginAnswer::Lines => {
            let version = format!("ver={}", state.firmware);
            let change = format!("needchange={}", u8::from(knobs.must_change_password));
            Answer::lines(&["Response=Success", &version, &change])
        }
        LoginAnswer::Empty => Answer::text(String::new()),
    };
    let cookie = &state.behaviour.session.cookie;
    if cookie.given == Given::AtLogin {
        answer.cookies.push(session::carrier(token, cookie));
    }
    if cookie.given != Given::Never {
        answer.cookies.extend(session::companions(cookie));
    }
    answer
}

fn refusal(refused: Refused, form: Refusal) -> Answer {
    match form {
        Refusal::WrongN => Answer::error(format!("wrong{}", refused.left).into()),
        Refusal::Lines => {
            let message = if refused.user_is_known {
                "Wrong Password"
            } else {
                "Invalid Username"
            };
            let message = format!("Message={message}");
            Answer::lines(&[
                "Response=Error",
                &message,
                &format!("times={}", refused.failures),
            ])
        }
        Refusal::ResMsg => Answer::message("error", "authentication failed".into()),
        Refusal::Empty => Answer::text(String::new()),
        Refusal::LoginPage => Answer::html(200, LOGIN_PAGE),
    }
}

fn locked(lock: Lock, state: &State) -> Answer {
    let left = match lock {
        Lock::Until(end) => end.saturating_sub(state.now()).as_secs(),
        Lock::UntilReboot => 0,
    };
    let with_time = |amount: u64| {
        Answer::json(Json::object([
            ("response", "error".into()),
            ("body", "locked".into()),
            (
                "lockTime",
                Json::Number(i64::try_from(amount).unwrap_or(i64::MAX)),
            ),
        ]))
    };
    match state.behaviour.lockout.answer {
        LockedAnswer::Minutes => with_time(left.div_ceil(60)),
        LockedAnswer::Seconds => with_time(left),
        LockedAnswer::Lines => {
            let kind = if lock == Lock::UntilReboot { 2 } else { 1 };
            Answer::lines(&[
                "Response=Error",
                "Message=Locked",
                &format!("locktype={kind}"),
            ])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::endpoints::desk::Desk;

    #[test]
    fn each_form_of_a_successful_login_is_as_named() {
        let cases = [
            (
                LoginAnswer::Json,
                "{\"response\": \"success\", \"body\": \"\"}",
            ),
            (
                LoginAnswer::JsonSidAsBody,
                "{\"response\": \"success\", \"body\": \"T\"}",
            ),
            (
                LoginAnswer::JsonSidInBody,
                "{\"response\": \"success\", \"body\": {\"sid\": \"T\", \"defaultAuth\": false}}",
            ),
            (
                LoginAnswer::JsonSidBeside,
                "{\"response\": \"success\", \"body\": \"\", \"sid\": \"T\"}",
            ),
            (
                LoginAnswer::ResMsg,
                "{\"res\": \"success\", \"msg\": \"authentication accepted\"}",
            ),
            (
                LoginAnswer::Lines,
                "Response=Success\r\nver=1.0.3.30\r\nneedchange=0\r\n",
            ),
            (LoginAnswer::Empty, ""),
        ];
        for (answer, expect) in cases {
            let mut desk = Desk::with(|knobs| knobs.login.answer = answer);
            let text = desk.log_in("gmiadmin", "admin");
            assert_eq!(
                text.replace(&desk.cookies["phonecookie"], "T"),
                expect,
                "{answer:?}"
            );
            assert!(desk.is_in(), "{answer:?}");
        }
    }

    #[test]
    fn a_password_that_must_be_changed_is_told_where_there_is_a_place_for_it() {
        for (answer, part) in [
            (LoginAnswer::Lines, "needchange=1"),
            (LoginAnswer::JsonSidInBody, "\"defaultAuth\": true"),
        ] {
            let mut desk = Desk::with(|knobs| {
                knobs.login.answer = answer;
                knobs.login.must_change_password = true;
            });
            let text = desk.log_in("gmiadmin", "admin");
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn each_form_of_a_realm_holds_it_or_plainly_does_not() {
        for (body, prefix, suffix) in [
            (RealmBody::Plain, "", ""),
            (RealmBody::PlainCrlf, "", "\r\n"),
            (RealmBody::Quoted, "\"", "\""),
            (RealmBody::JsonString, "\"", "\""),
            (
                RealmBody::JsonBody,
                "{\"response\": \"success\", \"body\": \"",
                "\"}",
            ),
            (RealmBody::JsonRandom, "{\"random\": \"", "\"}"),
            (RealmBody::JsonRealm, "{\"realm\": \"", "\"}"),
        ] {
            let mut desk = Desk::with(|knobs| knobs.login.realm = body);
            let text = desk.text("loginrealm");
            let realm = text
                .strip_prefix(prefix)
                .and_then(|text| text.strip_suffix(suffix))
                .unwrap();
            assert_eq!(realm.len(), 16, "{body:?}");
            desk.log_in_with("gmiadmin", realm, "admin");
            assert!(desk.is_in(), "{body:?}");
        }
        for (body, part) in [
            (RealmBody::Html, "<html>"),
            (RealmBody::Error, "Response=Error"),
            (RealmBody::Garbage, "{[<"),
            (RealmBody::Empty, ""),
        ] {
            let mut desk = Desk::with(|knobs| knobs.login.realm = body);
            assert!(desk.text("loginrealm").contains(part), "{body:?}");
        }
    }

    #[test]
    fn each_form_of_a_refusal_counts_as_it_says() {
        for (refusal, username, expect) in [
            (
                Refusal::WrongN,
                "gmiadmin",
                "{\"response\": \"error\", \"body\": \"wrong3\"}",
            ),
            (
                Refusal::Lines,
                "gmiadmin",
                "Response=Error\r\nMessage=Wrong Password\r\ntimes=2\r\n",
            ),
            (
                Refusal::Lines,
                "who",
                "Response=Error\r\nMessage=Invalid Username\r\ntimes=2\r\n",
            ),
            (
                Refusal::ResMsg,
                "gmiadmin",
                "{\"res\": \"error\", \"msg\": \"authentication failed\"}",
            ),
            (Refusal::Empty, "gmiadmin", ""),
            (Refusal::LoginPage, "gmiadmin", LOGIN_PAGE),
        ] {
            let mut desk = Desk::with(|knobs| knobs.login.refusal = refusal);
            desk.log_in(username, "wrong");
            assert_eq!(desk.log_in(username, "wrong"), expect, "{refusal:?}");
            assert!(desk.cookies.is_empty() && desk.state.counters.refusals == 2);
        }
    }

    #[test]
    fn what_comes_in_place_of_a_verdict_opens_nothing_and_counts_as_nothing() {
        for instead in Instead::ALL {
            let mut desk = Desk::with(|knobs| knobs.login.instead = Some(instead));
            desk.log_in("gmiadmin", "admin");
            assert!(!desk.is_in(), "{instead:?}");
            assert_eq!(desk.state.counters.refusals, 0, "{instead:?}");
        }
    }

    #[test]
    fn each_form_of_a_lock_tells_its_time_or_type() {
        for (answer, until_reboot, expect) in [
            (
                LockedAnswer::Minutes,
                false,
                "\"body\": \"locked\", \"lockTime\": 5}",
            ),
            (
                LockedAnswer::Seconds,
                false,
                "\"body\": \"locked\", \"lockTime\": 300}",
            ),
            (
                LockedAnswer::Lines,
                false,
                "Response=Error\r\nMessage=Locked\r\nlocktype=1\r\n",
            ),
            (
                LockedAnswer::Lines,
                true,
                "Response=Error\r\nMessage=Locked\r\nlocktype=2\r\n",
            ),
        ] {
            let mut desk = Desk::with(|knobs| {
                knobs.lockout.answer = answer;
                knobs.lockout.until_reboot = until_reboot;
            });
            for _ in 0..5 {
                desk.log_in("gmiadmin", "wrong");
            }
            let text = desk.log_in("gmiadmin", "admin");
            assert!(text.ends_with(expect), "{text}");
        }
    }

    #[test]
    fn a_second_login_ends_the_first_only_where_a_user_has_one_session() {
        for (per_user, stays) in [(PerUser::Many, true), (PerUser::One, false)] {
            let mut desk = Desk::with(|knobs| knobs.session.per_user = per_user);
            desk.log_in("gmiadmin", "admin");
            let first = desk.cookies.clone();
            desk.log_in("user", "123");
            let second = desk.cookies.clone();
            desk.log_in("gmiadmin", "admin");
            desk.cookies = first;
            assert_eq!(desk.is_in(), stays);
            desk.cookies = second;
            assert!(desk.is_in(), "the other user's session stays");
        }
    }
}
