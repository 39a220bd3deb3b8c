//! A whole answer of a phone, between the wire and its meaning.
//!
//! It keeps of the head what a verdict depends on and nothing else; cookies have gone to the jar by
//! then.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::LOCATION;

use super::json;
use super::verdict::{self, Seen, Verdict};

/// A whole answer.
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// Where a redirect leads.
    pub(super) location: Option<Box<str>>,
    /// Whether it set a cookie to a value that it did not have before.
    pub(super) brought_cookie: bool,
    /// Whether it came over TLS.
    pub(super) over_tls: bool,
    /// The body, made readable but not yet trimmed.
    pub(super) text: String,
    /// From sending the request to the end of the answer.
    pub(super) took: Duration,
}

impl Answer {
    /// The body, trimmed.
    pub(super) fn text(&self) -> &str {
        json::trimmed(&self.text)
    }

    /// What it means.
    pub(super) fn judge(&self) -> Verdict<'_> {
        verdict::judge(Seen {
            status: self.status,
            location: self.location.as_deref(),
            over_tls: self.over_tls,
            text: self.text(),
        })
    }
}

/// Where a redirect leads; text that is no ASCII leads nowhere.
pub(super) fn location(headers: &HeaderMap) -> Option<Box<str>> {
    Some(headers.get(LOCATION)?.to_str().ok()?.into())
}
