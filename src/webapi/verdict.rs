//! What an answer means, before anybody looks for data in it.
//!
//! The guide says "unauthorized" of one endpoint only; phones of the family say "no session" in
//! eight ways, most of them with HTTP status 200, and hide refusals and locks as well. So every
//! answer passes this one classifier first: reads, realms and logins alike. It does not know what
//! was asked; who asked decides what a verdict means there.
//!
//! Words of a phone are compared without case, blanks and punctuation, since each firmware spells
//! them its own way.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{self, Scalar};
use crate::fleet::{Failure, Reason};

/// An answer, as far as its meaning depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// The HTTP status.
    pub(super) status: u16,
    /// Where a redirect leads.
    pub(super) location: Option<&'a str>,
    /// Whether it came over TLS.
    pub(super) over_tls: bool,
    /// The body, trimmed.
    pub(super) text: &'a str,
}

/// The meaning of an answer. The texts are our own words for the form in which it was told.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict<'a> {
    /// It may hold what was asked for.
    Data(Data<'a>),
    /// Nothing at all, with a status of success.
    Empty,
    /// The phone wants a session, or another one.
    NoSession(&'static str),
    /// A password was refused.
    Refused(&'static str),
    /// Logins are locked.
    Locked {
        /// For so long; `None` if not told or until a reboot.
        lasts: Option<Duration>,
    },
    /// The phone does not know this path.
    NotFound(&'static str),
    /// The phone is restarting, or has not started yet.
    NotReady(&'static str),
    /// An error of the phone's own, without a known reason.
    Error(&'static str),
    /// Nothing that an endpoint of the guide answers.
    Unfit(Failure),
}

/// What may be data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Data<'a> {
    /// The envelope's `body` or `msg` as JSON; without envelope the whole text.
    pub(super) payload: &'a str,
    /// Whether the answer calls itself a success.
    pub(super) said_success: bool,
}

/// What wraps most answers of the guide: `response` and `body`, or `res` and `msg`.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, alias = "Response")]
    response: Scalar<'a>,
    #[serde(borrow, default)]
    res: Scalar<'a>,
    #[serde(borrow, default, alias = "Body")]
    body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    msg: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "lockTime")]
    lock_time: Scalar<'a>,
}

/// Where an error keeps its reason when `body` is an object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reasons<'a> {
    #[serde(borrow)]
    status: Scalar<'a>,
    #[serde(borrow)]
    reason: Scalar<'a>,
    #[serde(borrow, rename = "lockTime")]
    lock_time: Scalar<'a>,
}

#[derive(Clone, Copy, PartialEq)]
enum Word {
    NoSession(&'static str),
    Refused,
    Locked,
    NotFound,
    NotReady,
}

/// Phones of the family unlock after this unless told otherwise; their own page waits as long.
const LOCK_OF_TYPE_1: Duration = Duration::from_secs(301);

const REQUIRED: &str = "authentication required";

/// In one of these a phone says that it is on its way up or down.
const RESTARTING: [&str; 5] = [
    "reboot",
    "restarting",
    "upgrading",
    "startingup",
    "notready",
];

/// Judges an answer.
pub(super) fn judge(seen: Seen<'_>) -> Verdict<'_> {
    match seen.status {
        200..=299 => judge_text(seen.text),
        300..=399 => judge_redirect(seen),
        401 => Verdict::NoSession("HTTP status 401"),
        403 => Verdict::NoSession("HTTP status 403"),
        404 => Verdict::NotFound("HTTP status 404"),
        other => unfit(
            Reason::HttpStatus,
            format!("the phone answered with HTTP status {other}"),
        ),
    }
}

impl Verdict<'_> {
    /// By which rule the answer was understood.
    pub(super) fn in_words(&self) -> Cow<'static, str> {
        match self {
            Self::Data(data) if data.said_success => "success".into(),
            Self::Data(_) => "data without a word of success".into(),
            Self::Empty => "empty".into(),
            Self::NoSession(form) => format!("no session: {form}").into(),
            Self::Refused(form) => format!("password refused: {form}").into(),
            Self::Locked { .. } => "logins are locked".into(),
            Self::NotFound(form) => format!("not found: {form}").into(),
            Self::NotReady(form) => format!("not ready: {form}").into(),
            Self::Error(form) => format!("an error of the phone: {form}").into(),
            Self::Unfit(failure) => failure.to_string().into(),
        }
    }
}

