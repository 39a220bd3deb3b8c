//! Bodies of answers: whole, or made piece by piece as the client reads.
//!
//! A long body makes one piece a turn: it gives the runtime back before the next, however fast the
//! client reads, so that a scrape of ten thousand phones never holds up their polls.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};

use super::connections::Answering;
use super::pieces::Output;

/// The body of an answer, under way until it is dropped.
#[derive(Debug)]
pub(super) struct Body {
    source: Source,
    #[expect(dead_code, reason = "it says by being dropped that the answer is over")]
    answering: Option<Answering>,
}

#[derive(Debug)]
enum Source {
    /// All of it; empty once it was taken.
    Whole(Bytes),
    /// Made as it is read.
    Long {
        output: Box<Output>,
        turn: Turn,
        /// The turn in which the last piece was made.
        made: Option<u64>,
    },
}

/// Counts how often the task of a connection was given the runtime.
///
/// The server's HTTP library asks for pieces in a loop as long as the socket takes them; only the
/// task itself knows when it has yielded in between.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<AtomicU64>);

impl Turn {
    /// The task was given the runtime again.
    pub(super) fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Body {
    /// All of it.
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::of(Source::Whole(bytes.into()))
    }

    /// Made as it is read, a piece a turn.
    pub(super) fn long(output: Output, turn: Turn) -> Self {
        Self::of(Source::Long {
            output: Box::new(output),
            turn,
            made: None,
        })
    }

    /// The same, which keeps this until it is dropped.
    pub(super) fn with(self, answering: Answering) -> Self {
        Self {
            answering: Some(answering),
            ..self
        }
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            answering: None,
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
        let piece = match &mut self.source {
            Source::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                (!bytes.is_empty()).then_some(bytes)
            }
            Source::Long { output, turn, made } => {
                let now = Some(turn.number());
                if *made == now {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                *made = now;
                output.next_piece()
            }
        };
        Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Whole(bytes) => bytes.is_empty(),
            Source::Long { output, .. } => output.has_ended(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Long { .. } => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::web::pieces::{Coding, Filled, Pieces};

    /// Pieces without end.
    struct Endless;

    impl Pieces for Endless {
        fn fill(&mut self, piece: &mut Vec<u8>) -> Filled {
            piece.push(b'x');
            Filled::Full
        }
    }

    #[test]
    fn a_long_body_makes_one_piece_a_turn() {
        let turn = Turn::default();
        let output = Output::new(Box::new(Endless), Coding::Identity);
        let mut body = Body::long(output, turn.clone());
        let mut poll = || {
            let mut cx = Context::from_waker(Waker::noop());
            Pin::new(&mut body).poll_frame(&mut cx).is_ready()
        };
        for _ in 0..3 {
            turn.begin();
            assert!(poll());
            assert!(!poll());
            assert!(!poll());
        }
    }
}
