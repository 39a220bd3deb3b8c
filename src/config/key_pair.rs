//! A certificate with its key: what proves to the other side of TLS who we are.

use tokio_rustls::rustls::Error;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::fault::{Findings, Spot, Wrong};
use super::files::{Files, MAX_CERTIFICATES, Secrets};
use super::section::Section;
use super::tls::certificates;

/// A certificate, the chain above it, and its key, which fit each other.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// The certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key; `Debug` does not show it.
    pub key: PrivateKeyDer<'static>,
}

/// `cert_file` and `key_file` of a client, which belong together; `None` without them, and where
/// secrets are left alone.
pub(crate) fn client_key_pair(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<KeyPair> {
    for (key, other) in [("cert_file", "key_file"), ("key_file", "cert_file")] {
        if section.has(key) && !section.has(other) {
            let what = format!("needs `{other}`");
            found.fault(
                section.spot_of(key),
                Wrong::new(what, "write both, or neither"),
            );
        }
    }
    let chain = section.read(found, "cert_file", |node| {
        let path = files.path(node.text()?);
        certificates(&files.read(&path, MAX_CERTIFICATES)?)
    });
    let key = key(found, files, section);
    let (chain, key) = (chain?.value, key?);
    let certificate = (section.spot_of("cert_file"), "cert_file", &*chain);
    check_pair(
        found,
        certificate,
        (section.spot_of("key_file"), &key),
        "server",
    );
    Some(KeyPair { chain, key })
}

fn key(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<PrivateKeyDer<'static>> {
    let path = section.read(found, "key_file", |node| Ok(files.path(node.text()?)))?;
    let path = path.value;
    if files.secrets == Secrets::Skip {
        return None;
    }
    let spot = section.spot_of("key_file");
    let pem = found.keep(spot.clone(), files.read(&path, MAX_CERTIFICATES))?;
    warn_of_readers(found, &spot, files.is_world_readable(&path));
    found.keep(spot, private_key(&pem))
}

/// Warns of a key that is no secret.
pub(super) fn warn_of_readers(found: &mut Findings, spot: &Spot, world_readable: bool) {
    if world_readable {
        let what = "gives a key that everybody on this machine may read";
        found.warn(spot.clone(), Wrong::new(what, "chmod o-r that file"));
    }
}

/// The private key of a PEM text.
pub(super) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Wrong> {
    // The reader's own words may quote the line at which it stopped.
    PrivateKeyDer::from_pem_slice(pem).map_err(|_quotes_the_key| {
        Wrong::new(
            "holds no private key that can be read",
            "give one in PEM format, without a passphrase",
        )
    })
}

/// Certificate and key must be usable and fit each other; the certificate is for this `peer`.
pub(super) fn check_pair(
    found: &mut Findings,
    (certificate, named, chain): (Spot, &str, &[CertificateDer<'static>]),
    (spot, key): (Spot, &PrivateKeyDer<'static>),
    peer: &str,
) {
    let pair = CertifiedKey::from_der(chain.to_vec(), key.clone_key(), &ring::default_provider());
    match pair {
        Ok(_) => {}
        Err(Error::InvalidCertificate(_)) => {
            let what = format!("holds a certificate that no {peer} would take");
            let wrong = Wrong::new(what, "give an X.509 certificate of version 3");
            found.fault(certificate, wrong);
        }
        Err(Error::InconsistentKeys(_)) => {
            let what = format!("is not the key of the first certificate of `{named}`");
            let wrong = Wrong::new(what, "give the key and the chain that belong together");
            found.fault(spot, wrong);
        }
        Err(_) => {
            let what = "holds a key of a kind that cannot be used";
            let mend = "use ECDSA with P-256 or P-384, RSA with 2048 to 8192 bits, or Ed25519";
            found.fault(spot, Wrong::new(what, mend));
        }
    }
}
