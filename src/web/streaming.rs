//! Responses that are written chunk by chunk, so that none stands in memory as a whole.
//!
//! A scrape of ten thousand phones is 58 MB of text. A response that grows with the fleet is written in
//! chunks of [`CHUNK`] bytes, compressed as one gzip member where the client accepts that, and each
//! chunk is sent before the next is written.

use std::fmt;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Bytes;

/// Text that is written chunk by chunk.
pub trait ChunkSource: Send {
    /// Appends text to `chunk` until that holds [`CHUNK`] bytes or a little more, or the text ends.
    /// Not to be called again after [`Progress::Done`].
    fn fill(&mut self, chunk: &mut Vec<u8>) -> Progress;
}

/// What the chunk now holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// As much as fits, and there is more to come.
    More,
    /// The end of the text.
    Done,
}

/// Size of a chunk in bytes: long enough that compressing and sending are cheap, short enough that
/// a chunk takes a tenth of a millisecond.
pub const CHUNK: usize = 64 * 1024;

/// Room for what a single step may write beyond [`CHUNK`] without the buffer growing.
const SLACK: usize = 8 * 1024;

/// How an answer is coded on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// One gzip member. Level 1: level 6 takes six times as long for 40 % fewer bytes.
    Gzip,
}

/// The bytes of an answer, made when they are asked for.
pub struct Encoder {
    source: Box<dyn ChunkSource>,
    gzip: Option<Gzip>,
    done: bool,
}

struct Gzip {
    encoder: GzEncoder<Vec<u8>>,
    plain: Vec<u8>,
}

impl Encoder {
    /// The bytes of `source`, none of which is written yet.
    pub fn new(source: Box<dyn ChunkSource>, coding: Coding) -> Self {
        let gzip = (coding == Coding::Gzip).then(|| Gzip {
            encoder: GzEncoder::new(Vec::new(), Compression::fast()),
            plain: Vec::with_capacity(CHUNK + SLACK),
        });
        Self {
            source,
            gzip,
            done: false,
        }
    }

    /// The bytes of the next chunk; none while the compressor still gathers; `None` at the end.
    pub fn next_chunk(&mut self) -> Option<Bytes> {
        if self.done {
            return None;
        }
        let Some(gzip) = &mut self.gzip else {
            let mut chunk = Vec::with_capacity(CHUNK + SLACK);
            self.done = self.source.fill(&mut chunk) == Progress::Done;
            return Some(chunk.into());
        };
        gzip.plain.clear();
        self.done = self.source.fill(&mut gzip.plain) == Progress::Done;
        Some(gzip.compress(self.done).into())
    }

    /// Whether nothing is left.
    pub fn has_ended(&self) -> bool {
        self.done
    }
}

impl Gzip {
    fn compress(&mut self, last: bool) -> Vec<u8> {
        let written = self.encoder.write_all(&self.plain);
        written.expect("writing to a Vec does not fail");
        if last {
            let finished = self.encoder.try_finish();
            finished.expect("writing to a Vec does not fail");
        }
        std::mem::take(self.encoder.get_mut())
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("gzip", &self.gzip.is_some())
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
