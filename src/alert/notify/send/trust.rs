//! TLS towards others: which certificates are accepted, and which we present.
//!
//! The system's authorities are read once a process, off the runtime's thread: who changes them
//! restarts the daemon, as with every other. The provider is ring, as everywhere here.

use std::sync::Arc;

use tokio::sync::OnceCell;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::alert::notify::http_client::TlsClient;
use crate::config::listener::TlsVersion;

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
    let provider = Arc::new(ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = match tls.min_version {
        TlsVersion::Tls12 => builder.with_protocol_versions(&[&TLS13, &TLS12])?,
        TlsVersion::Tls13 => builder.with_protocol_versions(&[&TLS13])?,
    };
    let builder = if tls.insecure_skip_verify {
        let verifier = Arc::new(Anything { algorithms });
        let builder = builder.dangerous();
        builder.with_custom_certificate_verifier(verifier)
    } else {
        let mut roots = RootCertStore::empty();
        let authorities = authorities(tls.authorities.as_deref()).await;
        roots.add_parsable_certificates(authorities.iter().cloned());
        builder.with_root_certificates(roots)
    };
    match &tls.key_pair {
        None => Ok(builder.with_no_client_auth()),
        Some(pair) => builder.with_client_auth_cert(pair.chain.clone(), pair.key.clone_key()),
    }
}

/// Accepts every certificate; its owner must hold the key all the same.
#[derive(Debug)]
struct Anything {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
