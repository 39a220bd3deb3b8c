//! `loginrealm` and `login`: what the phone says about realms, sessions, refusals and locks.

use super::answer::Answer;
use super::{Call, session};
use crate::sim::auth::{Attempt, Lock, Refused, Role, Verdict};
use crate::sim::behaviour::login::{LockedAnswer, LoginAnswer, RealmBody, Refusal};
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
        RealmBody::Html => Answer::html(200, super::answer::LOGIN_PAGE),
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
            accepted(&token, state)
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

fn accepted(token: &str, state: &State) -> Answer {
    let knobs = &state.behaviour.login;
    let mut answer = match knobs.answer {
        LoginAnswer::Json => accepted_json("".into(), state),
        LoginAnswer::JsonSidAsBody => accepted_json(token.into(), state),
        LoginAnswer::JsonSidInBody => {
            let body = [("sid", token.into()), ("role", "admin".into())];
            accepted_json(Json::object(body), state)
        }
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

/// JSON tells that the default password must be changed inside `body`, or beside it if `body` is
/// only text.
fn accepted_json(body: Json, state: &State) -> Answer {
    let mut beside = vec![("response".to_owned(), "success".into())];
    let mark = state.behaviour.login.must_change_password;
    let mark = mark.then(|| ("defaultAuth".to_owned(), Json::Bool(true)));
    if let Json::Object(mut inside) = body {
        inside.extend(mark);
        beside.push(("body".to_owned(), Json::Object(inside)));
    } else {
        beside.push(("body".to_owned(), body));
        beside.extend(mark);
    }
    Answer::json(Json::Object(beside))
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
