//! One HTTP/1 connection: a request out, an answer back, within bounds.
//!
//! hyper's connection is driven from here instead of from a task of its own: it moves only while
//! somebody waits for an answer, so a client owns everything it does and dropping it ends
//! everything. Time limits are the caller's; bounds on size are here. Nothing is followed, retried
//! or remembered.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::http::response::Parts;
use hyper_util::rt::TokioIo;

use super::dial::Stream;
use super::tls;
use crate::fleet::{Failure, Reason};

/// Largest head of an answer: all the cookies we would keep, twice over.
const MAX_HEAD: usize = 128 * 1024;

/// An open connection and how many answers it brought.
pub(super) struct Connection {
    sender: http1::SendRequest<Empty<Bytes>>,
    driver: Driver,
    answers: u32,
}

/// How far a request got that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing of it was written.
    Unsent,
    /// It may have arrived; no answer began.
    Unanswered,
    /// The answer broke off.
    Answering,
}

/// A request that failed.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// How far it got.
    pub(super) stage: Stage,
    /// Why.
    pub(super) failure: Failure,
}

struct Driver {
    connection: http1::Connection<TokioIo<Stream>, Empty<Bytes>>,
    ended: bool,
}

impl Connection {
    /// HTTP on an open stream; nothing is sent yet.
    pub(super) async fn new(stream: Stream) -> Result<Self, Failure> {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            // Small web servers compare header names by letter and are careless with their own.
            .title_case_headers(true)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .ignore_invalid_headers_in_responses(true)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failure_of(&error))?;
        Ok(Self {
            sender,
            driver: Driver {
                connection,
                ended: false,
            },
            answers: 0,
        })
    }

    /// How many answers began on this connection.
    pub(super) fn answers(&self) -> u32 {
        self.answers
    }

    /// Whether it takes another request, as far as is known without waiting.
    pub(super) async fn is_open(&mut self) -> bool {
        self.driver.run(poll_fn(|_| Poll::Ready(()))).await;
        !self.driver.ended && self.sender.is_ready()
    }

    /// Sends a request and reads the whole answer, up to `bound` bytes of body. After a failure, and when the future is dropped
    /// early, the connection is of no more use.
    pub(super) async fn exchange(
        &mut self,
        request: Request<Empty<Bytes>>,
        bound: usize,
    ) -> Result<(Parts, Vec<u8>), Fault> {
        let Self {
            sender,
            driver,
            answers,
        } = self;
        driver.run(sender.ready()).await.map_err(|error| Fault {
            stage: Stage::Unsent,
            failure: failure_of(&error),
        })?;
        let answered = driver.run(sender.try_send_request(request)).await;
        let response = answered.map_err(|mut error| {
            // The library hands the request back if nothing of it was written.
            let stage = match error.take_message() {
                Some(_) => Stage::Unsent,
                None => Stage::Unanswered,
            };
            Fault {
                stage,
                failure: failure_of(error.error()),
            }
        })?;
        *answers += 1;
        let (head, body) = response.into_parts();
        let body = driver
            .run(read(body, bound))
            .await
            .map_err(|failure| Fault {
                stage: Stage::Answering,
                failure,
            })?;
        Ok((head, body))
    }
}

impl Driver {
    /// Waits for `work` and moves the connection meanwhile.
    async fn run<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if !self.ended {
                // Its errors reach whoever waits for an answer.
                self.ended = Pin::new(&mut self.connection).poll(cx).is_ready();
            }
            work.as_mut().poll(cx)
        })
        .await
    }
}

async fn read(mut body: Incoming, bound: usize) -> Result<Vec<u8>, Failure> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bound {
        return Err(too_large(bound));
    }
    let mut bytes = Vec::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure_of(&error))?;
        let Some(piece) = frame.data_ref() else {
            continue;
        };
        if bytes.len() + piece.len() > bound {
            return Err(too_large(bound));
        }
        bytes.extend_from_slice(piece);
    }
    Ok(bytes)
}

fn too_large(bound: usize) -> Failure {
    Failure::new(
        Reason::TooLarge,
        format!("the body of the answer is longer than {bound} bytes"),
    )
}

fn failure_of(error: &hyper::Error) -> Failure {
    if error.is_parse_too_large() {
        let detail = "the head of the answer has too many or too long headers";
        return Failure::new(Reason::TooLarge, detail);
    }
    if error.is_parse() {
        let detail = "the answer is not HTTP: check scheme and port";
        return Failure::new(Reason::Parse, detail);
    }
    match error.source().and_then(|source| source.downcast_ref()) {
        Some(error) => io_failure(error),
        None => cut(),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's list is long and grows"
)]
fn io_failure(error: &io::Error) -> Failure {
    if let Some(error) = tls::tls_error(error) {
        return Failure::new(Reason::Tls, tls::in_words(error));
    }
    match error.kind() {
        io::ErrorKind::TimedOut => {
            Failure::new(Reason::Timeout, "the network gave the connection up")
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Failure::new(
            Reason::Unreachable,
            "the network lost its way to the phone during an exchange",
        ),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Failure::new(Reason::Parse, "the answer is broken HTTP")
        }
        _ => cut(),
    }
}

fn cut() -> Failure {
    Failure::new(
        Reason::Reset,
        "the phone closed the connection before the answer was complete",
    )
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("answers", &self.answers)
            .field("ended", &self.driver.ended)
            .finish_non_exhaustive()
    }
}
