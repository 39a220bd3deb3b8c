//! The server: accepts connections within bounds, and ends them within bounds.
//!
//! HTTP/1 over TCP, with TLS where it is configured, and over the Unix socket `control.sock`. Every
//! connection is a task of this server's [`JoinSet`]. A client that is slow in the handshake, in
//! sending the head of a request or in reading a response is disconnected, sooner where others wait;
//! see `connections`.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::body::WakeCounter;
use super::connections::{Client, Connection, Connections};
use super::inputs::Inputs;
use super::limits::Limits;
use super::peer::Peer;
use super::server_config::ServerConfig;
use super::service::Service;
use super::settings::Settings;
use super::write_timeout::WriteTimeout;

/// The sockets that clients connect to.
#[derive(Debug)]
pub struct Listeners {
    /// Reachable over the network.
    pub network: Vec<TcpListener>,
    /// The control socket; the permissions of its file decide who may connect.
    pub control: Option<UnixListener>,
}

/// Pause after a failed accept: the usual cause, no free descriptor, does not pass at once.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stop`, then lets responses under way end within the grace period.
pub async fn serve(listeners: Listeners, inputs: Inputs, limits: Limits, stop: CancellationToken) {
    let acceptor = Acceptor {
        settings: inputs.settings.clone(),
        service: Arc::new(Service::new(inputs, limits)),
        limits,
        network: Connections::new(limits.network_bounds()),
        control: Connections::new(limits.control_bounds()),
        stop: stop.clone(),
    };
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                log_panic(ended);
                continue;
            }
            accepted = listeners.accepted() => accepted,
        };
        match accepted {
            Accepted::Network(stream, from) => {
                // A response is written in one go; its rest must not wait for more. Where this fails
                // the client has gone, and the first read fails too.
                let _ = stream.set_nodelay(true);
                tasks.spawn(acceptor.clone().serve_network(stream, from));
            }
            Accepted::Local(stream) => {
                let Ok(user) = stream.peer_cred() else {
                    continue;
                };
                tasks.spawn(acceptor.clone().serve_local(stream, user.uid()));
            }
        }
    }
    drop(listeners);
    drain(tasks, limits.grace).await;
}

enum Accepted {
    Network(TcpStream, SocketAddr),
    Local(UnixStream),
}

impl Listeners {
    /// The next connection.
    async fn accepted(&self) -> Accepted {
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Ok(accepted) => return accepted,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    warn!(%error, "Failed to accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        if let Some(control) = &self.control
            && let Poll::Ready(accepted) = control.poll_accept(cx)
        {
            return Poll::Ready(accepted.map(|(stream, _)| Accepted::Local(stream)));
        }
        for listener in &self.network {
            if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                return Poll::Ready(accepted.map(|(stream, from)| Accepted::Network(stream, from)));
            }
        }
        Poll::Pending
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Acceptor {
    service: Arc<Service>,
    settings: watch::Receiver<Arc<Settings>>,
    limits: Limits,
    network: Connections,
    control: Connections,
    stop: CancellationToken,
}

impl Acceptor {
    /// One connection from the network, under the configuration as it is now.
    async fn serve_network(self, stream: TcpStream, from: SocketAddr) {
        let server_config = Arc::clone(&self.settings.borrow().server_config);
        let client = Client::of(from, &server_config.proxies);
        let connection = self.network.admit(client);
        let evicted = connection.evicted.clone();
        let stream = WriteTimeout::new(stream, self.limits.write_timeout, Arc::clone(&connection));
        let must_close = must_close(
            self.stop.clone(),
            self.settings.clone(),
            Arc::clone(&server_config),
        );
        let encrypted = server_config.tls.is_some();
        let peer = Peer::Network { from, encrypted };
        let serving = async {
            let Some(tls) = &server_config.tls else {
                return self
                    .serve_http(stream, (peer, connection), must_close)
                    .await;
            };
            let handshake = TlsAcceptor::from(Arc::clone(&tls.config)).accept(stream);
            let handshake = tokio::time::timeout(self.limits.handshake_timeout, handshake);
            match self.stop.run_until_cancelled(handshake).await {
                Some(Ok(Ok(stream))) => {
                    let stream = Box::new(stream);
                    self.serve_http(stream, (peer, connection), must_close)
                        .await;
                }
                Some(Ok(Err(error))) => debug!(%from, %error, "TLS handshake with {from} failed"),
                Some(Err(_late)) => debug!(%from, "TLS handshake with {from} took too long"),
                None => {}
            }
        };
        if evicted.run_until_cancelled(serving).await.is_none() {
            debug!(%from, "A connection of {from} was closed to make room for others");
        }
    }

    /// One connection over the control socket.
    async fn serve_local(self, stream: UnixStream, uid: u32) {
        let connection = self.control.admit(Client::Local);
        let evicted = connection.evicted.clone();
        let stream = WriteTimeout::new(stream, self.limits.write_timeout, Arc::clone(&connection));
        let must_close = self.stop.clone().cancelled_owned();
        let peer_and_connection = (Peer::Local { uid }, connection);
        let serving = self.serve_http(stream, peer_and_connection, must_close);
        if evicted.run_until_cancelled(serving).await.is_none() {
            debug!(
                uid,
                "A connection over the control socket was closed to make room for others"
            );
        }
    }

    /// One connection, from its first request to its end; after `must_close` it ends with the
    /// response under way.
    async fn serve_http<S>(
        &self,
        stream: S,
        (peer, entry): (Peer, Arc<Connection>),
        must_close: impl Future<Output = ()>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let wakes = WakeCounter::default();
        let handler = service_fn(|request| {
            let (service, wakes, entry) =
                (Arc::clone(&self.service), wakes.clone(), Arc::clone(&entry));
            async move {
                let active = entry.begin_request();
                let response = service.respond((peer, &entry), request, wakes).await;
                Ok::<_, Infallible>(response.map(|body| body.with(active)))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_time)
            .max_buf_size(self.limits.head_bytes)
            .serve_connection(TokioIo::new(stream), handler);
        let mut connection = pin!(connection);
        let mut must_close = pin!(must_close);
        let mut closing = false;
        let ended = poll_fn(|cx| {
            wakes.begin();
            if !closing && must_close.as_mut().poll(cx).is_ready() {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
            connection.as_mut().poll(cx)
        });
        if let Err(error) = ended.await {
            debug!(?peer, %error, "Connection ended");
        }
    }
}

/// Waits until a connection accepted under `server_config` must close: the server stops, or TLS has
/// changed, so that a kept connection does not outlive a certificate that was withdrawn.
async fn must_close(
    stop: CancellationToken,
    mut settings: watch::Receiver<Arc<Settings>>,
    server_config: Arc<ServerConfig>,
) {
    let changed = async {
        let changed =
            settings.wait_for(|settings| !settings.server_config.has_tls_of(&server_config));
        changed.await.is_ok()
    };
    // Without a sender nothing changes any more, and the stop is near.
    if stop.run_until_cancelled(changed).await == Some(false) {
        stop.cancelled().await;
    }
}

async fn drain(mut connections: JoinSet<()>, grace: Duration) {
    let all = async {
        while let Some(ended) = connections.join_next().await {
            log_panic(ended);
        }
    };
    if tokio::time::timeout(grace, all).await.is_err() {
        let late = connections.len();
        warn!(
            late,
            "Closed {late} connections that did not end within the grace period"
        );
        connections.shutdown().await;
    }
}

fn log_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!(%error, "The task of a connection ended unexpectedly");
    }
}
