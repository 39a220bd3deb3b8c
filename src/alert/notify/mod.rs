//! Telling people: what a message says, when it is tried, and when it is given up.
//!
//! A [`Notice`] is written to the store before it is sent and removed after it was taken, so that a
//! process that dies loses nothing. [`digest`] knows who was told of what and when a group is due,
//! [`outbox`] decides what is sent next, [`render`] what it looks like, [`retry`] what an answer means.
//! An Alertmanager gets alerts as they are ([`alertmanager`]) and does its own grouping. All of it is
//! pure; [`send`] is the way to the outside.

pub mod alertmanager;
pub mod channel;
pub mod digest;
pub mod envelope;
pub mod notice;
pub mod outbox;
pub mod render;
pub mod retry;
pub mod rounds;
pub mod send;
pub mod trial;
pub(in crate::alert) mod words;

pub use envelope::Envelope;
pub use notice::Notice;