fn judge_redirect(seen: Seen<'_>) -> Verdict<'_> {
    let location = seen.location.unwrap_or_default();
    let to_https = location
        .get(..6)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    if to_https && !seen.over_tls {
        return unfit(
            Reason::HttpStatus,
            "the phone redirects to https: use scheme: https",
        );
    }
    if contains(location, "login") {
        return Verdict::NoSession("a redirect to the login page");
    }
    unfit(
        Reason::HttpStatus,
        format!(
            "the phone redirects elsewhere with HTTP status {}",
            seen.status
        ),
    )
}

fn judge_text(text: &str) -> Verdict<'_> {
    match text.as_bytes().first() {
        None => Verdict::Empty,
        Some(b'<') => judge_page(text),
        Some(b'{') => judge_object(text),
        Some(b'"') => match json::parse(text) {
            Ok(Scalar::Text(word)) => judge_word(&word).unwrap_or(bare(text)),
            Ok(_) | Err(_) => judge_lines(text),
        },
        Some(b'[') => bare(text),
        Some(_) => judge_word(text).unwrap_or_else(|| judge_lines(text)),
    }
}

/// A page for people where data was asked for, or the one answer of the guide that is XML.
fn judge_page(text: &str) -> Verdict<'_> {
    /// Longer than a declaration and a comment before the root.
    const HEAD: usize = 512;
    let head = text.floor_char_boundary(HEAD);
    if contains(text.get(..head).unwrap_or_default(), "<addressbook") {
        return bare(text);
    }
    if contains(text, REQUIRED) {
        return Verdict::NoSession("a page that asks to authenticate");
    }
    if contains(text, "login") || contains(text, "password") {
        return Verdict::NoSession("the login page");
    }
    if contains(text, "not found") {
        return Verdict::NotFound("a page that says so");
    }
    unfit(Reason::Parse, "the answer is a page instead of data")
}

/// `key=value` lines, the form of the phones' own web interface.
fn judge_lines(text: &str) -> Verdict<'_> {
    let response = line(text, "response").or_else(|| line(text, "res"));
    let Some(response) = response else {
        if contains(text, REQUIRED) {
            return Verdict::NoSession("text that asks to authenticate");
        }
        return bare(text);
    };
    if response.eq_ignore_ascii_case("success") {
        return Verdict::Data(Data {
            payload: text,
            said_success: true,
        });
    }
    if contains(text, REQUIRED) {
        return Verdict::NoSession("Response=Error, authentication required");
    }
    match line(text, "message").and_then(|message| word(&message)) {
        Some(Word::Locked) => Verdict::Locked {
            lasts: line(text, "locktype")
                .filter(|kind| kind == "1")
                .map(|_| LOCK_OF_TYPE_1),
        },
        Some(Word::NoSession(form)) => Verdict::NoSession(form),
        Some(Word::NotFound) => Verdict::NotFound("Response=Error, command not found"),
        Some(Word::NotReady) => Verdict::NotReady("Response=Error, it restarts"),
        // Any other message is a wrong password, says the phones' own page.
        Some(Word::Refused) | None => Verdict::Refused("Response=Error"),
    }
}

fn judge_object(text: &str) -> Verdict<'_> {
    let envelope: Envelope<'_> = match json::parse(text) {
        Ok(envelope) => envelope,
        Err(_) if contains(text, REQUIRED) => {
            return Verdict::NoSession("text that asks to authenticate");
        }
        Err(malformed) => return unfit(Reason::Parse, format!("the answer {malformed}")),
    };
    let said = envelope.response.text().or_else(|| envelope.res.text());
    let says = |expect: &str| {
        said.as_deref()
            .is_some_and(|said| said.eq_ignore_ascii_case(expect))
    };
    let payload = envelope.body.or(envelope.msg).map(RawValue::get);
    if !says("error") && !says("fail") {
        let data = Verdict::Data(Data {
            payload: payload.unwrap_or(text),
            said_success: says("success"),
        });
        // Only words that end a session count here: data may hold any others.
        if let Some(Word::NoSession(form)) = reasons(payload).0 {
            return Verdict::NoSession(form);
        }
        // In a list or an object of a success the phrase is somebody's name.
        let is_told = match payload {
            Some(payload) if says("success") => {
                payload.starts_with('"') && contains(payload, REQUIRED)
            }
            Some(_) | None => contains(text, REQUIRED),
        };
        return if is_told {
            Verdict::NoSession("text that asks to authenticate")
        } else {
            data
        };
    }
    let (word, lock_time) = reasons(payload);
    match word {
        Some(Word::NoSession(form)) => Verdict::NoSession(form),
        Some(Word::Refused) => Verdict::Refused("an error with the word for a wrong password"),
        Some(Word::Locked) => Verdict::Locked {
            lasts: minutes(&envelope.lock_time).or(lock_time),
        },
        Some(Word::NotFound) => Verdict::NotFound("an error: command not found"),
        Some(Word::NotReady) => Verdict::NotReady("an error: it restarts"),
        None if contains(text, REQUIRED) => {
            Verdict::NoSession("an error that asks to authenticate")
        }
        None if payload.is_some_and(is_empty_object) => {
            Verdict::NoSession("an error with an empty body")
        }
        None => Verdict::Error("without a known reason"),
    }
}

