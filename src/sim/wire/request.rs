//! Reads one HTTP/1 request: head, parameters, cookies.
//!
//! Parameters of the query and of a form body are one list, because the vendor's phones take
//! either. Only GET and POST exist here; a POST needs a `Content-Length`.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use thiserror::Error;

use crate::sim::Endpoint;

/// How many bytes a request's head may have, and how many its body.
pub(in crate::sim) const REQUEST_LIMIT: usize = 16 * 1024;

/// The headers a [`Request`] keeps: those that a behaviour looks at or an audit asks for.
const HEADERS_KEPT: [&str; 9] = [
    "host",
    "user-agent",
    "cookie",
    "referer",
    "origin",
    "x-requested-with",
    "connection",
    "content-type",
    "content-length",
];

/// One request as the phone understood it. Its cookies and digests are those of a simulated phone
/// and guard nothing, so they are readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query as they came.
    pub target: String,
    /// The path as it came.
    pub path: String,
    /// The parameters, decoded, in order: of the query, then of a form body.
    pub query: Vec<(String, String)>,
    /// The kept headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The endpoint that the path names, whether this phone has it or not.
    pub endpoint: Option<Endpoint>,
    /// When it came, on the phone's own clock (see [`State::now`](crate::sim::State::now)).
    pub at: Duration,
    /// Whether the client wants the connection to stay open.
    pub(in crate::sim) keeps_open: bool,
}

/// Why bytes are no request this phone takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(in crate::sim) enum BadRequest {
    #[error("the request is not HTTP/1")]
    Malformed,
    #[error("the head or the body is too large")]
    TooLarge,
    #[error("a POST without a Content-Length")]
    LengthRequired,
    #[error("neither GET nor a POSTed form")]
    NotImplemented,
}

impl Request {
    /// The first parameter of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The first kept header of that name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The cookies as they came: name and raw value.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .filter(|(name, _)| name == "cookie")
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
    }

    /// The value of a query parameter before percent-decoding.
    pub(in crate::sim) fn raw_param(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// Takes the first request out of `buffer`, or says `None` while it is not complete.
pub(in crate::sim) fn take(buffer: &mut Vec<u8>) -> Result<Option<Request>, BadRequest> {
    let Some(head_length) = find(buffer, b"\r\n\r\n") else {
        return if buffer.len() > REQUEST_LIMIT {
            Err(BadRequest::TooLarge)
        } else {
            Ok(None)
        };
    };
    if head_length > REQUEST_LIMIT {
        return Err(BadRequest::TooLarge);
    }
    let head = buffer.get(..head_length).ok_or(BadRequest::Malformed)?;
    let mut request =
        parse_head(std::str::from_utf8(head).map_err(|_malformed| BadRequest::Malformed)?)?;
    let length = body_length(&request)?;
    let body_start = head_length + 4;
    let Some(body) = buffer.get(body_start..body_start + length) else {
        return Ok(None);
    };
    if length > 0 {
        request.query.extend(pairs(&String::from_utf8_lossy(body)));
    }
    buffer.drain(..body_start + length);
    Ok(Some(request))
}

fn parse_head(head: &str) -> Result<Request, BadRequest> {
    let mut lines = head.split("\r\n");
    let mut first_line = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) = (
        first_line.next(),
        first_line.next(),
        first_line.next(),
        first_line.next(),
    ) else {
        return Err(BadRequest::Malformed);
    };
    if !target.starts_with('/') || !version.starts_with("HTTP/1.") {
        return Err(BadRequest::Malformed);
    }
    if method != "GET" && method != "POST" {
        return Err(BadRequest::NotImplemented);
    }
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .filter(|(name, _)| HEADERS_KEPT.contains(&name.as_str()))
        .collect();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let connection = first(&headers, "connection")
        .unwrap_or_default()
        .to_ascii_lowercase();
    Ok(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: pairs(query),
        endpoint: Endpoint::of_path(path),
        at: Duration::ZERO,
        keeps_open: if version == "HTTP/1.0" {
            connection == "keep-alive"
        } else {
            connection != "close"
        },
        target: target.to_owned(),
        headers,
    })
}

fn body_length(request: &Request) -> Result<usize, BadRequest> {
    let Some(length) = request.header("content-length") else {
        return if request.method == "POST" {
            Err(BadRequest::LengthRequired)
        } else {
            Ok(0)
        };
    };
    let length: usize = length.parse().map_err(|_malformed| BadRequest::Malformed)?;
    if length > REQUEST_LIMIT {
        return Err(BadRequest::TooLarge);
    }
    let is_form = request
        .header("content-type")
        .is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if is_form {
        Ok(length)
    } else {
        Err(BadRequest::NotImplemented)
    }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// Decodes as a CGI program does: `+` is a blank.
pub(in crate::sim) fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<Request>, BadRequest> {
        take(&mut text.as_bytes().to_vec())
    }

    #[test]
    fn a_query_is_decoded_and_its_raw_form_kept() {
        let request =
            parse("GET /cgi-bin/api-values.get?request=2:68%3Ax&a=b+c%2B HTTP/1.1\r\n\r\n")
                .unwrap()
                .unwrap();
        assert_eq!(request.endpoint, Some(Endpoint::Values));
        assert_eq!(request.param("request"), Some("2:68:x"));
        assert_eq!(request.raw_param("request"), Some("2:68%3Ax"));
        assert_eq!(request.param("a"), Some("b c+"));
    }

    #[test]
    fn cookies_keep_their_quotes_and_equal_signs() {
        let request = parse("GET / HTTP/1.1\r\nCookie: a=\"x=y\"; b=2\r\ncookie: c=\r\n\r\n")
            .unwrap()
            .unwrap();
        let cookies: Vec<_> = request.cookies().collect();
        assert_eq!(cookies, [("a", "\"x=y\""), ("b", "2"), ("c", "")]);
    }

    #[test]
    fn a_form_is_read_like_a_query_and_the_next_request_stays() {
        let form = "POST /cgi-bin/login?x=1 HTTP/1.1\r\nContent-Length: 10\r\n\r\nUsername=u";
        let mut buffer = format!("{form}GET / HTTP/1.0\r\n\r\n").into_bytes();
        let first = take(&mut buffer).unwrap().unwrap();
        assert_eq!(
            first.query,
            [("x".into(), "1".into()), ("Username".into(), "u".into())]
        );
        let second = take(&mut buffer).unwrap().unwrap();
        assert!(first.keeps_open && !second.keeps_open);
        assert_eq!(take(&mut buffer), Ok(None));
    }

    #[test]
    fn what_is_no_request_is_told_apart() {
        let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(REQUEST_LIMIT));
        for (text, why) in [
            ("hello\r\n\r\n", BadRequest::Malformed),
            ("GET http://x/ HTTP/1.1\r\n\r\n", BadRequest::Malformed),
            ("GET / HTTP/2\r\n\r\n", BadRequest::Malformed),
            ("PUT / HTTP/1.1\r\n\r\n", BadRequest::NotImplemented),
            ("POST / HTTP/1.1\r\n\r\n", BadRequest::LengthRequired),
            (
                "POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                BadRequest::NotImplemented,
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n",
                BadRequest::TooLarge,
            ),
            (long.as_str(), BadRequest::TooLarge),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
        assert_eq!(parse("GET / HTT"), Ok(None));
    }
}
