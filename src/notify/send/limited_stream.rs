//! A stream of which no more is read than somebody honest would say.
//!
//! The library reads a line of a mail server as a whole before it looks at its length. A server that
//! never ends a line is hung up on before it fills the memory.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The stream and how much of it may still be read.
#[derive(Debug)]
pub(super) struct LimitedStream<S> {
    stream: S,
    peer: SocketAddr,
    left: usize,
    /// What is read before anything of the stream.
    first: &'static [u8],
}

/// What one conversation may bring: a thousand lines as long as they may be.
const MOST: usize = 1024 * 1024;

impl<S> LimitedStream<S> {
    pub(super) fn new(stream: S, peer: SocketAddr) -> Self {
        Self {
            stream,
            peer,
            left: MOST,
            first: b"",
        }
    }

    /// A stream whose greeting was taken already: the library waits for one, which no server sends
    /// again after STARTTLS.
    pub(super) fn greeted(stream: S, peer: SocketAddr) -> Self {
        Self {
            first: b"220 encrypted\r\n",
            ..Self::new(stream, peer)
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LimitedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let (now, later) = self
                .first
                .split_at(self.first.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.first = later;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        let Some(left) = self.left.checked_sub(read) else {
            let error = format!("it said more than {MOST} bytes");
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, error)));
        };
        self.left = left;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LimitedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> AsyncTokioStream for LimitedStream<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
