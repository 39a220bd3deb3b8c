//! Opening a session: the guide's Password Token Authentication.
//!
//! `loginrealm` gives a random text that counts once, `login` takes the MD5 of username, realm and
//! password. The guide says nothing of what either answers, so every form is taken that phones of
//! the family are known to use. What cannot be read here is whether a login may be sent at all:
//! that is the lockout guard's, and the caller asks it between realm and digest, so that a phone
//! that does not answer costs the guard nothing.
//!
//! Realm, digest and session id are secrets: they have no readable `Debug` and leave this file only
//! towards the phone.

use std::time::Duration;

use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::Answer;
use super::client::Client;
use super::exchange::Removal;
use super::json::{self, Scalar};
use super::request::Line;
use super::transport::{Fault, Stage};
use super::verdict::{Data, Verdict};
use super::{Login, NoRealm, Realm, hex};
use crate::fleet::guard::{LoginOutcome, SecretFormat};
use crate::fleet::{Failure, Reason};

/// Guide: Request for Random Number.
const REALM: &str = "/cgi-bin/loginrealm";

/// Guide: Password Token Authentication.
const LOGIN: &str = "/cgi-bin/login";

/// No realm seen is longer than 40 characters; a page or a log is.
const LONGEST_REALM: usize = 256;

impl Client {
    /// Asks for the realm of one login; what is left of an older session is forgotten.
    pub async fn realm(&mut self) -> Result<Realm, NoRealm> {
        self.drop_session();
        let line = Line::plain(REALM);
        let answer = self.ask(line).await.map_err(NoRealm::Failed)?;
        let verdict = answer.judge();
        let form = verdict.in_words();
        self.note(line, &answer, form.clone(), Removal::AllButShape);
        match verdict {
            Verdict::Data(data) => {
                if let Some(realm) = realm(data) {
                    return Ok(Realm(realm));
                }
            }
            Verdict::Locked { lasts } => {
                let failure = locked(lasts);
                return Err(NoRealm::Locked { lasts, failure });
            }
            // Most likely it wants `scheme: https`, and says so.
            Verdict::Unfit(failure) if (300..400).contains(&answer.status) => {
                return Err(NoRealm::Failed(failure));
            }
            Verdict::Empty
            | Verdict::NoSession(_)
            | Verdict::Refused(_)
            | Verdict::NotFound(_)
            | Verdict::NotReady(_)
            | Verdict::Error(_)
            | Verdict::Unfit(_) => {}
        }
        let detail = format!("the phone gave no realm to log in with ({form})");
        Err(NoRealm::Failed(Failure::new(Reason::Login, detail)))
    }

    /// Sends the digest. Sent once, never repeated.
    ///
    /// It travels on a connection of its own, because a phone that closes a kept one under the second
    /// request would leave open whether it counted.
    pub async fn login(
        &mut self,
        realm: Realm,
        username: &str,
        password: &SecretString,
        format: SecretFormat,
    ) -> Login {
        let secret = digest(format, username, &realm.0, password);
        let username = utf8_percent_encode(username, IN_QUERY);
        let wire = format!(
            "{LOGIN}?Username={username}&Secret={}",
            secret.expose_secret()
        );
        let shown = format!("{LOGIN}?Username={username}&Secret=(removed)");
        let line = Line::masked(&wire, &shown);
        let answer = match self.ask_once(line).await {
            Ok(answer) => answer,
            Err(fault) => return unanswered(fault),
        };
        let verdict = answer.judge();
        self.note(line, &answer, verdict.in_words(), Removal::AllButShape);
        let mut login = conclude(&verdict, &answer);
        if login.outcome == LoginOutcome::Accepted {
            login.default_password = asks_for_change(answer.text());
            let sid = sid(answer.text());
            self.begin_session(sid.as_ref().map(ExposeSecret::expose_secret));
        }
        login
    }
}

/// What stays literal in a query besides letters and digits (RFC 3986, unreserved).
pub(super) const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The realm in the answer to `loginrealm`: bare text in all likelihood, else a JSON string, or an
/// object that holds it.
fn realm(data: Data<'_>) -> Option<SecretString> {
    let text = match data.payload.as_bytes().first()? {
        b'{' => {
            let object: RealmObject<'_> = json::parse(data.payload).ok()?;
            let told = object.realm.text().or_else(|| object.random.text());
            told?.into_owned()
        }
        b'"' => match json::parse(data.payload).ok()? {
            Scalar::Text(text) => text.into_owned(),
            Scalar::Absent | Scalar::Bool(_) | Scalar::Integer(_) | Scalar::Float(_) => {
                return None;
            }
        },
        b'[' | b'<' => return None,
        _ if data.said_success && data.payload.contains('=') => return None,
        _ => data.payload.trim_matches(['"', '\'']).to_owned(),
    };
    let text = json::trimmed(&text);
    let is_plain = !text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '<');
    (!text.is_empty() && text.len() <= LONGEST_REALM && is_plain).then(|| text.into())
}

