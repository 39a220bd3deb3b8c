//! The wire: bytes to a [`Request`], a [`Response`](response::Response) to bytes.
//!
//! HTTP/1 is written by hand here because a server library hides just what a test needs: answers
//! cut in the middle, HTTP/1.0 without a length, bytes that are no HTTP. Requests of this API are
//! short GETs, so the reader is small, and its bounds are too.

pub(super) mod json;
pub(super) mod request;
pub(super) mod response;
pub(super) mod stream;

pub use self::request::Request;
