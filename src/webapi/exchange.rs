//! What was asked and answered, for a person to look at and to send on.
//!
//! An owner of a phone can tell how it really answers; what they send must hold nothing that is
//! theirs. The text is scanned, not parsed, so that malformed JSON keeps its form, the most telling
//! thing about it, and loses its secrets all the same: values of telling keys are replaced, and of
//! the answers that open a session only the shape is left.

use std::time::Duration;

use crate::fleet::Failure;

/// Longest body that is kept.
const MAX_SHOWN: usize = 4096;

/// One request and its answer, free of secrets and of names and numbers of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Path and query; the digest of a login is removed.
    pub request: String,
    /// The HTTP status; `None` if no whole answer came.
    pub status: Option<u16>,
    /// How it was understood, in our own words.
    pub understood: String,
    /// The body, sanitised and cut to 4 KiB.
    pub body: String,
    /// From sending to the end of the answer; zero if no whole answer came.
    pub took: Duration,
}

/// What is removed from a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removal {
    /// Values of keys that name secrets or people.
    Secrets,
    /// Every value that is not a known word: the answer opens a session.
    AllButShape,
}

impl Exchange {
    /// A request that brought no whole answer.
    pub(super) fn failed(request: &str, failure: &Failure) -> Self {
        Self {
            request: request.to_owned(),
            status: None,
            understood: failure.to_string(),
            body: String::new(),
            took: Duration::ZERO,
        }
    }
}

impl Removal {
    /// The text without what is removed.
    pub(super) fn apply(self, text: &str) -> String {
        let shown = match text.as_bytes().first() {
            None => String::new(),
            Some(b'<') => format!("(a page of {} bytes)", text.len()),
            Some(b'{' | b'[' | b'"') => self.json(text),
            Some(_) => self.lines(text),
        };
        let harmless = shown.chars().map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        });
        let mut cut = String::new();
        for c in harmless {
            if cut.len() + c.len_utf8() > MAX_SHOWN {
                break;
            }
            cut.push(c);
        }
        cut
    }

    fn json(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut is_secret = self == Self::AllButShape;
        let mut tokens = Tokens(text).peekable();
        while let Some(token) = tokens.next() {
            match token {
                Token::Between(text) if is_secret => {
                    out.extend(
                        text.chars()
                            .map(|c| if c.is_ascii_digit() { '0' } else { c }),
                    );
                }
                Token::Between(text) => out.push_str(text),
                Token::String(text) => {
                    let is_key = matches!(
                        tokens.peek(),
                        Some(Token::Between(next)) if next.trim_start().starts_with(':')
                    );
                    if is_key {
                        is_secret = self == Self::AllButShape || tells(text);
                        out.push_str(text);
                    } else {
                        string(text, is_secret, &mut out);
                    }
                }
            }
        }
        out
    }

    /// `key=value` lines, or text of no form.
    fn lines(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.lines() {
            if !out.is_empty() {
                out.push('\n');
            }
            match line.split_once('=') {
                Some((key, value)) if self.is_removed(key, value) => {
                    out.push_str(key);
                    out.push('=');
                    out.push_str(&removed(value, ' '));
                }
                None if self == Self::AllButShape && !is_known_word(line) => {
                    out.push_str(&removed(line, ' '));
                }
                Some(_) | None => out.push_str(line),
            }
        }
        out
    }

    fn is_removed(self, key: &str, value: &str) -> bool {
        /// What the login answers of phones tell beside secrets.
        const HARMLESS: [&str; 4] = ["times", "locktype", "needchange", "ver"];
        if value.is_empty() || is_known_word(value) {
            return false;
        }
        match self {
            Self::Secrets => tells(key) || has_credentials(value),
            Self::AllButShape => !HARMLESS.contains(&plain(key).as_str()),
        }
    }
}

/// A JSON string with its quotes; one that is cut off has only the first.
fn string(text: &str, is_secret: bool, out: &mut String) {
    let inner = text.trim_matches('"');
    let is_told = is_secret && !inner.is_empty() && !is_known_word(inner);
    if is_told || has_credentials(inner) {
        out.push_str(&removed(inner, '"'));
    } else {
        out.push_str(text);
    }
}

/// A piece of JSON-like text.
enum Token<'a> {
    /// A string with its quotes.
    String(&'a str),
    /// What stands between strings.
    Between(&'a str),
}

struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let Some(inner) = self.0.strip_prefix('"') else {
            let (between, rest) = self.0.split_at(self.0.find('"').unwrap_or(self.0.len()));
            self.0 = rest;
            return Some(Token::Between(between));
        };
        let mut is_escaped = false;
        let end = inner
            .find(|c| {
                let ends = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                ends
            })
            .map_or(self.0.len(), |quote| quote + 2);
        let (string, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(Token::String(string))
    }
}

