//! One call of the guide as data: what is sent, what may be shown of it, how its answer is read.
//!
//! The files of `calls` make these; [`Control`](super::Control) sends them. A call can be looked at
//! without being sent, which is what a dry run and a record of writes do. Values are
//! percent-encoded here and nowhere else; secrets among them are in what is sent only.

use std::fmt;

use percent_encoding::utf8_percent_encode;
use secrecy::{ExposeSecret, SecretString};

use super::json::{self, Scalar};
use super::request::{Line, MAX_BODY};
use super::session::IN_QUERY;
use super::verdict::Data;
use crate::fleet::{Failure, Reason, Text};

/// A call whose answer brings a `T`.
pub struct Call<T> {
    wire: SecretString,
    shown: String,
    /// Where the vendor's other phones have the same call.
    dotted: Option<String>,
    effect: Effect,
    bound: usize,
    carries_secret: bool,
    parse: Parse<T>,
}

/// Reads a `T` from an answer that may hold one.
pub(super) type Parse<T> = fn(Data<'_>) -> Result<T, Unmet>;

/// What a call does to a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It asks, and may be asked again.
    Reads,
    /// It changes something, and is sent once.
    Writes,
}

/// Why an answer that called itself no error brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unmet {
    /// The phone says that it did not do it, in its own words, cleaned.
    Rejected(Text),
    /// It is not understood.
    NotUnderstood(Failure),
}

/// Path and query of a call under construction.
pub(super) struct Query {
    wire: String,
    shown: String,
    carries_secret: bool,
}

/// Longest path and query of a call: what the web servers of small devices take by default. Reads
/// of a poll stay far below it.
pub const MAX_CALL: usize = 8000;

/// Largest body that lists a phonebook: 2,000 contacts of eight full fields, and as much again.
pub(super) const MAX_PHONEBOOK: usize = 16 * 1024 * 1024;

/// What stands for a secret in what is shown.
const MASKED: &str = "(secret)";

impl Query {
    /// The path of this endpoint.
    pub(super) fn of(endpoint: &str) -> Self {
        let path = format!("/cgi-bin/{endpoint}");
        Self {
            shown: path.clone(),
            wire: path,
            carries_secret: false,
        }
    }

    /// A whole path and query without secrets, as it is sent.
    pub(super) fn of_line(line: String) -> Self {
        Self {
            shown: line.clone(),
            wire: line,
            carries_secret: false,
        }
    }

    /// Adds a parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        let pair = self.pair(name, &utf8_percent_encode(value, IN_QUERY).to_string());
        self.wire.push_str(&pair);
        self.shown.push_str(&pair);
        self
    }

    /// Adds a parameter if there is something to say.
    pub(super) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a parameter whose value is never shown.
    pub(super) fn with_secret(mut self, name: &str, value: &SecretString) -> Self {
        let encoded = utf8_percent_encode(value.expose_secret(), IN_QUERY).to_string();
        let (wire, shown) = (self.pair(name, &encoded), self.pair(name, MASKED));
        self.wire.push_str(&wire);
        self.shown.push_str(&shown);
        self.carries_secret = true;
        self
    }

    /// A call that asks.
    pub(super) fn reads<T>(self, parse: Parse<T>) -> Call<T> {
        self.call(Effect::Reads, MAX_BODY, parse)
    }

    /// A call that asks for a phonebook or much of it.
    pub(super) fn reads_much<T>(self, parse: Parse<T>) -> Call<T> {
        self.call(Effect::Reads, MAX_PHONEBOOK, parse)
    }

    /// A call that changes something.
    pub(super) fn writes(self) -> Call<()> {
        self.call(Effect::Writes, MAX_BODY, done)
    }

    fn pair(&self, name: &str, value: &str) -> String {
        let separator = if self.wire.contains('?') { '&' } else { '?' };
        format!("{separator}{}={value}", utf8_percent_encode(name, IN_QUERY))
    }

    fn call<T>(self, effect: Effect, bound: usize, parse: Parse<T>) -> Call<T> {
        Call {
            wire: self.wire.into(),
            shown: self.shown,
            dotted: None,
            effect,
            bound,
            carries_secret: self.carries_secret,
            parse,
        }
    }
}

impl<T> Call<T> {
    /// Path and query as they may be shown: secrets are masked.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What it does to a phone.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether a secret stands in its query, as the guide wants it: over plain HTTP everybody on
    /// the way can read it.
    pub fn carries_secret(&self) -> bool {
        self.carries_secret
    }

    /// Whether it is longer than [`MAX_CALL`].
    pub fn is_too_long(&self) -> bool {
        self.wire.expose_secret().len() > MAX_CALL
    }

    /// The same call, which the vendor's other phones have under another path.
    pub(super) fn or_dotted(self, line: String) -> Self {
        Self {
            dotted: Some(line),
            ..self
        }
    }

