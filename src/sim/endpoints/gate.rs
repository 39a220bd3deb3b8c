//! What a request passes before and after the handler of its endpoint: the Referer gate, the path,
//! the session, the cookie that is renewed, the spelling.

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
