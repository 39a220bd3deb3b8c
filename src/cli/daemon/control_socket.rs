//! One request over the control socket, which is never reached through a symbolic link.

use std::path::Path;

use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::task::JoinSet;

use super::{ApiRequest, MAX_BODY, body_if_success};
use crate::local_files::control_socket::SocketFile;

/// Sends a request; the body of the response.
pub(super) async fn send(socket: &Path, api: ApiRequest<'_>) -> anyhow::Result<Bytes> {
    let no_daemon = || {
        format!(
            "no daemon answers at {}; start it, or name its control socket with --socket",
            socket.display()
        )
    };
    let found = SocketFile::open(socket).with_context(no_daemon)?;
    let stream = UnixStream::connect(found.path()).await;
    let stream = stream.with_context(no_daemon)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Driven beside the request, until this set is dropped.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let mut request = Request::builder()
        .method(api.method)
        .uri(api.path)
        .header("Host", "localhost");
    if api.body.is_some() {
        request = request.header("Content-Type", "application/json");
    }
    let request = request.body(Full::new(Bytes::from(api.body.unwrap_or_default())))?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_BODY)
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!(error))?
        .to_bytes();
    body_if_success(status, body)
}
