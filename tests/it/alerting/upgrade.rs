//! State that an earlier program saved is taken over without one message: what was told stays told,
//! what waited goes out as it was written, what was silenced stays silenced, and of what ends its end
//! is told.
//!
//! The fixtures tell how they were made. Their times are moved to now, since a state of yesterday is
//! not believed.

use std::collections::BTreeMap;
use std::path::Path;

use grandstream_exporter::clock::Clock;
use grandstream_exporter::sim::{self, Fault, Layout, Scenario};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::sink::{Answers, Asked, Sink};
use crate::harness::{Daemon, QUICK};

/// Where the states are that a program saved which told alerts apart by a hash of PromQL.
const STATES: &str = "tests/fixtures/state/hash-of-promql";

/// The phones of the fixtures, in the condition in which they were: some do not answer, some have an
/// account that is not registered.
async fn phones() -> sim::Fleet {
    let scenario = std::fs::read_to_string(format!("{STATES}/scenario.yaml")).expect("a scenario");
    let scenario: Scenario = serde_yaml::from_str(&scenario).expect("a scenario");
    let layout = Layout::Ports { base: 0 };
    let fleet = sim::Fleet::start(scenario.specs(), layout)
        .await
        .expect("ports are free");
    let is_down = |n: &usize| [1, 6, 7, 8].contains(n);
    for (n, phone) in fleet.phones().iter().enumerate() {
        phone.change(|state| {
            if is_down(&n) {
                state.faults.set(Fault::Refuse);
            }
            if [2, 3, 4].contains(&n) {
                state.account(1).expect("an account").reg = 0;
            }
        });
    }
    fleet
}

/// The receivers of the fixtures; whoever was busy or refused before takes everything now.
struct Receivers {
    desk: Sink,
    slow: Sink,
    pager: Sink,
    hotline: Sink,
}

impl Receivers {
    async fn start() -> Self {
        let sink = || Sink::start(Answers::With("200 OK", String::new()));
        Self {
            desk: sink().await,
            slow: sink().await,
            pager: sink().await,
            hotline: sink().await,
        }
    }

    fn are_untouched(&mut self) -> bool {
        let sinks = [
            &mut self.desk,
            &mut self.slow,
            &mut self.pager,
            &mut self.hotline,
        ];
        sinks.into_iter().all(Sink::is_untouched)
    }
}

/// The configuration of the fixtures for these phones and receivers. `slow` waits no longer.
fn config(phones: &sim::Fleet, receivers: &Receivers) -> String {
    let listed = phones.addresses().into_iter().enumerate();
    let listed = listed.map(|(n, address)| {
        let site = if n < 6 { "hq" } else { "lyon" };
        format!("  - {{ name: p{n}, site: {site}, address: '{address}' }}\n")
    });
    let listed: String = listed.collect();
    let webhook = |sink: &Sink, more: &str| {
        let url = format!("webhook: {{ url: 'http://{}/' }}", sink.address);
        format!("{{ {url}, group_wait: 0s, group_interval: 200ms{more} }}")
    };
    let by_name = ", matchers: ['alertname=\"PhoneUnreachable\"']";
    format!(
        "{QUICK}defaults: {{ password: correct horse }}
phones:
{listed}alerting:
  enabled: true
  evaluation_interval: 500ms
  rule_groups: [core, self]
  rule_overrides:
    SiteOutage: {{ for: 1s, keep_firing_for: 2s }}
    PhoneUnreachable: {{ for: 3s, keep_firing_for: 0s }}
    AccountUnregistered: {{ for: 1s, keep_firing_for: 0s }}
  rules:
    - name: Patient
      when: {{ account_not_registered: {{ account: 1 }} }}
      where: {{ phone: p4 }}
      for: 1h
      labels: {{ severity: warning }}
    - name: Lingering
      when: {{ account_not_registered: {{ account: 2 }} }}
      for: 1s
      keep_firing_for: 1h
      labels: {{ severity: warning }}
  receivers:
    desk: {}
    slow: {}
    pager: {}
    hotline: {}
",
        webhook(&receivers.desk, ""),
        webhook(&receivers.slow, ", critical_bypasses_group_interval: false"),
        webhook(&receivers.pager, ""),
        webhook(&receivers.hotline, by_name),
    )
}

/// A directory with the state of this fixture as if it were of this moment.
fn saved(name: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(directory.path().join("state")).expect("made");
    let path = directory.path().join("state/alerts.sqlite");
    std::fs::copy(format!("{STATES}/{name}.sqlite"), &path).expect("copied");
    move_to_now(&path);
    directory
}

/// Moves every time in the database by as much as brings the last write to now.
fn move_to_now(path: &Path) {
    let database = Connection::open(path).expect("a database");
    let written = "SELECT value FROM facts WHERE name = 'written_ms'";
    let written: i64 = database
        .query_row(written, [], |row| row.get(0))
        .expect("it was written");
    let by = Clock::real().now().wall.as_millisecond() - written;
    for change in [
        "UPDATE facts SET value = value + ?1",
        "UPDATE letters SET created_ms = created_ms + ?1, due_ms = due_ms + ?1",
        "UPDATE events SET at_ms = at_ms + ?1",
    ] {
        database.execute(change, [by]).expect("moved");
    }
    for table in ["documents", "letters"] {
        let mut all = database
            .prepare(&format!("SELECT DISTINCT body FROM {table}"))
            .expect("a query");
        let all = all.query_map([], |row| row.get(0)).expect("rows");
        let all: Vec<String> = all.collect::<Result<_, _>>().expect("texts");
        for text in all {
            let mut body: Value = serde_json::from_str(&text).expect("JSON");
            move_times(&mut body, by);
            let change = format!("UPDATE {table} SET body = ?1 WHERE body = ?2");
            database
                .execute(&change, params![body.to_string(), text])
                .expect("moved");
        }
    }
}

