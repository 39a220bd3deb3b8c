//! Every query of every dashboard, answered by a real Prometheus that scrapes the exporter.
//!
//! First in peace, where only the panels that show trouble may be empty; then with every trouble,
//! where nothing may be. A metric or label that was renamed, a join that never matches, an
//! expression Prometheus refuses: all of these end in a panel that is empty for good.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::net::UnixStream;
use tokio::time::Instant;

use super::house::House;
use super::queries::{self, Asks, Intervals, Query};
use super::told::{self, Told};
use super::{Dashboard, committed, fields, list, text};
use crate::harness::prometheus::{Prometheus, one_target};
use crate::harness::{Daemon, PATIENCE, http};

/// What is empty while all is well, beside all annotations: it lists trouble.
const EMPTY_IN_PEACE: [&str; 28] = [
    "alerts.json: Active alerts A",
    "alerts.json: Alerts over time A",
    "alerts.json: Failed requests A",
    "alerts.json: Messages delivered A",
    "alerts.json: Noisiest rules of seven days A",
    "alerts.json: Noisiest rules of seven days B",
    "alerts.json: Oldest message A",
    "alerts.json: Receivers D",
    "alerts.json: Suppressed alerts A",
    "alerts.json: variable site",
    "exporter.json: Poll errors by reason A",
    "firmware.json: All differences A",
    "firmware.json: Phones with other firmware A",
    "firmware.json: What differs most A",
    "fleet.json: All phones G",
    "fleet.json: All phones I",
    "fleet.json: Least steady accounts A",
    "fleet.json: Why polls fail A",
    "phone.json: Trouble A",
    "registrations.json: Accounts that are not registered A",
    "registrations.json: Accounts that are not registered B",
    "registrations.json: Accounts that are not registered C",
    "registrations.json: Least steady accounts A",
    "registrations.json: Lines that have not moved for an hour A",
    "site.json: Alerts A",
    "site.json: Phones in trouble A",
    "site.json: Phones in trouble B",
    "site.json: Phones in trouble C",
];

/// What some panels say once the house is in trouble.
const TRUTH: [(&str, &str); 14] = [
    ("alerts.json: Alerts now A", "4"),
    ("alerts.json: Alerts now B", "3"),
    ("alerts.json: Alerts now C", "1"),
    ("alerts.json: Critical now A", "3"),
    ("fleet.json: Phones A", "6"),
    ("fleet.json: Phones B", "4"),
    ("fleet.json: Phones C", "1"),
    ("fleet.json: Phones D", "11"),
    ("fleet.json: Sites with an outage A", "1"),
    ("fleet.json: Logins held back A", "1"),
    ("fleet.json: Phones that differ A", "1"),
    (
        "registrations.json: Phones whose accounts are not read A",
        "5",
    ),
    // The one that refuses the password tells its firmware all the same, as real phones do.
    ("firmware.json: Phones whose values are not read A", "4"),
    ("exporter.json: Phones A", "11"),
];

/// The shipped alerts.
const ALERTS: &str = include_str!("../../../prometheus/alerts.yml");

/// Each query is asked over these, at one second a scrape.
const INTERVALS: Intervals = [
    ("$__rate_interval", "5s"),
    ("$__interval", "5s"),
    ("$__range", "60s"),
];

/// How often all that is still empty is asked again.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What was answered to one query: the labels it has, its values, or why it was refused.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) labels: BTreeSet<String>,
    values: Vec<String>,
    refusal: Option<String>,
}

impl Answer {
    fn is_filled(&self) -> bool {
        self.values.iter().any(|value| value != "NaN")
    }
}

/// Who answers, and which phones `$phone` may stand for.
struct Asked<'a> {
    prometheus: &'a Prometheus,
    phones: Vec<&'a str>,
}

/// A query by `file: place`, and its answer.
pub(super) type Answers = BTreeMap<String, Answer>;

