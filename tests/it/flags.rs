//! Prometheus' spellings of options, through the program as it is installed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

use tempfile::TempDir;
use tokio::time::Instant;

use crate::harness::{PATIENCE, http};
use crate::process::program;

/// A directory with a configuration whose own keys lead nowhere, and a file for the listener.
fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        std::fs::write(home.path().join(name), text).expect("written");
    };
    write(
        "config.yaml",
        "listen: ['127.0.0.1:1']\nweb_config_file: missing.yaml\n\
         external_url: https://file.example\nphones: []\n",
    );
    write("web.yaml", &headers("img-src a"));
    home
}

/// A listener whose answers carry this policy.
fn headers(policy: &str) -> String {
    format!("http_server_config: {{ headers: {{ Content-Security-Policy: {policy} }} }}\n")
}

/// The daemon as a process; dropping it ends it.
struct Serving {
    child: Child,
    address: SocketAddr,
    reader: Option<JoinHandle<()>>,
}

impl Serving {
    fn start(arguments: &[&str], home: &Path) -> Self {
        let mut child = program()
            .arg("serve")
            .args(arguments)
            .current_dir(home)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stderr = child.stderr.take().expect("a pipe");
        let (lines, told) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            let all = BufReader::new(stderr).lines().map_while(Result::ok);
            // Nobody listens any more once the line was seen.
            all.for_each(|line| drop(lines.send(line)));
        });
        let mut told = std::iter::from_fn(|| told.recv_timeout(PATIENCE).ok());
        let address = told.find_map(|line| {
            let (_, address) = line.split_once("Listening on http://")?;
            address.trim().parse().ok()
        });
        Self {
            child,
            address: address.expect("it listens"),
            reader: Some(reader),
        }
    }

    async fn page(&self) -> http::Answer {
        http::get(self.address, "/config").await
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no panic");
        }
    }
}

#[tokio::test]
async fn flags_replace_keys_of_the_file_at_the_start_and_at_each_reload() {
    let home = home();
    let serving = Serving::start(
        &[
            "--config.file=config.yaml",
            "--web.config.file=web.yaml",
            "--web.listen-address=127.0.0.1:0",
            "--web.external-url=https://flag.example/phones/",
        ],
        home.path(),
    );
    let policy = |answer: &http::Answer| {
        let policy = answer.header("content-security-policy");
        policy.map(str::to_owned)
    };
    let page = serving.page().await;
    assert_eq!(policy(&page).as_deref(), Some("img-src a"));
    let shown = page.text();
    assert!(shown.contains("https://flag.example/phones<"), "{shown}");

    std::fs::write(home.path().join("web.yaml"), headers("img-src b")).expect("written");
    let pid = serving.child.id().to_string();
    let hup = Command::new("kill").args(["-HUP", &pid]).status();
    assert!(hup.expect("it runs").success());
    let asked = Instant::now();
    let page = loop {
        let page = serving.page().await;
        if policy(&page).as_deref() == Some("img-src b") {
            break page;
        }
        assert!(asked.elapsed() < PATIENCE, "{page:?}");
        tokio::task::yield_now().await;
    };
    let shown = page.text();
    assert!(shown.contains("https://flag.example/phones<"), "{shown}");
    assert!(!shown.contains("https://file.example"), "{shown}");
}

/// The exit status of a command in this directory, and what it printed to stdout and stderr.
fn run(home: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = program();
    let output = command.args(arguments).current_dir(home).output();
    let output = output.expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn what_is_wrong_with_a_flag_is_told_by_its_name() {
    let home = home();
    for command in [&["check-config"][..], &["serve", "--config.file"]] {
        let flags = [
            "config.yaml",
            "--web.config.file=absent.yaml",
            "--web.external-url=phones.example",
        ];
        let (code, _, errors) = run(home.path(), &[command, &flags].concat());
        assert_eq!(code, Some(2), "{errors}");
        let expected = [
            "--web.config.file: cannot be read: No such file or directory (os error 2); check name \
             and permissions; names are relative to .",
            "--web.external-url: is not a URL; write it as https://HOST/PATH",
        ];
        assert_eq!(errors.lines().collect::<Vec<_>>(), expected, "{command:?}");
    }
    let listen = ["serve", "--web.listen-address=localhost:15060"];
    let (code, _, errors) = run(home.path(), &listen);
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("or only :15060"), "{errors}");
}

#[test]
fn every_command_that_reads_the_configuration_takes_config_file() {
    let home = home();
    for command in [
        &["serve"][..],
        &["probe", "p0"],
        &["phone", "p0", "status"],
        &["phones"],
        &["prometheus-config"],
        &["notify", "test"],
        &["rules", "list"],
        &["rules", "export", "--format", "prometheus"],
        &["rules", "explain", "PhoneUnreachable"],
    ] {
        for option in ["--config.file", "--config"] {
            let (code, _, errors) = run(home.path(), &[command, &[option, "none.yaml"]].concat());
            assert_eq!(code, Some(2), "{command:?}: {errors}");
            assert!(errors.starts_with("none.yaml: cannot be read"), "{errors}");
        }
    }
}

#[test]
fn a_listener_that_a_flag_names_is_the_one_that_prometheus_is_told_of() {
    let home = home();
    let users = "basic_auth_users: { prometheus: \
                 $2y$04$ZX4nsyd1SM0VIm8tDHKPqulO7rhRCUqYGrDuk6MMmuWdSspz4cKk2 }\n";
    std::fs::write(home.path().join("users.yaml"), users).expect("written");
    let print = ["prometheus-config", "--config.file", "config.yaml"];
    let flag = ["--web.config.file", "users.yaml"];
    let (code, printed, errors) = run(home.path(), &[&print[..], &flag].concat());
    assert_eq!(code, Some(0), "{errors}");
    assert!(printed.contains("username: \"prometheus\""), "{printed}");
}

#[test]
fn help_and_manual_page_show_both_spellings() {
    let home = home();
    let (_, help, _) = run(home.path(), &["serve", "--help"]);
    run(home.path(), &["man", "--out", "."]);
    let page: PathBuf = home.path().join("grandstream-exporter-serve.1");
    let page = std::fs::read_to_string(page).expect("a page");
    let page = page.replace('\\', "");
    for text in [&help, &page] {
        for option in [
            "--config ",
            "--config.file",
            "--listen",
            "--web.listen-address",
            "--web.config.file",
            "--web.external-url",
        ] {
            assert!(text.contains(option.trim_end()), "{option}: {text}");
        }
    }
}
