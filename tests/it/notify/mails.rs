//! Mails: what each refusal means, and what is in the mail that is taken.

use grandstream_exporter::notify::Delivery;
use grandstream_exporter::notify::channel::{Channel, Email, Encryption};
use grandstream_exporter::notify::http_client::TlsClient;
use grandstream_exporter::notify::retry::FailureReason;
use grandstream_exporter::notify::send::{Attempt, send, send_to};
use mail_parser::{HeaderValue, Message, MessageParser};
use tempfile::TempDir;

use super::smtp::{END, ENDLESS, GREETING, HANG_UP, Manners, Received, SILENCE, Server};
use super::{
    DELIVERED, Meaning, SHORT, acceptor, authorities, delivery, error, meaning, nobody, receiver,
};
use crate::harness::certificates::Authority;

const PASSWORD: &str = "the mail's password";
const BUSY: Meaning = ("temporary", Some(FailureReason::Busy));
const REFUSED: Meaning = ("permanent", Some(FailureReason::Refused));
const TLS: Meaning = ("temporary", Some(FailureReason::Tls));

fn email(server: &Server, encryption: Encryption) -> Email {
    Email {
        to: vec![
            "Help Desk <desk@acme.example>".into(),
            "night@acme.example".into(),
        ],
        from: "phones@acme.example".into(),
        host: "127.0.0.1".into(),
        port: server.address.port(),
        encryption,
        tls: TlsClient::default(),
        login: None,
        timeout: None,
    }
}

/// A directory with the authorities `ca`, which has a server, and `other`.
fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    Authority::new(home.path(), "ca").server();
    Authority::new(home.path(), "other");
    home
}

async fn sent(email: Email, delivery: &Delivery) -> Attempt {
    send(&receiver(Channel::Email(Box::new(email))), delivery).await
}

/// How an attempt goes with a server that answers these lines in this way.
async fn refused(instead: &[(&'static str, &'static str)]) -> (Attempt, Received) {
    let mut server = Server::start(Manners {
        instead: instead.to_vec(),
        ..Manners::default()
    })
    .await;
    let attempt = sent(email(&server, Encryption::None), &delivery("reception")).await;
    (attempt, server.received().await)
}

#[tokio::test]
async fn each_refusal_is_taken_for_what_it_means() {
    let broken = ("temporary", Some(FailureReason::Broken));
    for (at, reply, expected, words) in [
        (
            GREETING,
            "421 4.3.2 later",
            BUSY,
            "the greeting was answered with code 421: 4.3.2 later",
        ),
        (
            GREETING,
            "554 5.7.1 no",
            REFUSED,
            "the greeting was answered with code 554: 5.7.1 no",
        ),
        (
            "MAIL",
            "452 4.3.1 full",
            BUSY,
            "MAIL was answered with code 452: 4.3.1 full",
        ),
        (
            "RCPT",
            "550 5.1.1 unknown",
            REFUSED,
            "recipients were refused: desk@acme.example (RCPT was answered with code 550: 5.1.1 \
             unknown), night@acme.example (RCPT was answered with code 550: 5.1.1 unknown)",
        ),
        (
            "DATA",
            "451 4.3.0 broken",
            BUSY,
            "DATA was answered with code 451: 4.3.0 broken",
        ),
        (
            END,
            "554 5.6.0 spam",
            REFUSED,
            "the mail was answered with code 554: 5.6.0 spam",
        ),
        (GREETING, "SSH-2.0-OpenSSH", broken, "the greeting: "),
        (GREETING, HANG_UP, broken, "the greeting: "),
        ("MAIL", HANG_UP, broken, "MAIL: "),
    ] {
        let (attempt, _) = refused(&[(at, reply)]).await;
        assert_eq!(
            meaning(&attempt.result),
            expected,
            "{at} {reply}: {attempt:?}"
        );
        let said = error(&attempt.result);
        let as_expected = if words.ends_with(": ") {
            said.starts_with(words)
        } else {
            said == words
        };
        assert!(as_expected, "{at} {reply}: {said}");
    }
}

