//! What is read from the certificate of a server.

use std::fmt::Write;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use tokio_rustls::rustls::CertificateError;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// SHA-256 of the whole certificate.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, certificate).as_ref());
    fingerprint
}

/// The same as text, as the configuration takes it.
pub fn fingerprint_text(certificate: &CertificateDer<'_>) -> String {
    let mut text = String::new();
    for byte in fingerprint(certificate) {
        write!(text, "{byte:02x}").expect("a text grows");
    }
    text
}

/// Until when it is valid; `None` if it cannot be read.
pub fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
}

/// Whether it names itself as its issuer.
pub fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, parsed)| parsed.issuer().as_raw() == parsed.subject().as_raw())
}

/// The bits of its public key; `None` if it cannot be read.
pub fn public_key<'a>(certificate: &'a CertificateDer<'_>) -> Option<&'a [u8]> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let key = parsed.tbs_certificate.subject_pki.subject_public_key.data;
    match key {
        std::borrow::Cow::Borrowed(bits) => Some(bits),
        std::borrow::Cow::Owned(_) => None,
    }
}

/// Whether a certificate that is trusted by itself is valid then and meant for a server; else what
/// is wrong with it. Its name is not looked at.
pub(super) fn is_of_a_server(
    certificate: &CertificateDer<'_>,
    now: UnixTime,
) -> Result<(), CertificateError> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return Err(CertificateError::BadEncoding);
    };
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < parsed.validity().not_before.timestamp() {
        return Err(CertificateError::NotValidYet);
    }
    if now > parsed.validity().not_after.timestamp() {
        return Err(CertificateError::Expired);
    }
    let usage = parsed.extended_key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.server_auth && !usage.value.any) {
        return Err(CertificateError::InvalidPurpose);
    }
    Ok(())
}

/// Whether the common name is this one, in a certificate that has no other names: older tools write
/// nothing else.
pub(super) fn has_only_the_name(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    let has_others = !matches!(parsed.subject_alternative_name(), Ok(None));
    let mut common = parsed.subject().iter_common_name();
    !has_others
        && common.any(|part| {
            let common = part.as_str();
            common.is_ok_and(|common| common.eq_ignore_ascii_case(name))
        })
}
