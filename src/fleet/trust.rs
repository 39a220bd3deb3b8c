//! What a phone's certificate is measured against.
//!
//! Certificates of these phones are self-signed or signed by the vendor's private authority, and
//! their names never match an address, so a fingerprint is the usual way to trust one.

/// How the certificate of a phone is checked; plain data, no secret in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trust {
    /// Authorities to trust instead of the system's, as DER.
    pub authorities: Option<Box<[Box<[u8]>]>>,
    /// SHA-256 of whole certificates; if there is any, one of them must match and nothing else is
    /// asked of the certificate.
    pub fingerprints: Box<[[u8; 32]]>,
    /// The name to check instead of the host of the address.
    pub server_name: Option<Box<str>>,
    /// Accept whatever is presented.
    pub insecure_skip_verify: bool,
}

impl Trust {
    /// Whether the certificate is checked at all.
    pub fn verifies(&self) -> bool {
        !self.insecure_skip_verify || !self.fingerprints.is_empty()
    }
}
