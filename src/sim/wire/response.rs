//! Writes one HTTP response in the framing a phone is set to.
//!
//! Head and body become one run of bytes whose seam is known, so that a fault can cut it where it
//! likes.

use std::fmt::Write;

use crate::sim::behaviour::transport::Framing;

/// How many bytes a chunk has: few, so that a reader meets many of them.
const CHUNK: usize = 64;

/// One response before framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim) struct Response {
    pub(in crate::sim) status: u16,
    /// Headers that say what the body is; framing adds its own.
    pub(in crate::sim) headers: Vec<(&'static str, String)>,
    pub(in crate::sim) body: Vec<u8>,
}

/// A response as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim) struct Encoded {
    pub(in crate::sim) bytes: Vec<u8>,
    /// Where the head ends and the body begins.
    pub(in crate::sim) head_length: usize,
}

/// Whether the connection stays open after the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum After {
    KeepOpen,
    Close,
}

impl Response {
    /// An HTML page with that status.
    pub(in crate::sim) fn html(status: u16, page: &str) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "text/html".to_owned())],
            body: page.as_bytes().to_vec(),
        }
    }

    /// The bytes to send.
    pub(in crate::sim) fn encode(&self, framing: Framing, after: After) -> Encoded {
        let version = if framing == Framing::Http10 {
            "HTTP/1.0"
        } else {
            "HTTP/1.1"
        };
        let mut head = format!("{version} {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            add(&mut head, name, value);
        }
        if after == After::Close {
            add(&mut head, "Connection", "close");
        }
        match framing {
            Framing::Length => add(&mut head, "Content-Length", &self.body.len().to_string()),
            Framing::Chunked => add(&mut head, "Transfer-Encoding", "chunked"),
            Framing::Http10 => {}
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        let head_length = bytes.len();
        match framing {
            Framing::Length | Framing::Http10 => bytes.extend_from_slice(&self.body),
            Framing::Chunked => extend_with_chunks(&mut bytes, &self.body),
        }
        Encoded { bytes, head_length }
    }
}

fn add(head: &mut String, name: &str, value: &str) {
    write!(head, "{name}: {value}\r\n").expect("a String takes all text");
}

fn extend_with_chunks(bytes: &mut Vec<u8>, body: &[u8]) {
    for chunk in body.chunks(CHUNK) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        411 => "Length Required",
        413 => "Content Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(framing: Framing, after: After, expect: &str) {
        let response = Response::html(200, &"x".repeat(65));
        let encoded = response.encode(framing, after);
        let text = String::from_utf8(encoded.bytes).unwrap();
        assert_eq!(text.replace(&"x".repeat(64), "X"), expect);
        assert_eq!(text.find("\r\n\r\n"), Some(encoded.head_length - 4));
    }

    #[test]
    fn each_framing_is_told_by_its_head() {
        check(
            Framing::Length,
            After::KeepOpen,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 65\r\n\r\nXx",
        );
        check(
            Framing::Chunked,
            After::Close,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\
             Transfer-Encoding: chunked\r\n\r\n40\r\nX\r\n1\r\nx\r\n0\r\n\r\n",
        );
        check(
            Framing::Http10,
            After::KeepOpen,
            "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nXx",
        );
    }
}
