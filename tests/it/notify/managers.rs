//! The exchange with an Alertmanager, and the heartbeat.

use std::time::Duration;

use grandstream_exporter::notify::channel::Alertmanager;
use grandstream_exporter::notify::channel::Heartbeat;
use grandstream_exporter::notify::http_client::HttpClient;
use grandstream_exporter::notify::retry::FailureReason;
use grandstream_exporter::notify::send::{PostResult, beat, post_alerts};

use super::{SHORT, bearer};
use crate::harness::sink::{Answers, Sink};

fn manager(sink: &Sink) -> Alertmanager {
    Alertmanager {
        name: sink.address.to_string().into(),
        url: format!("http://{}/prefix/", sink.address).into(),
        client: HttpClient {
            authorization: bearer("a bearer's token"),
            ..HttpClient::default()
        },
        timeout: Some(SHORT),
    }
}

fn failed(reason: FailureReason, error: &str, after: Option<u64>) -> PostResult {
    PostResult::Failed {
        reason,
        error: error.into(),
        after: after.map(Duration::from_secs),
    }
}

#[tokio::test]
async fn alerts_are_taken_refused_or_did_not_get_there() {
    let refused = |error: &str| PostResult::Refused {
        error: error.into(),
    };
    for (answers, expected) in [
        (Answers::With("200 OK", String::new()), PostResult::Accepted),
        (
            Answers::With(
                "400 Bad Request",
                "\"at least one label pair required\"\n".to_owned(),
            ),
            refused("answered with status 400: \"at least one label pair required\""),
        ),
        (
            Answers::With("422 No", String::new()),
            refused("answered with status 422"),
        ),
        (
            Answers::With("401 Who", "a bearer's token is wrong".to_owned()),
            failed(
                FailureReason::Refused,
                "answered with status 401: *** is wrong",
                None,
            ),
        ),
        (
            Answers::With("503 Off\r\nRetry-After: 7", String::new()),
            failed(FailureReason::Busy, "answered with status 503", Some(7)),
        ),
        (
            Answers::Never,
            failed(FailureReason::Timeout, "no answer within 300ms", None),
        ),
    ] {
        let mut sink = Sink::start(answers).await;
        assert_eq!(post_alerts(&manager(&sink), "[]").await, expected);
        let asked = sink.asked().await;
        assert!(
            asked
                .head
                .starts_with("POST /prefix/api/v2/alerts HTTP/1.1\r\n"),
            "{asked:?}"
        );
        assert_eq!(
            asked.header("authorization"),
            Some("Bearer a bearer's token")
        );
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert_eq!(asked.body, "[]");
    }
}

#[tokio::test]
async fn a_heartbeat_is_heard_or_it_is_said_why_not() {
    let heartbeat = |sink: &Sink| Heartbeat {
        url: format!("http://{}/ping/secret-token", sink.address).into(),
        interval: Duration::from_secs(60),
        client: HttpClient::default(),
    };
    let mut sink = Sink::start(Answers::With("200 OK", "OK".to_owned())).await;
    assert_eq!(beat(&heartbeat(&sink)).await, Ok(()));
    let asked = sink.asked().await;
    assert!(
        asked
            .head
            .starts_with("GET /ping/secret-token HTTP/1.1\r\n"),
        "{asked:?}"
    );
    let sink = Sink::start(Answers::With("404 No", "no secret-token".to_owned())).await;
    let unheard = beat(&heartbeat(&sink)).await.expect_err("not heard");
    assert_eq!(&*unheard, "answered with status 404: no ***");
}
