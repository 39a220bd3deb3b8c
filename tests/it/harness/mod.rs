//! A daemon in this process, as a user would run it: a configuration file, real sockets, HTTP.
//!
//! Tests wait for a value, with a bound and a message, never for time to pass.

pub(crate) mod alertmanager;
pub(crate) mod certificates;
pub(crate) mod curl;
pub(crate) mod families;
pub(crate) mod http;
pub(crate) mod prometheus;
pub(crate) mod samples;
pub(crate) mod sink;

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::app::{self, Setup};
use grandstream_exporter::clock::Clock;
use grandstream_exporter::config::Environment;
use grandstream_exporter::sim;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use samples::Samples;

/// How long anything may take before a test gives up: far beyond what a busy machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often a value is looked at while it is waited for.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running daemon; dropping it ends it at once.
pub(crate) struct Daemon {
    pub(crate) address: SocketAddr,
    pub(crate) directory: TempDir,
    stop: CancellationToken,
    task: JoinSet<anyhow::Result<()>>,
}

/// The end of every test configuration: quick polls, state beside the file, any free port. The limits
/// of a poll are those of a machine that does much else; whoever tests them sets others.
pub(crate) const QUICK: &str = "
listen: ['127.0.0.1:0']
state_dir: state
poll: { interval: 200ms, values_interval: 200ms, timeout: 20s, connect_timeout: 10s, stale_after: 60s }
";

impl Daemon {
    /// Starts a daemon on this configuration.
    pub(crate) async fn start(config: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("config.yaml"), config).expect("written");
        Self::start_in(directory).await
    }

    /// Starts a daemon on the `config.yaml` of this directory.
    pub(crate) async fn start_in(directory: TempDir) -> Self {
        Self::start_at(directory, Clock::real()).await
    }

    /// Starts a daemon on the `config.yaml` of this directory that lives by this clock.
    pub(crate) async fn start_at(directory: TempDir, clock: Clock) -> Self {
        let (listening, addresses) = oneshot::channel();
        let setup = Setup {
            config: directory.path().join("config.yaml"),
            environment: Arc::new(Environment::default()),
            listen: Vec::new(),
            control_socket: Some(directory.path().join("control.sock")),
            notify_socket: None,
            watchdog: None,
            clock,
            listening: Some(listening),
        };
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(app::run(setup, stop.clone()));
        let Ok(addresses) = addresses.await else {
            panic!("the daemon ended: {:?}", task.join_next().await);
        };
        let address = *addresses.first().expect("an address");
        Self {
            address,
            directory,
            stop,
            task,
        }
    }

    /// Has the daemon read its configuration again, over the control socket.
    pub(crate) async fn reload(&self) -> http::Answer {
        let socket = self.path().join("control.sock");
        let stream = tokio::net::UnixStream::connect(socket)
            .await
            .expect("connected");
        http::exchange(stream, "POST", "/-/reload", "").await
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The page of metrics, parsed.
    pub(crate) async fn metrics(&self) -> Samples {
        let answer = http::get(self.address, "/metrics").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Samples::parse(&answer.text())
    }

    /// Waits until the series of `name` with these labels has this value.
    pub(crate) async fn wait(&self, name: &str, labels: &[(&str, &str)], value: f64) -> Samples {
        self.wait_for(&format!("{name}{labels:?} = {value}"), |samples| {
            samples.value(name, labels) == Some(value)
        })
        .await
    }

    /// Waits until the metrics are as described.
    pub(crate) async fn wait_for(&self, what: &str, holds: impl Fn(&Samples) -> bool) -> Samples {
        let deadline = Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let samples = self.metrics().await;
            if holds(&samples) {
                return samples;
            }
            assert!(Instant::now() < deadline, "never saw {what} in\n{samples}");
        }
    }

    /// Waits until each phone was polled so often more.
    pub(crate) async fn more_polls(&self, more: f64) -> Samples {
        let polls = |samples: &Samples| -> Vec<f64> {
            let all = samples.all("grandstream_polls_total", &[]);
            all.iter().map(|sample| sample.value).collect()
        };
        let before = polls(&self.metrics().await);
        let since = |samples: &Samples| {
            let now = polls(samples);
            now.iter()
                .zip(&before)
                .all(|(now, then)| *now >= then + more)
        };
        self.wait_for("more polls of each phone", since).await
    }

    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(mut self) -> (TempDir, anyhow::Result<()>) {
        self.stop.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.task.join_next())
            .await
            .expect("the daemon stops")
            .expect("a task")
            .expect("no panic");
        (self.directory, ended)
    }
}

/// A configuration of these phones, `p0`, `p1`, …, each with the simulated phone's password.
pub(crate) fn config_for(phones: &[&sim::Phone]) -> String {
    let mut text = format!("{QUICK}\nphones:\n");
    for (n, phone) in phones.iter().enumerate() {
        writeln!(
            text,
            "  - {{ name: p{n}, address: '{}', password: '{PASSWORD}' }}",
            phone.address()
        )
        .expect("text");
    }
    text
}

/// The password of the phones that tests make.
pub(crate) const PASSWORD: &str = "correct horse";

/// A phone with this behaviour and [`PASSWORD`].
pub(crate) fn spec(behaviour: sim::Behaviour) -> sim::Spec {
    sim::Spec {
        admin: sim::User::new("gmiadmin", PASSWORD),
        behaviour,
        ..sim::Spec::default()
    }
}