#[tokio::test]
async fn a_real_prometheus_answers_every_query_of_every_dashboard() {
    let house = House::start().await;
    let told = Told::start().await;
    let daemon = Daemon::start(&(house.config() + &told.config())).await;
    let prometheus = Prometheus::start(daemon.path(), &config(&daemon));
    let asked = Asked {
        prometheus: &prometheus,
        phones: house.names(),
    };
    let dashboards = committed();

    let in_peace = asked
        .until(&dashboards, |empty| peaceful(empty) == EMPTY_IN_PEACE)
        .await;
    assert_eq!(peaceful(empty(&in_peace)), EMPTY_IN_PEACE, "empty in peace");

    house.trouble();
    reload(&daemon).await;
    told::silence(&daemon).await;
    let in_trouble = async {
        // All of it is there before panels are asked for every label that they name.
        for (place, value) in TRUTH {
            asked.wait(&dashboards, place, value).await;
        }
        asked.until(&dashboards, |empty| empty.is_empty()).await
    };
    let answers = tokio::select! {
        answers = in_trouble => answers,
        () = house.restless() => unreachable!("it never ends"),
    };
    assert_eq!(empty(&answers), [""; 0], "empty in trouble");
    let wrong = fields::findings(&dashboards, &answers);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    fields::planted_faults_are_seen(&answers);
    asked.what_both_judge_counts_once(&dashboards).await;
    asked.planted_faults_are_seen().await;
}

/// The shipped scrape and alerts, the latter without their patience.
fn config(daemon: &Daemon) -> String {
    let rules: &Path = &daemon.path().join("alerts.yml");
    let hasty: Vec<_> = ALERTS.split("- alert: ").map(at_once).collect();
    std::fs::write(rules, hasty.join("- alert: ")).expect("written");
    format!(
        "{}\nrule_files: ['{}']\n",
        one_target(daemon.address),
        rules.display()
    )
}

/// The rule without its patience, but for those that wait for the first scrape.
fn at_once(rule: &str) -> String {
    if rule.starts_with("Exporter") {
        return rule.to_owned();
    }
    let waits = |line: &&str| line.trim_start().starts_with("for: ");
    let hasty: Vec<_> = rule.split('\n').filter(|line| !waits(line)).collect();
    hasty.join("\n")
}

