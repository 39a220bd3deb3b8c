//! What may not hold up polls: a socket of systemd or a pipe behind stderr that nobody reads.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use grandstream_exporter::sim::{self, Behaviour};
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
