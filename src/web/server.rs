//! The server: accepts connections within bounds, and ends them within bounds.
//!
//! HTTP/1 over TCP, with TLS where it is configured, and over a Unix socket for those whom the system
//! lets open it. Every connection is a task of this server's [`JoinSet`]; a client that is slow in a
//! handshake, in sending a head or in reading an answer is cut off, sooner where others wait; see
//! `connections`.

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

use super::body::Turn;
use super::connections::{Bounds, Client, Connection, Connections};
use super::entrance::Entrance;
use super::patience::Patience;
use super::service::Service;
use super::{Inputs, Settings};

/// Where clients come in.
#[derive(Debug)]
pub struct Doors {
    /// Open to whoever reaches them.
    pub network: Vec<TcpListener>,
    /// The control socket: open to those whom its file lets in.
    pub control: Option<UnixListener>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Somebody on the network.
    Network {
        /// Whence.
        from: SocketAddr,
        /// Over TLS.
        encrypted: bool,
    },
    /// A user of this machine over the control socket: may do what POST does.
    Local {
        /// As the system tells it.
        uid: u32,
    },
}

/// How much clients may ask of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time over the network, without those that are let in for health alone.
    pub connections: usize,
    /// Of them, those of one address that is none of `access.proxies`.
    pub connections_of_a_client: usize,
    /// Answers as long as the fleet at a time, each of which needs one to two megabytes for ten
    /// thousand phones.
    pub long_answers: usize,
    /// Of them, those to one address that is none of `access.proxies`.
    pub long_answers_of_a_client: usize,
    /// How long a long answer waits for its turn; then it is refused.
    pub turn: Duration,
    /// How long an answer that is not read may keep others waiting.
    pub patience: Duration,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the whole head of a request, from the moment the connection is idle: it bounds both slow
    /// senders and kept connections.
    pub head_time: Duration,
    /// Size of the head of a request in bytes, at least 8192.
    pub head_bytes: usize,
    /// For the whole body of a request, where one is read.
    pub body_time: Duration,
    /// For taking what was offered of an answer, at most a piece.
    pub stall: Duration,
    /// For answers under way when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    /// Room for a page of browsers and dozens of Prometheus servers, and for one that scrapes each
    /// phone by itself; times that no sane client on a slow link comes near: a piece in ten seconds
    /// is 6 KiB a second.
    fn default() -> Self {
        Self {
            connections: 768,
            connections_of_a_client: 512,
            long_answers: 64,
            long_answers_of_a_client: 32,
            turn: Duration::from_secs(5),
            patience: Duration::from_secs(2),
            handshake: Duration::from_secs(10),
            head_time: Duration::from_secs(10),
            head_bytes: 16 * 1024,
            body_time: Duration::from_secs(10),
            stall: Duration::from_secs(10),
            grace: Duration::from_secs(5),
        }
    }
}

/// Connections at a time over the control socket: a few operators, each with a few commands.
const CONTROL_CONNECTIONS: usize = 32;

/// Connections beyond the others, network and control socket alike, for the health endpoints alone.
const HEALTH_CONNECTIONS: usize = 32;

/// Pause after a failed accept: the usual cause, no free descriptor, does not pass at once.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stop`, then lets answers under way end within the grace period.
pub async fn serve(doors: Doors, inputs: Inputs, limits: Limits, stop: CancellationToken) {
    let reception = Reception {
        settings: inputs.settings.clone(),
        service: Arc::new(Service::new(inputs, limits)),
        limits,
        network: Connections::new(limits.of_network()),
        control: Connections::new(limits.of_control()),
        stop: stop.clone(),
    };
    let mut tasks = JoinSet::new();
    loop {
        let visitor = tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                report(ended);
                continue;
            }
            visitor = doors.visitor() => visitor,
        };
        match visitor {
            Visitor::Network(stream, from) => {
                // An answer is written in one go; what is left of it must not wait for more. Where
                // this fails the client has gone, which the first read will tell.
                let _ = stream.set_nodelay(true);
                tasks.spawn(reception.clone().receive(stream, from));
            }
            Visitor::Local(stream) => {
                let Ok(user) = stream.peer_cred() else {
                    continue;
                };
                tasks.spawn(reception.clone().receive_local(stream, user.uid()));
            }
        }
    }
    drop(doors);
    finish(tasks, limits.grace).await;
}

enum Visitor {
    Network(TcpStream, SocketAddr),
    Local(UnixStream),
}

