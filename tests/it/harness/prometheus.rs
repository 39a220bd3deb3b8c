//! A real Prometheus on loopback, configured as `prometheus/` shows it, and its answers.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{PATIENCE, http};

/// How often a query is asked while its answer is waited for.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The shipped configuration for one target with all phones.
const ONE_TARGET: &str = include_str!("../../../prometheus/scrape.example.yml");

/// The shipped configuration for a target a phone.
const A_TARGET_A_PHONE: &str = include_str!("../../../prometheus/scrape-sd.example.yml");

/// A running Prometheus; dropping it ends it.
pub(crate) struct Prometheus {
    child: Child,
    address: SocketAddr,
}

/// The shipped configuration for one target, made quick.
pub(crate) fn one_target(exporter: SocketAddr) -> String {
    quick(ONE_TARGET, exporter)
}

/// Both shipped configurations in one, made quick.
pub(crate) fn both_ways(exporter: SocketAddr) -> String {
    let (_, jobs) = A_TARGET_A_PHONE
        .split_once("scrape_configs:\n")
        .expect("jobs");
    quick(&format!("{ONE_TARGET}{jobs}"), exporter)
}

fn quick(config: &str, exporter: SocketAddr) -> String {
    let mut quick = config.to_owned();
    for (shipped, here) in [
        ("exporter.example:15060", exporter.to_string().as_str()),
        ("scrape_interval: 30s", "scrape_interval: 1s"),
        ("scrape_timeout: 20s", "scrape_timeout: 1s"),
        ("refresh_interval: 1m", "refresh_interval: 1s"),
        ("global:\n", "global:\n  evaluation_interval: 1s\n"),
    ] {
        quick = quick.replace(shipped, here);
    }
    assert!(quick.contains("scrape_interval: 1s"), "{quick}");
    quick
}

impl Prometheus {
    /// Starts one with this configuration, which promtool must find right; its files are relative
    /// to `directory`.
    pub(crate) fn start(directory: &Path, config: &str) -> Self {
        let file = directory.join("prometheus.yml");
        std::fs::write(&file, config).expect("written");
        let checked = Command::new("promtool")
            .args(["check", "config"])
            .arg(&file)
            .output()
            .expect("promtool is installed; see scripts/test-tools");
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success(), "{said}");
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        let data = directory.join("tsdb");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus starts; see scripts/test-tools");
        Self { child, address }
    }

    /// What it answers to this path and query; null before it listens.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        if TcpStream::connect(self.address).await.is_err() {
            return Value::Null;
        }
        let query: Vec<_> = query
            .iter()
            .map(|(key, value)| {
                let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
                format!("{}={value}", utf8_percent_encode(key, NON_ALPHANUMERIC))
            })
            .collect();
        let answer = http::get(self.address, &format!("{path}?{}", query.join("&"))).await;
        serde_json::from_str(&answer.text()).unwrap_or_default()
    }

    /// Waits until a query has this answer: values by the label `phone`, sorted.
    pub(crate) async fn wait(&self, query: &str, expected: &[(&str, &str)]) {
        self.wait_by("phone", query, expected).await;
    }

    /// Waits until a query has this answer: values by this label, sorted.
    pub(crate) async fn wait_by(&self, label: &str, query: &str, expected: &[(&str, &str)]) {
        let deadline = Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let answer = self.get("/api/v1/query", &[("query", query)]).await;
            let found = vector(&answer, label);
            let pairs: Vec<_> = found
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            if pairs == expected {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{query}: {found:?} instead of {expected:?}"
            );
        }
    }

    /// Why the last scrape of this job's one target failed.
    pub(crate) async fn last_error(&self, job: &str) -> String {
        let answer = self.get("/api/v1/targets", &[]).await;
        let target = answer["data"]["activeTargets"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|target| target["scrapePool"] == job);
        let error = target.map(|target| &target["lastError"]);
        error.and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The values of an instant vector by this label, sorted.
fn vector(answer: &Value, label: &str) -> Vec<(String, String)> {
    let mut found: Vec<_> = answer["data"]["result"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|series| {
            let name = series["metric"][label].as_str().unwrap_or_default();
            let value = series["value"][1].as_str().unwrap_or_default();
            (name.to_owned(), value.to_owned())
        })
        .collect();
    found.sort();
    found
}
