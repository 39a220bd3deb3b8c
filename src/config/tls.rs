//! The keys `tls` of a phone: what its certificate is measured against.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};

use super::fault::{Findings, Wrong, quoted};
use super::files::{Files, MAX_CERTIFICATES};
use super::keys;
use super::section::{Given, Section, items};
use super::tree::Node;

/// What a phone, a group or `defaults` says of certificates.
#[derive(Default)]
pub(super) struct TlsKeys {
    pub(super) ca_file: Option<Given<Authorities>>,
    /// Not empty.
    pub(super) fingerprints: Option<Given<Arc<[[u8; 32]]>>>,
    pub(super) insecure_skip_verify: Option<Given<bool>>,
    pub(super) server_name: Option<Given<Box<str>>>,
}

/// The certificates of a `ca_file`; at least one.
#[derive(Clone)]
pub(crate) struct Authorities {
    pub(crate) path: PathBuf,
    pub(crate) certificates: Arc<[Box<[u8]>]>,
}

impl TlsKeys {
    /// The line of the first key that has an effect.
    pub(super) fn first_line(&self) -> Option<u32> {
        let insecure = self
            .insecure_skip_verify
            .as_ref()
            .filter(|insecure| insecure.value);
        [
            self.ca_file.as_ref().map(|given| given.line),
            self.fingerprints.as_ref().map(|given| given.line),
            insecure.map(|given| given.line),
            self.server_name.as_ref().map(|given| given.line),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// Reads the section `tls`.
pub(super) fn tls_keys(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> TlsKeys {
    let Some(tls) = section.section(found, "tls", keys::TLS) else {
        return TlsKeys::default();
    };
    let insecure = tls.read(found, "insecure_skip_verify", Node::flag);
    if insecure.as_ref().is_some_and(|insecure| insecure.value) {
        let what = "lets anybody stand in for a phone and read its password's digest";
        let mend = "set fingerprints_sha256 or ca_file instead";
        found.warn(tls.spot_of("insecure_skip_verify"), Wrong::new(what, mend));
    }
    TlsKeys {
        ca_file: tls.read(found, "ca_file", |node| authorities(files, node.text()?)),
        fingerprints: fingerprints(found, &tls),
        insecure_skip_verify: insecure,
        server_name: tls.read(found, "server_name", |node| server_name(node.text()?)),
    }
}

/// The certificates of the PEM file of this name.
pub(crate) fn authorities(files: &mut Files<'_>, name: &str) -> Result<Authorities, Wrong> {
    let path = files.path(name);
    let bytes = files.read(&path, MAX_CERTIFICATES)?;
    let certificates = certificates(&bytes)?;
    let certificates = certificates.iter().map(|c| c.as_ref().into()).collect();
    Ok(Authorities { path, certificates })
}

/// The certificates of a PEM text, in their order; at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let unusable = |what: String| Wrong::new(what, "name a file of certificates in PEM format");
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(format!("is no PEM file: {error}")))?;
    if certificates.is_empty() {
        return Err(unusable("holds no certificate".to_owned()));
    }
    for (position, certificate) in certificates.iter().enumerate() {
        if x509_parser::parse_x509_certificate(certificate).is_err() {
            return Err(unusable(format!(
                "has a broken certificate at position {}",
                position + 1
            )));
        }
    }
    Ok(certificates)
}

fn fingerprints(found: &mut Findings, tls: &Section<'_>) -> Option<Given<Arc<[[u8; 32]]>>> {
    let list = tls.read(found, "fingerprints_sha256", Node::list)?;
    let spot = tls.spot_of("fingerprints_sha256");
    let read = items(&spot, list.value).into_iter();
    let read = read.filter_map(|(spot, node)| found.keep(spot, fingerprint(node)));
    let value: Arc<[_]> = read.collect();
    let line = list.line;
    (!value.is_empty()).then_some(Given { value, line })
}

/// 64 hex digits, with or without colons, as `openssl x509 -fingerprint -sha256` prints them.
fn fingerprint(node: &Node) -> Result<[u8; 32], Wrong> {
    let text = node.text()?;
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let pairs = digits.iter().flat_map(|digits| digits.chunks_exact(2));
    let bytes: Vec<u8> = pairs
        .map(|pair| pair.iter().fold(0, |byte, d| byte << 4 | d))
        .collect();
    match <[u8; 32]>::try_from(bytes) {
        Ok(bytes) if digits.is_some_and(|digits| digits.len() == 64) => Ok(bytes),
        Ok(_) | Err(_) => Err(Wrong::new(
            format!("{} is no SHA-256 fingerprint", quoted(text)),
            "write the 64 hex digits of `openssl x509 -fingerprint -sha256`",
        )),
    }
}

/// A name that a certificate may bear.
pub(crate) fn server_name(text: &str) -> Result<Box<str>, Wrong> {
    if ServerName::try_from(text).is_err() {
        let what = format!("{} is no host name", quoted(text));
        return Err(Wrong::new(what, "write a DNS name or an IP address"));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_64_hex_digits_with_or_without_colons() {
        let digits = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        for text in [&digits, &colons] {
            assert_eq!(
                fingerprint(&Node::cell(text, 1)).ok(),
                Some([0xab; 32]),
                "{text}"
            );
        }
        for text in [
            "",
            "ab",
            &"ab".repeat(33),
            &"a".repeat(65),
            &"zz".repeat(32),
        ] {
            assert!(fingerprint(&Node::cell(text, 1)).is_err(), "{text}");
        }
    }
}