/// An event that annotations mark, too.
async fn reload(daemon: &Daemon) {
    let socket = UnixStream::connect(daemon.path().join("control.sock")).await;
    let answer = http::exchange(socket.expect("listens"), "POST", "/-/reload", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// What is empty beside annotations.
fn peaceful(empty: Vec<&str>) -> Vec<&str> {
    let is_mark = |place: &&str| place.contains(": annotation ");
    empty.into_iter().filter(|place| !is_mark(place)).collect()
}

fn empty(answers: &Answers) -> Vec<&str> {
    answers
        .iter()
        .filter(|(_, answer)| !answer.is_filled())
        .map(|(place, _)| place.as_str())
        .collect()
}

impl Asked<'_> {
    /// Asks until what is empty is as it should be, or patience ends; refusals end it at once.
    async fn until(&self, dashboards: &[Dashboard], holds: impl Fn(Vec<&str>) -> bool) -> Answers {
        let deadline = Instant::now() + 2 * PATIENCE;
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut answers = Answers::new();
        loop {
            look.tick().await;
            for Dashboard { file, json } in dashboards {
                self.ask_again(file, json, &mut answers).await;
            }
            if holds(empty(&answers)) || Instant::now() > deadline {
                return answers;
            }
        }
    }

    /// Asks what is not filled yet.
    async fn ask_again(&self, file: &str, dashboard: &Value, answers: &mut Answers) {
        for query in queries::all(dashboard) {
            let name = format!("{file}: {}", query.place);
            if answers.get(&name).is_some_and(Answer::is_filled) {
                continue;
            }
            let answer = self.ask(&query).await;
            if let Some(refusal) = &answer.refusal {
                panic!("{name}: {refusal}");
            }
            answers.insert(name, answer);
        }
    }

    /// Asks a query for each phone until one has something to say, if it is about one.
    async fn ask(&self, query: &Query<'_>) -> Answer {
        let mut answer = Answer::default();
        for phone in &self.phones {
            let value = |name: &str| match name {
                "phone" => Some(*phone),
                "job" | "instance" => Some(".+"),
                "site" | "model" => Some(".*"),
                "severity" => Some("critical|info|warning"),
                _ => None,
            };
            let filled = queries::filled(query.expr, INTERVALS, value);
            let expr = filled.unwrap_or_else(|why| panic!("{}: {why}", query.place));
            answer = self.ask_once(&expr, query.asks).await;
            if answer.is_filled() || answer.refusal.is_some() {
                break;
            }
        }
        answer
    }

    async fn ask_once(&self, expr: &str, asks: Asks<'_>) -> Answer {
        let get = |path, query| self.prometheus.get(path, query);
        match asks {
            Asks::Now => read(&get("/api/v1/query", &[("query", expr)]).await),
            Asks::OverTime => {
                let now = get("/api/v1/query", &[("query", "time()")]).await;
                let now: f64 = text(&now["data"]["result"][1]).parse().unwrap_or_default();
                let (start, end) = ((now - 60.0).to_string(), now.to_string());
                let over = [("start", start.as_str()), ("end", &end), ("step", "1")];
                let query = [over.as_slice(), &[("query", expr)]].concat();
                read(&get("/api/v1/query_range", &query).await)
            }
            Asks::ValuesOf(label) => {
                let path = format!("/api/v1/label/{label}/values");
                let answer = self.prometheus.get(&path, &[("match[]", expr)]).await;
                let values = list(&answer["data"]).map(|value| text(value).to_owned());
                Answer {
                    values: values.collect(),
                    ..read(&answer)
                }
            }
        }
    }

    /// Waits until the query at this place has this value.
    async fn wait(&self, dashboards: &[Dashboard], place: &str, value: &str) {
        let (file, query) = place.split_once(": ").expect("file and place");
        let dashboard = dashboards
            .iter()
            .find(|dashboard| dashboard.file == file)
            .expect("a dashboard");
        let all = queries::all(&dashboard.json);
        let query = all.iter().find(|one| one.place == query).expect("a query");
        self.wait_for(query, value).await;
    }

    async fn wait_for(&self, query: &Query<'_>, value: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let answer = self.ask(query).await;
            if answer.values == [value] {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{}: {answer:?}, not {value}",
                query.place
            );
        }
    }

    /// That a phone does not answer is judged by the exporter and by Prometheus.
    async fn what_both_judge_counts_once(&self, dashboards: &[Dashboard]) {
        let one = "alertname=\"PhoneUnreachable\", phone=\"dead-1\"";
        let both = format!("count(ALERTS{{{one}}}) + count(grandstream_alert_active{{{one}}})");
        let all = dashboards.iter().flat_map(|one| queries::all(&one.json));
        let critical = all
            .filter(|query| query.place == "Critical alerts A")
            .map(|query| query.expr.replace("severity=\"critical\"", one))
            .next()
            .expect("the fleet counts critical alerts");
        for (expr, count) in [(&both, "2"), (&critical, "1")] {
            let query = Query {
                place: expr.clone(),
                expr,
                asks: Asks::Now,
            };
            self.wait_for(&query, count).await;
        }
    }

    /// What only executing finds, planted: each must be seen.
    async fn planted_faults_are_seen(&self) {
        for (expr, seen) in [
            // A label that is not there.
            (
                "count by (phone) (grandstream_poll_error{job=~\"$job\", cause!=\"\"})",
                false,
            ),
            // A join on a label that one side lacks.
            (
                "grandstream_up and on (phone, account) grandstream_account_registered",
                false,
            ),
            // A function newer than Debian's Prometheus.
            ("sort_by_label(grandstream_up, \"phone\")", false),
            ("grandstream_up", true),
        ] {
            let planted = Query {
                place: "planted".to_owned(),
                expr,
                asks: Asks::Now,
            };
            let answer = self.ask(&planted).await;
            assert_eq!(answer.is_filled(), seen, "{expr}: {answer:?}");
        }
    }
}

fn read(answer: &Value) -> Answer {
    let refusal = (answer["status"] == "error").then(|| text(&answer["error"]).to_owned());
    let series = || list(&answer["data"]["result"]);
    let labels = series()
        .filter_map(|series| series["metric"].as_object())
        .flat_map(|metric| metric.keys().cloned());
    let values = series().flat_map(|series| {
        let points = list(&series["values"]).chain([&series["value"]]);
        points.filter_map(|point| point[1].as_str().map(str::to_owned))
    });
    Answer {
        labels: labels.collect(),
        values: values.collect(),
        refusal,
    }
}