    /// The request.
    pub(super) fn line(&self) -> Line<'_> {
        Line {
            bound: self.bound,
            ..Line::masked(self.wire.expose_secret(), &self.shown)
        }
    }

    /// The request under the other path, if there is one.
    pub(super) fn dotted_line(&self) -> Option<Line<'_>> {
        Some(Line {
            bound: self.bound,
            ..Line::plain(self.dotted.as_deref()?)
        })
    }

    /// Reads the answer.
    pub(super) fn parse(&self, data: Data<'_>) -> Result<T, Unmet> {
        (self.parse)(data)
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("shown", &self.shown)
            .field("effect", &self.effect)
            .finish_non_exhaustive()
    }
}

/// Whether a write was done. The guide answers `""`, `"true"`, `{"status":"right"}` or a word for
/// what now happens, all under `success`; other phones of the vendor say `false`, `failed` or
/// `unknown` in the same place.
fn done(data: Data<'_>) -> Result<(), Unmet> {
    let told = match data.payload.as_bytes().first() {
        Some(b'{') => status(data.payload),
        Some(_) => json::parse(data.payload).unwrap_or_default(),
        None => Scalar::Absent,
    };
    let word = told.text().unwrap_or_default();
    if ["false", "failed", "fail", "error", "unknown", "wrong"]
        .iter()
        .any(|no| word.eq_ignore_ascii_case(no))
    {
        return Err(Unmet::Rejected(Text::clean(&word)));
    }
    let is_affirmed = ["right", "true", "success"]
        .iter()
        .any(|yes| word.eq_ignore_ascii_case(yes));
    if data.said_success || is_affirmed {
        return Ok(());
    }
    Err(not_understood("the answer says neither success nor error"))
}

/// The word in `{"status":…}`.
fn status(payload: &str) -> Scalar<'_> {
    let mut status = Scalar::Absent;
    // What is not understood says nothing: `response` decides then.
    let _other_shape = json::for_each_entry(payload, |key, value| {
        if key.eq_ignore_ascii_case("status") {
            status = value;
        }
    });
    status
}

/// An answer that is not understood, in our own words.
pub(super) fn not_understood(why: impl Into<Box<str>>) -> Unmet {
    Unmet::NotUnderstood(Failure::new(Reason::Parse, why))
}

/// The entries of a list, or the one entry that stands where a list is expected.
pub(super) fn as_list(payload: &str) -> std::borrow::Cow<'_, str> {
    match payload.as_bytes().first() {
        Some(b'{') => format!("[{payload}]").into(),
        // How some say that there is none.
        Some(b'"') if payload == "\"\"" => "[]".into(),
        Some(_) | None if payload == "null" => "[]".into(),
        Some(_) | None => payload.into(),
    }
}

/// A text as it stands in an answer, blanks at its ends included.
pub(super) fn exact(told: &Scalar<'_>) -> String {
    if let Scalar::Text(text) = told {
        return text.as_ref().to_owned();
    }
    told.text().unwrap_or_default().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_so_that_nothing_in_them_is_taken_for_the_query() {
        let call = Query::of("x")
            .with("name", "Zoë & Söhne #1")
            .with("sum", "1+1=2 100%")
            .with_some("none", None)
            .with_secret("P2", &"a+b%c&d=e".into())
            .writes();
        let sent = "/cgi-bin/x?name=Zo%C3%AB%20%26%20S%C3%B6hne%20%231&sum=1%2B1%3D2%20100%25";
        assert_eq!(
            call.wire.expose_secret(),
            format!("{sent}&P2=a%2Bb%25c%26d%3De")
        );
        assert_eq!(call.shown(), format!("{sent}&P2=(secret)"));
        assert!(call.carries_secret() && !format!("{call:?}").contains("a%2Bb"));
    }

    #[test]
    fn a_call_beyond_all_buffers_is_known_before_it_is_sent() {
        let of = |length: usize| Query::of("x").with("y", &"z".repeat(length)).writes();
        assert!(!of(MAX_CALL - 100).is_too_long());
        assert!(of(MAX_CALL).is_too_long());
    }

    fn said(payload: &str, said_success: bool) -> Result<(), Unmet> {
        done(Data {
            payload,
            said_success,
        })
    }

    #[test]
    fn a_write_is_done_if_the_phone_says_so_and_not_if_it_says_no() {
        for payload in [
            r#""""#,
            r#""true""#,
            "true",
            r#""reset""#,
            r#""savereboot""#,
            r#"{"status":"right"}"#,
            "{}",
        ] {
            assert_eq!(said(payload, true), Ok(()), "{payload}");
        }
        for payload in [r#"{"status": "right"}"#, "true", r#""success""#] {
            assert_eq!(said(payload, false), Ok(()), "{payload}");
        }
        for payload in [
            r#""false""#,
            "false",
            r#""failed""#,
            r#"{"status":"wrong"}"#,
        ] {
            for said_success in [true, false] {
                let answer = said(payload, said_success);
                assert!(matches!(answer, Err(Unmet::Rejected(_))), "{payload}");
            }
        }
        for payload in ["hello", "[]", r#"{"a":1}"#, "null"] {
            let answer = said(payload, false);
            assert!(matches!(answer, Err(Unmet::NotUnderstood(_))), "{payload}");
        }
    }
}
