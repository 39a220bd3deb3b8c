//! Speaking to the running daemon: over its control socket, or over the network as one of its users.
//!
//! One request, one answer, within a time limit and a bound. Of the socket its owner and group decide
//! who may, and the daemon sees who asks; over the network it is a user that `access.operate` names,
//! if anything is to be changed.

mod control_socket;
mod https_client;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use https_client::HttpsClient;

/// The options of the commands that ask the daemon.
#[derive(Debug, clap::Args)]
pub(super) struct DaemonArg {
    #[command(flatten)]
    socket: SocketArg,
    /// Ask over the network instead: scheme, host and port of the daemon
    #[arg(long, value_name = "URL", conflicts_with = "socket")]
    url: Option<String>,
    /// As this user of its listener
    #[arg(long, value_name = "NAME", requires_all = ["url", "password_file"])]
    user: Option<String>,
    /// Where the password of that user stands
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Authorities in PEM format that vouch for the daemon, instead of the system's
    #[arg(long, value_name = "FILE", requires = "url")]
    ca_file: Option<PathBuf>,
}

/// The option `--socket`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SocketArg {
    /// Control socket of the daemon
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "/run/grandstream-exporter/control.sock"
    )]
    pub(super) socket: PathBuf,
}

/// A request; its body is JSON.
#[derive(Debug)]
struct ApiRequest<'a> {
    method: Method,
    path: &'a str,
    body: Option<String>,
}

/// What the daemon refused, in its words.
#[derive(Debug, thiserror::Error)]
#[error("the daemon answered {status}: {why}")]
struct DaemonError {
    status: StatusCode,
    why: String,
}

/// How long the daemon may take: a page of 20,000 phones takes it well below a second, and what
/// changes something may wait for a disk.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The largest answer: 20,000 phones with all their readings.
const MAX_BODY: usize = 512 << 20;

impl DaemonArg {
    /// The answer to GET `path`, understood as `T`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        parsed(&self.get_body(path).await?)
    }

    /// The body of a good answer to GET `path`.
    pub(super) async fn get_body(&self, path: &str) -> anyhow::Result<Bytes> {
        let request = ApiRequest {
            method: Method::GET,
            path,
            body: None,
        };
        self.send(request).await
    }

    /// The answer to POST of `body`; nothing is sent where it is null.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<T> {
        let request = ApiRequest {
            method: Method::POST,
            path,
            body: (!body.is_null()).then(|| body.to_string()),
        };
        parsed(&self.send(request).await?)
    }

    /// The answer to DELETE.
    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let request = ApiRequest {
            method: Method::DELETE,
            path,
            body: None,
        };
        parsed(&self.send(request).await?)
    }

    async fn send(&self, request: ApiRequest<'_>) -> anyhow::Result<Bytes> {
        let Some(url) = &self.url else {
            return with_timeout(TIMEOUT, control_socket::send(&self.socket.socket, request)).await;
        };
        let user = self.user.as_deref().zip(self.password_file.as_deref());
        let client = HttpsClient::new(url, user, self.ca_file.as_deref())?;
        with_timeout(TIMEOUT, client.send(request)).await
    }
}

impl SocketArg {
    /// The answer to POST of `body`, within a time of the asker's.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
        timeout: Duration,
    ) -> anyhow::Result<T> {
        let request = ApiRequest {
            method: Method::POST,
            path,
            body: Some(body.to_string()),
        };
        parsed(&with_timeout(timeout, control_socket::send(&self.socket, request)).await?)
    }
}

async fn with_timeout(
    timeout: Duration,
    answer: impl Future<Output = anyhow::Result<Bytes>>,
) -> anyhow::Result<Bytes> {
    tokio::time::timeout(timeout, answer)
        .await
        .context("the daemon did not answer in time")?
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).context("the daemon's answer is not understood")
}

/// The body of a good answer, or what the daemon says of a bad one.
fn body_if_success(status: StatusCode, body: Bytes) -> anyhow::Result<Bytes> {
    if status.is_success() {
        return Ok(body);
    }
    if status == StatusCode::UNAUTHORIZED {
        bail!("the daemon wants to know who asks; use --user and --password-file");
    }
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    let error = json.as_ref().and_then(|json| json["error"].as_str());
    let why = match error {
        Some(error) => error.to_owned(),
        None => String::from_utf8_lossy(&body).trim().to_owned(),
    };
    Err(DaemonError { status, why }.into())
}