#[derive(Deserialize)]
struct RealmObject<'a> {
    #[serde(borrow, default)]
    random: Scalar<'a>,
    #[serde(borrow, default)]
    realm: Scalar<'a>,
}

/// `MD5(username SEP realm SEP password)` as lowercase hex.
fn digest(
    format: SecretFormat,
    username: &str,
    realm: &SecretString,
    password: &SecretString,
) -> SecretString {
    let separator = match format {
        SecretFormat::Colon => ":",
        SecretFormat::Dot => ".",
    };
    let mut md5 = Md5::new();
    for part in [
        username,
        separator,
        realm.expose_secret(),
        separator,
        password.expose_secret(),
    ] {
        md5.update(part.as_bytes());
    }
    hex::lowercase(&md5.finalize()).into()
}

/// Whether the answer to a login says that the default password is still set: `needchange=1` in
/// lines, `defaultAuth` in JSON.
fn asks_for_change(text: &str) -> bool {
    let squeezed: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '"')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    [
        "needchange=1",
        "needchange:1",
        "defaultauth:true",
        "defaultauth:1",
    ]
    .iter()
    .any(|sign| squeezed.contains(sign))
}

/// How a login ended that brought no whole answer. One that was answered in another language than
/// HTTP, or without end, was not refused.
fn unanswered(fault: Fault) -> Login {
    let outcome = match (fault.stage, fault.failure.reason) {
        (Stage::Unsent, _) => LoginOutcome::NotSent,
        (_, Reason::Parse | Reason::TooLarge) => {
            let detail = format!("no verdict on the password: {}", fault.failure.detail);
            let failure = Failure::new(Reason::Login, detail);
            return ended(LoginOutcome::Unclear, failure);
        }
        (_, _) => LoginOutcome::Lost,
    };
    ended(outcome, fault.failure)
}

/// How a login ended, from its answer.
fn conclude(verdict: &Verdict<'_>, answer: &Answer) -> Login {
    let outcome = match verdict {
        Verdict::Data(data) if data.said_success => return accepted(false),
        Verdict::Locked { lasts } => {
            return ended(LoginOutcome::Locked { lasts: *lasts }, locked(*lasts));
        }
        Verdict::Data(_) | Verdict::Empty if answer.brought_cookie => return accepted(true),
        Verdict::Unfit(failure) if failure.reason == Reason::Parse && answer.brought_cookie => {
            return accepted(true);
        }
        Verdict::Data(data) if is_readable(data.payload) => LoginOutcome::Wordless,
        Verdict::Empty => LoginOutcome::Wordless,
        Verdict::NoSession(_) if is_its_page(answer) => LoginOutcome::Wordless,
        Verdict::Refused(_) | Verdict::NoSession(_) | Verdict::Error(_) => match answer.status {
            403 => LoginOutcome::Unclear,
            _ => LoginOutcome::Refused,
        },
        Verdict::Data(_) | Verdict::NotFound(_) | Verdict::NotReady(_) | Verdict::Unfit(_) => {
            LoginOutcome::Unclear
        }
    };
    let form = verdict.in_words();
    let (reason, detail) = if outcome == LoginOutcome::Refused {
        (
            Reason::Auth,
            format!("the phone refused the login ({form})"),
        )
    } else if answer.status == 403 {
        let detail = "the login was answered with HTTP status 403: \
                      the phone may not let this machine in";
        (Reason::Login, detail.to_owned())
    } else {
        let detail = format!("the login was answered without a verdict on the password ({form})");
        (Reason::Login, detail)
    };
    ended(outcome, Failure::new(reason, detail))
}

/// The login page, or a redirect to it, where a verdict was asked for.
fn is_its_page(answer: &Answer) -> bool {
    (300..400).contains(&answer.status)
        || ((200..300).contains(&answer.status) && answer.text().starts_with('<'))
}