/// The word in a body that is a string, or in the fields of one that is an object; and for how long
/// logins are locked, if that is told in there.
fn reasons(payload: Option<&str>) -> (Option<Word>, Option<Duration>) {
    let Some(payload) = payload else {
        return (None, None);
    };
    match payload.as_bytes().first() {
        Some(b'"') => match json::parse(payload) {
            Ok(Scalar::Text(text)) => (word(&text), None),
            Ok(_) | Err(_) => (None, None),
        },
        Some(b'{') => {
            let reasons: Reasons<'_> = json::parse(payload).unwrap_or_default();
            let found = [&reasons.status, &reasons.reason]
                .into_iter()
                .find_map(|reason| word(&reason.text()?));
            (found, minutes(&reasons.lock_time))
        }
        Some(_) | None => (None, None),
    }
}

fn judge_word<'a>(text: &str) -> Option<Verdict<'a>> {
    Some(match word(text)? {
        Word::NoSession(form) => Verdict::NoSession(form),
        Word::Refused => Verdict::Refused("the word for a wrong password"),
        Word::Locked => Verdict::Locked { lasts: None },
        Word::NotFound => Verdict::NotFound("command not found"),
        Word::NotReady => Verdict::NotReady("it restarts"),
    })
}

/// The words that phones of the family use for a session, a password or a path they do not accept.
fn word(text: &str) -> Option<Word> {
    /// Longer than any of the words, so that no long text is copied.
    const LONGEST: usize = 64;
    if text.len() > LONGEST {
        return None;
    }
    let plain: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    Some(match plain.as_str() {
        "unauthorized" | "unauthorised" => Word::NoSession("the word unauthorized"),
        "sessionexpired" => Word::NoSession("the word session-expired"),
        "invalidsession" => Word::NoSession("the words invalid session"),
        "authenticationrequired" => Word::NoSession("the words authentication required"),
        "authenticationfailed" | "invalidusername" | "invalidpassword" => Word::Refused,
        "locked" => Word::Locked,
        "commandnotfound" => Word::NotFound,
        busy if RESTARTING.iter().any(|part| busy.contains(part)) => Word::NotReady,
        wrong => {
            let left = wrong.strip_prefix("wrong")?;
            if !left.chars().all(|c| c.is_ascii_digit()) {
                return None;
            }
            Word::Refused
        }
    })
}

/// The value of the first line with this key; keys are compared without case.
fn line<'a>(text: &'a str, key: &str) -> Option<Cow<'a, str>> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case(key)
            .then(|| percent_decode_str(value.trim()).decode_utf8_lossy())
    })
}

/// Sources disagree whether the number means minutes or seconds: minutes wait long enough for both.
fn minutes(number: &Scalar<'_>) -> Option<Duration> {
    let minutes = u64::try_from(number.integer()?).ok()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)))
}

fn is_empty_object(json: &str) -> bool {
    json.strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|inner| inner.trim().is_empty())
}

/// Whether `text` contains `needle`, which is ASCII, in any casing.
fn contains(text: &str, needle: &str) -> bool {
    text.as_bytes()
        .windows(needle.len())
        .any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

fn bare(text: &str) -> Verdict<'_> {
    Verdict::Data(Data {
        payload: text,
        said_success: false,
    })
}

