//! Webhooks: what each answer means, what is proven and what is never said.

use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::notify::channel::{Body, Channel, Webhook};
use grandstream_exporter::notify::http_client::{Authorization, HeaderText, HttpClient};
use grandstream_exporter::notify::retry::{DeliveryResult, FailureReason};
use grandstream_exporter::notify::send::{Attempt, send};
use ring::hmac;

use super::{
    DELIVERED, Meaning, SHORT, acceptor, authorities, bearer, delivery, error, header, meaning,
    nobody, receiver,
};
use crate::harness::certificates::Authority;
use crate::harness::sink::{Answers, Sink};

/// What must not be said to anybody but the receiver.
const TOKEN: &str = "T0KEN-OF-THE-ADDRESS";

fn webhook(sink: &Sink) -> Webhook {
    Webhook {
        url: format!("http://{}/hooks/{TOKEN}", sink.address).into(),
        body: Body::Generic,
        hmac: None,
        client: HttpClient::default(),
        timeout: None,
    }
}

async fn sent(webhook: Webhook) -> Attempt {
    send(
        &receiver(Channel::Webhook(Box::new(webhook))),
        &delivery("reception"),
    )
    .await
}

#[track_caller]
fn check(attempt: &Attempt, expected: Meaning, words: &str) {
    let found = (meaning(&attempt.result), error(&attempt.result));
    assert_eq!(found, (expected, words), "{attempt:?}");
    let said = format!("{attempt:?}");
    assert!(!said.contains(TOKEN), "{said}");
}

#[tokio::test]
async fn each_answer_is_taken_for_what_it_means() {
    let refused = ("permanent", Some(FailureReason::Refused));
    let busy = ("temporary", Some(FailureReason::Busy));
    for (head, body, expected, words) in [
        ("200 OK", "ok", DELIVERED, ""),
        ("204 No Content", "", DELIVERED, ""),
        (
            "400 Bad Request",
            "invalid_payload",
            refused,
            "answered with status 400: invalid_payload",
        ),
        ("401 Unauthorized", "", refused, "answered with status 401"),
        (
            "404 Not Found",
            "Cannot POST /hooks/T0KEN-OF-THE-ADDRESS",
            refused,
            "answered with status 404: Cannot POST /hooks/***",
        ),
        (
            "429 Too Many Requests",
            "",
            busy,
            "answered with status 429",
        ),
        (
            "500 Internal Server Error",
            "",
            busy,
            "answered with status 500",
        ),
    ] {
        let sink = Sink::start(Answers::With(head, body.to_owned())).await;
        check(&sent(webhook(&sink)).await, expected, words);
    }
}

#[tokio::test]
async fn a_receiver_says_how_long_it_wants_to_be_left_alone() {
    for (head, expected) in [
        ("429 Slow\r\nRetry-After: 120", Some(120)),
        (
            "503 Off\r\nDate: Fri, 31 Dec 1999 23:59:00 GMT\r\n\
             Retry-After: Fri, 31 Dec 1999 23:59:59 GMT",
            Some(59),
        ),
        (
            "503 Off\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT",
            None,
        ),
    ] {
        let sink = Sink::start(Answers::With(head, String::new())).await;
        let attempt = sent(webhook(&sink)).await;
        let DeliveryResult::Temporary { after, .. } = attempt.result else {
            panic!("{attempt:?}");
        };
        assert_eq!(after, expected.map(Duration::from_secs), "{head}");
    }
}

