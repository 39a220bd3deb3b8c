//! The program as a process: exit status and what commands say.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use grandstream_exporter::sim::{self, Behaviour};

use crate::harness::certificates::Authority;
use crate::harness::{PATIENCE, QUICK, config_for, spec};

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"));
    for name in [
        "NOTIFY_SOCKET",
        "WATCHDOG_USEC",
        "RUNTIME_DIRECTORY",
        "STATE_DIRECTORY",
        "RUST_LOG",
    ] {
        command.env_remove(name);
    }
    command
}

fn output(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_command_helps_with_an_example() {
    for command in [
        "serve",
        "demo",
        "simulate",
        "check-config",
        "probe",
        "phone",
        "discover",
        "phones",
        "prometheus-config",
        "status",
        "reload",
        "alerts",
        "silence",
        "events",
        "notify",
        "healthcheck",
        "completions",
        "man",
    ] {
        let help = output(&[command, "--help"]);
        assert!(help.status.success(), "{command}");
        assert!(text(&help.stdout).contains("Example:"), "{command}");
    }
}

#[test]
fn wrong_usage_and_wrong_configuration_end_with_2_and_say_why() {
    assert_eq!(
        output(&["serve", "--no-such-option"]).status.code(),
        Some(2)
    );
    let directory = tempfile::tempdir().expect("a directory");
    let config = directory.path().join("config.yaml");
    std::fs::write(&config, "phones:\n  - { name: a, adress: 192.0.2.1 }\n").expect("written");
    for command in ["serve", "check-config"] {
        let arguments: &[&str] = if command == "serve" {
            &["serve", "--config"]
        } else {
            &["check-config"]
        };
        let ended = program()
            .args(arguments)
            .arg(&config)
            .output()
            .expect("it runs");
        assert_eq!(ended.status.code(), Some(2), "{command}");
        let errors = text(&ended.stderr);
        assert!(
            errors.contains("config.yaml:2") && errors.contains("adress"),
            "{errors}"
        );
    }
}

#[test]
fn packages_find_completions_and_manual_pages() {
    for shell in ["bash", "zsh", "fish"] {
        let completions = output(&["completions", shell]);
        assert!(
            text(&completions.stdout).contains("check-config"),
            "{shell}"
        );
    }
    assert!(text(&output(&["man"]).stdout).contains(".TH"));
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("UTF-8");
    assert!(output(&["man", "--out", path]).status.success());
    assert!(
        directory
            .path()
            .join("grandstream-exporter-serve.1")
            .exists()
    );
}

#[test]
fn a_port_that_is_taken_ends_it_with_1_and_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.yaml");
    std::fs::write(&path, config_for(&[]).replace("phones:", "phones: []")).expect("written");
    let ended = program()
        .args(["serve", "--listen", &address, "--config"])
        .arg(&path)
        .output()
        .expect("it runs");
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        text(&ended.stderr).contains(&address),
        "{}",
        text(&ended.stderr)
    );
}

#[test]
fn a_listener_with_tls_is_checked_and_announced_as_https() {
    let directory = tempfile::tempdir().expect("a directory");
    Authority::new(directory.path(), "ca").server();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let config = write(
        "config.yaml",
        &format!("{QUICK}web_config_file: web.yaml\n"),
    );
    let check = || {
        let ended = program().arg("check-config").arg(&config).output();
        let ended = ended.expect("it runs");
        (ended.status.code(), text(&ended.stderr))
    };
    write(
        "web.yaml",
        "tls_server_config: { cert_file: ca-server.pem }\n",
    );
    let (code, errors) = check();
    assert_eq!(code, Some(2), "{errors}");
    assert!(
        errors.contains("web.yaml:1: tls_server_config: has no `key_file`"),
        "{errors}"
    );
    write(
        "web.yaml",
        "tls_server_config: { cert_file: ca-server.pem, key_file: ca-server.key }\n",
    );
    let (code, errors) = check();
    assert_eq!(code, Some(0), "{errors}");

    let mut child = program()
        .args(["serve", "--config"])
        .arg(&config)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let stderr = child.stderr.take().expect("a pipe");
    let (lines, told) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let all = BufReader::new(stderr).lines().map_while(Result::ok);
        // Nobody listens any more once the line was seen.
        all.for_each(|line| drop(lines.send(line)));
    });
    let announced = std::iter::from_fn(|| told.recv_timeout(PATIENCE).ok())
        .any(|line| line.contains("Listening on https://127.0.0.1:"));
    child.kill().expect("killed");
    child.wait().expect("reaped");
    reader.join().expect("no panic");
    assert!(announced);
}

#[tokio::test]
async fn probe_shows_what_was_understood_and_no_secret() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.yaml");
    std::fs::write(&path, config_for(&[&phone])).expect("written");
    let probe = |name: &'static str| {
        let mut command = program();
        command.args(["probe", name, "--config"]).arg(&path);
        tokio::task::spawn_blocking(move || command.output().expect("it runs"))
    };
    let good = probe("p0").await.expect("no panic");
    let shown = text(&good.stdout);
    assert!(good.status.success(), "{shown}{}", text(&good.stderr));
    assert!(shown.contains("api-get_accounts"), "{shown}");
    assert!(shown.contains("grandstream_up{"), "{shown}");
    let verdict = "p0: up, 2 of 2 accounts registered, firmware 1.0.3.30";
    assert_eq!(shown.lines().last(), Some(verdict), "{shown}");
    assert!(!shown.contains(crate::harness::PASSWORD));
    for digest in phone
        .requests()
        .iter()
        .filter_map(|request| request.param("Secret"))
    {
        assert!(!shown.contains(digest), "{shown}");
    }
    assert_eq!(
        probe("nobody").await.expect("no panic").status.code(),
        Some(2)
    );

    phone.change(|state| {
        state.end_sessions();
        state.admin.password = "another".to_owned();
    });
    for _ in 0..4 {
        let bad = probe("p0").await.expect("no panic");
        assert_eq!(bad.status.code(), Some(1));
        let shown = text(&bad.stdout);
        let verdict = shown.lines().last().unwrap_or_default();
        let hint = "; correct the password file; logins are held back until then";
        assert!(
            verdict.starts_with("p0: down: auth: ") && verdict.ends_with(hint),
            "{shown}"
        );
    }
    assert!(phone.refusals() <= 2, "{} refusals", phone.refusals());
}

