//! What is weak in how a phone is spoken to: the three things an audit asks for.
//!
//! Two of them follow from the configuration; whether the password is the default one is known only
//! after a login. What is not known is not guessed.

use super::phone::Phone;
use super::place::Scheme;

/// A weakness that a phone may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weakness {
    /// The password crosses the network as a digest without TLS around it.
    PlainHttp,
    /// The certificate of the phone is not checked.
    TlsUnverified,
    /// The password is the one the phone was sold with.
    DefaultPassword,
}

impl Weakness {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::PlainHttp, Self::TlsUnverified, Self::DefaultPassword];

    /// The value of the label `check`.
    pub fn label(self) -> &'static str {
        match self {
            Self::PlainHttp => "plain_http",
            Self::TlsUnverified => "tls_unverified",
            Self::DefaultPassword => "default_password",
        }
    }

    /// Whether the phone has it; `None` while that is not known.
    pub fn holds(self, phone: &Phone) -> Option<bool> {
        match self {
            Self::PlainHttp => Some(phone.place.scheme == Scheme::Http),
            Self::TlsUnverified => Some(phone.place.tls_verified == Some(false)),
            Self::DefaultPassword => phone.default_password,
        }
    }

    /// What an operator does about it, as one sentence without a full stop.
    pub fn mend(self) -> &'static str {
        match self {
            Self::PlainHttp => {
                "switch the phone's web access to HTTPS, then set `scheme: https` and a fingerprint"
            }
            Self::TlsUnverified => {
                "set tls.fingerprints_sha256 or tls.ca_file instead of tls.insecure_skip_verify"
            }
            Self::DefaultPassword => "change the password on the phone, then in its password file",
        }
    }
}
