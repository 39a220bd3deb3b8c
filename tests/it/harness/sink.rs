//! A web server that writes down what it was asked and answers as it was told to.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::PATIENCE;

/// How it answers each request.
#[derive(Clone)]
pub(crate) enum Answers {
    /// With this head, without its length, and this body.
    With(&'static str, String),
    /// With a body that never ends.
    Endlessly,
    /// Not at all, and keeps the connection.
    Never,
    /// By a reset of the connection.
    Reset,
    /// By closing the connection.
    Close,
}

/// What it was asked.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// The server; dropping it ends it.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    asked: mpsc::UnboundedReceiver<Asked>,
    _tasks: JoinSet<()>,
}

impl Sink {
    pub(crate) async fn start(answers: Answers) -> Self {
        Self::start_with(None, move |_| answers.clone()).await
    }

    /// One that may speak TLS, and whose answers depend on the body.
    pub(crate) async fn start_with(
        tls: Option<TlsAcceptor>,
        answers: impl Fn(&str) -> Answers + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let (tell, asked) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepted");
                let reset = socket2::SockRef::from(&stream)
                    .try_clone()
                    .expect("a socket");
                match &tls {
                    None => serve(stream, &tell, &answers, &reset).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, &tell, &answers, &reset).await;
                        }
                    }
                }
            }
        });
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }

    /// The next request that came.
    pub(crate) async fn asked(&mut self) -> Asked {
        let asked = tokio::time::timeout(PATIENCE, self.asked.recv());
        asked.await.expect("a request in time").expect("a request")
    }

    /// Whether nobody asked for more than what was taken.
    pub(crate) fn is_untouched(&mut self) -> bool {
        self.asked.try_recv().is_err()
    }
}

impl Asked {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }
}

/// One request of one connection.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    tell: &mpsc::UnboundedSender<Asked>,
    answers: &impl Fn(&str) -> Answers,
    socket: &socket2::Socket,
) {
    let Some(asked) = read(&mut stream).await else {
        let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        return;
    };
    let answer = answers(&asked.body);
    let _gone = tell.send(asked);
    match answer {
        Answers::With(head, body) => {
            let length = body.len();
            let text = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}");
            let _gone = stream.write_all(text.as_bytes()).await;
            let _gone = stream.shutdown().await;
        }
        Answers::Endlessly => {
            let head = b"HTTP/1.1 200 OK\r\n\r\n";
            let mut written = stream.write_all(head).await;
            while written.is_ok() {
                written = stream.write_all(&[b'a'; 4096]).await;
            }
        }
        Answers::Never => {
            // Until the other side has had enough.
            let _gone = stream.read(&mut [0]).await;
        }
        Answers::Reset => {
            let _unsupported = socket.set_linger(Some(Duration::ZERO));
        }
        Answers::Close => {}
    }
}

/// How a record of a TLS handshake begins (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 0x16;

/// `None` for what is no request, such as TLS where none is spoken.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if bytes.first() == Some(&HANDSHAKE) {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let asked = Asked {
            head: head.to_owned(),
            body: body.to_owned(),
        };
        let length = asked.header("content-length").unwrap_or("0");
        if body.len() >= length.parse().ok()? {
            return Some(asked);
        }
    }
}