/// Whether somebody wrote it: bytes that are not text are no way to say no.
fn is_readable(text: &str) -> bool {
    !text.contains(|c: char| {
        c == char::REPLACEMENT_CHARACTER || (c.is_control() && !c.is_whitespace())
    })
}

/// The session id in a login's answer: in `body`, `body.sid` or `sid`.
fn sid(text: &str) -> Option<SecretString> {
    let object: LoginObject<'_> = json::parse(text).ok()?;
    if let Some(sid) = object.sid.text() {
        return Some(sid.into_owned().into());
    }
    let body = object.body?.get();
    let told: Scalar<'_> = match body.as_bytes().first()? {
        b'{' => json::parse::<LoginObject<'_>>(body).ok()?.sid,
        _ => json::parse(body).ok()?,
    };
    let Scalar::Text(sid) = told else {
        return None;
    };
    (!sid.is_empty()).then(|| sid.into_owned().into())
}

#[derive(Deserialize)]
struct LoginObject<'a> {
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sid: Scalar<'a>,
}

fn accepted(unproven: bool) -> Login {
    Login {
        outcome: LoginOutcome::Accepted,
        unproven,
        default_password: false,
        failure: None,
    }
}

fn locked(lasts: Option<Duration>) -> Failure {
    let detail = match lasts {
        Some(lasts) => format!(
            "the phone has locked logins for {} minutes",
            lasts.as_secs().div_ceil(60)
        ),
        None => "the phone has locked logins, perhaps until a reboot".to_owned(),
    };
    Failure::new(Reason::Locked, detail)
}

