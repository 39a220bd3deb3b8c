//! One accepted connection, plain or TLS, and the ways it can end.
//!
//! An enum instead of a trait object, because a reset needs the TCP socket below TLS. Time limits
//! are the caller's.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// One accepted connection.
pub(in crate::sim) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Appends what arrives to `buffer`; 0 is the end.
    pub(in crate::sim) async fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read_buf(buffer).await,
            Self::Tls(tls) => tls.read_buf(buffer).await,
        }
    }

    /// Sends all of `bytes`, so that they are on their way on return.
    pub(in crate::sim) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.write_all(bytes).await,
            Self::Tls(tls) => {
                tls.write_all(bytes).await?;
                tls.flush().await
            }
        }
    }

    /// Ends the connection in an orderly way.
    pub(in crate::sim) async fn close(mut self) -> io::Result<()> {
        match &mut self {
            Self::Plain(tcp) => tcp.shutdown().await,
            Self::Tls(tls) => tls.shutdown().await,
        }
    }

    /// Ends the connection by a reset: the peer's next read fails.
    pub(in crate::sim) fn reset(self) {
        match self {
            Self::Plain(tcp) => reset(tcp),
            Self::Tls(tls) => reset(tls.into_inner().0),
        }
    }
}

/// Ends a connection by a reset: with a linger of zero, closing sends RST instead of FIN.
pub(in crate::sim) fn reset(tcp: TcpStream) {
    // A connection that is gone already needs no reset.
    let _gone = tcp.set_zero_linger();
    drop(tcp);
}
