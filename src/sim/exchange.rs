//! What one request gets, and how it travels: behaviour and faults put together, still pure.
//!
//! The answer itself is made by the endpoints. Here is decided whether it is made at all, and how
//! much of it leaves: the shell in `server` only does what a [`Delivery`] says.

use super::behaviour::transport::{Framing, Keep};
use super::endpoints;
use super::endpoints::answer::LOGIN_PAGE;
use super::fault::Fault;
use super::state::State;
use super::wire::Request;
use super::wire::response::{After, Response};

/// How the answer to one request travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivery {
    /// All of it; then the connection is kept or closed.
    Whole(Vec<u8>, After),
    /// These bytes are all that ever comes, and then this.
    Part(Vec<u8>, Then),
    /// All of it, byte by byte; then the connection is closed.
    Slowly(Vec<u8>),
    /// The first bytes, then the second ones again and again.
    Endless(Vec<u8>, Vec<u8>),
}

/// What follows an answer that is not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Silence,
    Reset,
}

/// How many bytes an endless answer sends at a time.
const ENDLESS_PIECE: usize = 8 * 1024;

/// Takes one request to the phone; `served` is how many the connection has carried before it.
pub(super) fn exchange(request: &Request, served: u32, state: &mut State) -> Delivery {
    let connection = &state.behaviour.connection;
    let is_reset = connection.keep == Keep::ResetSecond && served > 0;
    if state.is_away() || is_reset {
        return nothing(Then::Reset);
    }
    state.remember(request);
    if endpoints::crashes(request, state) {
        state.reboot();
        return nothing(Then::Reset);
    }
    match state.faults.strike(request.endpoint) {
        None => whole(&endpoints::respond(request, state), request, state),
        Some(fault) => struck(fault, request, state),
    }
}

fn struck(fault: Fault, request: &Request, state: &mut State) -> Delivery {
    let canned = |body: &str| whole(&Response::html(200, body), request, state);
    match fault {
        Fault::Refuse => nothing(Then::Reset),
        Fault::StallAtConnect | Fault::Stall => nothing(Then::Silence),
        Fault::LoseAnswer => {
            endpoints::respond(request, state);
            nothing(Then::Reset)
        }
        Fault::EndSessions => {
            state.end_sessions();
            let response = endpoints::respond(request, state);
            whole(&response, request, state)
        }
        Fault::StallInBody => half(request, state, Then::Silence),
        Fault::ResetInBody => half(request, state, Then::Reset),
        Fault::SlowBytes => {
            let response = endpoints::respond(request, state);
            Delivery::Slowly(response.encode(framing(state), After::Close).bytes)
        }
        Fault::EndlessHead => Delivery::Endless(
            b"HTTP/1.1 200 OK\r\n".to_vec(),
            format!("X-Filler: {}\r\n", "x".repeat(100)).into_bytes(),
        ),
        Fault::EndlessBody => Delivery::Endless(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
                .to_vec(),
            vec![b' '; ENDLESS_PIECE],
        ),
        Fault::Html => canned(LOGIN_PAGE),
        Fault::ServerError => whole(&server_error(), request, state),
        Fault::Empty => canned(""),
        Fault::HalfJson => {
            let mut response = endpoints::respond(request, state);
            response.body.truncate(response.body.len() / 2);
            whole(&response, request, state)
        }
        Fault::NotHttp => Delivery::Whole(
            b"\x15\x03\x01\x00\x02\x02\x28\r\n\r\n".to_vec(),
            After::Close,
        ),
    }
}

fn whole(response: &Response, request: &Request, state: &State) -> Delivery {
    let framing = framing(state);
    let closes = state.behaviour.connection.keep == Keep::Close
        || framing == Framing::Http10
        || !request.keeps_open;
    let after = if closes {
        After::Close
    } else {
        After::KeepOpen
    };
    Delivery::Whole(response.encode(framing, after).bytes, after)
}

/// Its `Retry-After` is an hour, which a poller must not obey.
fn server_error() -> Response {
    let mut response = Response::html(500, "<html><body><h1>500</h1></body></html>");
    response.headers.push(("Retry-After", "3600".to_owned()));
    response
}

