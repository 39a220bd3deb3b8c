//! The shipped rules in a real Prometheus that scrapes the exporter as `prometheus/` shows it: they
//! load as they are, each evaluates well and records what is true, and an account that drops is told
//! of once its patience is over, for as long as it is away, and nobody else is.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use grandstream_exporter::sim::{self, Behaviour};
use serde_json::Value;
use tokio::time::Instant;

use crate::harness::prometheus::{Prometheus, one_target};
use crate::harness::{Daemon, PASSWORD, PATIENCE, QUICK, spec};

const ALERTS: &str = include_str!("../../prometheus/alerts.yml");
const RECORDING: &str = include_str!("../../prometheus/recording.yml");

/// How many times shorter the patience of the rules is where an alert is waited for: minutes become
/// seconds, which are still several evaluations.
const HASTE: u32 = 60;

/// How often what has no query is looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Values by a label, sorted by it.
type Values = &'static [(&'static str, &'static str)];

/// What each recording rule says of [`house`], by which label.
const RECORDED: [(&str, &str, Values); 8] = [
    (
        "model_firmware:grandstream_phones:count",
        "firmware",
        &[("1.0.3.30", "3")],
    ),
    (
        "server:grandstream_account_registered:ratio",
        "server",
        &[("pbx.example.com", "1")],
    ),
    (
        "site:grandstream_account_registered:ratio",
        "site",
        &[("hq", "1"), ("lyon", "1")],
    ),
    (
        "site:grandstream_phones:count",
        "site",
        &[("hq", "2"), ("lyon", "1")],
    ),
    (
        "site:grandstream_pvalue_matches:ratio",
        "site",
        &[("hq", "1"), ("lyon", "0")],
    ),
    (
        "site:grandstream_reachable:ratio",
        "site",
        &[("hq", "1"), ("lyon", "1")],
    ),
    (
        "site:grandstream_up:ratio",
        "site",
        &[("hq", "1"), ("lyon", "1")],
    ),
    (
        "site_state:grandstream_lines:sum{state=\"idle\"}",
        "site",
        &[("hq", "8"), ("lyon", "4")],
    ),
];

/// Three healthy phones at two sites; that of lyon has a firmware that is not wanted there.
async fn house() -> (Vec<sim::Phone>, String) {
    let mut phones = Vec::new();
    let mut config = format!("{QUICK}defaults: {{ password: '{PASSWORD}' }}\nphones:\n");
    for (n, site, firmware) in [
        (0, "hq", "1.0.3.30"),
        (1, "hq", "1.0.3.30"),
        (2, "lyon", "2"),
    ] {
        let phone = sim::Phone::start(spec(Behaviour::default())).await;
        config = format!(
            "{config}  - name: p{n}
    site: {site}
    address: '{}'
    expect: [{{ pvalue: '68', any_of: ['{firmware}'] }}]\n",
            phone.address()
        );
        phones.push(phone);
    }
    (phones, config)
}

/// Starts a Prometheus with the shipped scrape configuration and these rule files, which that names.
fn prometheus(directory: &Path, exporter: SocketAddr, alerts: &str) -> Prometheus {
    fs::write(directory.join("alerts.yml"), alerts).expect("written");
    fs::write(directory.join("recording.yml"), RECORDING).expect("written");
    let config = one_target(exporter);
    let with_rules = config.replacen("# rule_files:", "rule_files:", 1);
    assert_ne!(with_rules, config, "the example names the rule files");
    Prometheus::start(directory, &with_rules)
}

#[tokio::test]
async fn the_shipped_rules_load_as_they_are_and_each_evaluates_well() {
    let (_phones, config) = house().await;
    let daemon = Daemon::start(&config).await;
    let prometheus = prometheus(daemon.path(), daemon.address, ALERTS);
    for (record, label, expected) in RECORDED {
        prometheus.wait_by(label, record, expected).await;
    }

    let loaded = evaluated(&prometheus).await;
    let names: BTreeSet<_> = loaded.iter().map(|rule| text(&rule["name"])).collect();
    assert_eq!(names, shipped());
    for rule in &loaded {
        let (name, health) = (text(&rule["name"]), text(&rule["health"]));
        assert_eq!(health, "ok", "{name}: {}", rule["lastError"]);
        assert_eq!(rule.get("lastError"), None, "{name}");
    }
    let recorded: BTreeSet<_> = RECORDED
        .iter()
        .map(|(record, ..)| record.split('{').next().expect("a name"))
        .collect();
    let rules = loaded.iter().filter(|rule| rule["type"] == "recording");
    assert_eq!(recorded, rules.map(|rule| text(&rule["name"])).collect());
}

