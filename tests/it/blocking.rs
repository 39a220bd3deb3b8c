//! What may not hold up polls: a socket of systemd or a pipe behind stderr that nobody reads. And
//! what a process that was stopped itself may not hold against phones.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use grandstream_exporter::clock::PAUSE;
use grandstream_exporter::sim::{self, Behaviour, Fault};
use tempfile::TempDir;
use tokio::time::{Instant, interval};

use crate::harness::samples::Samples;
use crate::harness::{LOOK_EVERY, PATIENCE, config_for, http, spec};
use crate::process::program;

/// A daemon in a process of its own, asked over its control socket.
struct Process {
    child: Child,
    directory: TempDir,
}

impl Process {
    fn start(config: &str, arrange: impl FnOnce(&mut Command, &Path)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.yaml");
        std::fs::write(&path, config).expect("written");
        let mut command = program();
        command
            .args(["serve", "--config"])
            .arg(&path)
            .env("RUNTIME_DIRECTORY", directory.path())
            .stderr(Stdio::null());
        arrange(&mut command, directory.path());
        let child = command.spawn().expect("it starts");
        Self { child, directory }
    }

    /// The answer, once there is a control socket.
    async fn get(&self, path: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let socket = self.directory.path().join("control.sock");
        let mut look = interval(LOOK_EVERY);
        loop {
            look.tick().await;
            if let Ok(stream) = tokio::net::UnixStream::connect(&socket).await {
                return http::exchange(stream, "GET", path, "").await.text();
            }
            assert!(Instant::now() < deadline, "no control socket");
        }
    }

    async fn wait_for(&self, what: &str, holds: impl Fn(&Samples) -> bool) -> Samples {
        let deadline = Instant::now() + PATIENCE;
        let mut look = interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let samples = Samples::parse(&self.get("/metrics").await);
            if holds(&samples) {
                return samples;
            }
            assert!(Instant::now() < deadline, "never saw {what} in\n{samples}");
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already unless a test failed.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Writes until nothing more is taken.
fn fill(mut write: impl FnMut(&[u8]) -> std::io::Result<usize>) {
    loop {
        match write(b"full") {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_notify_socket_that_nobody_reads_holds_up_nothing_and_hears_ready_in_the_end() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    let outside = tempfile::tempdir().expect("a directory");
    let path = outside.path().join("notify");
    let systemd = UnixDatagram::bind(&path).expect("a socket");
    let sender = UnixDatagram::unbound().expect("a socket");
    sender.connect(&path).expect("connected");
    sender.set_nonblocking(true).expect("set");
    fill(|bytes| sender.send(bytes));
    let process = Process::start(&config_for(&[&phone]), |command, _| {
        command
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "300000");
    });
    process
        .wait_for("twenty polls", |samples| {
            samples.value("grandstream_polls_total", &[]) >= Some(20.0)
        })
        .await;
    let told = tokio::task::spawn_blocking(move || {
        systemd.set_read_timeout(Some(PATIENCE)).expect("set");
        let mut buffer = [0; 4096];
        loop {
            let length = systemd.recv(&mut buffer).expect("READY=1, some time");
            let note = String::from_utf8_lossy(&buffer[..length]);
            if note.contains("READY=1") {
                return true;
            }
        }
    });
    assert!(told.await.expect("no panic"));
}

#[tokio::test]
async fn a_stderr_that_nobody_reads_holds_up_nothing() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    let (unread, stderr) = UnixStream::pair().expect("sockets");
    stderr.set_nonblocking(true).expect("set");
    fill(|bytes| std::io::Write::write(&mut &stderr, bytes));
    stderr.set_nonblocking(false).expect("set");
    let process = Process::start(&config_for(&[&phone]), |command, _| {
        command
            .args(["--log-level", "trace"])
            .stderr(Stdio::from(OwnedFd::from(stderr)));
    });
    process
        .wait_for("twenty polls", |samples| {
            samples.value("grandstream_polls_total", &[]) >= Some(20.0)
        })
        .await;
    drop(unread);
}

#[tokio::test]
async fn a_process_that_was_stopped_counts_it_and_raises_nothing_against_phones() {
    let phones = [
        sim::Phone::start(spec(Behaviour::default())).await,
        sim::Phone::start(spec(Behaviour::default())).await,
    ];
    let hasty = config_for(&[&phones[0], &phones[1]])
        .replace("interval: 200ms, values_interval: 200ms", "interval: 1s")
        .replace("timeout: 20s", "timeout: 5s")
        .replace("stale_after: 60s", "stale_after: 2s")
        + "
alerting:
  enabled: true
  evaluation_interval: 1s
  rules:
    - { name: Silent, when: { phone_unreachable: {} }, labels: { severity: critical } }
    - { name: Unread, when: { phone_not_readable: {} }, labels: { severity: critical } }
    - { name: Old, when: { data_older_than: 4s }, labels: { severity: critical } }
";
    let process = Process::start(&hasty, |_, _| {});
    let up = |samples: &Samples| samples.count("grandstream_up", 1.0) == 2;
    process.wait_for("both up", up).await;
    // A poll of the first is in flight when the process stops, and its connection dies meanwhile.
    phones[0].change(|state| state.faults.set(Fault::Stall));
    let before = phones[0].requests().len();
    let mut look = interval(LOOK_EVERY);
    while phones[0].requests().len() == before {
        look.tick().await;
    }
    process.signal("-STOP");
    phones[0].change(|state| state.faults.clear());
    // Time has to pass: it is what the process misses.
    tokio::time::sleep(PAUSE * 2).await;
    let seen = phones[1].requests().len();
    process.signal("-CONT");
    let paused = [("reason", "paused")];
    let samples = process
        .wait_for("skipped polls and new ones", |samples| {
            let skipped = samples.value("grandstream_exporter_polls_skipped_total", &paused);
            skipped > Some(0.0)
                && phones
                    .iter()
                    .all(|phone| phone.requests().len() > seen + 10)
        })
        .await;
    let skipped = samples.value("grandstream_exporter_polls_skipped_total", &paused);
    assert!(skipped >= Some(10.0), "{skipped:?}");
    let failures = samples.all("grandstream_poll_failures_total", &[]);
    assert!(
        failures.iter().all(|sample| sample.value == 0.0),
        "{samples}"
    );
    let events = process.get("/api/v1/events").await;
    for alert in ["Silent", "Unread", "Old"] {
        assert!(!events.contains(alert), "{events}");
    }
}
