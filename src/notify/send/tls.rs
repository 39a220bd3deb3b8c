//! TLS towards others: which certificates are accepted, and which we present.
//!
//! The system's authorities are read once a process, off the runtime's thread: who changes them
//! restarts the daemon, as with every other. The provider is ring, as everywhere here.

use std::sync::Arc;

use tokio::sync::OnceCell;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

use crate::config::listener::TlsVersion;
use crate::notify::http_client::TlsClient;
use crate::tls_client::{self, Peer};

/// How the TLS of a web server is spoken of.
pub(super) const WEB_SERVER: Peer = Peer {
    name: "the server",
    ca_file: "tls_config.ca_file",
    fingerprints: None,
    server_name: Some("tls_config.server_name"),
    without_tls: "check the port, or write http:// in its URL",
    too_old: "enable TLS 1.2 there",
};

/// How the TLS of a mail server is spoken of.
pub(super) const MAIL_SERVER: Peer = Peer {
    name: "the mail server",
    without_tls: "check the port: 587 usually speaks STARTTLS, 465 TLS",
    ..WEB_SERVER
};

/// Certificates of authorities, each usable.
type Authorities = Arc<[CertificateDer<'static>]>;

/// The authorities that were configured, else the system's.
async fn authorities(configured: Option<&[Box<[u8]>]>) -> Authorities {
    static SYSTEM: OnceCell<Authorities> = OnceCell::const_new();
    if let Some(configured) = configured {
        let certificates = configured
            .iter()
            .map(|der| CertificateDer::from(der.to_vec()));
        return usable(certificates);
    }
    let system = SYSTEM.get_or_init(|| async {
        let load = || usable(rustls_native_certs::load_native_certs().certs);
        // Reading files cannot panic; without authorities no certificate is accepted.
        tokio::task::spawn_blocking(load).await.unwrap_or_default()
    });
    Arc::clone(system.await)
}

/// Single certificates that cannot be read as an authority are left out, as browsers do.
fn usable(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Authorities {
    let certificates = certificates.into_iter();
    certificates
        .filter(|der| RootCertStore::empty().add(der.clone()).is_ok())
        .collect()
}

/// Settings of the TLS library: what is accepted, which versions, who we are.
pub(super) async fn client_config(tls: &TlsClient) -> Result<ClientConfig, Error> {
    let authorities = authorities(tls.authorities.as_deref()).await;
    let provider = Arc::new(ring::default_provider());
    let verifier = tls_client::verifier(authorities, tls.insecure_skip_verify, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = match tls.min_version {
        TlsVersion::Tls12 => builder.with_protocol_versions(&[&TLS13, &TLS12])?,
        TlsVersion::Tls13 => builder.with_protocol_versions(&[&TLS13])?,
    };
    let builder = builder.dangerous();
    let builder = builder.with_custom_certificate_verifier(verifier);
    match &tls.key_pair {
        None => Ok(builder.with_no_client_auth()),
        Some(pair) => builder.with_client_auth_cert(pair.chain.clone(), pair.key.clone_key()),
    }
}
