//! Which certificates of servers are trusted.
//!
//! A chain to an authority, or a certificate that is itself among those that are named: a server
//! that signed its own certificate has no authority, and plain `openssl req -x509` makes an authority
//! of it, which the library takes for no server. Name, dates and purpose are checked either way.

use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::certificate;

/// Why a certificate is not trusted, where the library has no better word for it.
#[derive(Debug, thiserror::Error)]
pub enum Distrust {
    /// Issuer and subject are the same, and it is not one that is named.
    #[error("the certificate {fingerprint} is self-signed")]
    SelfSigned {
        /// SHA-256 of the whole certificate.
        fingerprint: String,
    },
    /// Its authority is not among ours.
    #[error("the certificate {fingerprint} is of an unknown authority")]
    UnknownIssuer {
        /// SHA-256 of the whole certificate.
        fingerprint: String,
    },
    /// Fingerprints are configured, and this is none of them.
    #[error("the certificate {fingerprint} matches no configured fingerprint")]
    OtherFingerprint {
        /// SHA-256 of the whole certificate.
        fingerprint: String,
    },
}

/// Judges certificates by authorities.
#[derive(Debug)]
pub struct Chain {
    /// `None` without any authority: nothing is trusted.
    webpki: Option<Arc<WebPkiServerVerifier>>,
    authorities: Arc<[CertificateDer<'static>]>,
}

impl From<Distrust> for Error {
    fn from(distrust: Distrust) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(distrust))))
    }
}

impl Chain {
    /// Trusts these, each usable as an authority, and what they signed.
    pub fn new(
        authorities: Arc<[CertificateDer<'static>]>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities.iter().cloned());
        let webpki = if roots.is_empty() {
            None
        } else {
            let builder =
                WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(provider));
            let verifier = builder.build();
            Some(verifier.map_err(|error| Error::General(error.to_string()))?)
        };
        Ok(Self {
            webpki,
            authorities,
        })
    }

    /// Whether the certificate is trusted as that of `name`.
    pub fn verify(
        &self,
        presented: (&CertificateDer<'_>, &[CertificateDer<'_>]),
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (end_entity, intermediates) = presented;
        if self.authorities.iter().any(|own| own == end_entity) {
            return by_itself(end_entity, name, now);
        }
        let verified = match &self.webpki {
            None => Err(CertificateError::UnknownIssuer.into()),
            Some(webpki) => webpki.verify_server_cert(end_entity, intermediates, name, ocsp, now),
        };
        verified.map_err(|error| explained(error, end_entity))
    }
}

/// Whether a certificate that is named itself is good for this server now.
fn by_itself(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    certificate::is_of_a_server(certificate, now)?;
    let named = verify_server_name(&ParsedCertificate::try_from(certificate)?, name);
    if named.is_err() && !certificate::has_only_the_name(certificate, &name.to_str()) {
        named?;
    }
    Ok(ServerCertVerified::assertion())
}

fn explained(error: Error, end_entity: &CertificateDer<'_>) -> Error {
    // A wrong signature in a chain: its authority has the name of one of ours and another key.
    let is_of_a_stranger = matches!(
        error,
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
    );
    // What is no end of a chain for the library may be a certificate that signed itself.
    let is_odd = matches!(error, Error::InvalidCertificate(CertificateError::Other(_)));
    let fingerprint = certificate::fingerprint_text(end_entity);
    if (is_of_a_stranger || is_odd) && certificate::is_self_issued(end_entity) {
        return Distrust::SelfSigned { fingerprint }.into();
    }
    if is_of_a_stranger {
        return Distrust::UnknownIssuer { fingerprint }.into();
    }
    error
}

/// What judges certificates by these authorities, or accepts any.
pub fn verifier(
    authorities: Arc<[CertificateDer<'static>]>,
    accept_anything: bool,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let chain = if accept_anything {
        None
    } else {
        Some(Chain::new(authorities, provider)?)
    };
    Ok(Arc::new(Verifier {
        chain,
        algorithms: provider.signature_verification_algorithms,
    }))
}

/// Whatever is asked of a certificate, the server must hold its key.
#[derive(Debug)]
struct Verifier {
    /// `None`: any certificate will do.
    chain: Option<Chain>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.chain {
            None => Ok(ServerCertVerified::assertion()),
            Some(chain) => {
                chain.verify((end_entity, intermediates), server_name, ocsp_response, now)
            }
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
        date_time_ymd,
    };

    use tokio_rustls::rustls::crypto::ring;

    use super::*;

    /// 2030-01-01.
    const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_893_456_000));

    /// What is made of a certificate that is named itself, for `mail.example.org`.
    fn judged(change: impl FnOnce(&mut CertificateParams)) -> Result<(), Error> {
        let names = vec!["mail.example.org".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        change(&mut params);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let own = certificate.der().clone();
        let provider = Arc::new(ring::default_provider());
        let chain = Chain::new(Arc::new([own.clone()]), &provider).unwrap();
        let name = ServerName::try_from("mail.example.org").unwrap();
        chain.verify((&own, &[]), &name, &[], NOW).map(|_| ())
    }

    #[test]
    fn a_certificate_that_signed_itself_is_trusted_where_it_is_named() {
        assert_eq!(judged(|_| {}), Ok(()));
        assert_eq!(judged(|params| params.is_ca = IsCa::NoCa), Ok(()));
        let by_common_name = judged(|params| {
            params.subject_alt_names.clear();
            let name = "MAIL.example.org";
            params.distinguished_name.push(DnType::CommonName, name);
        });
        assert_eq!(by_common_name, Ok(()));
    }

    #[test]
    fn its_name_dates_and_purpose_count_all_the_same() {
        let other = |params: &mut CertificateParams| {
            params.subject_alt_names = CertificateParams::new(vec!["www.example.org".to_owned()])
                .unwrap()
                .subject_alt_names;
            let name = "mail.example.org";
            params.distinguished_name.push(DnType::CommonName, name);
        };
        assert!(matches!(
            judged(other),
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            ))
        ));
        let expired = judged(|params| params.not_after = date_time_ymd(2029, 1, 1));
        assert_eq!(expired, Err(CertificateError::Expired.into()));
        let early = judged(|params| params.not_before = date_time_ymd(2031, 1, 1));
        assert_eq!(early, Err(CertificateError::NotValidYet.into()));
        let of_a_client = judged(|params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        });
        assert_eq!(of_a_client, Err(CertificateError::InvalidPurpose.into()));
    }
}
