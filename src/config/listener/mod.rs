//! `web_config_file`: how the network is let in, in the format of Prometheus' exporter-toolkit.
//!
//! What is valid here is valid there, so that one file serves Prometheus, its exporters and this
//! program. The other way round it is not: where the toolkit passes over what has no effect, or
//! offers what this program does not, the key is a fault with the reason. docs/listener.md lists
//! these cases.

mod clients;
mod http;
mod pem;
mod read;
mod tls;
mod users;

use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use secrecy::SecretString;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{CipherSuite, NamedGroup};

pub(super) use read::{check_operators, listener};
pub(crate) use tls::version;

/// How the network is let in; by default everybody may read, over plain HTTP.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    /// `None`: plain HTTP.
    pub tls: Option<ServerTls>,
    /// What every answer carries beside its own headers, in whose place they come.
    pub headers: Arc<[(HeaderName, HeaderValue)]>,
    /// Who may come in; empty: everybody.
    pub users: Arc<[User]>,
}

/// One of `basic_auth_users`.
#[derive(Clone, Debug)]
pub struct User {
    /// Not empty, without a colon.
    pub name: Box<str>,
    /// A bcrypt hash that can be checked against, its cost within bounds.
    pub hash: SecretString,
}

/// `tls_server_config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// Our certificate first, then its intermediates.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key that belongs to our certificate; its `Debug` shows nothing of it.
    pub key: Arc<PrivateKeyDer<'static>>,
    /// What is asked of clients; `None`: nothing.
    pub clients: Option<Clients>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// The newest version that is spoken.
    pub max_version: TlsVersion,
    /// Of both versions, each in the order of preference.
    pub ciphers: Vec<CipherSuite>,
    /// Whether our order of preference counts, not the client's.
    pub own_preference: bool,
    /// Groups for the exchange of keys, in the order of preference.
    pub curves: Vec<NamedGroup>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246.
    #[default]
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// The certificates that clients are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// Who presents none is turned away.
    pub required: bool,
    /// What is presented must come from one of `authorities` and be valid now.
    pub verified: bool,
    /// Named to clients, so that they choose the right certificate; at least one if `verified`.
    pub authorities: Arc<[CertificateDer<'static>]>,
    /// What is presented must carry one of these names (DNS, IP address, mail address or URI),
    /// letter by letter; `None`: any will do.
    pub allowed_names: Option<Arc<[Box<str>]>>,
}
