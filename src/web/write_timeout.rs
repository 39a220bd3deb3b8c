//! A write timeout: a stream that fails when its client does not read the response.
//!
//! Everything offered to the socket must be accepted within the limit, so a client that reads a byte
//! now and then gains no time. The connection is told of it: while others wait, it is closed earlier.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::connections::Connection;

/// A stream with a limit on how long a write may stall.
#[derive(Debug)]
pub(super) struct WriteTimeout<S> {
    stream: S,
    limit: Duration,
    connection: Arc<Connection>,
    /// Runs while something offered was not accepted yet.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteTimeout<S> {
    pub(super) fn new(stream: S, limit: Duration, connection: Arc<Connection>) -> Self {
        Self {
            stream,
            limit,
            connection,
            stalled: None,
        }
    }

    fn check(
        &mut self,
        cx: &mut Context<'_>,
        offered: usize,
        accepted: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(accepted) = accepted {
            let whole = accepted.as_ref().is_ok_and(|accepted| *accepted == offered);
            if whole && self.stalled.take().is_some() {
                self.connection.set_unread(false);
            }
            return Poll::Ready(accepted);
        }
        let Self {
            limit, connection, ..
        } = self;
        let stalled = self.stalled.get_or_insert_with(|| {
            connection.set_unread(true);
            Box::pin(tokio::time::sleep(*limit))
        });
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client did not read the response",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let accepted = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check(cx, bytes.len(), accepted)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let accepted = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        let offered = slices.iter().map(|slice| slice.len()).sum();
        self.check(cx, offered, accepted)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
