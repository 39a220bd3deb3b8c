//! A web server for tests that says exactly the bytes it is told, and notes what it was asked.
//!
//! For what a well-behaved server cannot do: old versions, odd framing, resets, silence. What to
//! say is decided by the request, never by its turn alone, so that a test does not depend on how
//! often a client asks. It is no phone: sessions and state are the simulated phone's.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::{Client, Target, Tls};
use crate::fleet::guard::Habits;

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Of which connection, from 1.
    pub(super) connection: usize,
    /// Which one on it, from 1.
    pub(super) nth: usize,
    /// The whole head.
    pub(super) head: String,
}

/// What to do with it.
#[derive(Clone)]
pub(super) enum Play {
    /// Say this and wait for the next.
    Say(String),
    /// Say this and close.
    SayAndClose(String),
    /// Cut the connection, so that the client sees a reset.
    Reset,
    /// Say the first, then the second over and over.
    Endless(&'static str, &'static str),
    /// Say this and then nothing more, without closing.
    Stall(&'static str),
}

/// The server; it ends when dropped.
pub(super) struct Server {
    /// Where it listens.
    pub(super) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    _task: JoinSet<()>,
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

impl Asked {
    /// Path and query.
    pub(super) fn line(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The value of a header, whose name is compared by letter.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            (key == name).then_some(value)
        })
    }
}

impl Server {
    /// Starts one that plays `play` over plain TCP.
    pub(super) async fn plain(play: impl Fn(&Asked) -> Play + Send + Sync + 'static) -> Self {
        Self::start(None, play).await
    }

    /// Starts one that plays `play` over TLS.
    pub(super) async fn encrypted(
        tls: TlsAcceptor,
        play: impl Fn(&Asked) -> Play + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(tls), play).await
    }

    async fn start(
        tls: Option<TlsAcceptor>,
        play: impl Fn(&Asked) -> Play + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let play: Arc<dyn Fn(&Asked) -> Play + Send + Sync> = Arc::new(play);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            for connection in 1.. {
                let (tcp, _) = listener.accept().await.unwrap();
                let (tls, noted, play) = (tls.clone(), Arc::clone(&noted), Arc::clone(&play));
                connections.spawn(async move {
                    // A client may leave at any time: that ends the connection and nothing else.
                    let _left = serve(tcp, tls, |asked| {
                        let asked = Asked {
                            connection,
                            ..asked
                        };
                        let turn = play(&asked);
                        noted.lock().unwrap().push(asked);
                        turn
                    })
                    .await;
                });
            }
        });
        Self {
            port,
            asked,
            _task: task,
        }
    }

    /// Everything it was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The connection and path of each request so far.
    pub(super) fn lines(&self) -> Vec<(usize, String)> {
        self.asked()
            .iter()
            .map(|asked| (asked.connection, asked.line().to_owned()))
            .collect()
    }

    /// A client for it over plain TCP.
    pub(super) fn client(&self) -> Client {
        Client::new(self.target(None), Habits::default())
    }

    /// A target for it.
    pub(super) fn target(&self, tls: Option<Tls>) -> Target {
        Target {
            host: "127.0.0.1".into(),
            port: self.port,
            tls,
            connect_timeout: Duration::from_secs(20),
            attempts: 2,
            keeps_connection: true,
        }
    }
}

/// A deadline that no test reaches that works.
pub(super) fn ample() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A deadline for tests in which a server keeps silent.
pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

/// An answer with this body and the usual head.
pub(super) fn ok(body: &str) -> String {
    with_head("HTTP/1.1 200 OK\r\nContent-Type: text/html", body)
}

/// An answer with this body under this head.
pub(super) fn with_head(head: &str, body: &str) -> String {
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

async fn serve(
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    play: impl Fn(Asked) -> Play,
) -> io::Result<()> {
    let reset = SockRef::from(&tcp).try_clone()?;
    let mut wire: Box<dyn Wire> = match tls {
        Some(tls) => Box::new(tls.accept(tcp).await?),
        None => Box::new(tcp),
    };
    for nth in 1.. {
        let head = head(&mut wire).await?;
        match play(Asked {
            connection: 0,
            nth,
            head,
        }) {
            Play::Say(text) => wire.write_all(text.as_bytes()).await?,
            Play::SayAndClose(text) => {
                wire.write_all(text.as_bytes()).await?;
                return wire.shutdown().await;
            }
            Play::Reset => return reset.set_linger(Some(Duration::ZERO)),
            Play::Endless(first, text) => {
                wire.write_all(first.as_bytes()).await?;
                loop {
                    wire.write_all(text.as_bytes()).await?;
                }
            }
            Play::Stall(text) => {
                wire.write_all(text.as_bytes()).await?;
                std::future::pending::<()>().await;
            }
        }
        wire.flush().await?;
    }
    Ok(())
}

async fn head(wire: &mut Box<dyn Wire>) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
