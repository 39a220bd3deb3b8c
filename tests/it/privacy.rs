//! What is not to be kept is dropped before anything is published: metrics, pages and JSON obey.

use grandstream_exporter::sim::{self, Behaviour, Endpoint};

use crate::harness::{Daemon, config_for, http, spec};

/// A phone with a call on line 2, and the daemon told to keep this much of its lines.
async fn daemon_keeping(lines: &str) -> (sim::Phone, Daemon) {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    phone.change(|state| state.lines[1].state = 4);
    let metrics = format!("metrics: {{ lines: {lines}, line_state: true }}\npoll: {{");
    let config = config_for(&[&phone]).replace("poll: {", &metrics);
    let daemon = Daemon::start(&config).await;
    daemon.wait("grandstream_up", &[], 1.0).await;
    (phone, daemon)
}

async fn lines_in_json(daemon: &Daemon) -> serde_json::Value {
    let answer = http::get(daemon.address, "/api/v1/phones/p0").await;
    let phone: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    phone["lines"].clone()
}

#[tokio::test]
async fn each_line_is_shown_by_default() {
    let (_phone, daemon) = daemon_keeping("per_line").await;
    let samples = daemon.metrics().await;
    let second = [("line", "2")];
    assert_eq!(
        samples.value("grandstream_line_state_code", &second),
        Some(4.0)
    );
    assert_eq!(
        lines_in_json(&daemon).await["each"]
            .as_array()
            .map(Vec::len),
        Some(4)
    );
}

#[tokio::test]
async fn per_phone_only_counts_are_left() {
    let (_phone, daemon) = daemon_keeping("per_phone").await;
    let samples = daemon.metrics().await;
    assert_eq!(
        samples.value("grandstream_lines", &[("state", "in_call")]),
        Some(1.0)
    );
    assert!(samples.all("grandstream_line_state_code", &[]).is_empty());
    assert!(samples.all("grandstream_line_state", &[]).is_empty());
    let lines = lines_in_json(&daemon).await;
    assert_eq!(lines["each"].as_array().map(Vec::len), Some(0));
    assert_eq!(lines["counts"]["in_call"], 1);
}

#[tokio::test]
async fn switched_off_lines_are_not_even_asked_for() {
    let (phone, daemon) = daemon_keeping("off").await;
    let samples = daemon.metrics().await;
    assert!(samples.all("grandstream_lines", &[]).is_empty());
    assert!(lines_in_json(&daemon).await.is_null());
    let asked = |request: &sim::Request| request.endpoint == Some(Endpoint::Lines);
    assert!(!phone.requests().iter().any(asked));
}

#[tokio::test]
async fn users_and_hardware_addresses_show_only_where_they_are_asked_for() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    let samples = daemon.wait("grandstream_up", &[], 1.0).await;
    let account = [("account", "1")];
    assert_eq!(
        samples.label("grandstream_account_info", &account, "user"),
        None
    );
    assert_eq!(samples.label("grandstream_phone_info", &[], "mac"), None);
    let json = http::get(daemon.address, "/api/v1/phones/p0").await.text();
    assert!(!json.contains("000B82"), "{json}");
}
