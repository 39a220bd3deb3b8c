//! The state directory when it is not as it should be: full of links, unusable, of another owner, or
//! locked. The daemon runs on all of them, and no command follows where a link leads.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use grandstream_exporter::sim::{self, Behaviour};

use crate::harness::sink::{Answers, Sink};
use crate::harness::{Daemon, PATIENCE, config_for, http, spec};
use crate::process::program;

/// A user that is neither root nor the one that runs the tests.
const OTHER: u32 = 65_534;

/// Whether this is root, who alone can become another user.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

async fn run(directory: &Path, arguments: &str) -> Output {
    let mut command = program();
    command.current_dir(directory).stdin(Stdio::null());
    command.args(arguments.split_ascii_whitespace());
    let ran = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
    ran.await.expect("no panic")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A configuration of these phones that judges alerts.
fn judging(phones: &[&sim::Phone]) -> String {
    format!(
        "{}alerting: {{ enabled: true, evaluation_interval: 200ms }}\n",
        config_for(phones)
    )
}

async fn phone() -> sim::Phone {
    sim::Phone::start(spec(Behaviour::default())).await
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_said_everywhere_and_stops_nothing() {
    let (good, refusing) = (phone().await, phone().await);
    refusing.change(|state| state.admin.password = "another".to_owned());
    let home = tempfile::tempdir().expect("a directory");
    let config = judging(&[&good, &refusing]);
    fs::write(home.path().join("config.yaml"), config).expect("written");
    fs::write(home.path().join("state"), "no directory").expect("written");
    let daemon = Daemon::start_in(home).await;
    daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;
    for persisted in [
        "grandstream_exporter_login_ledger_persisted",
        "grandstream_alert_state_persisted",
    ] {
        daemon.wait(persisted, &[], 0.0).await;
    }
    let alert = [
        ("alertname", "AlertStateNotPersisted"),
        ("alertstate", "pending"),
    ];
    daemon.wait("grandstream_alert_active", &alert, 1.0).await;
    daemon
        .wait_for("many polls", |samples| {
            let polls = samples.value("grandstream_polls_total", &[("phone", "p1")]);
            polls.is_some_and(|polls| polls >= 5.0)
        })
        .await;
    assert_eq!(refusing.refusals(), 1, "half of the budget");

    let health = http::get(daemon.address, "/-/healthy").await;
    assert_eq!(health.status, 200);
    for what in ["refused logins", "the state of alerts"] {
        let line = format!("degraded: {what} ");
        assert!(health.text().contains(&line), "{}", health.text());
    }
    let page = http::get(daemon.address, "/").await.text();
    assert!(
        page.contains("refused logins are kept in memory only"),
        "{page}"
    );
    let socket = format!("--socket {}", daemon.path().join("control.sock").display());
    let check = run(daemon.path(), &format!("healthcheck {socket}")).await;
    assert!(check.status.success());
    assert!(
        errors(&check).contains("degraded: refused logins"),
        "{check:?}"
    );
    let status = run(daemon.path(), &format!("status {socket}")).await;
    assert_eq!(status.status.code(), Some(1));
    let told = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(told.contains("degraded: refused logins"), "{told}");
}

#[tokio::test]
async fn no_command_follows_a_link_in_the_state_directory() {
    let phone = phone().await;
    for (name, arguments) in [
        ("logins", "probe p0"),
        ("logins", "probe --all"),
        ("logins", "phone p0 values get 68"),
        ("audit.jsonl", "phone p0 values set P1=x --yes"),
        ("resume-reboot", "phone --all reboot --resume --yes"),
    ] {
        let home = tempfile::tempdir().expect("a directory");
        let path = |name: &str| home.path().join(name);
        fs::write(path("config.yaml"), config_for(&[&phone])).expect("written");
        fs::create_dir(path("state")).expect("a directory");
        symlink(path("elsewhere"), path("state").join(name)).expect("a link");
        let ended = run(home.path(), &format!("{arguments} --config config.yaml")).await;
        let said = errors(&ended);
        assert_eq!(ended.status.code(), Some(1), "{arguments}: {said}");
        assert!(said.contains("symbolic link"), "{arguments}: {said}");
        assert!(!path("elsewhere").exists(), "{arguments}");
    }
}

#[tokio::test]
async fn the_daemon_follows_no_link_in_the_state_directory() {
    let phone = phone().await;
    let names = [
        "logins",
        "daemon.lock",
        "alerts.sqlite",
        "alerts.sqlite-wal",
        "accepted-config.json",
    ];
    for name in names {
        let home = tempfile::tempdir().expect("a directory");
        let state = home.path().join("state");
        fs::create_dir(&state).expect("a directory");
        let elsewhere = home.path().join("elsewhere");
        symlink(&elsewhere, state.join(name)).expect("a link");
        fs::write(home.path().join("config.yaml"), judging(&[&phone])).expect("written");
        let daemon = Daemon::start_in(home).await;
        daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;
        daemon
            .wait_for("an evaluation", |samples| {
                let at = "grandstream_alert_rule_last_evaluation_timestamp_seconds";
                samples.value(at, &[]).is_some()
            })
            .await;
        assert!(!elsewhere.exists(), "{name}");
        let health = http::get(daemon.address, "/-/healthy").await.text();
        let is_said = health.contains("symbolic link");
        let is_needed = name == "logins" || name.starts_with("alerts");
        assert_eq!(is_said, is_needed, "{name}: {health}");
    }
}

/// Makes a directory as the package makes it: of another user, for it alone.
fn state_of_another(home: &Path) -> std::path::PathBuf {
    let state = home.join("state");
    fs::create_dir(&state).expect("a directory");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("it is ours");
    chown(&state, Some(OTHER), Some(OTHER)).expect("given");
    state
}

#[tokio::test]
async fn what_root_does_leaves_files_of_the_services_user() {
    if !is_root() {
        return;
    }
    let phone = phone().await;
    let home = tempfile::tempdir().expect("a directory");
    let state = state_of_another(home.path());
    fs::write(home.path().join("config.yaml"), judging(&[&phone])).expect("written");
    for arguments in ["probe p0", "phone p0 values set P1=x --yes"] {
        let ended = run(home.path(), &format!("{arguments} --config config.yaml")).await;
        assert!(ended.status.success(), "{arguments}: {}", errors(&ended));
    }
    let daemon = Daemon::start_in(home).await;
    daemon
        .wait("grandstream_alert_state_persisted", &[], 1.0)
        .await;
    let mut found = Vec::new();
    for entry in fs::read_dir(&state).expect("it is there") {
        let entry = entry.expect("it is there");
        let owner = entry.metadata().expect("it is there").uid();
        let name = entry.file_name().into_string().expect("text");
        assert_eq!(owner, OTHER, "{name}");
        found.push(name);
    }
    for name in [
        "logins",
        "audit.jsonl",
        "daemon.lock",
        "alerts.sqlite",
        "alerts.sqlite-wal",
    ] {
        assert!(found.iter().any(|one| one == name), "{name}: {found:?}");
    }
}

/// Runs the daemon as another user on this state directory until it is ready; what it said.
async fn serve_as_another(home: &Path) -> Option<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"));
    command
        .args(["serve", "--config"])
        .arg(home.join("config.yaml"))
        .env("RUNTIME_DIRECTORY", home.join("run"))
        .env_remove("NOTIFY_SOCKET")
        .env_remove("STATE_DIRECTORY")
        .stderr(fs::File::create(home.join("log")).expect("a file"))
        .uid(OTHER)
        .gid(OTHER);
    let mut child = match command.spawn() {
        Ok(child) => child,
        // The program lies where that user may not go.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
        Err(error) => panic!("{error}"),
    };
    let arguments = format!(
        "healthcheck --ready --socket {}",
        home.join("run/control.sock").display()
    );
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut look = tokio::time::interval(std::time::Duration::from_millis(100));
    let ready = loop {
        look.tick().await;
        let check = run(home, &arguments).await;
        if check.status.success() || tokio::time::Instant::now() > deadline {
            break check;
        }
    };
    child.kill().expect("it runs");
    child.wait().expect("it is reaped");
    assert!(ready.status.success(), "{}", errors(&ready));
    assert_eq!(errors(&ready), "", "nothing is degraded");
    Some(fs::read_to_string(home.join("log")).expect("text"))
}

#[tokio::test]
async fn a_directory_of_another_owner_that_can_be_written_is_as_good_as_ones_own() {
    if !is_root() {
        return;
    }
    let phone = phone().await;
    for mode in [0o2770, 0o1777] {
        let home = tempfile::tempdir().expect("a directory");
        let path = |name: &str| home.path().join(name);
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        for name in ["state", "run"] {
            fs::create_dir(path(name)).expect("a directory");
            chown(path(name), Some(0), Some(OTHER)).expect("given");
            fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).expect("it is ours");
        }
        fs::write(path("config.yaml"), config_for(&[&phone])).expect("written");
        for start in 0..2 {
            let Some(log) = serve_as_another(home.path()).await else {
                return;
            };
            assert!(
                !log.contains("ERROR") && !log.contains("memory"),
                "{mode:o} {start}: {log}"
            );
        }
        for name in [
            "logins",
            "daemon.lock",
            "alerts.sqlite",
            "accepted-config.json",
        ] {
            let owner = fs::metadata(path("state").join(name)).expect(name).uid();
            assert_eq!(owner, OTHER, "{mode:o} {name}");
        }
        // Root finds out whose they are.
        let ended = run(home.path(), "probe p0 --config config.yaml").await;
        assert!(ended.status.success(), "{mode:o}: {}", errors(&ended));
    }
}

