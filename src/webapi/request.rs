//! What every request carries.
//!
//! Header names are few and fixed. Phones of the family refuse requests without a same-origin
//! `Referer` before they look at the session; `Origin` and `X-Requested-With` are what their own
//! page sends beside it, and make some of them answer with a status instead of a login page.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::header::{
    CONNECTION, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN, REFERER, USER_AGENT,
};

use super::Target;
use crate::fleet::place::Scheme;

/// Longest request line that is sent: phones read it into small buffers, and a too long one has
/// overflowed one (CVE-2026-2329).
pub(super) const MAX_REQUEST_LINE: usize = 512;

/// Largest body that is read of an answer: many times what any read of a poll answers.
pub(super) const MAX_BODY: usize = 256 * 1024;

/// What is asked for: path and query as sent, and as they may be shown.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// As sent: in a login it holds the digest.
    pub(super) wire: &'a str,
    /// As shown.
    pub(super) shown: &'a str,
    /// How many bytes the body of the answer may have.
    pub(super) bound: usize,
}

/// How a phone is called in each request to it.
#[derive(Debug)]
pub(super) struct Names {
    host: HeaderValue,
    origin: HeaderValue,
    referer: HeaderValue,
}

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("grandstream-exporter/", env!("CARGO_PKG_VERSION")));
const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
const PAGE: HeaderValue = HeaderValue::from_static("XMLHttpRequest");
const CLOSE: HeaderValue = HeaderValue::from_static("close");

impl<'a> Line<'a> {
    /// A line without secrets.
    pub(super) fn plain(line: &'a str) -> Self {
        Self::masked(line, line)
    }

    /// A line that is shown otherwise than it is sent.
    pub(super) fn masked(wire: &'a str, shown: &'a str) -> Self {
        Self {
            wire,
            shown,
            bound: MAX_BODY,
        }
    }
}

impl Names {
    /// The names of this target: brackets around IPv6, no zone, no port where it is the default.
    pub(super) fn of(target: &Target) -> Self {
        let scheme = match target.tls {
            Some(_) => Scheme::Https,
            None => Scheme::Http,
        };
        let bare = target.host.split('%').next().unwrap_or_default();
        let mut host = if bare.contains(':') {
            format!("[{bare}]")
        } else {
            bare.to_owned()
        };
        if target.port != scheme.default_port() {
            host = format!("{host}:{}", target.port);
        }
        let scheme = scheme.label();
        Self {
            origin: header(&format!("{scheme}://{host}")),
            referer: header(&format!("{scheme}://{host}/")),
            host: header(&host),
        }
    }

    /// A read of this line.
    pub(super) fn get(
        &self,
        line: Line<'_>,
        cookies: Option<HeaderValue>,
        is_last: bool,
    ) -> Request<Empty<Bytes>> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = line
            .wire
            .parse()
            .expect("paths are constants, keys are checked, and values are encoded");
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.insert(USER_AGENT, AGENT);
        headers.insert(REFERER, self.referer.clone());
        headers.insert(ORIGIN, self.origin.clone());
        headers.insert(REQUESTED_WITH, PAGE);
        if let Some(cookies) = cookies {
            headers.insert(COOKIE, cookies);
        }
        if is_last {
            headers.insert(CONNECTION, CLOSE);
        }
        request
    }
}

/// An unusable host fails when it is resolved, with a better word for it than here.
fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unusable"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::fleet::trust::Trust;
    use crate::webapi::{Tls, tls_config};

    fn names(host: &str, port: u16, encrypted: bool) -> [String; 3] {
        let pinned = Trust {
            fingerprints: Box::new([[0; 32]]),
            ..Trust::default()
        };
        let tls = encrypted.then(|| Tls {
            config: Arc::clone(&tls_config(&pinned, 1).unwrap()),
            server_name: None,
        });
        let names = Names::of(&Target {
            host: host.into(),
            port,
            tls,
            connect_timeout: Duration::from_secs(5),
            attempts: 2,
            keeps_connection: true,
        });
        [names.host, names.origin, names.referer].map(|name| name.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_phone_is_called_by_its_address_as_a_browser_would() {
        let cases = [
            (("192.0.2.1", 80, false), "192.0.2.1", "http"),
            (("192.0.2.1", 8080, false), "192.0.2.1:8080", "http"),
            (("phone.example", 443, true), "phone.example", "https"),
            (("phone.example", 80, true), "phone.example:80", "https"),
            (("2001:db8::1", 80, false), "[2001:db8::1]", "http"),
            (("fe80::1%eth0", 8443, true), "[fe80::1]:8443", "https"),
        ];
        for ((host, port, encrypted), expect, scheme) in cases {
            let expect = [
                expect.to_owned(),
                format!("{scheme}://{expect}"),
                format!("{scheme}://{expect}/"),
            ];
            assert_eq!(names(host, port, encrypted), expect);
        }
    }
}
