//! Telling people: what a message says, when it is tried, and when it is given up.
//!
//! A [`Notice`] is written to the store before it is sent and removed after it was taken, so that a
//! process that dies loses nothing. [`digest`] knows who was told of what and when a group is due,
//! [`outbox`] decides what is sent next, [`retry`] what an answer means. An Alertmanager gets alerts
//! as they are ([`alertmanager`]) and does its own grouping. All of it is pure; the ways to the
//! outside are thin shells around it.

pub mod alertmanager;
pub mod channel;
pub mod digest;
pub mod notice;
pub mod outbox;
pub mod retry;
pub mod send;
pub mod trial;

pub use notice::Notice;