impl Doors {
    /// The next who comes in.
    async fn visitor(&self) -> Visitor {
        loop {
            match poll_fn(|cx| self.poll_visitor(cx)).await {
                Ok(visitor) => return visitor,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    warn!(%error, "Failed to accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn poll_visitor(&self, cx: &mut Context<'_>) -> Poll<io::Result<Visitor>> {
        if let Some(control) = &self.control
            && let Poll::Ready(accepted) = control.poll_accept(cx)
        {
            return Poll::Ready(accepted.map(|(stream, _)| Visitor::Local(stream)));
        }
        for listener in &self.network {
            if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                return Poll::Ready(accepted.map(|(stream, from)| Visitor::Network(stream, from)));
            }
        }
        Poll::Pending
    }
}

impl Limits {
    fn of_network(self) -> Bounds {
        Bounds {
            connections: self.connections,
            connections_of_a_client: self.connections_of_a_client,
            health_only: HEALTH_CONNECTIONS,
            long_answers: self.long_answers,
            long_answers_of_a_client: self.long_answers_of_a_client,
            patience: self.patience,
        }
    }

    fn of_control(self) -> Bounds {
        Bounds {
            connections: CONTROL_CONNECTIONS,
            connections_of_a_client: CONTROL_CONNECTIONS,
            long_answers: CONTROL_CONNECTIONS,
            long_answers_of_a_client: CONTROL_CONNECTIONS,
            ..self.of_network()
        }
    }
}

/// What every connection is given.
#[derive(Clone)]
struct Reception {
    service: Arc<Service>,
    settings: watch::Receiver<Arc<Settings>>,
    limits: Limits,
    network: Connections,
    control: Connections,
    stop: CancellationToken,
}

impl Reception {
    /// One connection from the network, behind the entrance as it is now.
    async fn receive(self, stream: TcpStream, from: SocketAddr) {
        let entrance = Arc::clone(&self.settings.borrow().entrance);
        let client = Client::of(from, &entrance.proxies);
        let connection = self.network.take_in(client);
        let gives_way = connection.leave.clone();
        let stream = Patience::new(stream, self.limits.stall, Arc::clone(&connection));
        let leave = leave(
            self.stop.clone(),
            self.settings.clone(),
            Arc::clone(&entrance),
        );
        let encrypted = entrance.tls.is_some();
        let peer = Peer::Network { from, encrypted };
        let conversation = async {
            let Some(tls) = &entrance.tls else {
                return self.converse(stream, (peer, connection), leave).await;
            };
            let handshake = TlsAcceptor::from(Arc::clone(&tls.config)).accept(stream);
            let handshake = tokio::time::timeout(self.limits.handshake, handshake);
            match self.stop.run_until_cancelled(handshake).await {
                Some(Ok(Ok(stream))) => {
                    let stream = Box::new(stream);
                    self.converse(stream, (peer, connection), leave).await;
                }
                Some(Ok(Err(error))) => debug!(%from, %error, "TLS handshake with {from} failed"),
                Some(Err(_late)) => debug!(%from, "TLS handshake with {from} took too long"),
                None => {}
            }
        };
        if gives_way.run_until_cancelled(conversation).await.is_none() {
            debug!(%from, "A connection of {from} gave way to others");
        }
    }

    /// One connection over the control socket.
    async fn receive_local(self, stream: UnixStream, uid: u32) {
        let connection = self.control.take_in(Client::Local);
        let gives_way = connection.leave.clone();
        let stream = Patience::new(stream, self.limits.stall, Arc::clone(&connection));
        let leave = self.stop.clone().cancelled_owned();
        let visit = (Peer::Local { uid }, connection);
        let conversation = self.converse(stream, visit, leave);
        if gives_way.run_until_cancelled(conversation).await.is_none() {
            debug!(
                uid,
                "A connection over the control socket gave way to others"
            );
        }
    }

    /// One connection, from its first request to its end; after `leave` it ends with the answer
    /// under way.
    async fn converse<S>(
        &self,
        stream: S,
        (peer, place): (Peer, Arc<Connection>),
        leave: impl Future<Output = ()>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let turn = Turn::default();
        let answer = service_fn(|request| {
            let (service, turn, place) =
                (Arc::clone(&self.service), turn.clone(), Arc::clone(&place));
            async move {
                let answering = place.answering();
                let response = service.answer((peer, &place), request, turn).await;
                Ok::<_, Infallible>(response.map(|body| body.with(answering)))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_time)
            .max_buf_size(self.limits.head_bytes)
            .serve_connection(TokioIo::new(stream), answer);
        let mut connection = pin!(connection);
        let mut leave = pin!(leave);
        let mut told = false;
        let ended = poll_fn(|cx| {
            turn.begin();
            if !told && leave.as_mut().poll(cx).is_ready() {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            connection.as_mut().poll(cx)
        });
        if let Err(error) = ended.await {
            debug!(?peer, %error, "Connection ended");
        }
    }
}

/// Waits until whoever came in by `entrance` has to leave: the server stops, or TLS is no longer what
/// it was, so that a kept connection does not outlive a certificate that was taken back.
async fn leave(
    stop: CancellationToken,
    mut settings: watch::Receiver<Arc<Settings>>,
    entrance: Arc<Entrance>,
) {
    let changed = async {
        let changed = settings.wait_for(|settings| !settings.entrance.has_tls_of(&entrance));
        changed.await.is_ok()
    };
    // Without a sender nothing changes any more, and the stop is near.
    if stop.run_until_cancelled(changed).await == Some(false) {
        stop.cancelled().await;
    }
}

async fn finish(mut connections: JoinSet<()>, grace: Duration) {
    let all = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(grace, all).await.is_err() {
        let late = connections.len();
        warn!(late, "Cut off {late} answers that did not end in time");
        connections.shutdown().await;
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!(%error, "Failed to answer: a connection's task ended unexpectedly");
    }
}
