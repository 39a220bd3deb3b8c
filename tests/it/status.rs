//! `status` and reload over the control socket.

use std::process::{Command, Output};

use grandstream_exporter::sim::{self, Behaviour};
use tokio::net::UnixStream;

use crate::harness::{Daemon, config_for, http, spec};

async fn status(daemon: &Daemon, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"));
    command
        .arg("status")
        .arg("--socket")
        .arg(daemon.path().join("control.sock"));
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().expect("it runs"))
        .await
        .expect("no panic")
}

#[tokio::test]
async fn status_counts_troubles_with_their_mend_and_says_so_by_its_exit() {
    let good = sim::Phone::start(spec(Behaviour::default())).await;
    let refusing = sim::Phone::start(spec(Behaviour::default())).await;
    let daemon = Daemon::start(&config_for(&[&good, &refusing])).await;
    for phone in ["p0", "p1"] {
        daemon
            .wait("grandstream_up", &[("phone", phone)], 1.0)
            .await;
    }
    let calm = status(&daemon, &[]).await;
    let told = String::from_utf8_lossy(&calm.stdout).into_owned();
    assert!(told.contains("2 of 2 phones up"), "{told}");
    assert_eq!(calm.status.code(), Some(0));

    refusing.change(|state| {
        state.admin.password = "another".to_owned();
        state.end_sessions();
    });
    daemon
        .wait(
            "grandstream_poll_error",
            &[("phone", "p1"), ("reason", "auth")],
            1.0,
        )
        .await;
    let trouble = status(&daemon, &["--problems"]).await;
    let told = String::from_utf8_lossy(&trouble.stdout).into_owned();
    assert!(told.contains("1 of 2 phones up"), "{told}");
    assert!(
        told.contains("no site auth: correct the password file"),
        "{told}"
    );
    assert!(told.contains("p1: auth"), "{told}");
    assert_eq!(trouble.status.code(), Some(1));
}

#[tokio::test]
async fn without_a_daemon_status_says_where_it_looked() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("control.sock");
    let ended = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"))
        .args(["status", "--socket"])
        .arg(&socket)
        .output()
        .expect("it runs");
    assert_eq!(ended.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        errors.contains("control.sock") && errors.contains("--socket"),
        "{errors}"
    );
}

#[tokio::test]
async fn the_control_socket_may_reload_and_tells_the_faults() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    let reload = async || {
        let stream = UnixStream::connect(daemon.path().join("control.sock")).await;
        http::exchange(
            stream.expect("a socket"),
            "POST",
            "/-/reload",
            "Content-Length: 0\r\n",
        )
        .await
    };
    assert_eq!(reload().await.status, 200);
    std::fs::write(daemon.path().join("config.yaml"), "lisen: []\n").expect("written");
    let refused = reload().await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("did you mean `listen`"),
        "{}",
        refused.text()
    );
    let network = http::request(daemon.address, "POST", "/-/reload", "").await;
    assert_eq!(network.status, 403);
}
