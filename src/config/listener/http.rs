//! `http_server_config`: what every answer carries.

use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS, X_XSS_PROTECTION,
};

use crate::config::fault::{Findings, Wrong};
use crate::config::section::{Section, word};
use crate::config::tree::Node;

/// `http_server_config`.
pub(super) const HTTP: &[&str] = &["http2", "headers"];

/// `headers`: those that the toolkit allows, no others.
pub(super) const HEADERS: &[&str] = &[
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Strict-Transport-Security",
];

/// The headers of `http_server_config`, and the fault of HTTP/2, which is not spoken: `false` says
/// what is so, and leaving it out asks for nothing.
pub(super) fn headers(found: &mut Findings, top: &Section<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let Some(http) = top.section(found, "http_server_config", HTTP) else {
        return Vec::new();
    };
    if let Some(http2) = http.read(found, "http2", Node::flag)
        && http2.value
    {
        let what =
            "cannot be true: this program speaks HTTP/1.1, which every client of HTTP/2 does";
        let wrong = Wrong::new(what, "write false, or remove it");
        found.fault(http.spot_of("http2"), wrong);
    }
    let Some(headers) = http.section(found, "headers", HEADERS) else {
        return Vec::new();
    };
    let mut read = Vec::new();
    for (key, name, value) in [
        (
            "Content-Security-Policy",
            CONTENT_SECURITY_POLICY,
            any as Value,
        ),
        ("X-Frame-Options", X_FRAME_OPTIONS, framing),
        ("X-Content-Type-Options", X_CONTENT_TYPE_OPTIONS, sniffing),
        ("X-XSS-Protection", X_XSS_PROTECTION, any),
        ("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY, any),
    ] {
        if let Some(value) = headers.read(found, key, value) {
            read.extend(value.value.map(|value| (name, value)));
        }
    }
    read
}

/// Reads a value; `None` for a blank one, which leaves the header out.
type Value = fn(&Node) -> Result<Option<HeaderValue>, Wrong>;

fn any(node: &Node) -> Result<Option<HeaderValue>, Wrong> {
    let text = node.text()?;
    if text.is_empty() {
        return Ok(None);
    }
    let value = HeaderValue::from_str(text);
    let value = value.map_err(|_says_no_more| {
        Wrong::new(
            "holds a character that no header may",
            "write it on one line",
        )
    });
    value.map(Some)
}

fn framing(node: &Node) -> Result<Option<HeaderValue>, Wrong> {
    let value = word(node, &[("deny", "deny"), ("sameorigin", "sameorigin")])?;
    Ok(Some(HeaderValue::from_static(value)))
}

fn sniffing(node: &Node) -> Result<Option<HeaderValue>, Wrong> {
    let value = word(node, &[("nosniff", "nosniff")])?;
    Ok(Some(HeaderValue::from_static(value)))
}