/// Whether the value of this key may tell a secret, a person or a single device.
fn tells(key: &str) -> bool {
    /// Parts of names of secrets.
    const PARTS: [&str; 7] = [
        "pass", "token", "secret", "realm", "nonce", "cookie", "remote",
    ];
    /// Whole names; 67 is the hardware address.
    const NAMES: [&str; 22] = [
        "67",
        "ddrsn",
        "displayname",
        "fctsn",
        "lcdsn",
        "mac",
        "macaddr",
        "macdisplay",
        "name",
        "number",
        "p67",
        "pn",
        "random",
        "serialnumber",
        "sessionid",
        "sid",
        "sipid",
        "sipserver",
        "sipuserid",
        "user",
        "userid",
        "username",
    ];
    let key = plain(key);
    NAMES.contains(&key.as_str()) || PARTS.iter().any(|part| key.contains(part))
}

/// Words that say how a login went.
fn is_known_word(text: &str) -> bool {
    let word = plain(text);
    let count = word.strip_prefix("wrong");
    count.is_some_and(|count| count.chars().all(|c| c.is_ascii_digit()))
        || matches!(
            word.as_str(),
            "success"
                | "error"
                | "fail"
                | "failed"
                | "locked"
                | "unauthorized"
                | "sessionexpired"
                | "invalidsession"
                | "invalidusername"
                | "authenticationaccepted"
                | "authenticationfailed"
                | "authenticationrequired"
        )
}

/// Whether it is an address with a user and a password in it.
fn has_credentials(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, rest)| rest.contains('@'))
}

fn removed(text: &str, quote: char) -> String {
    format!(
        "{quote}({} characters removed){quote}",
        text.chars().count()
    )
    .trim()
    .to_owned()
}

fn plain(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_people_are_removed_and_the_form_stays() {
        let cases = [
            (
                r#"{"response":"success", "body":[{"line":1,"state":"4","name":"Ann","number":"5551234",}]}"#,
                r#"{"response":"success", "body":[{"line":1,"state":"4","name":"(3 characters removed)","number":"(7 characters removed)",}]}"#,
            ),
            (
                r#"{"remotename":"A \"B\" C","sip_id":"","number":5551234,"reg":1}"#,
                r#"{"remotename":"(9 characters removed)","sip_id":"","number":0000000,"reg":1}"#,
            ),
            (
                r#"{"cookies":["a","b"],"P237":"https://u:p@192.0.2.1/x","vendor_name":"G"}"#,
                r#"{"cookies":["(1 characters removed)","(1 characters removed)"],"P237":"(23 characters removed)","vendor_name":"G"}"#,
            ),
            (r#"{"sid":"abc"#, r#"{"sid":"(3 characters removed)""#),
            (
                r#"{"name" : "x", "state" : "idle"}"#,
                r#"{"name" : "(1 characters removed)", "state" : "idle"}"#,
            ),
            (
                "Response=Success\r\nphonecookie=abc",
                "Response=Success\nphonecookie=(3 characters removed)",
            ),
            ("<html>secret</html>", "(a page of 19 bytes)"),
            ("plain\u{1b}[2J", "plain\u{FFFD}[2J"),
            ("", ""),
        ];
        for (text, expect) in cases {
            assert_eq!(Removal::Secrets.apply(text), expect, "{text}");
        }
    }

    #[test]
    fn of_what_opens_a_session_only_the_shape_is_left() {
        let cases = [
            ("a1b2c3d4", "(8 characters removed)"),
            (r#""a1b2c3d4""#, r#""(8 characters removed)""#),
            (
                r#"{"response":"success","body":{"sid":"abc","role":"admin","n":42}}"#,
                r#"{"response":"success","body":{"sid":"(3 characters removed)","role":"(5 characters removed)","n":00}}"#,
            ),
            (
                r#"{"response":"error","body":"wrong4"}"#,
                r#"{"response":"error","body":"wrong4"}"#,
            ),
            (
                "Response=Error\r\nMessage=Locked\r\nlocktype=2\r\ntoken=abc\r\n",
                "Response=Error\nMessage=Locked\nlocktype=2\ntoken=(3 characters removed)",
            ),
        ];
        for (text, expect) in cases {
            assert_eq!(Removal::AllButShape.apply(text), expect, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[{\"']?(\\PC|[\"\\\\:,={}\n]){0,200}") {
            for removal in [Removal::Secrets, Removal::AllButShape] {
                let shown = removal.apply(&text);
                proptest::prop_assert!(shown.len() <= MAX_SHOWN);
            }
        }

        #[test]
        fn no_secret_survives_next_to_its_key(secret in "[a-f]{8,40}", before in "\\PC{0,20}") {
            for text in [
                format!(r#"{{"x":"{}","sid" : "{secret}""#, before.replace(['"', '\\'], "")),
                format!("a={before}\nToken={secret}"),
            ] {
                proptest::prop_assert!(!Removal::Secrets.apply(&text).contains(&secret));
            }
        }
    }

    #[test]
    fn what_is_shown_is_bounded() {
        let long = "ä".repeat(10_000);
        assert_eq!(Removal::Secrets.apply(&long).len(), MAX_SHOWN);
    }
}
