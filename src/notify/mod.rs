//! Telling people: what a message says, when it is tried, and when it is given up.
//!
//! A [`Notice`] is written to the store before it is sent and removed after it was taken, so that a
//! process that dies loses nothing. A [`route`] says what a receiver wants, [`digest`] who was told of
//! what, `group` when a message or a reminder is due, [`outbox`] what is sent next, [`render`] what
//! it looks like, [`retry`] what an answer means. An Alertmanager gets alerts as they are
//! ([`alertmanager`]) and does its own grouping; [`rounds`] says which are due. All of it is pure;
//! [`send`] is the way to the outside.

pub mod alertmanager;
pub mod channel;
pub mod digest;
pub mod envelope;
mod group;
pub mod http_client;
pub mod notice;
pub mod outbox;
pub mod render;
pub mod retry;
pub mod rounds;
pub mod route;
pub mod send;
pub mod trial;
pub(crate) mod words;

pub use envelope::Envelope;
pub use notice::Notice;
