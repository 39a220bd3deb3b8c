//! What the network meets before it is answered: TLS, users, headers of every answer.
//!
//! Made from the configuration at each reload and handed on by `watch`. It decides nothing; see
//! `access` for who may what.

use std::sync::Arc;

use ipnet::IpNet;
use tokio_rustls::rustls;

use crate::config::listener::ServerTls;
use crate::config::{Config, Listener};

use super::tls;

/// How the network is let in; by default everybody may read, over plain HTTP.
#[derive(Debug, Default)]
pub struct ServerConfig {
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) listener: Listener,
    /// Which of the users may POST.
    pub(super) operators: Arc<[Box<str>]>,
    /// Behind which addresses many clients are.
    pub(super) proxies: Arc<[IpNet]>,
}

/// TLS as configured, and as the library takes it.
#[derive(Debug)]
pub(super) struct Tls {
    configured: ServerTls,
    pub(super) config: Arc<rustls::ServerConfig>,
}

impl ServerConfig {
    /// The one that `config` describes. Where TLS is as it was `before`, connections and
    /// sessions stay.
    pub fn of(config: &Config, before: &Self) -> Result<Self, rustls::Error> {
        let tls = match (&config.listener.tls, &before.tls) {
            (None, _) => None,
            (Some(tls), Some(before)) if before.configured == *tls => Some(Arc::clone(before)),
            (Some(tls), _) => Some(Arc::new(Tls {
                configured: tls.clone(),
                config: Arc::new(tls::server_config(tls)?),
            })),
        };
        Ok(Self {
            tls,
            listener: config.listener.clone(),
            operators: config.operators.clone().into(),
            proxies: config.proxies.clone().into(),
        })
    }

    /// The scheme of its addresses.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Whether a connection that came in by `other` may stay: TLS is the same.
    pub(super) fn has_tls_of(&self, other: &Self) -> bool {
        match (&self.tls, &other.tls) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}
