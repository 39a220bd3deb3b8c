//! A real Alertmanager on loopback, and what it says when `amtool` asks.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tokio::time::Instant;

use super::PATIENCE;
use super::prometheus::LOOK_EVERY;

/// A running Alertmanager; dropping it ends it.
pub(crate) struct Alertmanager {
    child: Child,
    directory: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Alertmanager {
    /// Starts one that tells `webhook` of everything at once.
    pub(crate) fn start(directory: &Path, webhook: SocketAddr) -> Self {
        let config = format!(
            "route: {{ receiver: sink, group_by: [...], group_wait: 100ms, group_interval: 1s }}\n\
             receivers: [{{ name: sink, webhook_configs: [{{ url: 'http://{webhook}/' }}] }}]\n"
        );
        Self::start_as(directory, &config)
    }

    /// Starts one with this configuration.
    pub(crate) fn start_as(directory: &Path, config: &str) -> Self {
        std::fs::create_dir_all(directory).expect("a directory");
        std::fs::write(directory.join("config.yml"), config).expect("written");
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        Self {
            child: run(directory, address),
            directory: directory.to_owned(),
            address,
        }
    }

    /// Ends it without warning and starts it again: it has forgotten every alert.
    pub(crate) fn restart(&mut self) {
        self.end();
        self.child = run(&self.directory, self.address);
    }

    fn end(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }

    /// The alerts that `amtool` reads from it; `None` before it listens.
    fn alerts(&self) -> Option<Vec<Value>> {
        let asked = Command::new("amtool")
            .arg(format!("--alertmanager.url=http://{}", self.address))
            .args(["alert", "query", "--output=json"])
            .output()
            .expect("amtool is installed; see scripts/test-tools");
        asked.status.success().then(|| {
            let read = serde_json::from_slice(&asked.stdout);
            read.expect("JSON")
        })
    }

    /// Waits until its alerts are as described.
    pub(crate) async fn wait(&self, what: &str, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            match self.alerts() {
                Some(alerts) if holds(&alerts) => return alerts,
                alerts => assert!(Instant::now() < deadline, "never saw {what} in {alerts:#?}"),
            }
        }
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(directory: &Path, address: SocketAddr) -> Child {
    Command::new("prometheus-alertmanager")
        .arg(format!(
            "--config.file={}",
            directory.join("config.yml").display()
        ))
        .arg(format!(
            "--storage.path={}",
            directory.join("data").display()
        ))
        .arg(format!("--web.listen-address={address}"))
        .arg("--cluster.listen-address=")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus-alertmanager starts; see scripts/test-tools")
}
