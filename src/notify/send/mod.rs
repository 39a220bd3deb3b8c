//! Sending one message through its channel: the thin shell around what `render` made.
//!
//! Whatever happens on the way is said as a [`Verdict`]; nothing here decides when to try again, and
//! nothing takes longer than the channel's patience.

mod frugal;
mod http;
mod hush;
mod mail;
mod manager;
mod mime;
mod trust;
mod webhook;

use super::channel::{Channel, Receiver};
use super::retry::Verdict;

pub use super::envelope::Envelope;
pub use manager::{Posting, beat, post_alerts};

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What it means for the message.
    pub verdict: Verdict,
    /// What somebody should know although the message may have been taken: recipients that were
    /// refused, a template that failed.
    pub remark: Option<Box<str>>,
    /// What was said on both sides, without secrets: for `notify test`.
    pub dialogue: Vec<String>,
}

/// Sends one message; takes no longer than the patience of the channel.
pub async fn send(receiver: &Receiver, envelope: &Envelope) -> Attempt {
    match &receiver.channel {
        Channel::Webhook(webhook) => webhook::send(receiver, webhook, envelope).await,
        Channel::Email(email) => mail::send(receiver, email, envelope).await,
    }
}
