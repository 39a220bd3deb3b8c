//! The thin async shell: accepts connections, reads requests, sends what [`exchange`] says.
//!
//! Every wait has a limit and every connection ends with the phone, because the accept loop owns
//! them all.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::behaviour::transport::Framing;
use super::exchange::{Delivery, Then, exchange};
use super::fault::Fault;
use super::phone::Shared;
use super::wire::request::{self, BadRequest};
use super::wire::response::{After, Response};
use super::wire::stream::{Stream, reset};

/// How many connections one listener holds; further ones wait in the backlog. Enough for 10,000
/// phones with one connection each and some that linger.
const CONNECTIONS: usize = 16 * 1024;

/// How long a kept connection may be silent, and how long a request may take to arrive.
const IDLE_LIMIT: Duration = Duration::from_secs(75);

/// How many bytes a request usually has, so that one read takes it.
const USUAL_REQUEST: usize = 1024;

/// How long a TLS handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(15);

/// How long an answer may take to be sent, those that stall or never end included.
const DELIVERY_LIMIT: Duration = Duration::from_mins(10);

/// The time between two bytes of a slow answer.
const SLOW_PACE: Duration = Duration::from_millis(100);

/// The wait after a failed accept, which is mostly one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who answers behind a listener.
pub(super) enum Behind {
    /// This phone.
    One(Arc<Shared>),
    /// Phone k at 127.0.0.0 + 1 + k.
    ByAddress(Vec<Arc<Shared>>),
}

impl Behind {
    fn phone(&self, local: SocketAddr, peer: SocketAddr) -> Option<&Arc<Shared>> {
        match self {
            Self::One(phone) => Some(phone),
            Self::ByAddress(phones) => {
                let IpAddr::V4(ip) = local.ip() else {
                    return None;
                };
                let [net, high, middle, low] = ip.octets();
                let number = u32::from_be_bytes([0, high, middle, low]).checked_sub(1)?;
                let is_ours = net == 127 && peer.ip().is_loopback();
                usize::try_from(number)
                    .ok()
                    .filter(|_| is_ours)
                    .and_then(|k| phones.get(k))
            }
        }
    }
}

/// Serves until dropped.
pub(super) async fn serve(
    listener: TcpListener,
    behind: Behind,
    tls: Option<Arc<ServerConfig>>,
) -> Infallible {
    let tls = tls.map(TlsAcceptor::from);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((tcp, peer)) => {
                    let local = tcp.local_addr().ok();
                    match local.and_then(|local| behind.phone(local, peer)) {
                        Some(phone) => {
                            connections.spawn(connection(tcp, Arc::clone(phone), tls.clone()));
                        }
                        None => reset(tcp),
                    }
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(tcp: TcpStream, phone: Arc<Shared>, tls: Option<TlsAcceptor>) {
    let _open = Open::count(&phone);
    // Without it small answers wait for acknowledgements; a connection that is gone fails later.
    let _gone = tcp.set_nodelay(true);
    match phone.at_connect() {
        Some(Fault::Refuse) => return reset(tcp),
        Some(_) => return hold(Stream::Plain(tcp)).await,
        None => {}
    }
    let stream = match tls {
        None => Stream::Plain(tcp),
        Some(acceptor) => match timeout(HANDSHAKE_LIMIT, acceptor.accept(tcp)).await {
            Ok(Ok(tls)) => Stream::Tls(Box::new(tls)),
            Ok(Err(_)) | Err(_) => return,
        },
    };
    converse(stream, &phone).await;
}

/// One request after another, until either side ends it.
async fn converse(mut stream: Stream, phone: &Shared) {
    let mut buffer = Vec::with_capacity(USUAL_REQUEST);
    let mut served = 0;
    loop {
        let next = timeout(IDLE_LIMIT, next_request(&mut stream, &mut buffer)).await;
        let Ok(Ok(Some(request))) = next else {
            return;
        };
        let delivery = match request {
            Ok(request) => phone.with(|state| exchange(&request, served, state)),
            Err(why) => refusal(why),
        };
        phone.notify();
        let sent = timeout(DELIVERY_LIMIT, deliver(&mut stream, &delivery)).await;
        match (sent, delivery) {
            (Ok(Ok(())), Delivery::Whole(_, After::KeepOpen)) => served += 1,
            (Ok(Ok(())), Delivery::Part(_, Then::Silence)) => return hold(stream).await,
            (Ok(Ok(())), Delivery::Part(_, Then::Reset)) => return stream.reset(),
            (_, _) => {
                // The peer may be gone by now, or linger; either way this side is done.
                let _done = timeout(HANDSHAKE_LIMIT, stream.close()).await;
                return;
            }
        }
    }
}

/// The next request, or why what came is none; `None` when the peer is done.
async fn next_request(
    stream: &mut Stream,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Result<request::Request, BadRequest>>> {
    loop {
        if let Some(taken) = request::take(buffer).transpose() {
            return Ok(Some(taken));
        }
        if stream.read(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

fn refusal(why: BadRequest) -> Delivery {
    let status = match why {
        BadRequest::Malformed => 400,
        BadRequest::TooLarge => 413,
        BadRequest::LengthRequired => 411,
        BadRequest::NotImplemented => 501,
    };
    let response = Response::html(status, &format!("<html><body><h1>{why}</h1></body></html>"));
    Delivery::Whole(
        response.encode(Framing::Length, After::Close).bytes,
        After::Close,
    )
}

async fn deliver(stream: &mut Stream, delivery: &Delivery) -> io::Result<()> {
    match delivery {
        Delivery::Whole(bytes, _) | Delivery::Part(bytes, _) => stream.write(bytes).await,
        Delivery::Slowly(bytes) => {
            for byte in bytes {
                stream.write(&[*byte]).await?;
                sleep(SLOW_PACE).await;
            }
            Ok(())
        }
        Delivery::Endless(first, again) => {
            stream.write(first).await?;
            loop {
                stream.write(again).await?;
            }
        }
    }
}

/// Keeps a connection open without a word until the peer ends it.
async fn hold(mut stream: Stream) {
    let mut ignored = Vec::new();
    let until_end = async {
        while stream.read(&mut ignored).await.is_ok_and(|read| read > 0) {
            ignored.clear();
        }
    };
    // The limit and the peer's end come to the same.
    let _ended = timeout(DELIVERY_LIMIT, until_end).await;
}

/// Counts a connection as open while it lives.
struct Open<'a>(&'a Shared);

impl<'a> Open<'a> {
    fn count(phone: &'a Shared) -> Self {
        phone.with(|state| {
            let counters = &mut state.counters;
            counters.connections += 1;
            counters.connections_open += 1;
            counters.connections_open_at_most = counters
                .connections_open_at_most
                .max(counters.connections_open);
        });
        phone.notify();
        Self(phone)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.counters.connections_open -= 1);
        self.0.notify();
    }
}