fn ended(outcome: LoginOutcome, failure: Failure) -> Login {
    Login {
        outcome,
        unproven: false,
        default_password: false,
        failure: Some(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::{Play, Server, ample, ok, soon, with_head};
    use super::super::verdict::{Seen, judge};
    use super::*;
    use crate::fleet::reading::Keep;

    const WELCOME: &str = r#"{"response":"success","body":""}"#;
    const COLON: &str = "/cgi-bin/login?Username=gmiadmin&Secret=\
                         bcc051045336c71d4dce85b8396bfd1a";

    fn password() -> SecretString {
        "admin".into()
    }

    /// Asks for a realm and logs in with it.
    async fn log_in_as(client: &mut Client, username: &str) -> Login {
        let realm = client.realm().await.expect("a realm");
        let format = SecretFormat::Colon;
        client.login(realm, username, &password(), format).await
    }

    /// Logs in to a server that gives a realm and answers the login so.
    async fn log_in(login: &str) -> (Login, Client, Server) {
        let login = login.to_owned();
        let server = Server::plain(move |asked| {
            Play::Say(match asked.line() {
                REALM => ok("a1b2c3"),
                _ => login.clone(),
            })
        })
        .await;
        let mut client = server.client();
        client.open(ample());
        let login = log_in_as(&mut client, "gmiadmin").await;
        (login, client, server)
    }

    fn reason(login: &Login) -> Option<Reason> {
        login.failure.as_ref().map(|failure| failure.reason)
    }

    #[test]
    fn the_digest_joins_user_realm_and_password_as_the_format_says() {
        let cases = [
            (SecretFormat::Colon, "bcc051045336c71d4dce85b8396bfd1a"),
            (SecretFormat::Dot, "c1ec75dc45c97b5ab7067c7874065599"),
        ];
        for (format, expect) in cases {
            let secret = digest(format, "gmiadmin", &"a1b2c3".into(), &password());
            assert_eq!(secret.expose_secret(), expect);
            assert!(!format!("{secret:?}").contains(expect));
        }
    }

    #[test]
    fn a_realm_is_found_in_every_form() {
        let found = |text: &str| {
            let text = json::text_of(text.as_bytes().to_vec());
            let seen = Seen {
                status: 200,
                location: None,
                over_tls: false,
                text: json::trimmed(&text),
            };
            if let Verdict::Data(data) = judge(seen) {
                return realm(data);
            }
            None
        };
        for text in [
            "aB3+/=x",
            "aB3+/=x\r\n",
            "\u{FEFF} aB3+/=x \n",
            "\"aB3+/=x\"",
            "'aB3+/=x'",
            "\"aB3+/=x\"\r\n",
            r#"{"response":"success","body":"aB3+/=x"}"#,
            r#"{"body":"aB3+/=x"}"#,
            r#"{"random":"aB3+/=x"}"#,
            r#"{"realm":"aB3+/=x",}"#,
            r#"{"response":"success","body":{"realm":"aB3+/=x"}}"#,
            r#"{"res":"success","msg":{"random":" aB3+/=x "}}"#,
        ] {
            let realm = found(text).unwrap_or_else(|| panic!("no realm in {text}"));
            assert_eq!(realm.expose_secret(), "aB3+/=x", "{text}");
        }
        let number = found(r#"{"random":123456}"#).unwrap();
        assert_eq!(number.expose_secret(), "123456");
        let long = "x".repeat(LONGEST_REALM + 1);
        for text in [
            "",
            "\"\"",
            "<html><body>a1b2c3</body></html>",
            "Response=Error\r\nMessage=x",
            "Response=Success",
            "two words",
            "two\nlines",
            r#"{"response":"error","body":"a1b2c3"}"#,
            r#"{"response":"success","body":""}"#,
            r#"{"response":"success","body":"unauthorized"}"#,
            r#"{"other":"a1b2c3"}"#,
            r#"["a1b2c3"]"#,
            &long,
        ] {
            assert!(found(text).is_none(), "{text}");
        }
    }

    async fn check(answer: String, outcome: LoginOutcome, unproven: bool, why: Option<Reason>) {
        let (login, client, server) = log_in(&answer).await;
        assert_eq!(login.outcome, outcome, "{answer}");
        assert_eq!(login.unproven, unproven, "{answer}");
        assert_eq!(reason(&login), why, "{answer}");
        let accepted = outcome == LoginOutcome::Accepted;
        assert_eq!(client.has_session(), accepted, "{answer}");
        assert_eq!(server.lines()[1].1, COLON);
    }

    fn with_cookie(body: &str) -> String {
        with_head("HTTP/1.1 200 OK\r\nSet-Cookie: phonecookie=\"x\"", body)
    }

    fn with_status(line: &str) -> String {
        with_head(&format!("HTTP/1.1 {line}"), "")
    }

    const PAGE: &str = "<html><body>Welcome</body></html>";
    const PACKED: &str = "\x1f\u{FFFD}\x08\x00";
    const LOGIN_PAGE: &str = "<html><form><input type=password></form></html>";

    #[tokio::test]
    async fn a_word_of_success_opens_a_session() {
        for body in [
            WELCOME,
            "Response=Success\r\nver=1\r\nneedchange=1",
            r#"{"res":"success","msg":"authentication accepted"}"#,
            r#"{"response":"SUCCESS","body":{"sid":"1"},}"#,
        ] {
            check(ok(body), LoginOutcome::Accepted, false, None).await;
            check(with_cookie(body), LoginOutcome::Accepted, false, None).await;
        }
    }

    #[test]
    fn a_default_password_is_told_in_lines_or_in_json() {
        for (text, expect) in [
            ("Response=Success\r\nver=1\r\nneedchange=1\r\n", true),
            ("Response=Success\r\nneedchange=0", false),
            (
                r#"{"response":"success","body":{"sid":"1","defaultAuth": true}}"#,
                true,
            ),
            (
                r#"{"response":"success","body":{"sid":"1","defaultAuth":false}}"#,
                false,
            ),
            ("", false),
        ] {
            assert_eq!(asks_for_change(text), expect, "{text}");
        }
    }

    #[tokio::test]
    async fn without_such_a_word_a_cookie_is_a_session_to_be_proven_and_nothing_is_lost() {
        for body in ["", "who knows", PAGE, "{broken"] {
            check(with_cookie(body), LoginOutcome::Accepted, true, None).await;
        }
        check(with_cookie(PACKED), LoginOutcome::Accepted, true, None).await;
    }

    #[tokio::test]
    async fn an_answer_that_refuses_no_password_is_told_as_such() {
        let why = Some(Reason::Login);
        for body in ["", "who knows", LOGIN_PAGE] {
            check(ok(body), LoginOutcome::Wordless, false, why).await;
        }
        check(with_cookie(LOGIN_PAGE), LoginOutcome::Wordless, false, why).await;
        let to_login = with_status("302 Found\r\nLocation: /login");
        check(to_login, LoginOutcome::Wordless, false, why).await;
        for body in [
            PAGE,
            "{broken",
            PACKED,
            "rebooting",
            r#"{"res":"error","msg":"phone rebooting"}"#,
            "Response=Error\r\nMessage=System is not ready",
        ] {
            check(ok(body), LoginOutcome::Unclear, false, why).await;
        }
        for line in [
            "204 No Content",
            "302 Found\r\nLocation: /",
            "301 Moved\r\nLocation: https://192.0.2.1/",
            "403 Forbidden",
            "404 Not Found",
            "500 Oops",
            "503 Busy",
        ] {
            let outcome = match line {
                "204 No Content" => LoginOutcome::Wordless,
                _ => LoginOutcome::Unclear,
            };
            check(with_status(line), outcome, false, why).await;
        }
        for raw in [
            "\x15\x03\x01",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
        ] {
            check(raw.into(), LoginOutcome::Unclear, false, why).await;
        }
    }

    #[tokio::test]
    async fn every_form_of_refusal_is_a_refusal_with_or_without_a_cookie() {
        let why = Some(Reason::Auth);
        for body in [
            r#"{"response":"error","body":"wrong4"}"#,
            r#"{"response":"error","body":{}}"#,
            r#"{"response":"error","body":"x"}"#,
            r#"{"response":"success","body":"unauthorized"}"#,
            r#"{"res":"error","msg":"authentication failed"}"#,
            "Response=Error\r\nMessage=y\r\ntimes=2",
            "Response=Error\r\nMessage=Invalid Username",
        ] {
            check(ok(body), LoginOutcome::Refused, false, why).await;
            check(with_cookie(body), LoginOutcome::Refused, false, why).await;
        }
        let unauthorized = with_status("401 Unauthorized");
        check(unauthorized, LoginOutcome::Refused, false, why).await;
    }

    #[tokio::test]
    async fn a_lock_is_told_with_its_length() {
        for (body, seconds) in [
            (
                r#"{"response":"error","body":"locked","lockTime":5}"#,
                Some(300),
            ),
            ("Response=Error\r\nMessage=Locked\r\nlocktype=1", Some(301)),
            ("Response=Error\r\nMessage=Locked\r\nlocktype=2", None),
        ] {
            let lasts = seconds.map(Duration::from_secs);
            let why = Some(Reason::Locked);
            check(ok(body), LoginOutcome::Locked { lasts }, false, why).await;
        }
    }

    #[tokio::test]
    async fn without_a_realm_there_is_nothing_to_send() {
        let cases = [
            (ok("<html>"), Reason::Login),
            (ok(""), Reason::Login),
            (ok("rebooting"), Reason::Login),
            (ok("Response=Error\r\nMessage=x"), Reason::Login),
            (with_status("404 Not Found"), Reason::Login),
            (with_status("403 Forbidden"), Reason::Login),
            (with_status("503 Busy"), Reason::Login),
            (
                with_status("302 Found\r\nLocation: https://x/cgi-bin/loginrealm"),
                Reason::HttpStatus,
            ),
            (
                ok(r#"{"response":"error","body":"locked"}"#),
                Reason::Locked,
            ),
        ];
        for (answer, expect) in cases {
            let played = answer.clone();
            let server = Server::plain(move |_| Play::Say(played.clone())).await;
            let mut client = server.client();
            client.open(ample());
            let failure = match client.realm().await {
                Ok(_) => panic!("a realm in {answer}"),
                Err(NoRealm::Locked { failure, .. } | NoRealm::Failed(failure)) => failure,
            };
            assert_eq!(failure.reason, expect, "{answer}");
            assert!(!client.has_session());
            assert_eq!(server.lines().len(), 1, "{answer}");
        }
    }

    #[tokio::test]
    async fn a_login_is_never_repeated_and_a_lost_answer_is_told_as_lost() {
        for (play, deadline, expect) in [
            (Play::Reset, ample(), Reason::Reset),
            (Play::SayAndClose(String::new()), ample(), Reason::Reset),
            (Play::Stall(""), soon(), Reason::Timeout),
        ] {
            let server = Server::plain(move |asked| match asked.line() {
                REALM => Play::Say(ok("a1b2c3")),
                _ => play.clone(),
            })
            .await;
            let mut client = server.client();
            client.open(deadline);
            let login = log_in_as(&mut client, "gmiadmin").await;
            assert_eq!(login.outcome, LoginOutcome::Lost);
            assert_eq!(reason(&login), Some(expect));
            let connections: Vec<_> = server.lines().iter().map(|(n, _)| *n).collect();
            assert_eq!(
                connections,
                [1, 2],
                "the digest has a connection of its own"
            );
        }
    }

    #[tokio::test]
    async fn usernames_are_encoded_and_the_session_id_of_the_body_becomes_a_cookie() {
        for body in [
            r#"{"response":"success","body":{"sid":"s1"}}"#,
            r#"{"response":"success","body":"s1"}"#,
            r#"{"response":"success","sid":"s1"}"#,
        ] {
            let body = body.to_owned();
            let server = Server::plain(move |asked| {
                Play::Say(ok(match asked.line() {
                    REALM => "a1b2c3",
                    line if line.starts_with(LOGIN) => &body,
                    _ => r#"{"response":"success","body":"busy"}"#,
                }))
            })
            .await;
            let mut client = server.client();
            client.open(ample());
            let login = log_in_as(&mut client, "a b&ü").await;
            assert_eq!(login.outcome, LoginOutcome::Accepted);
            client.reader().status().await.unwrap();
            let asked = server.asked();
            assert!(asked[1].line().contains("Username=a%20b%26%C3%BC&Secret="));
            assert_eq!(asked[2].header("Cookie"), Some("sid=s1"));
            client.drop_session();
            assert!(!client.has_session());
        }
    }

    #[tokio::test]
    async fn a_login_brings_back_what_its_realm_set_and_nothing_of_an_older_session() {
        let server = Server::plain(|asked| {
            Play::Say(match asked.line() {
                REALM => with_head("HTTP/1.1 200 OK\r\nSet-Cookie: realm=1", "a1b2c3"),
                _ => with_head("HTTP/1.1 200 OK\r\nSet-Cookie: login=1", WELCOME),
            })
        })
        .await;
        let mut client = server.client();
        client.open(ample());
        for _ in 0..2 {
            log_in_as(&mut client, "gmiadmin").await;
            assert!(client.has_session());
        }
        let cookies: Vec<_> = server
            .asked()
            .iter()
            .map(|asked| asked.header("Cookie").map(str::to_owned))
            .collect();
        let own = Some("realm=1".to_owned());
        assert_eq!(cookies, [None, own.clone(), None, own]);
    }

    #[tokio::test]
    async fn a_login_that_cannot_be_sent_is_told_as_unsent() {
        let server = Server::plain(|_| Play::Say(ok("a1b2c3"))).await;
        let mut client = server.client();
        client.open(ample());
        let realm = client.realm().await.expect("a realm");
        client.open(tokio::time::Instant::now());
        let format = SecretFormat::Colon;
        let login = client.login(realm, "gmiadmin", &password(), format).await;
        assert_eq!(login.outcome, LoginOutcome::NotSent);
        assert_eq!(server.lines().len(), 1);
    }

    #[tokio::test]
    async fn nothing_that_is_shown_holds_a_secret() {
        let server = Server::plain(|asked| {
            Play::Say(match asked.line() {
                REALM => ok("realm-xyz"),
                line if line.starts_with(LOGIN) => with_head(
                    "HTTP/1.1 200 OK\r\nSet-Cookie: c=cookie-xyz",
                    r#"{"response":"success","body":{"sid":"sid-xyz"}}"#,
                ),
                _ => ok(r#"{"response":"success","body":[
                    {"line":1,"state":"4","name":"name-xyz","number":"number-xyz"}]}"#),
            })
        })
        .await;
        let mut client = server.client();
        client.record();
        client.open(ample());
        let password = SecretString::from("password-xyz");
        let realm = client.realm().await.expect("a realm");
        let shown = format!("{realm:?}");
        assert!(!shown.contains("xyz"), "{shown}");
        let login = client
            .login(realm, "gmiadmin", &password, SecretFormat::Dot)
            .await;
        client.reader().lines(Keep::default()).await.unwrap();
        let exchanges = client.take_exchanges();
        let shown = format!("{client:?} {login:?} {exchanges:?}");
        assert!(!shown.contains("xyz"), "{shown}");
        let secret = digest(
            SecretFormat::Dot,
            "gmiadmin",
            &"realm-xyz".into(),
            &password,
        );
        assert!(!shown.contains(secret.expose_secret()), "{shown}");
        let requests: Vec<_> = exchanges.iter().map(|one| one.request.as_str()).collect();
        assert_eq!(
            requests,
            [
                "/cgi-bin/loginrealm",
                "/cgi-bin/login?Username=gmiadmin&Secret=(removed)",
                "/cgi-bin/api-get_line_status"
            ]
        );
        assert!(
            exchanges
                .iter()
                .all(|one| one.understood == "success" || one.request == REALM)
        );
        assert!(client.take_exchanges().is_empty());
    }
}
