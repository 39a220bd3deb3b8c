//! The cookies of one phone.
//!
//! A session travels in a cookie whose name differs from model to model, and libraries that follow
//! the rules for cookies lose it: hosts are bare addresses, values stand in quotes, dates are wrong.
//! So every cookie of every answer is kept as it came and sent back as it came; the newest of a
//! name wins, and attributes are ignored. Number and size are bounded.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::{HeaderValue, SET_COOKIE};

use crate::fleet::report::{DropReason, Dropped};

/// At most this many cookies of a phone are kept: phones of the family use one to three.
const MAX_COOKIES: usize = 16;

/// Name and value of a cookie are at most this long together, as in browsers.
const MAX_COOKIE: usize = 4096;

/// The cookies of one phone; secret, since one of them is the session.
#[derive(Default)]
pub(super) struct Jar(Vec<Cookie>);

struct Cookie {
    name: Box<[u8]>,
    value: Box<[u8]>,
}

impl Jar {
    /// Keeps the cookies of an answer, and says whether one of them got a new value.
    pub(super) fn take(&mut self, headers: &HeaderMap, dropped: &mut Dropped) -> bool {
        let mut any = false;
        for header in headers.get_all(SET_COOKIE) {
            let Some((name, value)) = pair(header.as_bytes()) else {
                continue;
            };
            match self.put(name, value) {
                Ok(is_new) => any |= is_new && !value.is_empty(),
                Err(TooMuch) => dropped.count(DropReason::Cookie),
            }
        }
        any
    }

    /// Adds the session id that a login told in its body, unless it came as a cookie too.
    pub(super) fn take_sid(&mut self, sid: &str, dropped: &mut Dropped) {
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'"');
        if self.0.iter().any(|cookie| *cookie.name == *b"sid")
            || !sid.as_bytes().iter().all(is_plain)
        {
            return;
        }
        if self.put(b"sid", sid.as_bytes()).is_err() {
            dropped.count(DropReason::Cookie);
        }
    }

    /// The header that sends them back; `None` without cookies.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut line = Vec::new();
        for cookie in &self.0 {
            if !line.is_empty() {
                line.extend_from_slice(b"; ");
            }
            line.extend_from_slice(&cookie.name);
            line.push(b'=');
            line.extend_from_slice(&cookie.value);
        }
        if line.is_empty() {
            return None;
        }
        let mut header = HeaderValue::from_bytes(&line).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// Whether the value is another than before.
    fn put(&mut self, name: &[u8], value: &[u8]) -> Result<bool, TooMuch> {
        if name.len() + value.len() > MAX_COOKIE {
            return Err(TooMuch);
        }
        if let Some(known) = self.0.iter_mut().find(|cookie| *cookie.name == *name) {
            let is_new = *known.value != *value;
            known.value = value.into();
            return Ok(is_new);
        }
        if self.0.len() == MAX_COOKIES {
            return Err(TooMuch);
        }
        self.0.push(Cookie {
            name: name.into(),
            value: value.into(),
        });
        Ok(true)
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jar({} cookies)", self.0.len())
    }
}

struct TooMuch;

fn pair(header: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = header
        .split(|byte| *byte == b';')
        .next()?
        .splitn(2, |byte| *byte == b'=');
    let name = parts.next()?.trim_ascii();
    let value = parts.next()?.trim_ascii();
    (!name.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cookies: &[&str]) -> HeaderMap {
        cookies
            .iter()
            .map(|cookie| (SET_COOKIE, HeaderValue::from_str(cookie).unwrap()))
            .collect()
    }

    fn sent(jar: &Jar) -> String {
        jar.header()
            .map(|header| header.to_str().unwrap().to_owned())
            .unwrap_or_default()
    }

    #[test]
    fn cookies_are_sent_back_as_they_came_and_the_newest_wins() {
        let mut jar = Jar::default();
        let mut dropped = Dropped::default();
        assert_eq!(sent(&jar), "");
        assert!(jar.take(
            &answer(&[
                "phonecookie=\"a=b c\"; Path=/cgi-bin; HttpOnly",
                "TZ=1; Domain=example.org; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            ]),
            &mut dropped,
        ));
        assert!(jar.take(&answer(&["TZ=2"]), &mut dropped));
        assert_eq!(sent(&jar), "phonecookie=\"a=b c\"; TZ=2");
        assert!(!jar.take(&answer(&["TZ=; Max-Age=0"]), &mut dropped));
        assert_eq!(sent(&jar), "phonecookie=\"a=b c\"; TZ=");
        assert!(!jar.take(&answer(&["nonsense", "=x"]), &mut dropped));
        assert!(jar.take(&answer(&["TZ=3"]), &mut dropped));
        assert!(!jar.take(&answer(&["TZ=3"]), &mut dropped));
        assert_eq!(dropped.get(DropReason::Cookie), 0);
    }

    #[test]
    fn number_and_size_are_bounded_and_the_excess_is_counted() {
        let mut jar = Jar::default();
        let mut dropped = Dropped::default();
        for n in 0..MAX_COOKIES + 3 {
            jar.take(&answer(&[&format!("c{n}=1")]), &mut dropped);
        }
        let long = format!("long={}", "x".repeat(MAX_COOKIE));
        assert!(!jar.take(&answer(&[&long]), &mut dropped));
        assert_eq!(jar.0.len(), MAX_COOKIES);
        assert_eq!(dropped.get(DropReason::Cookie), 4);
        assert!(jar.take(&answer(&["c3=new"]), &mut dropped));
        assert!(sent(&jar).contains("c3=new"));
    }

    #[test]
    fn a_session_id_from_the_body_does_not_replace_the_cookie_of_that_name() {
        let mut dropped = Dropped::default();
        let mut jar = Jar::default();
        jar.take_sid("a;b", &mut dropped);
        assert_eq!(sent(&jar), "");
        jar.take_sid("abc123", &mut dropped);
        assert_eq!(sent(&jar), "sid=abc123");
        let mut jar = Jar::default();
        jar.take(&answer(&["sid=\"q\""]), &mut dropped);
        jar.take_sid("abc123", &mut dropped);
        assert_eq!(sent(&jar), "sid=\"q\"");
    }

    #[test]
    fn a_jar_does_not_show_its_cookies() {
        let mut jar = Jar::default();
        jar.take(&answer(&["sid=topsecret"]), &mut Dropped::default());
        assert_eq!(format!("{jar:?}"), "Jar(1 cookies)");
        assert_eq!(format!("{:?}", jar.header().unwrap()), "Sensitive");
    }
}