#[tokio::test]
async fn a_recipient_who_is_refused_does_not_cost_the_others_their_mail() {
    let (attempt, received) = refused(&[("RCPT TO:<desk@", "550 5.1.1 unknown")]).await;
    assert_eq!(meaning(&attempt.result), DELIVERED, "{attempt:?}");
    let remark = attempt.remark.expect("a remark");
    assert_eq!(
        &*remark,
        "recipients were refused: desk@acme.example (RCPT was answered with code 550: 5.1.1 unknown)"
    );
    assert!(received.mail.contains("Subject: "), "{received:?}");
}

#[tokio::test]
async fn each_refusal_of_a_recipient_is_told_apart_and_one_can_be_sent_to_alone() {
    let busy = ("RCPT TO:<night@", "450 4.2.1 full");
    let (attempt, _) = refused(&[busy]).await;
    assert_eq!(meaning(&attempt.result), DELIVERED, "{attempt:?}");
    let [(to, result)] = &attempt.refused[..] else {
        panic!("{attempt:?}");
    };
    assert_eq!((&**to, meaning(result)), ("night@acme.example", BUSY));

    let mut server = Server::start(Manners::default()).await;
    let receiver = receiver(Channel::Email(Box::new(email(&server, Encryption::None))));
    let delivery = delivery("reception");
    let attempt = send_to(&receiver, Some(std::slice::from_ref(to)), &delivery).await;
    assert_eq!(meaning(&attempt.result), DELIVERED, "{attempt:?}");
    let conversation = server.received().await;
    let named: Vec<_> = conversation
        .lines
        .iter()
        .filter(|line| line.starts_with("RCPT"))
        .collect();
    assert_eq!(named, ["RCPT TO:<night@acme.example>"]);
    assert!(
        conversation.mail.contains("desk@acme.example"),
        "the headers name all"
    );

    let gone = ["nobody@acme.example".into()];
    let attempt = send_to(&receiver, Some(&gone), &delivery).await;
    let broken = ("permanent", Some(FailureReason::Broken));
    assert_eq!(meaning(&attempt.result), broken, "{attempt:?}");
    assert_eq!(
        error(&attempt.result),
        "the recipient is no longer configured"
    );
}

