//! Sending one message through its channel: the thin shell around what `render` made.

use super::Notice;
use std::time::Duration;

use super::channel::{Alertmanager, Receiver};
use super::retry::{Cause, Verdict};
use crate::alert::settings::Heartbeat;

/// One message on its way.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The same at each attempt; what a receiver may tell repetitions by.
    pub id: Box<str>,
    /// Tells the group of alerts from others, the same for all its messages: what mails are threaded
    /// by.
    pub topic: Box<str>,
    /// The labels that make the group, with their values.
    pub group: Vec<(Box<str>, Box<str>)>,
    /// What it says.
    pub notice: Notice,
    /// Where people find the pages of this exporter; empty if unknown.
    pub public_url: Box<str>,
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What it means for the message.
    pub verdict: Verdict,
    /// What was said on both sides, without secrets: for `notify test`.
    pub dialogue: Vec<String>,
}

/// Sends one message; takes no longer than the patience of the channel.
pub async fn send(_receiver: &Receiver, _envelope: &Envelope) -> Attempt {
    Attempt {
        verdict: Verdict::Permanent {
            cause: Cause::Broken,
            error: "no channel is built yet".into(),
        },
        dialogue: Vec::new(),
    }
}

/// How an Alertmanager took a batch of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posting {
    /// All of it.
    Taken,
    /// Not all: something in it is wrong, in the words of the Alertmanager, cut short.
    Refused(Box<str>),
    /// It was not reached, or not ready.
    Failed {
        /// The kind of trouble.
        cause: Cause,
        /// What went wrong, without secrets.
        error: Box<str>,
        /// How long it wants to be left alone.
        after: Option<Duration>,
    },
}

/// Posts a batch of alerts; takes no longer than the patience of the way there.
pub async fn post_alerts(_manager: &Alertmanager, _body: String) -> Posting {
    Posting::Refused("no way is built yet".into())
}

/// Asks for the address of a heartbeat.
pub async fn beat(_heartbeat: &Heartbeat) -> Result<(), Box<str>> {
    Ok(())
}
