//! Requests to the running daemon: over its control socket, or over the network as one of its users.
//!
//! Each request has a time limit, each response a maximum size. The owner and group of the socket decide
//! who may use it. Over the network, changes need a user of `access.operate`.

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

/// The options of commands that send requests to the daemon.
#[derive(Debug, clap::Args)]
pub(super) struct DaemonArg {
    #[command(flatten)]
    socket: SocketArg,
    /// Address of the daemon, e.g. <https://exporter.example:15060>, instead of the control socket
    #[arg(long, value_name = "URL", conflicts_with = "socket")]
    url: Option<String>,
    /// User of the daemon's listener
    #[arg(long, value_name = "NAME", requires_all = ["url", "password_file"])]
    user: Option<String>,
    /// File with the password of that user
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// CA certificates in PEM format for the daemon's certificate, instead of the system's
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

/// A request to the API; its body is JSON.
#[derive(Debug)]
struct ApiRequest<'a> {
    method: Method,
    path: &'a str,
    body: Option<String>,
}

impl<'a> ApiRequest<'a> {
    fn new(method: Method, path: &'a str, body: Option<String>) -> Self {
        Self { method, path, body }
    }
}

/// An error response of the daemon.
#[derive(Debug, thiserror::Error)]
#[error("the daemon answered {status}: {message}")]
struct DaemonError {
    status: StatusCode,
    message: String,
}

/// How long a request may take: the list of 20,000 phones takes well below a second, and a change may
/// wait for a disk.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The largest response: 20,000 phones with all their readings.
const MAX_BODY: usize = 512 << 20;

impl DaemonArg {
    /// The response to GET `path`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        parsed(&self.get_body(path).await?)
    }

    /// The body of the response to GET `path`.
    pub(super) async fn get_body(&self, path: &str) -> anyhow::Result<Bytes> {
        let request = ApiRequest::new(Method::GET, path, None);
        self.send(request, TIMEOUT).await
    }

    /// What is degraded in a daemon that works, a line each; an error if it does not work.
    pub(super) async fn degraded(&self) -> anyhow::Result<Vec<String>> {
        let body = self.get_body("/-/healthy").await?;
        let text = String::from_utf8_lossy(&body);
        Ok(text.lines().skip(1).map(str::to_owned).collect())
    }

    /// The body of the response to POST `path` without a body, within a time limit.
    pub(super) async fn post_empty(&self, path: &str, timeout: Duration) -> anyhow::Result<Bytes> {
        let request = ApiRequest::new(Method::POST, path, None);
        self.send(request, timeout).await
    }

    /// The response to POST of `body`; a null body is not sent.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<T> {
        let request = ApiRequest::new(
            Method::POST,
            path,
            (!body.is_null()).then(|| body.to_string()),
        );
        parsed(&self.send(request, TIMEOUT).await?)
    }

    /// The response to DELETE `path`.
    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let request = ApiRequest::new(Method::DELETE, path, None);
        parsed(&self.send(request, TIMEOUT).await?)
    }

    async fn send(&self, request: ApiRequest<'_>, timeout: Duration) -> anyhow::Result<Bytes> {
        let Some(url) = &self.url else {
            return with_timeout(timeout, control_socket::send(&self.socket.socket, request)).await;
        };
        let user = self.user.as_deref().zip(self.password_file.as_deref());
        let client = HttpsClient::new(url, user, self.ca_file.as_deref())?;
        with_timeout(timeout, client.send(request)).await
    }
}

impl SocketArg {
    /// The response to POST of `body` within a time limit.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
        timeout: Duration,
    ) -> anyhow::Result<T> {
        let request = ApiRequest::new(Method::POST, path, Some(body.to_string()));
        parsed(&with_timeout(timeout, control_socket::send(&self.socket, request)).await?)
    }
}

async fn with_timeout(
    timeout: Duration,
    response: impl Future<Output = anyhow::Result<Bytes>>,
) -> anyhow::Result<Bytes> {
    tokio::time::timeout(timeout, response)
        .await
        .context("the daemon did not respond in time")?
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).context("cannot parse the response of the daemon")
}

/// The body of a response, or its error.
fn body_if_success(status: StatusCode, body: Bytes) -> anyhow::Result<Bytes> {
    if status.is_success() {
        return Ok(body);
    }
    if status == StatusCode::UNAUTHORIZED {
        bail!("the daemon needs a login; use --user and --password-file");
    }
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    let error = json.as_ref().and_then(|json| json["error"].as_str());
    let message = match error {
        Some(error) => error.to_owned(),
        None => String::from_utf8_lossy(&body).trim().to_owned(),
    };
    Err(DaemonError { status, message }.into())
}