/// The same within a document: texts that are a time, and keys that end in one.
fn move_times(value: &mut Value, by: i64) {
    match value {
        Value::String(text) => {
            let span = jiff::SignedDuration::from_millis(by);
            if let Ok(at) = text.parse::<Timestamp>() {
                *text = (at + span).to_string();
            } else if let Some((key, at)) = text.rsplit_once(' ')
                && let Ok(at) = at.parse::<i64>()
            {
                *text = format!("{key} {}", at + by);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|one| move_times(one, by)),
        Value::Object(map) => map.values_mut().for_each(|one| move_times(one, by)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a receiver was told, by alert: `PhoneUnreachable p1` and whether it fires.
type Told = BTreeMap<String, bool>;

/// Takes in a message; what it says again of what fires is no news.
fn hear(told: &mut Told, asked: &Asked) -> usize {
    let body: Value = serde_json::from_str(&asked.body).expect("JSON");
    let mut news = 0;
    for alert in body["alerts"].as_array().expect("a list") {
        let label = |name: &str| {
            alert["labels"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let words = ["alertname", "phone", "account"].map(label);
        let words = words.join(" ").trim().to_owned();
        let fires = alert["status"] == "firing";
        news += usize::from(told.insert(words, fires) != Some(fires));
    }
    news
}

/// What this receiver is told until it was told so much that is new.
async fn told(sink: &mut Sink, news: usize) -> Vec<String> {
    let mut told = Told::new();
    let mut heard = 0;
    while heard < news {
        heard += hear(&mut told, &sink.asked().await);
    }
    let fires = |fires| if fires { "fires" } else { "ended" };
    let lines = told.into_iter();
    lines
        .map(|(alert, is)| format!("{alert} {}", fires(is)))
        .collect()
}

/// Waits until every phone was polled several times, and everything was looked at after that.
async fn look_at_all(daemon: &Daemon, phones: &sim::Fleet) {
    let all = phones.phones().len();
    let name = "grandstream_polls_total";
    let before = daemon.metrics().await;
    daemon
        .wait_for("four more polls of every phone", |samples| {
            let polls = |n: usize, samples: &crate::harness::samples::Samples| {
                let phone = format!("p{n}");
                samples
                    .value(name, &[("phone", &phone)])
                    .unwrap_or_default()
            };
            (0..all).all(|n| polls(n, samples) >= polls(n, &before) + 4.0)
        })
        .await;
    for _ in 0..2 {
        let name = "grandstream_alert_rule_last_evaluation_timestamp_seconds";
        let before = daemon.metrics().await.value(name, &[]);
        daemon
            .wait_for("another look at everything", |samples| {
                samples.value(name, &[]) > before
            })
            .await;
    }
}

async fn is_taken_over_without_a_message(fixture: &str) {
    let phones = phones().await;
    let mut receivers = Receivers::start().await;
    let directory = saved(fixture);
    let config = config(&phones, &receivers);
    std::fs::write(directory.path().join("config.yaml"), config).expect("written");
    let daemon = Daemon::start_in(directory).await;
    look_at_all(&daemon, &phones).await;

    let restored = |result| [("result", result)];
    let samples = daemon.metrics().await;
    let name = "grandstream_alert_state_restore_total";
    for (result, expected) in [("continued", 16.0), ("ended", 2.0), ("rule_removed", 0.0)] {
        assert_eq!(samples.value(name, &restored(result)), Some(expected));
    }
    let pending = [("alertname", "Patient"), ("alertstate", "pending")];
    daemon.wait("grandstream_alert_active", &pending, 1.0).await;

    // What waited: all that is still true, once, and what ended meanwhile.
    let waited = told(&mut receivers.pager, 8).await;
    assert_eq!(
        waited,
        [
            "AccountUnregistered p2 1 fires",
            "AccountUnregistered p4 1 fires",
            "AccountUnregistered p4 2 ended",
            "Lingering p4 2 fires",
            "NotificationsDeadLettered fires",
            "PhoneUnreachable p1 fires",
            "PhoneUnreachable p5 ended",
            "SiteOutage fires",
        ]
    );
    // It was told of the beginning, and its time had not come to be told of the end.
    let ended = told(&mut receivers.slow, 4).await;
    assert_eq!(
        ended,
        [
            "AccountUnregistered p4 1 fires",
            "AccountUnregistered p4 2 ended",
            "PhoneUnreachable p1 fires",
            "PhoneUnreachable p5 ended",
        ]
    );
    assert!(receivers.are_untouched(), "nobody is told of anything else");

    for phone in phones.phones() {
        phone.change(|state| {
            state.faults.clear();
            state.account(1).expect("an account").reg = 1;
        });
    }
    let ends = [
        "AccountUnregistered p2 1 ended",
        "AccountUnregistered p4 1 ended",
        "PhoneUnreachable p1 ended",
        "SiteOutage ended",
    ];
    for sink in [
        &mut receivers.desk,
        &mut receivers.slow,
        &mut receivers.pager,
    ] {
        assert_eq!(told(sink, ends.len()).await, ends);
    }
    assert_eq!(
        told(&mut receivers.hotline, 1).await,
        ["PhoneUnreachable p1 ended"]
    );
    look_at_all(&daemon, &phones).await;
    assert!(receivers.are_untouched(), "nobody is told of anything else");
}

#[tokio::test]
async fn what_a_program_that_was_killed_saved_is_taken_over_without_a_message() {
    is_taken_over_without_a_message("killed").await;
}

#[tokio::test]
async fn what_a_program_that_was_stopped_saved_is_taken_over_without_a_message() {
    is_taken_over_without_a_message("stopped").await;
}
