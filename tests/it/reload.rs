//! Taking over a configuration that lost what the one before listed: refused where it may be an accident,
//! and remembered over a restart.

use std::fmt::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;

use crate::harness::sink::{Answers, Sink};
use crate::harness::{Daemon, QUICK, http};
use crate::process::program;

const PHONES: usize = 12;

/// A list of so many phones on ports that refuse.
fn list(phones: usize) -> String {
    let mut text = "name,address,password\n".to_owned();
    for n in 0..phones {
        writeln!(text, "p{n},127.0.0.1:{},secret", n + 1).expect("text");
    }
    text
}

/// A receiver that hears of nothing, and a rule that never fires.
const ALERTING: &str = "alerting: { enabled: true, rule_groups: [], \
                        receivers: { desk: { webhook: { url: 'http://127.0.0.1:1/' } } } }\n";

fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    configure(home.path(), ALERTING);
    write(home.path(), "phones.csv", &list(PHONES));
    home
}

fn write(home: &Path, name: &str, text: &str) {
    std::fs::write(home.join(name), text).expect("written");
}

/// Writes the configuration with these lines at its end.
fn configure(home: &Path, more: &str) {
    let text = format!("{QUICK}phone_files: [phones.csv]\n{more}");
    write(home, "config.yaml", &text);
}

async fn phones(daemon: &Daemon) -> Option<f64> {
    let samples = daemon.metrics().await;
    samples.value("grandstream_exporter_phones", &[])
}

const SUCCESSFUL: &str = "grandstream_exporter_config_last_reload_successful";

async fn reload(daemon: &Daemon, more: &[&'static str]) -> Output {
    let mut command = program();
    command.arg("reload").args(more).stdin(Stdio::null());
    command
        .arg("--socket")
        .arg(daemon.path().join("control.sock"));
    let ran = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
    ran.await.expect("no panic")
}

#[tokio::test]
async fn a_list_that_is_emptied_while_it_is_watched_is_refused_until_it_is_accepted() {
    let daemon = Daemon::start_in(home()).await;
    for emptied in ["name,address,password\n", ""] {
        write(daemon.path(), "phones.csv", emptied);
        daemon.wait(SUCCESSFUL, &[], 0.0).await;
        assert_eq!(phones(&daemon).await, Some(12.0), "{emptied:?}");
        let answer = daemon.reload().await;
        assert_eq!(answer.status, 422, "{emptied:?}: {}", answer.text());
        let refused = reload(&daemon, &[]).await;
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("it lists no phones"), "{said}");
        assert!(said.contains("reload --accept-loss"), "{said}");
        write(daemon.path(), "phones.csv", &list(PHONES));
        daemon.wait(SUCCESSFUL, &[], 1.0).await;
    }
    write(daemon.path(), "phones.csv", "name,address,password\n");
    let accepted = reload(&daemon, &["--accept-loss"]).await;
    assert!(accepted.status.success(), "{accepted:?}");
    assert_eq!(phones(&daemon).await, Some(0.0));
}

#[tokio::test]
async fn more_than_half_of_a_fleet_goes_only_when_it_is_asked_for() {
    let daemon = Daemon::start_in(home()).await;
    write(daemon.path(), "phones.csv", &list(PHONES / 2 - 1));
    daemon.wait(SUCCESSFUL, &[], 0.0).await;
    assert_eq!(phones(&daemon).await, Some(12.0));
    let answer = daemon.reload().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(phones(&daemon).await, Some(5.0));
}

#[tokio::test]
async fn receivers_go_only_where_alerts_are_switched_off_in_writing() {
    let daemon = Daemon::start_in(home()).await;
    for cut in [
        "",
        "alerting: { enabled: true, rule_groups: [] }\n",
        "alerting:\n",
    ] {
        configure(daemon.path(), cut);
        let answer = daemon.reload().await;
        assert_eq!(answer.status, 422, "{cut:?}");
        assert!(
            answer.text().contains("it lists no receivers"),
            "{}",
            answer.text()
        );
    }
    configure(daemon.path(), "alerting: { enabled: false }\n");
    let answer = daemon.reload().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn an_empty_configuration_file_is_refused_while_it_is_watched() {
    let daemon = Daemon::start_in(home()).await;
    write(daemon.path(), "config.yaml", "");
    daemon.wait(SUCCESSFUL, &[], 0.0).await;
    assert_eq!(phones(&daemon).await, Some(12.0));
    let health = http::get(daemon.address, "/-/healthy").await.text();
    assert!(
        health.contains("degraded: the last reload was refused"),
        "{health}"
    );
}

#[tokio::test]
async fn a_restart_on_an_emptied_list_is_not_ready_and_says_so_until_the_list_is_back() {
    let mut daemon = Daemon::start_in(home()).await;
    for _ in 0..2 {
        daemon = restarted_on(daemon, 0).await;
        let ready = http::get(daemon.address, "/-/ready").await;
        assert_eq!(ready.status, 503);
        let said = ready.text();
        assert!(said.contains("the last accepted one lists 12"), "{said}");
        let health = http::get(daemon.address, "/-/healthy").await;
        assert_eq!(health.status, 200);
        let said = health.text();
        assert!(said.contains("it lists no phones"), "{said}");
        let again = daemon.reload().await;
        assert_eq!(again.status, 422, "{}", again.text());
    }
    write(daemon.path(), "phones.csv", &list(PHONES));
    let answer = daemon.reload().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let health = http::get(daemon.address, "/-/healthy").await.text();
    assert_eq!(health, "healthy\n");

    // A smaller list is taken over at a start.
    let daemon = restarted_on(daemon, 1).await;
    assert_eq!(phones(&daemon).await, Some(1.0));
    let health = http::get(daemon.address, "/-/healthy").await.text();
    assert_eq!(health, "healthy\n");
}

/// The daemon after a restart on a list of so many phones.
async fn restarted_on(daemon: Daemon, phones: usize) -> Daemon {
    let (home, ended) = daemon.stop().await;
    ended.expect("a clean end");
    write(home.path(), "phones.csv", &list(phones));
    Daemon::start_in(home).await
}

#[tokio::test]
async fn what_was_told_before_a_restart_on_an_emptied_list_is_told_to_its_end_once_it_is_back() {
    let phone = crate::alerting::phone().await;
    let mut sink = Sink::start(Answers::With("200 OK", String::new())).await;
    let receiver = format!(
        "  receivers: {{ desk: {{ webhook: {{ url: 'http://{}/', preset: alertmanager_v4 }}, \
         group_wait: 0s, group_interval: 100ms }} }}\n",
        sink.address
    );
    let whole = crate::alerting::config(&[&phone], &receiver);
    let daemon = Daemon::start(&whole).await;
    daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;
    crate::alerting::cut(&phone, true);
    assert!(sink.asked().await.body.contains("\"firing\""));
    // Cut in the middle: neither phones nor receivers are left.
    let cut = whole.split("phones:").next().expect("the beginning");
    let (home, ended) = daemon.stop().await;
    ended.expect("a clean end");
    write(home.path(), "config.yaml", cut);
    let daemon = Daemon::start_in(home).await;
    let ready = http::get(daemon.address, "/-/ready").await;
    assert_eq!(ready.status, 503, "{}", ready.text());
    crate::alerting::cut(&phone, false);
    write(daemon.path(), "config.yaml", &whole);
    let answer = daemon.reload().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = sink.asked().await.body;
    assert!(
        told.contains("\"resolved\"") && !told.contains("\"firing\""),
        "{told}"
    );
    daemon
        .wait("grandstream_alert_state_persisted", &[], 1.0)
        .await;
    assert!(sink.is_untouched());
}
