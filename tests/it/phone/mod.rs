//! The operator's commands, through the real program against simulated phones.

mod calls;
mod contacts;
mod fleet;
mod safety;
mod text;

use std::path::Path;
use std::process::{Command, Stdio};

use grandstream_exporter::sim;
use tempfile::TempDir;

use crate::harness::PASSWORD;

/// Phones, and a configuration of them under the names `p0`, `p1`, …
struct Bench {
    phones: Vec<sim::Phone>,
    directory: TempDir,
}

/// How one command ended.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Bench {
    /// One phone that behaves as the guide says.
    async fn one() -> Self {
        Self::of(vec![crate::harness::spec(sim::Behaviour::default())]).await
    }

    async fn of(specs: Vec<sim::Spec>) -> Self {
        let mut phones = Vec::new();
        for spec in specs {
            phones.push(sim::Phone::start(spec).await);
        }
        let bench = Self {
            phones,
            directory: tempfile::tempdir().expect("a directory"),
        };
        let entries = (0..bench.phones.len()).map(|n| bench.entry(n, ""));
        bench.configure("", &entries.collect::<String>());
        bench
    }

    /// The entry of phone `n`, with further keys.
    fn entry(&self, n: usize, more: &str) -> String {
        let address = self.phones[n].address();
        format!("  - {{ name: p{n}, address: '{address}', password: '{PASSWORD}'{more} }}\n")
    }

    fn configure(&self, top: &str, phones: &str) {
        let text = format!(
            "state_dir: state\npoll: {{ timeout: 20s, connect_timeout: 10s }}\n{top}\nphones:\n{phones}"
        );
        std::fs::write(self.path().join("config.yaml"), text).expect("written");
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn phone(&self) -> &sim::Phone {
        &self.phones[0]
    }

    /// Runs `phone` with these arguments and nobody at the terminal.
    async fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "").await
    }

    /// The same with something on stdin.
    async fn run_with(&self, arguments: &[&str], stdin: &str) -> Run {
        self.program(&[&["phone"], arguments].concat(), stdin).await
    }

    /// Runs the program with these arguments and something on stdin.
    async fn program(&self, arguments: &[&str], stdin: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"));
        command.env_remove("RUST_LOG").env_remove("STATE_DIRECTORY");
        command.args(arguments);
        command.arg("--config").arg(self.path().join("config.yaml"));
        command.current_dir(self.path());
        let stdin = stdin.to_owned();
        let ended = tokio::task::spawn_blocking(move || {
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts");
            let mut input = child.stdin.take().expect("piped");
            // It need not read what it was given.
            let _unread = std::io::Write::write_all(&mut input, stdin.as_bytes());
            drop(input);
            child.wait_with_output().expect("it ends")
        });
        let ended = ended.await.expect("no panic");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Run {
            code: ended.status.code().expect("it was not killed"),
            stdout: text(ended.stdout),
            stderr: text(ended.stderr),
        }
    }

    /// The requests to this endpoint so far, as phone 0 got them.
    fn asked(&self, endpoint: sim::Endpoint) -> Vec<sim::Request> {
        let requests = self.phone().requests().into_iter();
        requests
            .filter(|request| request.endpoint == Some(endpoint))
            .collect()
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn audit(&self) -> String {
        std::fs::read_to_string(self.path().join("state/audit.jsonl")).unwrap_or_default()
    }
}

impl Run {
    fn shown(&self) -> String {
        format!("{}\n{}\n{}", self.code, self.stdout, self.stderr)
    }

    #[track_caller]
    fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.shown());
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        let shown = self.shown();
        assert!(shown.contains(text), "no `{text}` in {shown}");
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.shown()))
    }
}
