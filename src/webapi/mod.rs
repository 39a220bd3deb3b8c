//! The vendor's Web API as a client.
//!
//! A [`Client`] speaks to one phone: it owns the connection, the cookies and what was learnt of the
//! phone's habits. Reads go through its [`Reader`]; every answer is classified before it is parsed.
//! It never decides whether to log in: the caller asks the lockout guard first.

mod calls;
mod certificate;
mod hex;
mod json;
mod request;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::Instant;
use tokio_rustls::rustls::ClientConfig;

use crate::fleet::Failure;
use crate::fleet::guard::{Habits, LoginOutcome, SecretFormat};
use crate::fleet::reading::{Accounts, Keep, Lines, PhoneStatus, PhoneTime, Values};
use crate::fleet::report::Dropped;
use crate::fleet::trust::Trust;

/// Which phone to speak to, and how.
#[derive(Clone, Debug)]
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
}

/// TLS towards one phone.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Shared by all phones of one [`Trust`].
    pub config: Arc<ClientConfig>,
    /// The name to check instead of the host.
    pub server_name: Option<Box<str>>,
}

/// One phone's connection, session and habits.
#[derive(Debug)]
pub struct Client {}

/// The reads of the guide, and nothing else.
#[derive(Debug)]
pub struct Reader<'a>(&'a mut Client);

/// What a poll's traffic showed beside its answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// The phone answered HTTP at all.
    pub reached: bool,
    /// What was left out to keep within bounds.
    pub dropped: Dropped,
    /// Until when the presented certificate is valid.
    pub certificate_expiry: Option<Timestamp>,
    /// What was learnt, to be remembered.
    pub habits: Habits,
}

/// How a login ended.
#[derive(Clone, Debug)]
pub struct Login {
    /// For the guard.
    pub outcome: LoginOutcome,
    /// The phone gave a cookie without a word of success: only a read can prove the session.
    pub unproven: bool,
    /// What went wrong; `None` if it was accepted.
    pub failure: Option<Failure>,
}

/// Why a read brought nothing.
#[derive(Clone, Debug)]
pub enum ReadError {
    /// The phone wants a session, or another one.
    NoSession(Failure),
    /// The phone does not know this path.
    NotFound(Failure),
    /// Anything else.
    Failed(Failure),
}

/// TLS settings that check certificates against `trust`, with a session cache for `phones` phones.
pub fn tls_config(trust: &Trust, phones: usize) -> Result<Arc<ClientConfig>, Failure> {
    let _ = (trust, phones);
    unreachable!()
}

impl Client {
    /// A client without connection or session.
    pub fn new(target: Target, habits: Habits) -> Self {
        let _ = (target, habits);
        unreachable!()
    }

    /// Begins a poll: everything until [`Client::close`] ends by `deadline`.
    pub fn open(&mut self, deadline: Instant) {
        let _ = deadline;
    }

    /// Ends a poll: closes what should not stay open and tells what was seen.
    pub fn close(&mut self) -> Traffic {
        Traffic::default()
    }

    /// Whether a session was opened and not given up since.
    pub fn has_session(&self) -> bool {
        false
    }

    /// Gives the session up: cookies are forgotten.
    pub fn drop_session(&mut self) {}

    /// Asks for a realm and sends the digest. Sent once, never repeated.
    pub async fn login(
        &mut self,
        username: &str,
        password: &SecretString,
        format: SecretFormat,
    ) -> Login {
        let _ = (username, password, format);
        unreachable!()
    }

    /// The reads.
    pub fn reader(&mut self) -> Reader<'_> {
        Reader(self)
    }
}

impl Reader<'_> {
    /// Guide: Get Account Status.
    pub async fn accounts(&mut self, keep: Keep) -> Result<Accounts, ReadError> {
        let _ = (&self.0, keep);
        unreachable!()
    }

    /// Guide: Get Line Status. Remote names and numbers are dropped.
    pub async fn lines(&mut self, keep: Keep) -> Result<Lines, ReadError> {
        let _ = keep;
        unreachable!()
    }

    /// Guide: Get Phone Status; answers without a login too.
    pub async fn status(&mut self) -> Result<PhoneStatus, ReadError> {
        unreachable!()
    }

    /// Guide: Get System Time.
    pub async fn time(&mut self) -> Result<PhoneTime, ReadError> {
        unreachable!()
    }

    /// Guide: Return Values Request; answers some keys without a login.
    pub async fn values(&mut self, keys: &[Box<str>]) -> Result<Values, ReadError> {
        let _ = keys;
        unreachable!()
    }
}
