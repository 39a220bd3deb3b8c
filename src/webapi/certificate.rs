//! What is read from a phone's certificate, and why one is not trusted.
//!
//! These certificates are self-signed or signed by the vendor's private authority and never name
//! an address, so the usual verdicts ("unknown issuer") leave an operator helpless. The texts here
//! say what to put into the configuration instead.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::hex;

/// Why a certificate is not trusted, where the TLS library has no better word for it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Distrust {
    /// Issuer and subject are the same, and it is no authority we know.
    #[error(
        "the certificate is self-signed: set tls.fingerprints_sha256 to {fingerprint} \
         if that is the phone's"
    )]
    SelfSigned {
        /// SHA-256 of the whole certificate.
        fingerprint: String,
    },
    /// Its authority is not among ours.
    #[error(
        "the certificate is of an unknown authority: set tls.ca_file, or set \
         tls.fingerprints_sha256 to {fingerprint} if that is the phone's"
    )]
    UnknownIssuer {
        /// SHA-256 of the whole certificate.
        fingerprint: String,
    },
    /// Fingerprints are configured, and this is none of them.
    #[error("the certificate matches none of tls.fingerprints_sha256: its own is {fingerprint}")]
    OtherFingerprint {
        /// SHA-256 of the whole certificate.
        fingerprint: String,
    },
}

/// SHA-256 of the whole certificate.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, certificate).as_ref());
    fingerprint
}

/// The same as text, as the configuration takes it.
pub(super) fn fingerprint_text(certificate: &CertificateDer<'_>) -> String {
    hex::lowercase(&fingerprint(certificate))
}

/// Until when it is valid; `None` if it cannot be read.
pub(super) fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
}

/// Whether it names itself as its issuer.
pub(super) fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, parsed)| parsed.issuer().as_raw() == parsed.subject().as_raw())
}

/// The bits of its public key; `None` if it cannot be read.
pub(super) fn public_key<'a>(certificate: &'a CertificateDer<'_>) -> Option<&'a [u8]> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let key = parsed.tbs_certificate.subject_pki.subject_public_key.data;
    match key {
        std::borrow::Cow::Borrowed(bits) => Some(bits),
        std::borrow::Cow::Owned(_) => None,
    }
}