/// All rules, once each was evaluated.
async fn evaluated(prometheus: &Prometheus) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        look.tick().await;
        let answer = prometheus.get("/api/v1/rules", &[]).await;
        let groups = answer["data"]["groups"].as_array().into_iter().flatten();
        let rules: Vec<_> = groups
            .filter_map(|group| group["rules"].as_array())
            .flatten()
            .cloned()
            .collect();
        if !rules.is_empty() && rules.iter().all(|rule| rule["health"] != "unknown") {
            return rules;
        }
        assert!(Instant::now() < deadline, "never evaluated: {answer}");
    }
}

/// The names of all rules in the shipped files.
fn shipped() -> BTreeSet<&'static str> {
    let name = |line: &'static str| {
        let line = line.trim_start().strip_prefix("- ")?;
        line.strip_prefix("alert: ")
            .or_else(|| line.strip_prefix("record: "))
    };
    let lines = ALERTS.lines().chain(RECORDING.lines());
    lines.filter_map(name).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[tokio::test]
async fn an_account_that_drops_is_told_of_until_it_is_back_and_nobody_else_is() {
    let (phones, config) = house().await;
    let daemon = Daemon::start(&config).await;
    let prometheus = prometheus(daemon.path(), daemon.address, &hastened(ALERTS));
    let registered = "sum by (phone) (grandstream_account_registered)";
    let all = [("p0", "2"), ("p1", "2"), ("p2", "2")];
    prometheus.wait(registered, &all).await;
    let watchdog = "ALERTS{alertname=\"Watchdog\", alertstate=\"firing\"}";
    prometheus
        .wait_by("severity", watchdog, &[("none", "1")])
        .await;
    prometheus.wait(&alerts(""), &[]).await;

    phones[1].change(|state| state.accounts[0].reg = 0);
    let firing = alerts("alertstate=\"firing\"");
    prometheus.wait(&firing, &[("p1", "1")]).await;
    prometheus.wait_by("account", &firing, &[("1", "1")]).await;
    assert_eq!(
        summary(&prometheus).await,
        "Account 1 of p1 is not registered"
    );
    // Of the whole past: it was pending for as long as its patience, and fired only then.
    let patience = hastened_duration(&patience_of("AccountUnregistered"));
    let waited = format!(
        "min_over_time(timestamp({firing})[10m:1s])
         - on (phone, account) min_over_time(timestamp({pending})[10m:1s])
         >= bool {}",
        patience.as_secs_f64(),
        pending = alerts("alertstate=\"pending\"")
    );
    prometheus.wait(&waited, &[("p1", "1")]).await;

    phones[1].change(|state| state.accounts[0].reg = 1);
    prometheus.wait(&alerts(""), &[]).await;
    prometheus.wait(registered, &all).await;
    // Neither fired nor pending was ever anybody else's.
    let ever = format!(
        "count by (phone, account) (count_over_time({}[10m]))",
        alerts("")
    );
    prometheus.wait(&ever, &[("p1", "2")]).await;
}

/// The series of the alert with this of its state.
fn alerts(state: &str) -> String {
    format!("ALERTS{{alertname=\"AccountUnregistered\", {state}}}")
}

/// What the one firing alert says.
async fn summary(prometheus: &Prometheus) -> String {
    let answer = prometheus.get("/api/v1/alerts", &[]).await;
    let of_it: Vec<_> = answer["data"]["alerts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|alert| alert["labels"]["alertname"] == "AccountUnregistered")
        .collect();
    assert_eq!(of_it.len(), 1, "{of_it:?}");
    text(&of_it[0]["annotations"]["summary"]).to_owned()
}

/// The rules with every `for` and `keep_firing_for` divided by [`HASTE`]. What stands in expressions
/// stays: their windows look back over the same time.
fn hastened(rules: &str) -> String {
    let quick: Vec<_> = rules.lines().map(hastened_line).collect();
    let quick = quick.join("\n");
    assert_ne!(quick.trim_end(), rules.trim_end(), "some rule waits");
    quick
}

fn hastened_line(line: &str) -> String {
    match line.split_once("for: ") {
        Some((before, duration)) if matches!(before.trim(), "" | "keep_firing_") => {
            let millis = hastened_duration(duration).as_millis();
            format!("{before}for: {millis}ms")
        }
        _ => line.to_owned(),
    }
}

fn hastened_duration(duration: &str) -> Duration {
    humantime::parse_duration(duration).expect("a duration") / HASTE
}

/// The `for` of this alert as it is shipped.
fn patience_of(alert: &str) -> String {
    let (_, rule) = ALERTS
        .split_once(&format!("- alert: {alert}\n"))
        .expect("the alert");
    let (_, duration) = rule.split_once("\n        for: ").expect("its `for`");
    duration.lines().next().expect("a line").to_owned()
}