#[tokio::test]
async fn one_that_hangs_up_or_says_nothing_is_tried_again() {
    for (answers, expected) in [
        (Answers::Reset, ("temporary", Some(FailureReason::Broken))),
        (Answers::Close, ("temporary", Some(FailureReason::Broken))),
        (Answers::Never, ("temporary", Some(FailureReason::Timeout))),
    ] {
        let sink = Sink::start(answers).await;
        let mut webhook = webhook(&sink);
        webhook.timeout = Some(SHORT);
        let attempt = sent(webhook).await;
        assert_eq!(meaning(&attempt.result), expected, "{attempt:?}");
        assert!(!format!("{attempt:?}").contains(TOKEN), "{attempt:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_no_connection() {
    let sink = Sink::start(Answers::Close).await;
    let mut webhook = webhook(&sink);
    webhook.url = format!("http://{}/hooks/{TOKEN}", nobody()).into();
    let attempt = sent(webhook).await;
    assert_eq!(
        meaning(&attempt.result),
        ("temporary", Some(FailureReason::Connect)),
        "{attempt:?}"
    );
    assert!(!format!("{attempt:?}").contains(TOKEN), "{attempt:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let sink = Sink::start(Answers::Endlessly).await;
    let attempt = sent(webhook(&sink)).await;
    check(&attempt, DELIVERED, "");
    let longest = attempt.dialogue.iter().map(String::len).max();
    assert!(longest.is_some_and(|longest| longest < 300), "{attempt:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut elsewhere = Sink::start(Answers::With("200 OK", String::new())).await;
    let head = format!("302 Found\r\nLocation: http://{}/", elsewhere.address);
    let sink = Sink::start(Answers::With(head.leak(), String::new())).await;
    let mut webhook = webhook(&sink);
    webhook.client.authorization = bearer("a bearer's token");
    let words = "answered with status 302; redirects are not followed: configure the address it \
                 leads to";
    check(
        &sent(webhook).await,
        ("permanent", Some(FailureReason::Refused)),
        words,
    );
    assert!(elsewhere.is_untouched());
}

#[tokio::test]
async fn a_post_says_who_sends_and_proves_it() {
    let mut sink = Sink::start(Answers::With("200 OK", String::new())).await;
    let mut webhook = webhook(&sink);
    webhook.hmac = Some("the key".into());
    webhook.client.headers = vec![
        header("X-Tenant", HeaderText::Secret("acme-tenant".into())),
        header("X-Team", HeaderText::Public("night-shift".into())),
    ];
    webhook.client.authorization = Authorization::Basic {
        username: "user".into(),
        password: "pass-word".into(),
    };
    let attempt = sent(webhook).await;
    check(&attempt, DELIVERED, "");
    let asked = sink.asked().await;
    assert!(
        asked
            .head
            .starts_with(&format!("POST /hooks/{TOKEN} HTTP/1.1\r\n")),
        "{asked:?}"
    );
    let version = concat!("grandstream-exporter/", env!("CARGO_PKG_VERSION"));
    for (name, value) in [
        ("content-type", "application/json"),
        ("idempotency-key", "7"),
        ("x-tenant", "acme-tenant"),
        ("x-team", "night-shift"),
        ("authorization", "Basic dXNlcjpwYXNzLXdvcmQ="),
        ("user-agent", version),
    ] {
        assert_eq!(asked.header(name), Some(value), "{asked:?}");
    }
    let signature = asked.header("x-signature-256").expect("a signature");
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"the key");
    let tag = hmac::sign(&key, asked.body.as_bytes());
    let hex: Vec<_> = tag.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(signature, format!("sha256={}", hex.concat()));
    let said = attempt.dialogue.join("\n");
    for secret in ["the key", "acme-tenant", "pass-word", "dXNlcjpwYXNz", TOKEN] {
        assert!(!said.contains(secret), "{said}");
    }
    for shown in [&format!("> POST http://{}/…", sink.address), "night-shift"] {
        assert!(said.contains(shown), "{said}");
    }
}

#[tokio::test]
async fn ntfy_gets_its_headers_and_a_plain_text() {
    let mut sink = Sink::start(Answers::With("200 OK", String::new())).await;
    let mut webhook = webhook(&sink);
    webhook.body = Body::Ntfy;
    let channel = Channel::Webhook(Box::new(webhook));
    let attempt = send(&receiver(channel), &delivery("réception\r\nX-Evil: 1")).await;
    check(&attempt, DELIVERED, "");
    let asked = sink.asked().await;
    assert_eq!(asked.header("priority"), Some("5"), "{asked:?}");
    assert_eq!(asked.header("click"), Some("https://phones.example/alerts"));
    assert!(
        asked
            .header("title")
            .is_some_and(|title| title.starts_with("=?UTF-8?B?"))
    );
    assert_eq!(asked.header("x-evil"), None);
    assert!(
        asked.body.contains("* réception X-Evil: 1 does not answer"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_template_that_fails_is_made_good_for_and_told() {
    let mut sink = Sink::start(Answers::With("200 OK", String::new())).await;
    let mut webhook = webhook(&sink);
    webhook.body = Body::Own {
        template: Arc::from("{{ nothing }}"),
        content_type: "text/plain".into(),
    };
    let attempt = sent(webhook).await;
    check(&attempt, DELIVERED, "");
    assert!(
        attempt
            .remark
            .is_some_and(|remark| remark.contains("`nothing` is undefined"))
    );
    assert!(
        sink.asked()
            .await
            .body
            .starts_with("[FIRING 1] PhoneUnreachable hq")
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_a_mistake_of_the_configuration() {
    let sink = Sink::start(Answers::Never).await;
    let broken = ("permanent", Some(FailureReason::Broken));
    let mut wrong = webhook(&sink);
    wrong.url = format!("phones.example/{TOKEN}").into();
    check(
        &sent(wrong).await,
        broken,
        "its address is none of the form https://host/path",
    );
    let mut wrong = webhook(&sink);
    wrong.client.headers = vec![header("X-Tenant", HeaderText::Secret("a\nb".into()))];
    check(
        &sent(wrong).await,
        broken,
        "the header `X-Tenant` cannot be sent",
    );
}

#[tokio::test]
async fn only_certificates_of_the_configured_authority_are_trusted() {
    let home = tempfile::tempdir().expect("a directory");
    Authority::new(home.path(), "ca").server();
    Authority::new(home.path(), "other");
    let acceptor = acceptor(home.path(), "ca");
    let ok = |_: &str| Answers::With("200 OK", String::new());
    let mut sink = Sink::start_with(Some(acceptor), ok).await;
    for (authority, insecure, expected) in [
        (Some("ca"), false, DELIVERED),
        (
            Some("other"),
            false,
            ("temporary", Some(FailureReason::Tls)),
        ),
        (None, false, ("temporary", Some(FailureReason::Tls))),
        (Some("other"), true, DELIVERED),
    ] {
        let mut webhook = webhook(&sink);
        webhook.url = format!("https://{}/hooks/{TOKEN}", sink.address).into();
        webhook.client.tls.authorities =
            authority.map(|authority| authorities(home.path(), authority));
        webhook.client.tls.insecure_skip_verify = insecure;
        let attempt = sent(webhook).await;
        assert_eq!(
            meaning(&attempt.result),
            expected,
            "{authority:?}: {attempt:?}"
        );
        assert_eq!(sink.is_untouched(), expected != DELIVERED, "{authority:?}");
    }
}

#[tokio::test]
async fn a_proxy_is_used_only_where_it_is_configured() {
    let mut proxy = Sink::start(Answers::With("200 OK", String::new())).await;
    let sink = Sink::start(Answers::Never).await;
    let mut webhook = webhook(&sink);
    webhook.client.proxy_url = Some(format!("http://{}", proxy.address).into());
    check(&sent(webhook).await, DELIVERED, "");
    let asked = proxy.asked().await;
    let line = format!("POST http://{}/hooks/", sink.address);
    assert!(asked.head.starts_with(&line), "{asked:?}");
}