/// The head and the first half of the body.
fn half(request: &Request, state: &mut State, then: Then) -> Delivery {
    let response = endpoints::respond(request, state);
    let mut encoded = response.encode(framing(state), After::KeepOpen);
    let body_length = encoded.bytes.len() - encoded.head_length;
    encoded
        .bytes
        .truncate(encoded.head_length + body_length / 2);
    Delivery::Part(encoded.bytes, then)
}

fn nothing(then: Then) -> Delivery {
    Delivery::Part(Vec::new(), then)
}

fn framing(state: &State) -> Framing {
    state.behaviour.connection.framing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Endpoint, Spec};

    fn request(path: &str) -> Request {
        let mut buffer = format!("GET /cgi-bin/{path} HTTP/1.1\r\n\r\n").into_bytes();
        super::super::wire::request::take(&mut buffer)
            .unwrap()
            .unwrap()
    }

    fn phone() -> State {
        State::sample(Spec::default())
    }

    #[test]
    fn a_lost_answer_still_leaves_its_mark() {
        let mut state = phone();
        state.behaviour.session.open.insert(Endpoint::AddGroup);
        state.faults.once(Endpoint::AddGroup, Fault::LoseAnswer);
        let add = request("api-add_group?name=team");
        assert_eq!(exchange(&add, 0, &mut state), nothing(Then::Reset));
        assert!(state.phonebook.groups.values().any(|name| name == "team"));
    }

    #[test]
    fn a_canned_answer_leaves_none() {
        for fault in [
            Fault::Html,
            Fault::Empty,
            Fault::ServerError,
            Fault::Stall,
            Fault::Refuse,
        ] {
            let mut state = phone();
            state.behaviour.session.open.insert(Endpoint::AddGroup);
            state.faults.set(fault);
            exchange(&request("api-add_group?name=team"), 0, &mut state);
            assert_eq!(
                state.phonebook,
                crate::sim::state::phonebook::Phonebook::default()
            );
        }
    }

    #[test]
    fn half_a_body_has_its_whole_head() {
        let mut state = phone();
        state.faults.set(Fault::StallInBody);
        let Delivery::Part(bytes, Then::Silence) = exchange(&request("loginrealm"), 0, &mut state)
        else {
            panic!("the answer is cut");
        };
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("Content-Length: 16"));
        assert_eq!(body.len(), 8);
    }

    #[test]
    fn a_rebooting_phone_resets_and_notes_nothing() {
        let mut state = phone();
        state.reboot();
        assert_eq!(
            exchange(&request("loginrealm"), 0, &mut state),
            nothing(Then::Reset)
        );
        assert_eq!(state.counters.requests, 0);
    }

    #[test]
    fn a_connection_stays_open_only_if_phone_and_client_want_it() {
        let ends = |set: fn(&mut State), request: &Request| {
            let mut state = phone();
            set(&mut state);
            let delivery = exchange(request, 0, &mut state);
            matches!(delivery, Delivery::Whole(_, After::Close))
        };
        let keeps = request("loginrealm");
        let closes = Request {
            keeps_open: false,
            ..keeps.clone()
        };
        assert!(!ends(|_| (), &keeps));
        assert!(ends(|_| (), &closes));
        assert!(ends(
            |state| state.behaviour.connection.keep = Keep::Close,
            &keeps
        ));
        assert!(ends(
            |state| state.behaviour.connection.framing = Framing::Http10,
            &keeps
        ));
    }

    #[test]
    fn the_second_request_meets_the_reset_that_is_set() {
        let mut state = phone();
        state.behaviour.connection.keep = Keep::ResetSecond;
        let first = exchange(&request("loginrealm"), 0, &mut state);
        assert!(matches!(first, Delivery::Whole(_, After::KeepOpen)));
        assert_eq!(
            exchange(&request("loginrealm"), 1, &mut state),
            nothing(Then::Reset)
        );
    }

    #[test]
    fn a_long_key_crashes_only_a_phone_with_the_flaw() {
        let long = request(&format!("api-values.get?request={}", "k".repeat(64)));
        let mut state = phone();
        exchange(&long, 0, &mut state);
        assert!(!state.is_away());
        state.behaviour.values.long_key_crashes = true;
        assert_eq!(exchange(&long, 0, &mut state), nothing(Then::Reset));
        assert!(state.is_away());
    }
}
