//! Who may what.
//!
//! Whoever comes over the control socket may do everything: its file lets in whom it should. From
//! the network everybody may read where no users are configured, and users where some are; health
//! is for everybody, since those who ask for it carry no password. What changes something is for
//! users that `access.operate` names, from a page of ours.

use hyper::StatusCode;
use std::fmt;
use std::net::SocketAddr;

use hyper::http::request::Parts;
use tracing::info;

use super::basic_auth::{Authenticator, BusyError, Credentials};
use super::csrf;
use super::response::Response;
use super::route::Route;
use super::server::Peer;
use super::server_config::ServerConfig;

/// Who asks, after authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody on the network, who was asked for nothing.
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

/// Lets `peer` in who asks for `route`, or says why not.
pub(super) async fn admit(
    peer: Peer,
    route: &Route<'_>,
    head: &Parts,
    server_config: &ServerConfig,
    logins: &Authenticator,
) -> Result<Caller, Response> {
    let (from, encrypted) = match peer {
        Peer::Local { uid } => return Ok(Caller::Local { uid }),
        Peer::Network { from, encrypted } => (from, encrypted),
    };
    let users = &server_config.listener.users;
    if users.is_empty() || matches!(route, Route::Healthy | Route::Ready) {
        return Ok(Caller::Anyone);
    }
    let Some(claim) = Credentials::of(&head.headers) else {
        return Err(Response::text(StatusCode::UNAUTHORIZED, LOG_IN));
    };
    match logins.verify(&claim, users).await {
        Ok(true) => Ok(Caller::User {
            name: claim.user.into(),
            encrypted,
        }),
        Ok(false) => {
            let known = users.iter().any(|user| *user.name == *claim.user);
            tell(from, &claim.user, known);
            Err(Response::text(StatusCode::UNAUTHORIZED, LOG_IN))
        }
        Err(BusyError) => Err(Response::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many logins are being checked; try again",
        )),
    }
}

const LOG_IN: &str = "log in as one of basic_auth_users";

/// A name that nobody has is not shown: people type their password there.
fn tell(from: SocketAddr, name: &str, known: bool) {
    let address = from.ip().to_canonical();
    if known {
        info!(%address, user = name, "Refused a login of user `{name}` from {address}");
    } else {
        info!(%address, "Refused a login of an unknown user from {address}");
    }
}

/// Whether `caller` may change something from a page of ours: whether forms are shown.
pub(super) fn may_operate(caller: &Caller, server_config: &ServerConfig) -> bool {
    match caller {
        Caller::Local { .. } => true,
        Caller::Anyone => false,
        Caller::User { name, .. } => server_config.operators.contains(name),
    }
}

/// Whether `caller` may change something; `host` is how the request calls this server.
pub(super) fn operate(
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
        return refused(NO_OPERATOR);
    }
    if !csrf::is_ours(&head.headers, host, encrypted) {
        return refused(FOREIGN);
    }
    Ok(Actor::User(name.clone()))
}

const NOT_FROM_THE_NETWORK: &str = "whoever reaches this port could do that; over the network it \
                                    takes basic_auth_users and access.operate; the control socket \
                                    is always open, and SIGHUP reloads";

const NO_OPERATOR: &str = "access.operate does not name this user";

const FOREIGN: &str = "the request does not come from a page of this server; a program sends \
                       `Origin: ` with the scheme, host and port that it asks";

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user `{name}`"),
            Self::Local { uid } => write!(f, "local user {uid}"),
        }
    }
}
