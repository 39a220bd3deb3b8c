//! What an error of TLS means to an operator, and what to do about it.
//!
//! The library's words (`invalid peer certificate: UnknownIssuer`) leave an operator helpless. The
//! texts here name the settings that decide, as [`Peer`] has them. They never quote the other end.

use tokio_rustls::rustls::{
    AlertDescription, CertificateError, Error, InvalidMessage, OtherError, PeerIncompatible,
};

use super::verify::Distrust;

/// Who is at the other end, and which settings say what to expect there.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// As in "the phone".
    pub name: &'static str,
    /// Where the certificates of authorities are named.
    pub ca_file: &'static str,
    /// Where fingerprints of certificates are, where they may be.
    pub fingerprints: Option<&'static str>,
    /// Where another name than the address is, where it may be.
    pub server_name: Option<&'static str>,
    /// What to check where no TLS is spoken.
    pub without_tls: &'static str,
    /// What to do where only an old version is spoken.
    pub too_old: &'static str,
}

/// The TLS error in an error, wherever in its sources it is.
pub fn error_in<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Error> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| {
        if let Some(tls) = error.downcast_ref::<Error>() {
            return Some(tls);
        }
        // What an I/O error wraps is not its source, and may be another one.
        let wrapping = error.downcast_ref::<std::io::Error>()?;
        error_in(wrapping.get_ref()?)
    })
}

/// What the error means, and what to do: a lowercase fragment.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's list is long and grows"
)]
pub fn explain(error: &Error, peer: Peer) -> String {
    let Peer {
        name,
        without_tls,
        too_old,
        ..
    } = peer;
    match error {
        Error::InvalidCertificate(error) => certificate(error, peer),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )
        | Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            format!("{name} offers TLS 1.1 or older only: {too_old}")
        }
        Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        )
        | Error::PeerIncompatible(_) => format!(
            "{name} and this program share no TLS version or cipher: {name} may know TLS 1.1 or \
             older only"
        ),
        Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate,
        ) => format!("{name} wants a certificate of this client, and got none that it takes"),
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            format!("{name} does not know the name that it was asked for: check the address")
        }
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => format!("{name} does not speak TLS on this port: {without_tls}"),
        Error::AlertReceived(alert) => {
            format!("{name} ended the TLS handshake with an alert: {alert:?}")
        }
        Error::InvalidMessage(_) | Error::PeerMisbehaved(_) | Error::DecryptError => {
            format!("{name} broke the TLS protocol")
        }
        _ => "the TLS handshake failed".to_owned(),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's list is long and grows"
)]
fn certificate(error: &CertificateError, peer: Peer) -> String {
    let Peer { name, .. } = peer;
    match error {
        CertificateError::Other(OtherError(other)) => match other.downcast_ref() {
            Some(distrust) => self::distrust(distrust, peer),
            None => format!(
                "the certificate is not one that can be checked{}",
                or_pin(peer, ": ", "")
            ),
        },
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
            "the certificate has expired: renew it{}",
            or_pin(peer, ", or ", "")
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
            "the certificate is not valid yet: check the clocks{}",
            or_pin(peer, ", or ", "")
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let cure = match peer.server_name {
                Some(key) => format!("set {key} to the name in it"),
                None => "write the name in it as the address".to_owned(),
            };
            let pin = or_pin(peer, ", or ", "");
            format!("the certificate is of another name than the address: {cure}{pin}")
        }
        CertificateError::BadSignature => format!(
            "the signature of the handshake is wrong: {name} does not hold the key of its certificate"
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            format!(
                "the certificate is not one of a server: have it issued with the extended key usage \
                 serverAuth{}",
                or_pin(peer, ", or ", "")
            )
        }
        _ => format!(
            "the certificate is not acceptable{}",
            or_pin(peer, ": ", ": have a new one issued")
        ),
    }
}

fn distrust(distrust: &Distrust, peer: Peer) -> String {
    let Peer { name, ca_file, .. } = peer;
    match (distrust, peer.fingerprints) {
        (Distrust::SelfSigned { fingerprint }, Some(key)) => format!(
            "the certificate is self-signed: set {key} to {fingerprint} if that is {name}'s"
        ),
        (Distrust::SelfSigned { fingerprint }, None) => format!(
            "the certificate is self-signed: set {ca_file} to it if SHA-256 {fingerprint} is {name}'s"
        ),
        (Distrust::UnknownIssuer { fingerprint }, Some(key)) => format!(
            "the certificate is of an unknown authority: set {ca_file}, or set {key} to \
             {fingerprint} if that is {name}'s"
        ),
        (Distrust::UnknownIssuer { .. }, None) => format!(
            "the certificate is of an unknown authority: set {ca_file} to the certificate of that \
             authority; intermediate certificates are {name}'s to send"
        ),
        (Distrust::OtherFingerprint { fingerprint }, key) => format!(
            "the certificate matches none of {}: its own is {fingerprint}",
            key.unwrap_or("the fingerprints")
        ),
    }
}

/// How to pin the certificate instead, behind `link`; where it cannot be pinned, `otherwise`.
fn or_pin(peer: Peer, link: &str, otherwise: &str) -> String {
    match peer.fingerprints {
        Some(key) => format!("{link}pin it by {key}"),
        None => otherwise.to_owned(),
    }
}
