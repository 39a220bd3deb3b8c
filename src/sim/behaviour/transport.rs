//! Knobs of the spelling and of the transport: JSON and its flaws, HTTP framing, connections.
//!
//! These hold for every endpoint alike. What goes wrong with a single request is a
//! [`Fault`](crate::sim::Fault).

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::sim::Endpoint;

/// How answers are spelled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flaw that comes alone or with others"
)]
pub struct Text {
    /// The `Content-Type` of JSON; `text/html` and `text/plain` are known.
    pub json_type: String,
    /// Every JSON and text body begins with a byte order mark.
    pub bom: bool,
    /// A comma before each closing bracket, as in a sample of the guide.
    pub trailing_commas: bool,
    /// How numbers and texts of digits are written.
    pub numbers: Numbers,
    /// Empty text is written as `null`.
    pub empty_as_null: bool,
    /// Texts are written between quotes as they are, whatever they hold.
    pub unescaped: bool,
    /// The bytes of a body.
    pub charset: Charset,
    /// The names of the envelope's keys.
    pub envelope: Envelope,
    /// Endpoints that answer `key=value` lines instead of JSON.
    pub lines: BTreeSet<Endpoint>,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            json_type: "application/json".to_owned(),
            bom: false,
            trailing_commas: false,
            numbers: Numbers::default(),
            empty_as_null: false,
            unescaped: false,
            charset: Charset::default(),
            envelope: Envelope::default(),
            lines: BTreeSet::new(),
        }
    }
}

/// How numbers and texts of digits are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// As the guide has them.
    #[default]
    AsMeant,
    /// Numbers are written as text.
    Quoted,
    /// Texts of digits are written as numbers.
    Bare,
}

/// The bytes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// ISO 8859-1, a question mark for what it lacks: no valid UTF-8.
    Latin1,
}

/// The names of the envelope's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope {
    /// `response` and `body`; `res` and `msg` for contacts and groups.
    #[default]
    Guide,
    /// `Response` and `Body`.
    Capital,
    /// `res` and `msg` everywhere.
    ResMsg,
    /// `results` alone, in place of `body` or `msg`.
    Results,
}

/// HTTP and the connection under it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connection {
    /// How the end of a body is told.
    pub framing: Framing,
    /// What happens to the connection after an answer.
    pub keep: Keep,
    /// Every request is answered by a redirect.
    pub redirect: Option<Redirect>,
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// HTTP/1.1 with `Content-Length`.
    #[default]
    Length,
    /// HTTP/1.1 in small chunks.
    Chunked,
    /// HTTP/1.0 without a length; the connection's end is the body's.
    Http10,
}

/// What happens to the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// It stays open, unless the client asks otherwise.
    #[default]
    Open,
    /// It is closed, and the answer says so.
    Close,
    /// It seems to stay open, but the second request on it is answered by a reset.
    ResetSecond,
}

/// Where every request is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redirect {
    /// 302 to `/login` on the same origin.
    Login,
    /// 301 to the same path under https.
    Https,
}
