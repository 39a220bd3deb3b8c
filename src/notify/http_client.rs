//! An HTTP client as Prometheus configures one: how it proves who sends, its TLS, proxy and headers.
//!
//! One type for all who send over HTTP: Alertmanagers, webhooks, the heartbeat. Mail takes its TLS
//! from here too.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::config::KeyPair;
use crate::config::listener::TlsVersion;

/// How requests to one server are made.
#[derive(Clone, Debug, Default)]
pub struct HttpClient {
    /// How to prove who sends.
    pub authorization: Authorization,
    /// How TLS is set up.
    pub tls: TlsClient,
    /// A proxy; none of the environment is used.
    pub proxy_url: Option<Box<str>>,
    /// More headers, one entry a value.
    pub headers: Vec<Header>,
}

/// A header that was configured.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name.
    pub name: Box<str>,
    /// What it says.
    pub value: HeaderText,
}

/// What a header says.
#[derive(Clone, Debug)]
pub enum HeaderText {
    /// Anybody may see it.
    Public(Box<str>),
    /// Nobody but the server may see it.
    Secret(SecretString),
}

/// How to prove who sends.
#[derive(Clone, Debug, Default)]
pub enum Authorization {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Basic`.
    Basic {
        /// The user.
        username: Box<str>,
        /// Its password.
        password: SecretString,
    },
    /// `Authorization: SCHEME CREDENTIALS`.
    Credentials {
        /// `Bearer`, most often.
        scheme: Box<str>,
        /// What follows it.
        credentials: SecretString,
    },
}

/// The client's side of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsClient {
    /// Certificates of authorities, as DER, instead of the system's.
    pub authorities: Option<Arc<[Box<[u8]>]>>,
    /// What proves to the server who we are.
    pub key_pair: Option<Arc<KeyPair>>,
    /// The name that is asked for and that the server's certificate must bear, instead of its host.
    pub server_name: Option<Box<str>>,
    /// Accept whatever certificate is presented.
    pub insecure_skip_verify: bool,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
}

impl HeaderText {
    /// What is sent.
    pub fn expose(&self) -> &str {
        match self {
            Self::Public(text) => text,
            Self::Secret(secret) => secret.expose_secret(),
        }
    }

    /// The same, if it is a secret.
    pub fn secret(&self) -> Option<&SecretString> {
        match self {
            Self::Public(_) => None,
            Self::Secret(secret) => Some(secret),
        }
    }
}

impl HttpClient {
    /// How long a request may take where nothing else is configured.
    pub const TIMEOUT: Duration = Duration::from_secs(15);
}
