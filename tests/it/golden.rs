//! The whole `/metrics` of a simulated fleet as a golden file: look at every accepted difference.

use std::fmt::Write;

use grandstream_exporter::sim::{self, Behaviour, Fault};

use crate::harness::samples::Samples;
use crate::harness::{Daemon, PASSWORD, http, spec};

/// Families whose values depend on the machine or the moment; their lines stay, their values do not.
const VOLATILE: [&str; 18] = [
    "grandstream_boot_time_seconds",
    "grandstream_time_offset_seconds",
    "grandstream_poll_duration_seconds",
    "grandstream_poll_last_success_timestamp_seconds",
    "grandstream_alert_active_since_timestamp_seconds",
    "grandstream_alert_rule_last_evaluation_timestamp_seconds",
    "grandstream_alert_state_last_write_timestamp_seconds",
    "grandstream_exporter_build_info",
    "grandstream_exporter_config_last_reload_success_timestamp_seconds",
    "grandstream_exporter_poll_duration_seconds_bucket",
    "grandstream_exporter_poll_duration_seconds_sum",
    "grandstream_exporter_http_requests_total",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "process_open_fds",
    "process_max_fds",
    "process_start_time_seconds",
];

/// What is said of alerts: the daemon judges them, and has nobody told within the day.
const ALERTING: &str = "
alerting:
  enabled: true
  evaluation_interval: 1h
  rule_groups: []
  rules:
    - { name: Down, when: { phone_unreachable: {} }, min_polls: 1, labels: { severity: critical } }
    - { name: Lost, when: { account_not_registered: {} }, for: 1h }
  receivers: { desk: { webhook: { url: 'http://127.0.0.1:1/' }, group_wait: 1d } }
  time_intervals: [{ name: always, time_intervals: [{}] }]
  maintenance_windows: [{ name: always, matchers: ['phone=\"refusing\"'], active_time_intervals: [always] }]
";

/// A healthy phone in use, one whose password is wrong and that a window covers, one that is gone.
/// Intervals are a day, so that each is polled exactly once, when it is asked for.
async fn page(accept: &str) -> String {
    let healthy = sim::Phone::start(spec(Behaviour::default())).await;
    healthy.change(|state| {
        state.accounts[1].reg = 0;
        state.lines[1].state = 4;
        state.lines[2].state = 2;
    });
    let refusing = sim::Phone::start(sim::Spec {
        model: "WP820".to_owned(),
        firmware: "1.0.11.5".to_owned(),
        ..spec(Behaviour::default())
    })
    .await;
    refusing.change(|state| state.admin.password = "another".to_owned());
    let gone = sim::Phone::start(spec(Behaviour::default())).await;
    gone.change(|state| state.faults.set(Fault::Refuse));

    let mut config = format!(
        "
listen: ['127.0.0.1:0']
state_dir: state
poll: {{ interval: 1d, values_interval: 1d }}
metrics: {{ line_state: true, clock: true, sip_user: true, mac_address: true }}
pvalues: [{{ pvalue: '64', as: info }}, {{ pvalue: '1561', as: number }}]
defaults:
  password: '{PASSWORD}'
  time_zone: UTC
  expect: [{{ pvalue: '68', at_least: '1.0.3.31', model: GXV3370 }}]
phones:
"
    );
    for (name, phone) in [
        ("healthy", &healthy),
        ("refusing", &refusing),
        ("gone", &gone),
    ] {
        let address = phone.address();
        writeln!(
            config,
            "  - {{ name: {name}, site: hq, labels: {{ floor: '1' }}, address: '{address}' }}"
        )
        .expect("text");
    }
    config += ALERTING;
    let daemon = Daemon::start(&config).await;
    for phone in ["healthy", "refusing", "gone"] {
        http::get(daemon.address, &format!("/probe?target={phone}")).await;
    }
    for alert in ["Down", "Lost"] {
        let what = format!("the alert {alert}");
        let is_there = |samples: &Samples| {
            !samples
                .all("grandstream_alert_active", &[("alertname", alert)])
                .is_empty()
        };
        daemon.wait_for(&what, is_there).await;
    }
    let answer = http::request(daemon.address, "GET", "/metrics", accept).await;
    let mut text = answer.text();
    for phone in [&healthy, &refusing, &gone] {
        text = text.replace(&phone.address().to_string(), "<address>");
    }
    text.lines().map(steady).collect()
}

fn steady(line: &str) -> String {
    let name = line.split(['{', ' ']).next().unwrap_or_default();
    if !VOLATILE.contains(&name) {
        return format!("{line}\n");
    }
    if name == "grandstream_exporter_build_info" {
        return format!("{name}{{<build>}} 1\n");
    }
    let series = line.rsplit_once(' ').map_or(line, |(series, _)| series);
    format!("{series} <value>\n")
}

#[tokio::test]
async fn the_whole_page_in_text() {
    insta::assert_snapshot!(page("Accept: text/plain\r\n").await);
}

#[tokio::test]
async fn the_whole_page_in_openmetrics() {
    let accept = "Accept: application/openmetrics-text; version=1.0.0\r\n";
    insta::assert_snapshot!(page(accept).await);
}
