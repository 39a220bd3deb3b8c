//! Whoever is told of an alert finds the page that says what to do, wherever it was told.

use serde_json::Value;

use super::{cut, phone};
use crate::harness::sink::{Answers, Sink};
use crate::harness::{Daemon, config_for, http};

#[tokio::test]
async fn messages_alertmanagers_and_the_api_lead_to_the_page_of_runbooks() {
    const RUNBOOK: &str = "https://phones.example/runbooks#phoneunreachable";
    let phone = phone().await;
    let ok = || Answers::With("200 OK", String::new());
    let (mut desk, mut manager) = (Sink::start(ok()).await, Sink::start(ok()).await);
    let alerting = format!(
        "
external_url: https://phones.example/
alerting:
  enabled: true
  evaluation_interval: 200ms
  rule_groups: [core]
  rule_overrides: {{ PhoneUnreachable: {{ for: 0s, min_polls: 1 }} }}
  alertmanagers: [{{ url: 'http://{}' }}]
  receivers: {{ desk: {{ webhook: {{ url: 'http://{}/' }}, matchers: ['alertname=\"PhoneUnreachable\"'], group_wait: 0s }} }}
",
        manager.address, desk.address
    );
    let daemon = Daemon::start(&(config_for(&[&phone]) + &alerting)).await;
    daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;
    cut(&phone, true);

    let message: Value = serde_json::from_str(&desk.asked().await.body).expect("JSON");
    assert_eq!(message["alerts"][0]["annotations"]["runbook_url"], RUNBOOK);
    let told = loop {
        let body: Value = serde_json::from_str(&manager.asked().await.body).expect("JSON");
        let alerts = body.as_array().cloned().unwrap_or_default().into_iter();
        let mut alerts = alerts.filter(|one| one["labels"]["alertname"] == "PhoneUnreachable");
        if let Some(alert) = alerts.next() {
            break alert;
        }
    };
    assert_eq!(told["annotations"]["runbook_url"], RUNBOOK);
    let rules = http::get(daemon.address, "/api/v1/rules").await.text();
    assert!(rules.contains(RUNBOOK), "{rules}");
    let page = http::get(daemon.address, "/runbooks").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("id=\"phoneunreachable\""));
}
