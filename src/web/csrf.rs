//! Protection against cross-site request forgery (CSRF).
//!
//! A browser adds the password of basic auth to a request of any page, so a POST must show that a page
//! of this server sent it. `Sec-Fetch-Site`, which only the browser can set, decides where it is
//! present. Browsers omit it over plain HTTP; there the host of `Origin` must be that of the request. A
//! request with neither is refused, also from a program, which can send `Origin` just as well.

use hyper::HeaderMap;
use hyper::header::{HeaderName, ORIGIN};

/// Fetch Metadata (W3C).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the request comes from a page of `host`, the name of this server in it; `encrypted` if it came
/// over TLS.
pub(super) fn is_same_origin(headers: &HeaderMap, host: Option<&str>, encrypted: bool) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter().peekable();
    if sites.peek().is_some() {
        return sites.all(|site| site == "same-origin");
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let (Some(origin), None, Some(host)) = (origins.next(), origins.next(), host) else {
        return false;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    match origin.split_once("://") {
        Some(("https", authority)) => same(authority, host, ":443"),
        // Behind a proxy that terminates TLS the page is https and the request http; never the reverse.
        Some(("http", authority)) if !encrypted => same(authority, host, ":80"),
        Some(_) | None => false,
    }
}

/// Whether two authorities are one, the default port written or not.
fn same(left: &str, right: &str, default_port: &str) -> bool {
    let bare = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.strip_suffix(default_port)
            .map(str::to_owned)
            .unwrap_or(text)
    };
    !left.is_empty() && bare(left) == bare(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], encrypted: bool) -> bool {
        let pair = |(name, value): &(&str, &str)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, value.parse().expect("a value"))
        };
        let headers: HeaderMap = headers.iter().map(pair).collect();
        is_same_origin(&headers, Some("Exporter:15060"), encrypted)
    }

    #[test]
    fn the_origin_must_be_this_server() {
        for (origin, plain, encrypted) in [
            ("https://exporter:15060", true, true),
            ("http://exporter:15060", true, false),
            ("http://EXPORTER:15060", true, false),
            ("https://exporter", false, false),
            ("https://exporter:15061", false, false),
            ("https://evil", false, false),
            ("https://exporter:15060.evil", false, false),
            ("null", false, false),
            ("", false, false),
            ("https://", false, false),
            ("ftp://exporter:15060", false, false),
        ] {
            assert_eq!(check(&[("origin", origin)], false), plain, "{origin} plain");
            assert_eq!(check(&[("origin", origin)], true), encrypted, "{origin}");
        }
    }

    #[test]
    fn sec_fetch_site_decides_where_it_is_present() {
        let ours = ("origin", "https://exporter:15060");
        let evil = ("origin", "https://evil");
        assert!(check(&[("sec-fetch-site", "same-origin")], true));
        // Behind a proxy that changes the host.
        assert!(check(&[("sec-fetch-site", "same-origin"), evil], true));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!check(&[("sec-fetch-site", site), ours], true), "{site}");
        }
        let mut both = HeaderMap::new();
        both.append(SEC_FETCH_SITE, "same-origin".parse().unwrap());
        both.append(SEC_FETCH_SITE, "cross-site".parse().unwrap());
        assert!(!is_same_origin(&both, Some("exporter"), true));
    }

    #[test]
    fn a_request_without_an_origin_or_with_two_is_refused() {
        assert!(!check(&[], true));
        let mut two = HeaderMap::new();
        two.append(ORIGIN, "https://exporter".parse().unwrap());
        two.append(ORIGIN, "https://exporter".parse().unwrap());
        assert!(!is_same_origin(&two, Some("exporter"), true));
        let mut one = HeaderMap::new();
        one.append(ORIGIN, "https://exporter:443".parse().unwrap());
        assert!(is_same_origin(&one, Some("exporter"), true));
        assert!(!is_same_origin(&one, None, true));
    }
}
