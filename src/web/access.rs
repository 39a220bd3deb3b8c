//! Who may read, and who may change something.
//!
//! Over the control socket everything is allowed: the permissions of its file decide who can connect.
//! Over the network everyone may read where no users are configured, and only users where some are. The
//! health endpoints are open, since probes send no password. Changes are for the users that
//! `access.operate` names, from a page of this server.

use std::fmt;
use std::net::SocketAddr;

use hyper::StatusCode;
use hyper::http::request::Parts;
use tracing::info;

use super::basic_auth::{Authenticator, BusyError, Credentials};
use super::csrf;
use super::peer::Peer;
use super::response::Response;
use super::route::Route;
use super::server_config::ServerConfig;

/// Who sent the request, after authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A client on the network that needed no password.
    Anyone,
    /// One of `basic_auth_users`.
    User {
        name: Box<str>,
        /// Whether the connection is encrypted.
        encrypted: bool,
    },
    /// A user of this machine, over the control socket.
    Local { uid: u32 },
}

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    User(Box<str>),
    Local { uid: u32 },
}

/// Who `peer` is, if it may request `route`; otherwise the refusal.
pub(super) async fn authenticate(
    peer: Peer,
    route: &Route<'_>,
    head: &Parts,
    server_config: &ServerConfig,
    authenticator: &Authenticator,
) -> Result<Caller, Response> {
    let (from, encrypted) = match peer {
        Peer::Local { uid } => return Ok(Caller::Local { uid }),
        Peer::Network { from, encrypted } => (from, encrypted),
    };
    let users = &server_config.listener.users;
    if users.is_empty() || matches!(route, Route::Healthy | Route::Ready) {
        return Ok(Caller::Anyone);
    }
    let Some(credentials) = Credentials::of(&head.headers) else {
        return Err(Response::text(StatusCode::UNAUTHORIZED, LOGIN_REQUIRED));
    };
    match authenticator.verify(&credentials, users).await {
        Ok(true) => Ok(Caller::User {
            name: credentials.user.into(),
            encrypted,
        }),
        Ok(false) => {
            let known = users.iter().any(|user| *user.name == *credentials.user);
            log_refusal(from, &credentials.user, known);
            Err(Response::text(StatusCode::UNAUTHORIZED, LOGIN_REQUIRED))
        }
        Err(BusyError) => Err(Response::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many logins are being checked; try again",
        )),
    }
}

const LOGIN_REQUIRED: &str = "log in as one of basic_auth_users";

/// An unknown name is not logged: it may be a password in the wrong field.
fn log_refusal(from: SocketAddr, name: &str, known: bool) {
    let address = from.ip().to_canonical();
    if known {
        info!(%address, user = name, "Refused a login of user `{name}` from {address}");
    } else {
        info!(%address, "Refused a login of an unknown user from {address}");
    }
}

/// Whether `caller` may change something, so that pages show forms.
pub(super) fn may_operate(caller: &Caller, server_config: &ServerConfig) -> bool {
    match caller {
        Caller::Local { .. } => true,
        Caller::Anyone => false,
        Caller::User { name, .. } => server_config.operators.contains(name),
    }
}

/// Who changes something by this request; `host` is the name of this server in it.
pub(super) fn authorize(
    caller: &Caller,
    head: &Parts,
    host: Option<&str>,
    server_config: &ServerConfig,
) -> Result<Actor, Response> {
    let refused = |why: &str| {
        Err(Response::text(
            StatusCode::FORBIDDEN,
            format_args!("refused: {why}"),
        ))
    };
    let (name, encrypted) = match caller {
        Caller::Local { uid } => return Ok(Actor::Local { uid: *uid }),
        Caller::Anyone => return refused(NOT_FROM_THE_NETWORK),
        Caller::User { name, encrypted } => (name, *encrypted),
    };
    if !server_config.operators.contains(name) {
        return refused(NOT_AN_OPERATOR);
    }
    if !csrf::is_same_origin(&head.headers, host, encrypted) {
        return refused(CROSS_ORIGIN);
    }
    Ok(Actor::User(name.clone()))
}

const NOT_FROM_THE_NETWORK: &str = "changes over the network need basic_auth_users and \
                                    access.operate; use the control socket, or SIGHUP to reload";

const NOT_AN_OPERATOR: &str = "access.operate does not name this user";

const CROSS_ORIGIN: &str = "the request does not come from a page of this server; programs must send \
                            `Origin: ` with the scheme, host and port of this server";

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user `{name}`"),
            Self::Local { uid } => write!(f, "local user {uid}"),
        }
    }
}
