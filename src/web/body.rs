//! Bodies of responses: complete, or streamed chunk by chunk as the client reads.
//!
//! A streamed body makes one chunk each time its task is woken and then yields, however fast the client
//! reads, so that a scrape of ten thousand phones never delays their polls.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};

use super::connections::ActiveRequest;
use super::streaming::Encoder;

/// The body of a response, under way until it is dropped.
#[derive(Debug)]
pub(super) struct Body {
    source: Source,
    #[expect(dead_code, reason = "dropping it marks the response as done")]
    active: Option<ActiveRequest>,
}

#[derive(Debug)]
enum Source {
    /// All of it; empty once it was taken.
    Complete(Bytes),
    /// Made as it is read.
    Streamed {
        encoder: Box<Encoder>,
        wakes: WakeCounter,
        /// The wake in which the last chunk was made.
        made_at: Option<u64>,
    },
}

/// Counts how often the task of a connection was woken.
///
/// The HTTP library asks for chunks in a loop as long as the socket accepts them; only the task itself
/// knows when it has yielded in between.
#[derive(Clone, Debug, Default)]
pub(super) struct WakeCounter(Arc<AtomicU64>);

impl WakeCounter {
    /// The task was woken.
    pub(super) fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Body {
    /// All of it.
    pub(super) fn complete(bytes: impl Into<Bytes>) -> Self {
        Self::of(Source::Complete(bytes.into()))
    }

    /// Made as it is read, one chunk each wake.
    pub(super) fn streamed(encoder: Encoder, wakes: WakeCounter) -> Self {
        Self::of(Source::Streamed {
            encoder: Box::new(encoder),
            wakes,
            made_at: None,
        })
    }

    /// The same, which keeps this until it is dropped.
    pub(super) fn with(self, active: ActiveRequest) -> Self {
        Self {
            active: Some(active),
            ..self
        }
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            active: None,
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = match &mut self.source {
            Source::Complete(bytes) => {
                let bytes = std::mem::take(bytes);
                (!bytes.is_empty()).then_some(bytes)
            }
            Source::Streamed {
                encoder,
                wakes,
                made_at,
            } => {
                let now = Some(wakes.number());
                if *made_at == now {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                *made_at = now;
                encoder.next_chunk()
            }
        };
        Poll::Ready(chunk.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Complete(bytes) => bytes.is_empty(),
            Source::Streamed { encoder, .. } => encoder.has_ended(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Complete(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Streamed { .. } => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::web::streaming::{ChunkSource, Coding, Progress};

    /// A source without end.
    struct Endless;

    impl ChunkSource for Endless {
        fn fill(&mut self, chunk: &mut Vec<u8>) -> Progress {
            chunk.push(b'x');
            Progress::More
        }
    }

    #[test]
    fn a_long_body_makes_one_piece_a_turn() {
        let wakes = WakeCounter::default();
        let encoder = Encoder::new(Box::new(Endless), Coding::Identity);
        let mut body = Body::streamed(encoder, wakes.clone());
        let mut poll = || {
            let mut cx = Context::from_waker(Waker::noop());
            Pin::new(&mut body).poll_frame(&mut cx).is_ready()
        };
        for _ in 0..3 {
            wakes.begin();
            assert!(poll());
            assert!(!poll());
            assert!(!poll());
        }
    }
}
