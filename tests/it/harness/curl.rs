//! curl as a client, which knows nothing of this program.

use std::path::Path;
use std::process::Command;

/// What became of a request.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The status of the answer, or why there was none, as curl's exit status tells it.
    pub(crate) result: Result<u16, i32>,
    /// Heads and body of the answer.
    pub(crate) text: String,
}

/// Runs curl with these arguments, file names relative to `directory`.
pub(crate) async fn curl(directory: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new("curl");
    command
        .args([
            "--silent",
            "--include",
            "--max-time",
            "20",
            "--noproxy",
            "*",
        ])
        .args(["--write-out", "\n%{http_code}"])
        .args(arguments)
        .current_dir(directory)
        .env_remove("CURL_HOME")
        .env("HOME", directory);
    // The daemon that answers lives on this thread.
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("no panic")
        .expect("curl runs; scripts/test-tools installs it");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let result = match (output.status.code(), text.rsplit('\n').next()) {
        (Some(0), Some(code)) => Ok(code.parse().expect("a status")),
        (code, _) => Err(code.expect("no signal")),
    };
    Outcome { result, text }
}
