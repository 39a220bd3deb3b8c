//! Sending one message through its channel: the thin shell around what `render` made.
//!
//! Whatever happens on the way is said as a [`DeliveryResult`]; nothing here decides when to try again, and
//! nothing takes longer than the channel's patience.

mod alertmanager;
mod http;
mod limited_stream;
mod mail;
mod mime;
mod redact;
mod tls;
mod webhook;

use super::channel::{Channel, Receiver};
use super::retry::DeliveryResult;

pub use super::delivery::Delivery;
pub use alertmanager::{PostResult, beat, post_alerts};

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What it means for the message.
    pub result: DeliveryResult,
    /// Recipients whose server refused them by name, and what that means for them: others may have
    /// taken the message.
    pub refused: Vec<(Box<str>, DeliveryResult)>,
    /// What somebody should know although the message may have been taken: recipients that were
    /// refused, a template that failed.
    pub remark: Option<Box<str>>,
    /// What was said on both sides, without secrets: for `notify test`.
    pub dialogue: Vec<String>,
}

/// Sends one message; takes no longer than the patience of the channel.
pub async fn send(receiver: &Receiver, delivery: &Delivery) -> Attempt {
    send_to(receiver, None, delivery).await
}

/// The same, only to these of its recipients where it has several.
pub async fn send_to(
    receiver: &Receiver,
    recipients: Option<&[Box<str>]>,
    delivery: &Delivery,
) -> Attempt {
    match &receiver.channel {
        Channel::Webhook(webhook) => webhook::send(receiver, webhook, delivery).await,
        Channel::Email(email) => mail::send(receiver, email, recipients, delivery).await,
    }
}
