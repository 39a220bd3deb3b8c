//! TLS as a client, the same for phones, receivers, Alertmanagers and the daemon asked by a command:
//! which certificates are trusted, and what a failure means in words.
//!
//! [`Chain`] judges a certificate by authorities, [`verifier`] hands that to the library, [`explain`]
//! tells an operator what went wrong and what to do. Where a certificate is pinned instead, see
//! `webapi::tls`.

pub mod certificate;
mod explain;
mod verify;

pub use explain::{Peer, error_in, explain};
pub use verify::{Chain, Distrust, verifier};
