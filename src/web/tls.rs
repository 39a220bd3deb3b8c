//! TLS towards clients: from the settings of the listener to those of the TLS library.
//!
//! HTTP/1.1 is the only protocol that is negotiated. Where certificates of clients are verified, no
//! session is resumed: a resumed one would let in who was turned away, or has expired, since.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::config::listener::{Clients, ServerTls, TlsVersion};

/// The settings of the TLS library; an error only if it knows less than the configuration allows.
pub(super) fn server_config(tls: &ServerTls) -> Result<ServerConfig, Error> {
    let provider = Arc::new(provider(tls));
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(tls))?;
    let builder = match &tls.clients {
        Some(clients) => {
            builder.with_client_cert_verifier(Arc::new(Verifier::new(clients, &provider)?))
        }
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(tls.chain.clone(), tls.key.clone_key())?;
    config.ignore_client_order = tls.own_preference;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if tls.clients.as_ref().is_some_and(|clients| clients.verified) {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

/// The library's means, cut to those that are configured, in that order.
fn provider(tls: &ServerTls) -> CryptoProvider {
    let all = ring::default_provider();
    let suites = tls.ciphers.iter();
    let curves = tls.curves.iter();
    CryptoProvider {
        cipher_suites: suites
            .filter_map(|name| {
                all.cipher_suites
                    .iter()
                    .find(|suite| suite.suite() == *name)
            })
            .copied()
            .collect(),
        kx_groups: curves
            .filter_map(|name| all.kx_groups.iter().find(|group| group.name() == *name))
            .copied()
            .collect(),
        ..all
    }
}

fn versions(tls: &ServerTls) -> Vec<&'static SupportedProtocolVersion> {
    let spoken = tls.min_version..=tls.max_version;
    [(TlsVersion::Tls13, &TLS13), (TlsVersion::Tls12, &TLS12)]
        .into_iter()
        .filter_map(|(version, library)| spoken.contains(&version).then_some(library))
        .collect()
}

/// Judges the certificates of clients. Whatever is asked of a certificate, the client must hold its
/// key.
#[derive(Debug)]
struct Verifier {
    required: bool,
    /// `None`: any certificate will do.
    chain: Option<Arc<dyn ClientCertVerifier>>,
    allowed_names: Option<Arc<[Box<str>]>>,
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(clients: &Clients, provider: &Arc<CryptoProvider>) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for authority in clients.authorities.iter() {
            roots.add(authority.clone())?;
        }
        let hints = roots.subjects();
        let chain = if clients.verified {
            let builder =
                WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(provider));
            let chain = builder.build();
            Some(chain.map_err(|error| Error::General(error.to_string()))?)
        } else {
            None
        };
        Ok(Self {
            required: clients.required,
            chain,
            allowed_names: clients.allowed_names.clone(),
            hints,
            algorithms: provider.signature_verification_algorithms,
        })
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(chain) = &self.chain {
            chain.verify_client_cert(certificate, intermediates, now)?;
        }
        if let Some(allowed) = &self.allowed_names
            && !carries_one_of(certificate, allowed)
        {
            let error = CertificateError::ApplicationVerificationFailure;
            return Err(Error::InvalidCertificate(error));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether the certificate carries one of these names as a subject alternative name.
fn carries_one_of(certificate: &CertificateDer<'_>, allowed: &[Box<str>]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return false;
    };
    let mut names = names.value.general_names.iter();
    names.any(|name| allowed.iter().any(|allowed| is_named(name, allowed)))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the format knows four of the many kinds of names"
)]
fn is_named(name: &GeneralName<'_>, allowed: &str) -> bool {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            *text == allowed
        }
        GeneralName::IPAddress(bytes) => {
            address(bytes).is_some_and(|address| address.to_string() == allowed)
        }
        _ => false,
    }
}

/// An address as a certificate holds it, to be written as Go writes it.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(four.into());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(sixteen).to_canonical())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    #[test]
    fn a_name_counts_by_its_letters_whatever_its_kind() {
        let mut params = CertificateParams::new(["prometheus.example".to_owned()]).unwrap();
        params.subject_alt_names.extend([
            SanType::Rfc822Name("prometheus@example.org".try_into().unwrap()),
            SanType::URI("spiffe://example.org/prometheus".try_into().unwrap()),
            SanType::IpAddress([192, 0, 2, 1].into()),
            SanType::IpAddress("2001:db8::1".parse().unwrap()),
        ]);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let carries = |name: &str| carries_one_of(certificate.der(), &["a".into(), name.into()]);
        for name in [
            "prometheus.example",
            "prometheus@example.org",
            "spiffe://example.org/prometheus",
            "192.0.2.1",
            "2001:db8::1",
        ] {
            assert!(carries(name), "{name}");
        }
        for name in [
            "",
            "prometheus",
            "Prometheus.example",
            "*",
            "192.0.2.2",
            "rcgen self signed cert",
        ] {
            assert!(!carries(name), "{name}");
        }
    }

    #[test]
    fn a_certificate_without_names_carries_none() {
        let params = CertificateParams::default();
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert!(!carries_one_of(certificate.der(), &["a".into()]));
        assert!(!carries_one_of(
            &CertificateDer::from_slice(b"none"),
            &["a".into()]
        ));
    }
}
