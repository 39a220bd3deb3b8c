//! A real Prometheus on loopback, as `scripts/test-tools` installs it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{PATIENCE, http};

/// A running Prometheus; dropping it ends it.
pub(crate) struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// Starts it on this configuration, whose files are relative to `directory`.
    pub(crate) fn start(directory: &Path, config: &str) -> Self {
        let file = directory.join("prometheus.yml");
        std::fs::write(&file, config).expect("written");
        let checked = Command::new("promtool")
            .args(["check", "config"])
            .arg(&file)
            .output()
            .expect("promtool");
        let told = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{told}");
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.join("tsdb").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus starts; scripts/test-tools installs it");
        Self { child, address }
    }

    /// Waits until a query has this answer: values by the label `phone`, sorted.
    pub(crate) async fn wait(&self, query: &str, expected: &[(&str, &str)]) {
        self.wait_by("phone", query, expected).await;
    }

    /// Waits until a query has this answer: values by this label, sorted.
    pub(crate) async fn wait_by(&self, label: &str, query: &str, expected: &[(&str, &str)]) {
        let deadline = Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(Duration::from_millis(100));
        let path = format!(
            "/api/v1/query?query={}",
            percent_encoding::utf8_percent_encode(query, percent_encoding::NON_ALPHANUMERIC)
        );
        let mut found = Vec::new();
        loop {
            look.tick().await;
            if tokio::net::TcpStream::connect(self.address).await.is_ok() {
                found = vector(&self.get(&path).await, label);
            }
            let pairs: Vec<_> = found
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
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
        let answer = self.get("/api/v1/targets").await;
        let targets = answer["data"]["activeTargets"].as_array();
        let target = targets
            .into_iter()
            .flatten()
            .find(|target| target["scrapePool"] == job);
        let error = target.map(|target| &target["lastError"]);
        error.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = http::get(self.address, path).await;
        serde_json::from_slice(&answer.body).unwrap_or_default()
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