#[tokio::test]
async fn a_lock_on_the_database_stops_neither_evaluation_nor_delivery() {
    let phone = phone().await;
    let mut sink = Sink::start(Answers::With("200 OK", String::new())).await;
    let receiver = format!(
        "  receivers: {{ desk: {{ webhook: {{ url: 'http://{}/', preset: alertmanager_v4 }}, \
         group_wait: 0s, group_interval: 100ms }} }}\n",
        sink.address
    );
    let daemon = Daemon::start(&crate::alerting::config(&[&phone], &receiver)).await;
    daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;
    daemon
        .wait("grandstream_alert_state_persisted", &[], 1.0)
        .await;
    let other =
        rusqlite::Connection::open(daemon.path().join("state/alerts.sqlite")).expect("it is there");
    other
        .execute_batch("BEGIN IMMEDIATE")
        .expect("it is locked");
    for (off, wanted) in [(true, "\"firing\""), (false, "\"resolved\"")] {
        crate::alerting::cut(&phone, off);
        let told = sink.asked().await.body;
        assert!(told.contains(wanted), "{told}");
    }
    daemon
        .wait("grandstream_alert_state_persisted", &[], 0.0)
        .await;
    let health = http::get(daemon.address, "/-/healthy").await;
    assert!(
        health.text().contains("another process has locked"),
        "{}",
        health.text()
    );
}