#[tokio::test]
async fn probe_saves_answers_that_can_be_sent_on_as_they_are() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    phone.change(|state| state.lines[0].ring("Secret Name", "5550100"));
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.yaml");
    std::fs::write(&path, config_for(&[&phone])).expect("written");
    let mut command = program();
    command.args(["probe", "p0", "--config"]).arg(&path);
    command.arg("--raw").arg(directory.path().join("phones"));
    let ended = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
    let ended = ended.await.expect("no panic");
    assert!(ended.status.success(), "{}", text(&ended.stderr));

    let folder = directory.path().join("phones/GXV3370-1.0.3.30");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let saved: Vec<String> = files
        .iter()
        .map(|file| std::fs::read_to_string(file).expect("a file"))
        .collect();
    let mut secrets = vec![
        crate::harness::PASSWORD.to_owned(),
        "Secret Name".to_owned(),
        "5550100".to_owned(),
        "000B82A1B2C3".to_owned(),
        "pbx.example.com".to_owned(),
    ];
    for request in phone.requests() {
        secrets.extend(request.param("Secret").map(str::to_owned));
        secrets.extend(request.cookies().map(|(_, value)| value.to_owned()));
        let endpoint = request.endpoint.expect("a known endpoint").name();
        let file = saved.iter().find(|file| {
            let (first, _) = file.split_once('\n').expect("lines");
            first.contains(&format!("/{endpoint}"))
        });
        let file = file.unwrap_or_else(|| panic!("{endpoint} is not saved: {saved:?}"));
        assert!(file.starts_with("GET /cgi-bin/"), "{file}");
        assert!(file.contains("\nstatus: 200\nunderstood: "), "{file}");
    }
    assert!(secrets.len() > 6, "a digest and a cookie were sent");
    for secret in secrets {
        let told = saved.iter().find(|file| file.contains(&secret));
        assert_eq!(told, None, "`{secret}` was saved");
    }
}

#[test]
fn demo_shows_every_family_and_trouble() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port");
    let mut child = program()
        .args(["demo", "--listen", &port.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let said = BufReader::new(child.stdout.take().expect("a pipe"));
    let shown = std::panic::catch_unwind(|| {
        wait_for_demo(&port.to_string());
        try_suggestions(said);
    });
    child.kill().expect("killed");
    child.wait().expect("reaped");
    shown.expect("every family shown, and every suggestion good");
}

/// Runs the commands that the demo says one may try.
fn try_suggestions(said: impl BufRead) {
    for line in said.lines().skip(1).take(3) {
        let line = line.expect("text");
        let words = line.strip_prefix("Try: ").expect("a suggestion");
        let mut words = words.split(' ');
        let ran = Command::new(words.next().expect("the program"))
            .args(words)
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&ran.stdout);
        let good = [" of 25 phones up", "Watchdog"];
        assert!(
            good.iter().any(|good| told.contains(good)),
            "{line}: {ran:?}"
        );
    }
}

fn wait_for_demo(address: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let address = address.parse().expect("an address");
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(Duration::from_millis(100));
        loop {
            look.tick().await;
            let open = tokio::net::TcpStream::connect(address).await.is_ok();
            let page = if open {
                crate::harness::http::get(address, "/metrics").await.text()
            } else {
                String::new()
            };
            let missing: Vec<_> = families()
                .into_iter()
                .filter(|family| !page.contains(&format!("\n{family}")))
                .collect();
            if missing.is_empty() {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "never saw {missing:?}"
            );
        }
    });
}

/// The families that the documentation promises, without those that are absent while all is well.
fn families() -> Vec<String> {
    const ABSENT: &str = "grandstream_notification_queue_oldest_timestamp_seconds";
    let (promised, _reserved) = include_str!("../../docs/metrics.md")
        .split_once("\n## Reserved")
        .expect("names for later stand apart");
    promised
        .lines()
        .filter_map(|line| line.strip_prefix("| `grandstream_"))
        .filter_map(|rest| rest.split(['`', '{']).next())
        .map(|rest| format!("grandstream_{rest}"))
        .filter(|family| family != ABSENT)
        .collect()
}

#[tokio::test]
async fn healthcheck_tells_a_daemon_that_serves_from_one_that_is_not_there() {
    let config = config_for(&[]).replace("phones:", "phones: []");
    let daemon = crate::harness::Daemon::start(&config).await;
    let ask = |arguments: &'static [&'static str]| {
        let mut command = program();
        command.arg("healthcheck").args(arguments).arg("--socket");
        command.arg(daemon.path().join("control.sock"));
        tokio::task::spawn_blocking(move || command.output().expect("it runs"))
    };
    for arguments in [&[][..], &["--ready"]] {
        let good = ask(arguments).await.expect("no panic");
        assert!(good.status.success(), "{good:?}");
    }
    let (_directory, ended) = daemon.stop().await;
    ended.expect("a clean end");
    let gone = output(&["healthcheck", "--socket", "/nonexistent/control.sock"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone.stderr).contains("no daemon answers"), "{gone:?}");
}
