//! Content negotiation: `Accept` and `Accept-Encoding` with their weights.
//!
//! Source: RFC 9110, section 12. A client that names nothing we have gets text 0.0.4 all the same:
//! a scrape that works beats a status 406.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AsHeaderName};

use super::metrics::Format;
use super::streaming::Coding;

/// A format of metrics with the media type under which it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// How to write.
    pub(super) format: Format,
    /// The header `Content-Type`.
    pub(super) media: &'static str,
}

const TEXT: Offer = Offer {
    format: Format::Text,
    media: "text/plain; version=0.0.4; charset=utf-8",
};

const OPEN_METRICS: Offer = Offer {
    format: Format::OpenMetrics,
    media: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

const OPEN_METRICS_OLD: Offer = Offer {
    format: Format::OpenMetrics,
    media: "application/openmetrics-text; version=0.0.1; charset=utf-8",
};

/// The format a client likes best; of equals the first it names.
pub(super) fn format(headers: &HeaderMap) -> Offer {
    let mut best = (0, TEXT);
    for item in items(headers, ACCEPT) {
        if let Some(offer) = offer(&item)
            && item.weight > best.0
        {
            best = (item.weight, offer);
        }
    }
    best.1
}

/// How a client likes a long answer coded.
pub(super) fn coding(headers: &HeaderMap) -> Coding {
    let (mut gzip, mut identity, mut rest) = (None, None, 0);
    for item in items(headers, ACCEPT_ENCODING) {
        match item.name.as_str() {
            "gzip" | "x-gzip" => gzip = Some(item.weight),
            "identity" => identity = Some(item.weight),
            "*" => rest = item.weight,
            _ => {}
        }
    }
    let gzip = gzip.unwrap_or(rest);
    if gzip > 0 && gzip >= identity.unwrap_or(0) {
        return Coding::Gzip;
    }
    Coding::Identity
}

fn offer(item: &Item) -> Option<Offer> {
    let version = item.version.as_deref();
    match (item.name.as_str(), version) {
        ("application/openmetrics-text", None | Some("1.0.0")) => Some(OPEN_METRICS),
        ("application/openmetrics-text", Some("0.0.1")) => Some(OPEN_METRICS_OLD),
        ("text/plain", None | Some("0.0.4")) | ("text/*" | "*/*", _) => Some(TEXT),
        _ => None,
    }
}

/// One item of a list header.
#[derive(Debug)]
struct Item {
    /// In lower case.
    name: String,
    version: Option<String>,
    /// In thousandths.
    weight: u16,
}

fn items(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = Item> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(item)
}

fn item(text: &str) -> Item {
    let mut parts = text.split(';').map(str::trim);
    let mut item = Item {
        name: parts.next().unwrap_or_default().to_ascii_lowercase(),
        version: None,
        weight: 1000,
    };
    for parameter in parts {
        let Some((key, value)) = parameter.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        match key.trim().to_ascii_lowercase().as_str() {
            "q" => item.weight = weight(value),
            "version" => item.version = Some(value.to_owned()),
            _ => {}
        }
    }
    item
}

/// Thousandths; a weight outside of 0 to 1 counts as 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range was checked"
)]
fn weight(text: &str) -> u16 {
    let weight: f32 = text.parse().unwrap_or(0.0);
    if !(0.0..=1.0).contains(&weight) {
        return 0;
    }
    (weight * 1000.0).round() as u16
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    fn check_format(accept: &'static str, expected: Offer) {
        assert_eq!(format(&headers(ACCEPT, accept)), expected, "{accept}");
    }

    fn check_coding(accept: &'static str, expected: Coding) {
        let headers = headers(ACCEPT_ENCODING, accept);
        assert_eq!(coding(&headers), expected, "{accept}");
    }

    #[test]
    fn prometheus_gets_openmetrics() {
        check_format(
            "application/openmetrics-text;version=1.0.0,\
             application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            OPEN_METRICS,
        );
        check_format(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;\
             escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            OPEN_METRICS,
        );
        check_format(
            "application/openmetrics-text; version=0.0.1",
            OPEN_METRICS_OLD,
        );
    }

    #[test]
    fn browsers_and_clients_without_a_wish_get_text() {
        assert_eq!(format(&HeaderMap::new()), TEXT);
        check_format("text/html,application/xhtml+xml,*/*;q=0.8", TEXT);
        check_format("application/json", TEXT);
        check_format("application/openmetrics-text;version=2.0.0", TEXT);
    }

    #[test]
    fn weights_decide_and_zero_refuses() {
        check_format("application/openmetrics-text;q=0.2,text/plain;q=0.3", TEXT);
        check_format(
            "Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=0.3, text/plain;q=0.2",
            OPEN_METRICS,
        );
        check_format("application/openmetrics-text;q=0", TEXT);
        check_format("application/openmetrics-text;q=7", TEXT);
        check_format("text/plain,application/openmetrics-text", TEXT);
    }

    #[test]
    fn gzip_is_taken_where_it_is_offered() {
        check_coding("gzip", Coding::Gzip);
        check_coding("deflate, GZIP;q=0.5", Coding::Gzip);
        check_coding("*", Coding::Gzip);
        check_coding("", Coding::Identity);
        check_coding("gzip;q=0, *", Coding::Identity);
        check_coding("identity, gzip;q=0.5", Coding::Identity);
        check_coding("br, deflate", Coding::Identity);
    }
}
