//! The commands that ask a running daemon about alerts, against a server whose alert task is played.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::clock::Clock;
use grandstream_exporter::fleet::{Failure, Fleet, PollReport, Reason};
use grandstream_exporter::sim::{self, Behaviour};
use grandstream_exporter::web::Limits;

use crate::harness::certificates::Authority;
use crate::harness::{Daemon, QUICK, spec};
use crate::orders::{SESAME, all_down};
use crate::process::program;
use crate::web::{Server, place};

/// Runs the program with these arguments.
async fn run(arguments: &[&str]) -> (i32, String, String) {
    let mut command = program();
    command.args(arguments);
    let ended = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
    let Output {
        status,
        stdout,
        stderr,
    } = ended.await.expect("no panic");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("an end"), text(stdout), text(stderr))
}

/// Runs it on the control socket of this server.
async fn on(server: &Server, arguments: &[&str]) -> (i32, String, String) {
    let socket = server.control.to_str().expect("UTF-8");
    run(&[arguments, &["--socket", socket]].concat()).await
}

/// Two phones, both down.
fn troubled() -> Server {
    let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
    let mut fleet = Fleet::new([place("reception"), place("esc\u{1b}[2J")]);
    for name in ["reception", "esc\u{1b}[2J"] {
        let mut report = PollReport::new(clock.now());
        report.failure = Some(Failure::new(Reason::Timeout, "no answer"));
        fleet = fleet.with_report(name, report);
    }
    let picture = all_down(&fleet, clock.now());
    let server = Server::start(fleet, Limits::default()).with_alert_task();
    server.pictures.send_replace(Arc::new(picture));
    server
}