#[tokio::test]
async fn all_are_tried_again_if_one_of_those_refused_may_be_taken_later() {
    let (attempt, _) = refused(&[
        ("RCPT TO:<desk@", "451 4.7.1 greylisted"),
        ("RCPT TO:<night@", "550 5.1.1 unknown"),
    ])
    .await;
    assert_eq!(meaning(&attempt.result), BUSY, "{attempt:?}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left() {
    for at in [GREETING, "EHLO", "RCPT", "DATA"] {
        let server = Server::start(Manners {
            instead: vec![(at, SILENCE)],
            ..Manners::default()
        })
        .await;
        let mut email = email(&server, Encryption::None);
        email.timeout = Some(SHORT);
        let attempt = sent(email, &delivery("reception")).await;
        let timeout = ("temporary", Some(FailureReason::Timeout));
        assert_eq!(meaning(&attempt.result), timeout, "{at}: {attempt:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_ends_a_line_is_hung_up_on_before_it_fills_the_memory() {
    let home = home();
    for encryption in [Encryption::None, Encryption::Starttls, Encryption::Tls] {
        let at_once = encryption == Encryption::Tls;
        let server = Server::start(Manners {
            tls: at_once.then(|| acceptor(home.path(), "ca")),
            at_once,
            instead: vec![(GREETING, ENDLESS)],
            ..Manners::default()
        })
        .await;
        let mut email = email(&server, encryption);
        email.tls.authorities = at_once.then(|| authorities(home.path(), "ca"));
        let attempt = sent(email, &delivery("reception")).await;
        let broken = ("temporary", Some(FailureReason::Broken));
        assert_eq!(meaning(&attempt.result), broken, "{attempt:?}");
    }
}

#[tokio::test]
async fn a_mail_that_was_taken_is_taken_however_the_conversation_ends() {
    for farewell in [HANG_UP, SILENCE, "421 4.3.2 going"] {
        let server = Server::start(Manners {
            instead: vec![("QUIT", farewell)],
            ..Manners::default()
        })
        .await;
        let attempt = sent(email(&server, Encryption::None), &delivery("reception")).await;
        assert_eq!(
            meaning(&attempt.result),
            DELIVERED,
            "{farewell}: {attempt:?}"
        );
    }
}

#[tokio::test]
async fn nobody_there_is_no_connection() {
    let server = Server::start(Manners::default()).await;
    let mut email = email(&server, Encryption::None);
    email.port = nobody().port();
    let attempt = sent(email, &delivery("reception")).await;
    let connect = ("temporary", Some(FailureReason::Connect));
    assert_eq!(meaning(&attempt.result), connect, "{attempt:?}");
}

#[tokio::test]
async fn a_login_is_sent_under_tls_and_never_shown() {
    let home = home();
    for (encryption, at_once) in [(Encryption::Starttls, false), (Encryption::Tls, true)] {
        let mut server = Server::start(Manners {
            tls: Some(acceptor(home.path(), "ca")),
            at_once,
            login: Some(("phones", PASSWORD)),
            ..Manners::default()
        })
        .await;
        for (password, expected) in [(PASSWORD, DELIVERED), ("wrong", REFUSED)] {
            let mut email = email(&server, encryption);
            email.tls.authorities = Some(authorities(home.path(), "ca"));
            email.login = Some(("phones".into(), password.into()));
            let attempt = sent(email, &delivery("reception")).await;
            assert_eq!(
                meaning(&attempt.result),
                expected,
                "{encryption:?}: {attempt:?}"
            );
            let received = server.received().await;
            assert!(received.encrypted, "{received:?}");
            assert_eq!(
                received.mail.is_empty(),
                expected != DELIVERED,
                "{received:?}"
            );
            let said = format!("{attempt:?}");
            assert!(said.contains("> AUTH as phones"), "{said}");
            let auth = received.lines.iter().find(|line| line.starts_with("AUTH"));
            let auth = auth
                .and_then(|line| line.split(' ').next_back())
                .expect("AUTH");
            assert!(!said.contains(password) && !said.contains(auth), "{said}");
        }
    }
}

#[tokio::test]
async fn nothing_is_said_without_the_encryption_that_is_wanted() {
    let home = home();
    let tls = || Some(acceptor(home.path(), "ca"));
    let starttls_refused = vec![("STARTTLS", "454 4.7.0 not now")];
    for (what, manners, authority, expected) in [
        ("not offered", Manners::default(), "ca", TLS),
        (
            "refused",
            Manners {
                tls: tls(),
                instead: starttls_refused,
                ..Manners::default()
            },
            "ca",
            BUSY,
        ),
        (
            "of a stranger",
            Manners {
                tls: tls(),
                ..Manners::default()
            },
            "other",
            TLS,
        ),
    ] {
        let mut server = Server::start(manners).await;
        let mut email = email(&server, Encryption::Starttls);
        email.tls.authorities = Some(authorities(home.path(), authority));
        email.login = Some(("phones".into(), PASSWORD.into()));
        let attempt = sent(email, &delivery("reception")).await;
        assert_eq!(meaning(&attempt.result), expected, "{what}: {attempt:?}");
        let received = server.received().await;
        let secret = |line: &&String| line.starts_with("AUTH") || line.starts_with("MAIL");
        assert_eq!(received.lines.iter().find(secret), None, "{what}");
    }
    let mut server = Server::start(Manners {
        tls: tls(),
        at_once: true,
        ..Manners::default()
    })
    .await;
    let mut email = email(&server, Encryption::Tls);
    email.tls.authorities = Some(authorities(home.path(), "other"));
    let attempt = sent(email, &delivery("reception")).await;
    assert_eq!(meaning(&attempt.result), TLS, "{attempt:?}");
    assert_eq!(server.received().await.lines, [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_a_mistake_of_the_configuration() {
    let server = Server::start(Manners::default()).await;
    let broken = ("permanent", Some(FailureReason::Broken));
    let mut wrong = email(&server, Encryption::None);
    wrong.to = vec!["nobody".into()];
    let attempt = sent(wrong, &delivery("reception")).await;
    assert_eq!(meaning(&attempt.result), broken, "{attempt:?}");
    assert!(
        error(&attempt.result).starts_with("`nobody` is no address of mail"),
        "{attempt:?}"
    );
    let mut wrong = email(&server, Encryption::None);
    wrong.from = "büro@acme.example".into();
    let attempt = sent(wrong, &delivery("reception")).await;
    assert_eq!(meaning(&attempt.result), broken, "{attempt:?}");
}

/// The mail about this message, as a mail server received it.
async fn mail(delivery: &Delivery) -> String {
    let mut server = Server::start(Manners::default()).await;
    let attempt = sent(email(&server, Encryption::None), delivery).await;
    assert_eq!(meaning(&attempt.result), DELIVERED, "{attempt:?}");
    server.received().await.mail
}

fn parsed(mail: &str) -> Message<'_> {
    MessageParser::default().parse(mail).expect("a mail")
}

#[tokio::test]
async fn a_mail_is_filed_threaded_and_answered_by_nobodys_holiday() {
    let first = mail(&delivery("reception")).await;
    let again = mail(&delivery("reception")).await;
    let mut later = delivery("kitchen");
    later.id = "8".into();
    let later = mail(&later).await;
    let mut elsewhere = delivery("lab");
    elsewhere.group_key = "lyon".into();
    let elsewhere = mail(&elsewhere).await;
    let [first, again, later, elsewhere] =
        [&first, &again, &later, &elsewhere].map(|mail| parsed(mail));
    assert_eq!(
        first.subject(),
        Some("[FIRING 1] PhoneUnreachable hq: reception does not answer")
    );
    let header = |name: &'static str| first.header_raw(name).map(str::trim);
    assert_eq!(header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header("X-Auto-Response-Suppress"), Some("All"));
    assert_eq!(header("From"), Some("phones@acme.example"));
    assert_eq!(
        header("To"),
        Some("\"Help Desk\" <desk@acme.example>, night@acme.example")
    );
    assert_eq!(
        first.date().map(mail_parser::DateTime::to_timestamp),
        Some(1_700_000_600)
    );
    assert_eq!(first.message_id(), again.message_id());
    assert_ne!(first.message_id(), later.message_id());
    let thread = |mail: &Message<'_>| {
        assert_eq!(mail.in_reply_to(), mail.references());
        assert!(matches!(mail.references(), HeaderValue::Text(_)));
        mail.references().clone().into_owned()
    };
    assert_eq!(thread(&first), thread(&later));
    assert_ne!(thread(&first), thread(&elsewhere));
}

#[tokio::test]
async fn whatever_a_phone_calls_itself_breaks_neither_headers_nor_html() {
    let name = "a\r\nBcc: x@evil.example\r\n\r\n.\r\n<script>alert(\"1\")</script>☎ \u{202E}\u{0}";
    let mail = mail(&delivery(name)).await;
    let mail = parsed(&mail);
    assert!(mail.bcc().is_none());
    let subject = mail.subject().expect("a subject");
    assert_eq!(
        subject,
        "[FIRING 1] PhoneUnreachable hq: a Bcc: x@evil.example . \
         <script>alert(\"1\")</script>☎ \u{FFFD}\u{FFFD} does not answer"
    );
    let content_type = mail.header_raw("Content-Type").expect("a kind");
    assert!(
        content_type.contains("multipart/alternative"),
        "{content_type}"
    );
    assert_eq!((mail.text_body_count(), mail.html_body_count()), (1, 1));
    let text = mail.body_text(0).expect("a text");
    assert!(text.starts_with(subject), "{text}");
    assert!(text.contains("https://phones.example/alerts"), "{text}");
    let html = mail.body_html(0).expect("HTML");
    assert!(
        html.contains("&lt;script&gt;") && !html.contains("<script"),
        "{html}"
    );
    assert!(html.contains('☎'), "{html}");
}
