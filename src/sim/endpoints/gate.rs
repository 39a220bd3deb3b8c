//! What a request passes before and after the handler of its endpoint: the Referer gate, the path,
//! the session, the cookie that is renewed, the spelling.
//!
//! The order is that of real phones as far as it is known: the Referer counts before anything
//! else, and an endpoint that is missing is missing for everybody.

use super::answer::Answer;
use super::{Access, Call, DOTTED_VALUES, Endpoint, session};
use crate::sim::behaviour::session::Denial;
use crate::sim::behaviour::transport::Redirect;
use crate::sim::behaviour::{NotFound, ValuesPath};
use crate::sim::state::State;
use crate::sim::wire::Request;
use crate::sim::wire::response::Response;

/// What the phone answers to `request`, and what that does to it.
pub(in crate::sim) fn respond(request: &Request, state: &mut State) -> Response {
    let answer = answer(request, state);
    let style = &state.behaviour.text;
    let as_lines = request
        .endpoint
        .is_some_and(|endpoint| style.lines.contains(&endpoint));
    answer.spelled(style, as_lines)
}

fn answer(request: &Request, state: &mut State) -> Answer {
    if state.behaviour.session.referer_required && !has_own_referer(request) {
        return Answer::denial(Denial::Status403);
    }
    if let Some(redirect) = state.behaviour.connection.redirect {
        return redirected(request, redirect);
    }
    let Some(endpoint) = request
        .endpoint
        .filter(|endpoint| exists(*endpoint, request, state))
    else {
        return match state.behaviour.paths.not_found {
            NotFound::Status404 => Answer::not_found(),
            NotFound::CommandNotFound => Answer::message("error", "command not found".into()),
        };
    };
    let row = endpoint.row();
    let caller = session::caller(request, state);
    let knobs = &state.behaviour.session;
    if row.access == Access::Session && caller.is_none() && !knobs.open.contains(&endpoint) {
        return denied(endpoint, state);
    }
    if let Some(form) = knobs.forbidden.get(&endpoint) {
        return Answer::denial(*form);
    }
    let call = Call { request, caller };
    let mut answer = (row.handle)(&call, state);
    if let Some(caller) = &call.caller {
        answer.cookies.extend(session::renewal(caller, state));
    }
    answer
}

/// No session, or one that ended, in the form this phone has for it.
pub(super) fn denied(endpoint: Endpoint, state: &mut State) -> Answer {
    state.counters.denials += 1;
    let knobs = &state.behaviour.session;
    Answer::denial(*knobs.expired_at.get(&endpoint).unwrap_or(&knobs.expired))
}

fn exists(endpoint: Endpoint, request: &Request, state: &State) -> bool {
    let paths = &state.behaviour.paths;
    let is_dotted = request.path.ends_with(DOTTED_VALUES);
    let has_name = match paths.values {
        _ if endpoint != Endpoint::Values => true,
        ValuesPath::Dash => !is_dotted,
        ValuesPath::Dot => is_dotted,
        ValuesPath::Both => true,
    };
    has_name && !paths.missing.contains(&endpoint)
}

fn has_own_referer(request: &Request) -> bool {
    let host = request.header("referer").and_then(|referer| {
        let rest = referer
            .strip_prefix("http://")
            .or_else(|| referer.strip_prefix("https://"))?;
        rest.split('/').next()
    });
    host.is_some() && host == request.header("host")
}

fn redirected(request: &Request, redirect: Redirect) -> Answer {
    match redirect {
        Redirect::Login => Answer::redirect(302, "/login".to_owned()),
        Redirect::Https => {
            let host = request.header("host").unwrap_or_default();
            let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let with_port = host.rsplit_once(':').filter(|(_, port)| is_port(port));
            let name = with_port.map_or(host, |(name, _)| name);
            Answer::redirect(301, format!("https://{name}{}", request.target))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::endpoints::desk::Desk;

    #[test]
    fn a_denial_follows_the_endpoint_then_the_phone() {
        let mut desk = Desk::with(|knobs| {
            knobs.session.expired = Denial::SessionExpired;
            knobs
                .session
                .forbidden
                .insert(Endpoint::Lines, Denial::Status401);
            knobs.session.open.insert(Endpoint::Time);
        });
        desk.check(
            "api-get_phone_status",
            &json!({ "response": "success", "body": "unauthorized" }),
        );
        let expired = json!({ "response": "error", "body": { "status": "session-expired" } });
        desk.check("api-get_accounts", &expired);
        desk.check("api-get_line_status", &expired);
        assert_eq!(
            desk.ask("api-get_time").status,
            200,
            "an open endpoint needs no session"
        );
        desk.log_in("gmiadmin", "admin");
        assert_eq!(
            desk.ask("api-get_line_status").status,
            401,
            "forbidden under a fresh session"
        );
        assert!(desk.is_in());
    }

    #[test]
    fn the_referer_gate_comes_before_all_else() {
        let mut desk = Desk::with(|knobs| knobs.session.referer_required = true);
        for (referer, status) in [
            ("", 403),
            ("Referer: http://other/\r\n", 403),
            ("Referer: phone\r\n", 403),
            ("Referer: http://phone/cgi-bin/x\r\n", 200),
            ("Referer: https://phone\r\n", 200),
        ] {
            desk.headers = referer.to_owned();
            assert_eq!(desk.ask("loginrealm").status, status, "{referer}");
        }
    }

    #[test]
    fn what_the_firmware_lacks_is_not_found() {
        let mut desk = Desk::with(|knobs| {
            knobs.paths.missing.insert(Endpoint::Time);
            knobs.paths.values = ValuesPath::Dot;
        });
        for (path, status) in [
            ("api-get_time", 404),
            ("no_such", 404),
            ("api-values.get?request=68", 404),
            ("api.values.get?request=68", 200),
        ] {
            assert_eq!(desk.ask(path).status, status, "{path}");
        }
        desk.state.behaviour.paths.not_found = NotFound::CommandNotFound;
        desk.check(
            "no_such",
            &json!({ "res": "error", "msg": "command not found" }),
        );
        desk.state.behaviour.paths.values = ValuesPath::Both;
        assert_eq!(desk.ask("api-values.get?request=68").status, 200);
        desk.state.behaviour.paths.values = ValuesPath::Dash;
        desk.check(
            "api.values.get?request=68",
            &json!({ "res": "error", "msg": "command not found" }),
        );
    }

    #[test]
    fn a_redirect_answers_everything() {
        for (redirect, status, location) in [
            (Redirect::Login, 302, "/login"),
            (Redirect::Https, 301, "https://phone/cgi-bin/loginrealm?x=1"),
        ] {
            let mut desk = Desk::with(|knobs| knobs.connection.redirect = Some(redirect));
            let response = desk.ask("loginrealm?x=1");
            assert_eq!(response.status, status);
            assert!(
                response
                    .headers
                    .contains(&("Location", location.to_owned())),
                "{response:?}"
            );
        }
    }

    #[test]
    fn an_endpoint_can_speak_lines() {
        let mut desk = Desk::logged_in();
        desk.state.behaviour.text.lines.insert(Endpoint::Values);
        assert_eq!(
            desk.text("api-values.get?request=68:vendor_name"),
            "response=success\r\n68=1.0.3.30\r\nvendor_name=Grandstream\r\n",
        );
    }
}
