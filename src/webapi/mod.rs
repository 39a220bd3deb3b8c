//! The vendor's Web API as a client.
//!
//! A [`Client`] speaks to one phone: it owns the connection, the cookies and what was learnt of the
//! phone's habits. Reads go through its [`Reader`], everything else through [`Control`], which the
//! daemon cannot name; every answer is classified before it is parsed.
//! It never decides whether to log in: the caller asks the lockout guard first.
//!
//! From the wire upwards: `dial` opens a checked byte stream (`tls`, `certificate`), `transport`
//! exchanges one request on it, `client` holds what lasts and the rules of repeating, `verdict` says
//! what an answer means, `session` logs in, `reader` and `control` ask and `calls` parse. `exchange` keeps what
//! was said for the `probe` command, without secrets.

mod answer;
mod call;
pub mod calls;
mod client;
mod control;
mod cookies;
mod dial;
mod exchange;
mod hex;
mod json;
mod limit;
mod lookup;
#[cfg(test)]
mod raw;
mod reader;
mod request;
mod session;
mod tls;
mod transport;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio_rustls::rustls::ClientConfig;

pub use call::{Call, Effect, MAX_CALL};
pub use client::Client;
pub use control::{CallError, Control};
pub use exchange::Exchange;
pub use reader::Reader;
pub use tls::tls_config;

use crate::fleet::Failure;
use crate::fleet::guard::{Habits, LoginOutcome};
use crate::fleet::report::Dropped;

/// Which phone to speak to, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Host name or address, without brackets; a name is resolved anew for each poll.
    pub host: Box<str>,
    /// TCP port.
    pub port: u16,
    /// TLS settings and the name to check; `None` for plain HTTP.
    pub tls: Option<Tls>,
    /// Limit for opening a connection, the TLS handshake included.
    pub connect_timeout: Duration,
    /// How often a read is sent at most when the network fails.
    pub attempts: u8,
    /// Whether a connection may stay open between polls where that pays.
    pub keeps_connection: bool,
}

/// TLS towards one phone.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Shared by all phones of one [`Trust`](crate::fleet::trust::Trust).
    pub config: Arc<ClientConfig>,
    /// The name to check instead of the host.
    pub server_name: Option<Box<str>>,
}

impl PartialEq for Tls {
    /// Settings are the same if they are shared.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.config, &other.config) && self.server_name == other.server_name
    }
}

/// What a poll's traffic showed beside its answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// The phone answered HTTP at all.
    pub reached: bool,
    /// A whole answer came.
    pub answered: bool,
    /// What was left out to keep within bounds.
    pub dropped: Dropped,
    /// Until when the presented certificate is valid.
    pub certificate_expiry: Option<Timestamp>,
    /// What was learnt, to be remembered.
    pub habits: Habits,
}

/// What one login is made with: a random text of the phone that counts once.
#[derive(Debug)]
pub struct Realm(SecretString);

/// Why there is no realm to log in with.
#[derive(Clone, Debug)]
pub enum NoRealm {
    /// The phone says that logins are locked.
    Locked {
        /// For so long; `None` if not told or until a reboot.
        lasts: Option<Duration>,
        /// The same in words.
        failure: Failure,
    },
    /// The phone did not answer, or gave none.
    Failed(Failure),
}

/// How a login ended.
#[derive(Clone, Debug)]
pub struct Login {
    /// For the guard.
    pub outcome: LoginOutcome,
    /// The phone gave a cookie without a word of success: only a read can prove the session.
    pub unproven: bool,
    /// The phone asks for its default password to be changed.
    pub default_password: bool,
    /// What went wrong; `None` if it was accepted.
    pub failure: Option<Failure>,
}

/// Why a read brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The phone wants a session, or another one; its reason is `session`, and it is the caller
    /// that can tell a session that ended from one that may not read this.
    #[error("{0}")]
    NoSession(Failure),
    /// The phone does not know this path.
    #[error("{0}")]
    NotFound(Failure),
    /// Anything else.
    #[error("{0}")]
    Failed(Failure),
}

impl ReadError {
    /// What went wrong.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::NoSession(failure) | Self::NotFound(failure) | Self::Failed(failure) => failure,
        }
    }
}
