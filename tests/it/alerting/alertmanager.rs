//! Real Alertmanagers: every one is told, across restarts on both sides, and so is the end.

use serde_json::Value;

use super::{config, cut, managers, phone};
use crate::harness::Daemon;
use crate::harness::alertmanager::Alertmanager;
use crate::harness::sink::{Answers, Asked, Sink};
use crate::process::program;

fn ok() -> Answers {
    Answers::With("200 OK", String::new())
}

/// Of each alert, its name and the beginning.
fn begun(alerts: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pair = |alert: &Value| (text(&alert["labels"]["phone"]), text(&alert["startsAt"]));
    alerts.iter().map(pair).collect()
}

/// What the webhook of an Alertmanager was told: phone, status, beginning, end.
fn told(asked: &Asked) -> [String; 4] {
    let body: Value = serde_json::from_str(&asked.body).expect("JSON");
    let alert = &body["alerts"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (phone, status) = (&alert["labels"]["phone"], &alert["status"]);
    [phone, status, &alert["startsAt"], &alert["endsAt"]].map(text)
}

#[tokio::test]
async fn every_alertmanager_learns_of_an_alert_and_of_its_end() {
    let phone = phone().await;
    let directory = tempfile::tempdir().expect("a directory");
    let mut sink = Sink::start(ok()).await;
    let [first, second] =
        ["a", "b"].map(|name| Alertmanager::start(&directory.path().join(name), sink.address));
    let more = managers(&[first.address, second.address]);
    let daemon = Daemon::start(&config(&[&phone], &more)).await;
    daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;
    assert_eq!(
        first.wait("that it is there", |_| true).await,
        [Value::Null; 0]
    );

    cut(&phone, true);
    let is_there = |alerts: &[Value]| alerts.len() == 1;
    let alerts = first.wait("the alert", is_there).await;
    assert_eq!(
        begun(&alerts),
        begun(&second.wait("the alert", is_there).await)
    );
    assert_eq!(alerts[0]["labels"]["alertname"], "Down");
    assert_eq!(alerts[0]["annotations"]["summary"], "p0 is down");
    let [one, other] = [told(&sink.asked().await), told(&sink.asked().await)];
    assert_eq!(one, other);
    assert_eq!((&*one[0], &*one[1]), ("p0", "firing"));

    // What lies ahead moves on; the beginning stays.
    let ends = |alerts: &[Value]| alerts[0]["endsAt"].as_str().map(str::to_owned);
    let end = ends(&alerts);
    let later = first.wait("a later end", |alerts| ends(alerts) > end).await;
    assert_eq!(begun(&later), begun(&alerts));

    cut(&phone, false);
    let is_gone = |alerts: &[Value]| alerts.is_empty();
    first.wait("its end", is_gone).await;
    second.wait("its end", is_gone).await;
    let over = told(&sink.asked().await);
    assert_eq!(
        (&*over[0], &*over[1], &over[2]),
        ("p0", "resolved", &one[2])
    );
    assert_eq!(over, told(&sink.asked().await));
    daemon
        .wait_for("alerts that were taken", |samples| {
            let name = first.address.to_string();
            let labels = [("alertmanager", name.as_str())];
            let sent = samples.value("grandstream_notifications_alertmanager_sent_total", &labels);
            sent.is_some_and(|sent| sent >= 2.0)
        })
        .await;
}

#[tokio::test]
async fn restarts_on_either_side_lose_neither_the_beginning_nor_the_end() {
    let phone = phone().await;
    let directory = tempfile::tempdir().expect("a directory");
    let mut sink = Sink::start(ok()).await;
    let mut manager = Alertmanager::start(directory.path(), sink.address);
    let more = managers(&[manager.address]);
    let daemon = Daemon::start(&config(&[&phone], &more)).await;
    daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;
    cut(&phone, true);
    let is_there = |alerts: &[Value]| alerts.len() == 1;
    let alerts = manager.wait("the alert", is_there).await;
    let first = told(&sink.asked().await);
    assert_eq!(first[1], "firing");

    manager.restart();
    let again = manager.wait("the alert after a restart", is_there).await;
    assert_eq!(begun(&again), begun(&alerts));

    let (directory, ended) = daemon.stop().await;
    ended.expect("a clean end");
    manager.restart();
    let daemon = Daemon::start_in(directory).await;
    let again = manager.wait("the alert of another process", is_there).await;
    assert_eq!(begun(&again), begun(&alerts));

    let (directory, ended) = daemon.stop().await;
    ended.expect("a clean end");
    cut(&phone, false);
    let _daemon = Daemon::start_in(directory).await;
    manager.wait("its end", <[_]>::is_empty).await;
    loop {
        let [_, status, begun, _] = told(&sink.asked().await);
        if status == "resolved" {
            assert_eq!(begun, first[2]);
            return;
        }
    }
}

#[tokio::test]
async fn a_test_reaches_an_alertmanager_and_tells_of_one_that_is_not_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let sink = Sink::start(ok()).await;
    let manager = Alertmanager::start(directory.path(), sink.address);
    manager.wait("that it listens", |_| true).await;
    let nobody = "127.0.0.1:1".parse().expect("an address");
    let more = managers(&[manager.address, nobody]);
    let file = directory.path().join("config.yaml");
    std::fs::write(&file, config(&[&phone().await], &more)).expect("written");
    let mut notify = program();
    notify.args(["notify", "test", "--config"]).arg(&file);
    let ended = tokio::task::spawn_blocking(move || notify.output().expect("it runs"));
    let ended = ended.await.expect("no panic");
    let [said, complained] =
        [&ended.stdout, &ended.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert_eq!(ended.status.code(), Some(1), "{said}{complained}");
    assert!(
        said.contains(&format!(
            "{}: accepted; routing is up to Alertmanager",
            manager.address
        )),
        "{said}"
    );
    assert!(
        complained.contains("127.0.0.1:1: not accepted"),
        "{complained}"
    );
    let alerts = manager.wait("the test", |alerts| alerts.len() == 1).await;
    assert_eq!(alerts[0]["labels"]["alertname"], "TestAlert");
}

#[tokio::test]
async fn an_alert_that_is_refused_loses_no_other() {
    let phones = [phone().await, phone().await, phone().await];
    let answers = |body: &str| {
        let status = if body.contains("\"p1\"") {
            "400 Bad Request"
        } else {
            "200 OK"
        };
        Answers::With(status, String::new())
    };
    let mut sink = Sink::start_with(None, answers).await;
    let more = managers(&[sink.address]);
    for phone in &phones {
        cut(phone, true);
    }
    let daemon = Daemon::start(&config(&phones.each_ref(), &more)).await;
    let name = sink.address.to_string();
    let labels = [("alertmanager", name.as_str())];
    daemon
        .wait(
            "grandstream_notifications_alertmanager_dropped_total",
            &labels,
            1.0,
        )
        .await;
    let mut taken = std::collections::BTreeSet::new();
    while taken.len() < 2 {
        let body: Value = serde_json::from_str(&sink.asked().await.body).expect("JSON");
        let phones = body.as_array().expect("a list").iter();
        let phones: Vec<_> = phones
            .map(|alert| alert["labels"]["phone"].to_string())
            .collect();
        if !phones.contains(&"\"p1\"".to_owned()) {
            taken.extend(phones);
        }
    }
}