#[tokio::test]
async fn alerts_are_told_in_a_table_that_moves_no_cursor_and_in_json() {
    let server = troubled();
    let (code, told, _) = on(&server, &["alerts"]).await;
    assert_eq!(code, 0);
    let rows: Vec<_> = told
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .collect();
    assert_eq!(
        rows[0],
        [
            "SEVERITY", "ALERT", "TARGET", "SITE", "AGE", "STATE", "SUMMARY"
        ]
    );
    assert!(told.contains("Down   reception"), "{told}");
    assert!(!told.contains('\u{1b}'), "{told:?}");
    let (_, json, _) = on(&server, &["alerts", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    assert_eq!(json[1]["labels"]["phone"], "reception");
}

#[tokio::test]
async fn a_daemon_that_judges_nothing_is_not_taken_for_a_quiet_one() {
    let server = Server::start(Fleet::default(), Limits::default());
    let (code, told, errors) = on(&server, &["alerts"]).await;
    assert_eq!((code, &*errors), (0, ""));
    assert!(
        told.starts_with("the daemon evaluates no alert rules; set `alerting: { enabled: true }`"),
        "{told}"
    );
}

#[tokio::test]
async fn a_silence_is_made_listed_and_ended() {
    let server = troubled();
    let add = [
        "silence",
        "add",
        r#"phone=~"reception|b.*""#,
        "site!=lab",
        "--duration",
        "2h",
    ];
    let add = [&add[..], &["--comment", "new carpet"]].concat();
    let (code, told, errors) = on(&server, &add).await;
    assert_eq!((code, &*errors), (0, ""));
    assert_eq!(
        told,
        "silence 1 until 1970-01-01T02:00:00Z: 1 phone, 1 alert now\n"
    );
    let (_, json, _) = on(&server, &["silence", "list", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        json[0]["matchers"],
        serde_json::json!([
            { "name": "phone", "value": "reception|b.*", "isRegex": true, "isEqual": true },
            { "name": "site", "value": "lab", "isRegex": false, "isEqual": false },
        ])
    );
    let (_, table, _) = on(&server, &["silence", "list"]).await;
    assert!(
        table.contains(r#"phone=~"reception|b.*", site!="lab"  new carpet"#),
        "{table}"
    );

    let (code, told, _) = on(&server, &["silence", "expire", "1"]).await;
    assert_eq!(
        (code, &*told),
        (0, "silence 1 ended 1970-01-01T00:00:00Z\n")
    );
    let (_, none, _) = on(&server, &["silence", "list"]).await;
    assert_eq!(none, "no active or pending silences\n");
    let (_, all, _) = on(&server, &["silence", "list", "--all"]).await;
    assert!(all.contains("expired"), "{all}");
    let (code, _, errors) = on(&server, &["silence", "expire", "9"]).await;
    assert_eq!(code, 1);
    assert!(errors.contains("there is no silence 9"), "{errors}");
}

#[tokio::test]
async fn a_silence_that_covers_nothing_is_told_with_how_a_pattern_is_written() {
    let server = troubled();
    for (matcher, hint) in [
        (
            "phone=recep*",
            Some("for a pattern write phone=~\"recep.*\""),
        ),
        ("phone=recep", None),
    ] {
        let add = ["silence", "add", matcher, "--for", "2h", "--comment", "x"];
        let (code, told, _) = on(&server, &add).await;
        assert_eq!(code, 0);
        assert!(told.contains("no phone and no alert now"), "{told}");
        let expected = hint.unwrap_or("correct the matchers\n");
        assert!(told.contains(expected), "{told}");
    }
}

#[tokio::test]
async fn what_makes_no_silence_is_refused_with_its_mend() {
    let server = troubled();
    let rest = ["--duration", "2h", "--comment", "x"];
    for (matcher, rest, code, told) in [
        ("phnoe=a", &rest[..], 1, "label `phnoe`; there are account"),
        (
            "alertstate=firing",
            &rest,
            1,
            "`alertstate`; there are account, alertname, line, phone",
        ),
        ("phone", &rest, 2, "`phone` is not a matcher; write LABEL"),
        ("phone=~[", &rest, 2, "unclosed character class"),
        ("phone!=a", &rest, 1, "does not match the empty text"),
        ("{}", &rest, 2, "write LABEL"),
        (
            "phone=a",
            &["--duration", "soon", "--comment", "x"],
            2,
            "--duration",
        ),
        ("phone=a", &["--for", "2h"], 2, "--comment"),
    ] {
        let arguments = [&["silence", "add", matcher], rest].concat();
        let (ended, _, errors) = on(&server, &arguments).await;
        assert_eq!(ended, code, "{matcher}: {errors}");
        assert!(errors.contains(told), "{matcher}: {errors}");
    }
}

#[tokio::test]
async fn events_and_messages_are_told_and_messages_tried_again_or_dropped() {
    let server = troubled();
    let (_, events, _) = on(&server, &["events", "café/2", "--since", "1h"]).await;
    let rows: Vec<_> = events.lines().collect();
    assert_eq!(rows.len(), 2, "{events}");
    assert!(
        rows[1].contains("café/2  firmware 1.0 became <3>"),
        "{events}"
    );
    let (_, json, _) = on(&server, &["events", "--limit", "1", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(1));

    let (_, queue, _) = on(&server, &["notify", "queue"]).await;
    assert_eq!(queue.lines().count(), 3, "{queue}");
    let (_, dead, _) = on(&server, &["notify", "queue", "--dead"]).await;
    assert!(
        dead.contains("dead letter") && dead.lines().count() == 2,
        "{dead}"
    );
    let (_, told, _) = on(&server, &["notify", "retry", "--all-dead"]).await;
    assert_eq!(told, "notification 3 queued again\n");
    let (code, _, errors) = on(&server, &["notify", "retry", "--all-dead"]).await;
    assert_eq!(code, 1);
    assert!(errors.contains("no dead letters to retry"), "{errors}");
    let (_, told, _) = on(&server, &["notify", "drop", "3", "4"]).await;
    assert_eq!(told, "notification 3 dropped\nnotification 4 dropped\n");
    let (_, none, _) = on(&server, &["notify", "queue"]).await;
    assert_eq!(none, "no queued notifications\n");
}

#[tokio::test]
async fn over_the_network_a_user_asks_and_only_an_operator_changes_something() {
    let server = troubled().with_users();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("password");
    std::fs::write(&file, format!("{SESAME}\n")).expect("written");
    let (url, file) = (
        format!("http://{}/", server.address),
        file.to_str().expect("UTF-8"),
    );
    let as_user = async |name: &str, arguments: &[&str]| {
        let login = ["--url", &*url, "--user", name, "--password-file", file];
        run(&[arguments, &login].concat()).await
    };
    let add = ["silence", "add", "site=hq", "--for", "1h", "--comment", "x"];
    let (code, told, errors) = as_user("anna", &add).await;
    assert_eq!(code, 0, "{errors}");
    assert!(told.starts_with("silence 1 until "), "{told}");
    let (_, listed, _) = as_user("bert", &["silence", "list"]).await;
    assert!(listed.contains("anna"), "{listed}");
    let (code, _, errors) = as_user("bert", &add).await;
    assert_eq!(code, 1);
    assert!(errors.contains("access.operate does not name"), "{errors}");
    let (code, _, errors) = run(&["alerts", "--url", &url]).await;
    assert_eq!(code, 1);
    assert!(errors.contains("--user and --password-file"), "{errors}");
    for wrong in ["exporter:15060", "ftp://exporter", "http://anna:x@exporter"] {
        let (code, _, errors) = run(&["alerts", "--url", wrong]).await;
        assert_eq!(code, 1, "{wrong}");
        assert!(errors.contains("write e.g. https://"), "{errors}");
        assert!(!errors.contains("anna:x"), "{errors}");
    }
    let (code, ..) = run(&["alerts", "--url", &url, "--socket", "x"]).await;
    assert_eq!(code, 2);
}

#[tokio::test]
async fn over_tls_the_daemon_is_trusted_by_its_authority() {
    let home = tempfile::tempdir().expect("a directory");
    Authority::new(home.path(), "ca").server();
    let tls = "tls_server_config: { cert_file: ca-server.pem, key_file: ca-server.key }\n";
    std::fs::write(home.path().join("web.yaml"), tls).expect("written");
    let config = format!("{QUICK}web_config_file: web.yaml\n");
    std::fs::write(home.path().join("config.yaml"), config).expect("written");
    let daemon = Daemon::start_in(home).await;
    let url = format!("https://{}", daemon.address);
    let authority = daemon.path().join("ca.pem");
    let authority = authority.to_str().expect("UTF-8");
    let (code, _, errors) = run(&["healthcheck", "--url", &url, "--ca-file", authority]).await;
    assert_eq!((code, &*errors), (0, ""));
    let (code, _, errors) = run(&["healthcheck", "--url", &url]).await;
    assert_eq!(code, 1);
    assert!(errors.contains("--ca-file"), "{errors}");
}

#[tokio::test]
async fn without_a_daemon_every_command_says_where_it_looked() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("control.sock");
    let socket = socket.to_str().expect("UTF-8");
    for command in [
        &["alerts"][..],
        &["silence", "list"],
        &["silence", "expire", "1"],
        &["events"],
        &["notify", "queue"],
        &["notify", "drop", "1"],
    ] {
        let (code, _, errors) = run(&[command, &["--socket", socket]].concat()).await;
        assert_eq!(code, 1, "{command:?}");
        assert!(errors.contains("control.sock; start it"), "{errors}");
    }
}

#[tokio::test]
async fn phones_that_are_restarted_by_hand_are_silenced_first() {
    let server = troubled();
    let mut behaviour = Behaviour::default();
    behaviour.actions.reboot_takes = Duration::from_millis(1);
    let phone = sim::Phone::start(spec(behaviour)).await;
    let directory = tempfile::tempdir().expect("a directory");
    let config = crate::harness::config_for(&[&phone]);
    std::fs::write(directory.path().join("config.yaml"), config).expect("written");
    let reboot = async |more: &[&str]| {
        let config = path(directory.path(), "config.yaml");
        let reboot = ["phone", "p0", "reboot", "--yes", "--config", &*config];
        run(&[&reboot[..], more].concat()).await
    };
    let socket = server.control.to_str().expect("UTF-8");
    let (code, _, errors) = reboot(&["--socket", socket, "--wait-up", "5m"]).await;
    assert_eq!(code, 0, "{errors}");
    assert!(
        errors.contains("silence 1: 1 phone silenced for 20m"),
        "{errors}"
    );
    let listed = server.get("/api/v1/silences").await.json();
    let silence = &listed[0];
    assert_eq!(silence["matchers"][0]["value"], "p0");
    assert_eq!(silence["endsAt"], "1970-01-01T00:20:00Z");
    assert!(
        silence["comment"]
            .as_str()
            .is_some_and(|text| text.starts_with("phone reboot"))
    );

    let nowhere = path(directory.path(), "no.sock");
    let (code, _, errors) = reboot(&["--socket", &nowhere]).await;
    assert_eq!(code, 0, "{errors}");
    assert_eq!(errors.matches("warning: no silence").count(), 1, "{errors}");
    let (code, _, errors) = reboot(&["--socket", socket, "--no-silence"]).await;
    assert_eq!(code, 0, "{errors}");
    let (code, _, errors_dry) = reboot(&["--socket", socket, "--dry-run"]).await;
    assert_eq!(code, 0, "{errors_dry}");
    assert!(!errors.contains("silence") && !errors_dry.contains("silence"));
    let listed = server.get("/api/v1/silences").await.json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(phone.counters().reboots, 3);
}

fn path(directory: &Path, name: &str) -> String {
    directory.join(name).to_str().expect("UTF-8").to_owned()
}

#[tokio::test]
async fn a_test_without_receivers_says_where_they_belong() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = path(directory.path(), "config.yaml");
    std::fs::write(&config, "phones: []\n").expect("written");
    for more in [&[][..], &["--receiver", "push"]] {
        let (code, _, errors) =
            run(&[&["notify", "test", "--config", &config], more].concat()).await;
        assert_eq!(code, 2, "{errors}");
        assert!(errors.contains("below `alerting.receivers`"), "{errors}");
    }
}
