//! End to end with the real tools: simulated fleet, exporter, a real Prometheus scraping `/metrics`
//! and, through `/sd`, each phone's `/probe`; promtool on text 0.0.4, the reference parser on
//! OpenMetrics.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use grandstream_exporter::sim::{self, Behaviour};

use crate::harness::prometheus::Prometheus;
use crate::harness::{Daemon, config_for, http, spec};

/// Scrapes the exporter as a whole, and each phone through `/sd`.
fn scrape_both_ways(exporter: SocketAddr) -> String {
    format!(
        "
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: fleet
    static_configs: [{{ targets: ['{exporter}'] }}]
  - job_name: phones
    http_sd_configs: [{{ url: 'http://{exporter}/sd', refresh_interval: 1s }}]
    relabel_configs: [{{ source_labels: [__param_target], target_label: instance }}]
"
    )
}

async fn fleet() -> Vec<sim::Phone> {
    let mut phones = Vec::new();
    for n in 0..3 {
        let phone = sim::Phone::start(spec(Behaviour::default())).await;
        phone.change(|state| match n {
            1 => state.accounts[0].reg = 0,
            2 => state.admin.password = "another".to_owned(),
            _ => {}
        });
        phones.push(phone);
    }
    phones
}

#[tokio::test]
async fn a_real_prometheus_learns_the_truth_of_every_phone_both_ways() {
    let phones = fleet().await;
    let daemon = Daemon::start(&config_for(&phones.iter().collect::<Vec<_>>())).await;
    let prometheus = Prometheus::start(daemon.path(), &scrape_both_ways(daemon.address));
    for job in ["fleet", "phones"] {
        let up = format!("grandstream_up{{job=\"{job}\"}}");
        prometheus
            .wait(&up, &[("p0", "1"), ("p1", "1"), ("p2", "0")])
            .await;
        let registered =
            format!("sum by (phone) (grandstream_account_registered{{job=\"{job}\"}})");
        prometheus
            .wait(&registered, &[("p0", "2"), ("p1", "1")])
            .await;
        let refused = format!("grandstream_poll_error{{job=\"{job}\", reason=\"auth\"}}");
        prometheus.wait(&refused, &[("p2", "1")]).await;
        let polls = format!(
            "sum by (phone) (increase(grandstream_polls_total{{job=\"{job}\"}}[10s]) > bool 0)"
        );
        prometheus
            .wait(&polls, &[("p0", "1"), ("p1", "1"), ("p2", "1")])
            .await;
    }
    prometheus.wait("count(up == 1)", &[("", "4")]).await;
}

#[tokio::test]
async fn both_formats_satisfy_the_tools_that_define_them() {
    let phones = fleet().await;
    let hostile = sim::Phone::start(spec(Behaviour::default())).await;
    hostile.change(|state| {
        state.firmware = "1\"\\\n} 2 # EOF \u{202e}".to_owned();
        state.accounts[0].server = "\u{1F4DE}\"".repeat(2_000);
        state.accounts[1].id = 1;
    });
    let mut all: Vec<_> = phones.iter().collect();
    all.push(&hostile);
    let config = config_for(&all).replace(
        "poll: {",
        "metrics: { line_state: true, clock: true, sip_user: true, mac_address: true }\npoll: {",
    );
    let daemon = Daemon::start(&config).await;
    daemon.wait("grandstream_up", &[("phone", "p3")], 1.0).await;

    let text = http::request(daemon.address, "GET", "/metrics", "Accept: text/plain\r\n").await;
    assert_eq!(
        text.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    run("promtool", &["check", "metrics"], &text.body);

    let accept = "Accept: application/openmetrics-text; version=1.0.0\r\n";
    let open = http::request(daemon.address, "GET", "/metrics", accept).await;
    let kind = open.header("content-type").unwrap_or_default();
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    let parse = "import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
families = list(parse(sys.stdin.read()))
assert len(families) > 30, len(families)";
    run("/usr/bin/python3", &["-c", parse], &open.body);

    let zipped = http::request(
        daemon.address,
        "GET",
        "/metrics",
        "Accept-Encoding: gzip\r\n",
    )
    .await;
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    let unzipped = run("gzip", &["-d", "-c"], &zipped.body);
    run("promtool", &["check", "metrics"], &unzipped);
}

/// Runs a tool with this input; it must end well.
fn run(tool: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{tool}: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let ended = child.wait_with_output().expect("it ends");
    writer
        .join()
        .expect("no panic")
        .expect("it reads everything");
    assert!(
        ended.status.success(),
        "{tool}: {}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    ended.stdout
}
