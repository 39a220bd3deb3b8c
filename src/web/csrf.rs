//! Whether a request was sent by a page of ours, and not by some other that a browser shows.
//!
//! A browser sends the password of basic auth with whatever request any page makes, so a POST must
//! show where it comes from. `Sec-Fetch-Site` is set by the browser alone and decides where it is
//! there; browsers leave it out over plain HTTP, and there the host of `Origin` must be the one
//! asked for. A request with neither is refused: a program can send `Origin` as easily as not.

use hyper::HeaderMap;
use hyper::header::{HeaderName, ORIGIN};

/// Fetch Metadata (W3C).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the request comes from a page of `host`, as the client names this server, which was asked
/// over TLS if `encrypted`.
pub(super) fn is_ours(headers: &HeaderMap, host: Option<&str>, encrypted: bool) -> bool {
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
        // Behind a proxy that ends TLS the page is https and we are not; never the other way round.
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
        is_ours(&headers, Some("Exporter:15060"), encrypted)
    }

    #[test]
    fn a_page_of_ours_is_known_by_its_origin() {
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
    fn the_browser_s_own_word_decides_where_it_is_there() {
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
        assert!(!is_ours(&both, Some("exporter"), true));
    }

    #[test]
    fn a_request_that_shows_nothing_is_refused_and_so_is_one_that_shows_two() {
        assert!(!check(&[], true));
        let mut two = HeaderMap::new();
        two.append(ORIGIN, "https://exporter".parse().unwrap());
        two.append(ORIGIN, "https://exporter".parse().unwrap());
        assert!(!is_ours(&two, Some("exporter"), true));
        let mut one = HeaderMap::new();
        one.append(ORIGIN, "https://exporter:443".parse().unwrap());
        assert!(is_ours(&one, Some("exporter"), true));
        assert!(!is_ours(&one, None, true));
    }
}
