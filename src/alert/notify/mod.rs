//! Telling people: what a message says, when it is tried, and when it is given up.
//!
//! A [`Notice`] is written to the store before it is sent and removed after it was taken, so that a
//! process that dies loses nothing. [`outbox`] decides what is sent next, [`retry`] what an answer
//! means. Both are pure; the ways to the outside are thin shells around them.

pub mod notice;
pub mod outbox;
pub mod retry;

pub use notice::Notice;
