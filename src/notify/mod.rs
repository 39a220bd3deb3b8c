//! Telling people: what a message says, when it is tried, and when it is given up.
//!
//! A [`Notification`] is written to the store before it is sent and removed after it was taken, so that a
//! process that dies loses nothing. A [`route`] says what a receiver wants, [`notification_log`] who was told of
//! what, `group` when a message or a reminder is due, [`outbox`] what is sent next, [`render`] what
//! it looks like, [`retry`] what an answer means. An Alertmanager gets alerts as they are
//! ([`alertmanager`]) and does its own grouping; [`resend_tracker`] says which are due. All of it is pure;
//! [`send`] is the way to the outside.

pub mod alertmanager;
pub mod channel;
pub mod delivery;
mod group;
pub mod http_client;
pub mod notification;
pub mod notification_log;
pub mod outbox;
pub mod render;
pub mod resend_tracker;
pub mod retry;
pub mod route;
pub mod send;
pub mod test_notification;
pub(crate) mod words;

pub use delivery::Delivery;
pub use notification::Notification;