fn unfit<'a>(reason: Reason, detail: impl Into<Box<str>>) -> Verdict<'a> {
    Verdict::Unfit(Failure::new(reason, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: u16, text: &str) -> Seen<'_> {
        Seen {
            status,
            location: None,
            over_tls: false,
            text,
        }
    }

    fn kind(verdict: &Verdict<'_>) -> &'static str {
        match verdict {
            Verdict::Data(_) => "data",
            Verdict::Empty => "empty",
            Verdict::NoSession(_) => "no session",
            Verdict::Refused(_) => "refused",
            Verdict::Locked { .. } => "locked",
            Verdict::NotFound(_) => "not found",
            Verdict::NotReady(_) => "not ready",
            Verdict::Error(_) => "error",
            Verdict::Unfit(failure) => failure.reason.label(),
        }
    }

    #[test]
    fn every_form_of_no_session_is_recognised() {
        let page = "<html><head><title>Login</title></head><body><form></form></body></html>";
        let cases = [
            (401, "<html><body>401 Unauthorized</body></html>"),
            (403, "<html><body>403 Forbidden</body></html>"),
            (
                200,
                r#"{"response":"success","body":"unauthorized","misc":"0"}"#,
            ),
            (200, r#"{"response":"success","body":"Unauthorized"}"#),
            (200, r#"{"response":"error","body":"unauthorized"}"#),
            (
                200,
                r#"{"response":"error","body":{"status":"session-expired"}}"#,
            ),
            (
                200,
                r#"{"response":"success","body":{"status":"session-expired"}}"#,
            ),
            (200, "Response=Error\r\nMessage=Authentication Required\r\n"),
            (200, "response=error\nmessage=AUTHENTICATION REQUIRED"),
            (
                200,
                "Response=Error\r\nMessage=Authentication%20Required\r\n",
            ),
            (200, "anything, then aUTHENTICATION rEQUIRED, then more"),
            (200, r#"{"res":"error","msg":"authentication required"}"#),
            (
                200,
                r#"{"res":"error","msg":"Authentication required, please log in"}"#,
            ),
            (
                200,
                r#"{"response":"success","body":"error: authentication required"}"#,
            ),
            (200, r#"{"message":"Authentication Required"}"#),
            (200, r#"{"response":"error","body":{}}"#),
            (200, r#"{"response":"error","body":{ }}"#),
            (
                200,
                r#"{"response":"error","body":{"reason":"invalid session"}}"#,
            ),
            (200, page),
            (200, "<script>window.location='/login'</script>"),
            (200, "<p>Authentication Required</p>"),
            (200, r#""unauthorized""#),
            (200, "unauthorized"),
        ];
        for (status, text) in cases {
            let verdict = judge(seen(status, text));
            assert_eq!(kind(&verdict), "no session", "{status} {text}: {verdict:?}");
        }
    }

    #[test]
    fn refusals_locks_unknown_paths_and_other_errors_are_told_apart() {
        let cases = [
            (200, r#"{"response":"error","body":"wrong4"}"#, "refused"),
            (200, r#"{"response":"error","body":"wrong"}"#, "refused"),
            (
                200,
                "Response=Error\r\nMessage=Invalid Username\r\n",
                "refused",
            ),
            (200, "Response=Error\r\nMessage=x\r\ntimes=2\r\n", "refused"),
            (
                200,
                r#"{"res":"error","msg":"authentication failed"}"#,
                "refused",
            ),
            (200, r#"{"response":"error","body":"locked"}"#, "locked"),
            (
                200,
                "Response=Error\r\nMessage=Locked\r\nlocktype=2\r\n",
                "locked",
            ),
            (404, "<html><h1>404 Not Found</h1>", "not found"),
            (200, "<html><h1>404 Not Found</h1>", "not found"),
            (200, "command not found", "not found"),
            (
                200,
                r#"{"res":"error","msg":"command not found"}"#,
                "not found",
            ),
            (
                200,
                r#"{"res":"error","msg":"phone rebooting"}"#,
                "not ready",
            ),
            (
                200,
                "Response=Error\r\nMessage=System is not ready\r\n",
                "not ready",
            ),
            (200, "rebooting", "not ready"),
            (200, r#"{"response":"error","body":"failed"}"#, "error"),
            (200, r#"{"response":"error","body":"unknown"}"#, "error"),
            (200, r#"{"response":"error","body":false}"#, "error"),
            (200, r#"{"response":"error"}"#, "error"),
            (200, "<html><body>Please wait</body></html>", "parse"),
            (200, r#"{"response":"success","body":["#, "parse"),
            (200, "", "empty"),
            (500, "", "http_status"),
            (503, "busy", "http_status"),
        ];
        for (status, text, expect) in cases {
            assert_eq!(kind(&judge(seen(status, text))), expect, "{status} {text}");
        }
    }

    #[test]
    fn data_is_unwrapped_and_its_words_are_not_taken_for_verdicts() {
        let list = r#"[{"name":"Authentication Required"},{"name":"unauthorized"}]"#;
        let cases = [
            (
                format!(r#"{{"response":"success","body":{list}}}"#),
                list,
                true,
            ),
            (r#"{"res":"success","msg":[]}"#.into(), "[]", true),
            (
                r#"{"Response":"Success","body":"available"}"#.into(),
                r#""available""#,
                true,
            ),
            (
                r#"{"date":"x","uptime":"y"}"#.into(),
                r#"{"date":"x","uptime":"y"}"#,
                false,
            ),
            (
                r#"{"response":"success","body":"locked"}"#.into(),
                r#""locked""#,
                true,
            ),
            ("a1b2c3".into(), "a1b2c3", false),
            (
                "Response=Success\r\nver=1".into(),
                "Response=Success\r\nver=1",
                true,
            ),
        ];
        for (text, payload, said_success) in cases {
            let expect = Data {
                payload,
                said_success,
            };
            assert_eq!(judge(seen(200, &text)), Verdict::Data(expect), "{text}");
        }
    }

    #[test]
    fn a_lock_lasts_as_long_as_the_phone_tells() {
        let minutes = |n: u64| Some(Duration::from_secs(n * 60));
        let cases = [
            (
                r#"{"response":"error","body":"locked","lockTime":5}"#,
                minutes(5),
            ),
            (
                r#"{"response":"error","body":"locked","lockTime":"3"}"#,
                minutes(3),
            ),
            (
                r#"{"response":"error","body":{"status":"locked","lockTime":2}}"#,
                minutes(2),
            ),
            (r#"{"response":"error","body":"locked","lockTime":0}"#, None),
            (
                r#"{"response":"error","body":"locked","lockTime":-4}"#,
                None,
            ),
            (r#"{"response":"error","body":"locked"}"#, None),
            (
                "Response=Error\nMessage=Locked\nlocktype=1",
                Some(LOCK_OF_TYPE_1),
            ),
            ("Response=Error\nMessage=Locked\nlocktype=2", None),
            ("Response=Error\nMessage=Locked", None),
        ];
        for (text, lasts) in cases {
            assert_eq!(judge(seen(200, text)), Verdict::Locked { lasts }, "{text}");
        }
        let absurd = r#"{"response":"error","body":"locked","lockTime":9223372036854775807}"#;
        assert!(matches!(
            judge(seen(200, absurd)),
            Verdict::Locked { lasts: Some(_) }
        ));
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_it_panic(
            status in 100_u16..600,
            text in "[<\\[{\"]?(\\PC|Response=|\"body\":|Message=|[\"\\\\:,={}\n]){0,60}",
        ) {
            let text = json::text_of(text.into_bytes());
            let _any = judge(seen(status, json::trimmed(&text)));
        }
    }

    #[test]
    fn redirects_are_told_apart_by_where_they_lead() {
        let judged = |location, over_tls| {
            judge(Seen {
                location,
                over_tls,
                ..seen(302, "")
            })
        };
        for location in ["/login.html", "http://192.0.2.1/#/LOGIN"] {
            assert_eq!(kind(&judged(Some(location), false)), "no session");
        }
        let Verdict::Unfit(failure) = judged(Some("https://192.0.2.1/login"), false) else {
            panic!("a redirect to https is no lost session");
        };
        assert_eq!(failure.reason, Reason::HttpStatus);
        assert!(failure.detail.contains("scheme: https"), "{failure}");
        assert_eq!(
            kind(&judged(Some("https://192.0.2.1/login"), true)),
            "no session"
        );
        assert_eq!(kind(&judged(Some("/elsewhere"), false)), "http_status");
        assert_eq!(kind(&judged(None, false)), "http_status");
    }
}
