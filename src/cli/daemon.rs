//! Speaking to the running daemon: its JSON over the control socket.
//!
//! One request, one answer, within a time limit and a bound. The socket's owner and group decide who
//! may; the daemon sees who asks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::task::JoinSet;

/// The option `--socket` of the commands that ask the daemon.
#[derive(Debug, clap::Args)]
pub(super) struct SocketArg {
    /// Control socket of the daemon
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/run/grandstream-exporter/control.sock"
    )]
    socket: PathBuf,
}

/// How long the daemon may take: a page of 20,000 phones takes it well below a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer: 20,000 phones with all their readings.
const MAX_ANSWER: usize = 512 << 20;

impl SocketArg {
    /// The answer to GET `path`, understood as `T`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let body = self.answer(path).await?;
        serde_json::from_slice(&body).context("the daemon's answer is not understood")
    }

    /// The body of a good answer to GET `path`.
    pub(super) async fn answer(&self, path: &str) -> anyhow::Result<Bytes> {
        tokio::time::timeout(PATIENCE, ask(&self.socket, &Method::GET, path))
            .await
            .context("the daemon did not answer in time")?
    }
}

async fn ask(socket: &Path, method: &Method, path: &str) -> anyhow::Result<Bytes> {
    let stream = UnixStream::connect(socket).await.with_context(|| {
        format!(
            "no daemon answers at {}; start it, or name its control socket with --socket",
            socket.display()
        )
    })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Driven beside the request; dropped with this set.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Host", "localhost")
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!(error))?
        .to_bytes();
    if !status.is_success() {
        bail!(
            "the daemon answered {status}: {}",
            String::from_utf8_lossy(&body).trim()
        );
    }
    Ok(body)
}
