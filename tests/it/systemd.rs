//! What systemd is told over its socket, and what it makes of the unit.
//!
//! The protocol is spoken over a real socket; no systemd runs here. The unit is judged by
//! `systemd-analyze`: how much of the system it exposes, and against an installed root in
//! `package`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;

use grandstream_exporter::sim::{self, Behaviour};
use tempfile::TempDir;

use crate::harness::{PATIENCE, config_for, spec};
use crate::process::program;

/// A daemon as systemd runs it.
struct Service {
    child: Child,
    log: BufReader<ChildStderr>,
    notes: mpsc::Receiver<String>,
    seen: String,
    directory: TempDir,
}

impl Service {
    fn start(config: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.yaml");
        std::fs::write(&path, config).expect("written");
        let socket_path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&socket_path).expect("a socket");
        let (sender, notes) = mpsc::channel();
        std::thread::spawn(move || take_notes(&socket, &sender));
        let mut child = program()
            .args(["serve", "--config"])
            .arg(&path)
            .env("NOTIFY_SOCKET", &socket_path)
            .env("WATCHDOG_USEC", "3000000")
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        Self {
            child,
            log,
            notes,
            seen: String::new(),
            directory,
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Waits until systemd was told this.
    fn told(&mut self, what: &str) {
        while !self.seen.contains(what) {
            let note = self.notes.recv_timeout(PATIENCE);
            let note = note.unwrap_or_else(|_| panic!("never told {what}, only {}", self.seen));
            self.seen.push_str(&note);
        }
    }

    /// Waits for a line of the log. The daemon speaks every second or its test ends it.
    fn logged(&mut self, what: &str) {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            let length = self.log.read_line(&mut line).expect("text");
            assert!(length > 0, "the daemon ended without saying: {what}");
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([name, &id])
            .status()
            .expect("kill");
        assert!(sent.success());
    }
}

/// Reads the socket without pause, as systemd does: it holds few datagrams, and who sends one more
/// waits. Ends when the test has.
fn take_notes(socket: &UnixDatagram, notes: &mpsc::Sender<String>) {
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).expect("a datagram");
        let note = format!("{}\n", String::from_utf8_lossy(&buffer[..length]));
        if notes.send(note).is_err() {
            return;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended already unless a test failed.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[tokio::test]
async fn systemd_is_told_everything_and_sigterm_ends_it_cleanly() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    let mut service = Service::start(&config_for(&[&phone]));
    let status = tokio::task::spawn_blocking(move || {
        service.told("READY=1");
        service.told("WATCHDOG=1");
        service.told("STATUS=1 of 1 phones up");
        service.seen.clear();
        service.signal("-HUP");
        service.told("RELOADING=1");
        service.told("MONOTONIC_USEC=");
        service.told("READY=1");
        service.signal("-TERM");
        service.told("STOPPING=1");
        service.child.wait().expect("it ends")
    })
    .await
    .expect("no panic");
    assert_eq!(status.code(), Some(0));
}

/// Another process keeps the login ledger locked, which every login of every phone asks for.
#[tokio::test]
async fn a_ledger_that_stays_locked_holds_up_neither_polls_nor_signs_of_life() {
    let mut phones = Vec::new();
    for _ in 0..40 {
        phones.push(sim::Phone::start(spec(Behaviour::default())).await);
    }
    let all = config_for(&phones.iter().collect::<Vec<_>>()).replace("timeout: 20s", "timeout: 1s");
    let none = all
        .split("phones:")
        .next()
        .expect("the settings")
        .to_owned()
        + "phones: []\n";
    let mut service = Service::start(&none);
    tokio::task::spawn_blocking(move || {
        service.told("WATCHDOG=1");
        let ledger = File::open(service.path().join("state/logins")).expect("a ledger");
        ledger.lock().expect("locked");
        std::fs::write(service.path().join("config.yaml"), all).expect("written");
        service.signal("-HUP");
        service.logged("The login ledger cannot be written");
        service.told("STATUS=40 of 40 phones up");
        service.seen.clear();
        service.told("WATCHDOG=1");
        ledger.unlock().expect("unlocked");
        service.logged("The login ledger is on disk again");
    })
    .await
    .expect("no panic");
}

fn unit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/grandstream-exporter.service")
}

/// What `systemd-analyze security` makes of this unit, in tenths of its score.
fn exposed_at_most(unit: &Path, tenths: u32) -> bool {
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--no-pager"])
        .arg(format!("--threshold={tenths}"))
        .arg(unit)
        .output()
        .expect("systemd-analyze");
    let text = String::from_utf8_lossy(&judged.stdout).into_owned();
    assert!(text.contains("Overall exposure level"), "{judged:?}");
    judged.status.success()
}

#[test]
fn the_unit_exposes_little_of_the_system() {
    assert!(exposed_at_most(&unit(), 15));
    let text = std::fs::read_to_string(unit()).expect("a unit");
    let directory = tempfile::tempdir().expect("a directory");
    let softer = directory.path().join("grandstream-exporter.service");
    let without = text.replace("ProtectSystem=strict\n", "");
    assert_ne!(text, without);
    std::fs::write(
        &softer,
        without.replace("SystemCallFilter", "#SystemCallFilter"),
    )
    .expect("written");
    assert!(!exposed_at_most(&softer, 15), "the threshold does not bite");
}
