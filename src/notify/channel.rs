//! Who is told, and by which way: what the configuration says of receivers and Alertmanagers.
//!
//! Addresses may carry secrets (a token in a path), so they are secrets; what names a receiver in
//! logs and metrics is its own name, or host and port.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::http_client::{HttpClient, TlsClient};
use super::route::Route;

/// Somebody who is told of groups of alerts.
#[derive(Debug)]
pub struct Receiver {
    /// What it wants to be told, and how often.
    pub route: Route,
    /// How many alerts a notification lists; the others are counted.
    pub max_listed_alerts: usize,
    /// How it is told.
    pub channel: Channel,
}

/// The way to a receiver.
#[derive(Debug)]
pub enum Channel {
    /// A POST.
    Webhook(Box<Webhook>),
    /// A mail.
    Email(Box<Email>),
}

/// A receiver that takes POSTs.
#[derive(Debug)]
pub struct Webhook {
    /// Where to.
    pub url: SecretString,
    /// In which words.
    pub body: Body,
    /// The key of an HMAC-SHA256 over the body, sent as `X-Signature-256: sha256=HEX`.
    pub hmac: Option<SecretString>,
    /// How requests are made.
    pub client: HttpClient,
    /// How long one request may take; `None`: [`HttpClient::TIMEOUT`].
    pub timeout: Option<Duration>,
}

/// How a body is written.
#[derive(Debug)]
pub enum Body {
    /// The webhook of Alertmanager, version 4.
    AlertmanagerV4,
    /// Everything, in the words of this daemon.
    Generic,
    /// A text with title, priority and tags as headers.
    Ntfy,
    /// Slack's incoming webhook.
    Slack,
    /// A Teams workflow: a message with an adaptive card.
    Teams,
    /// A template of the operator's, which makes the whole body.
    Own {
        /// Its text, checked.
        template: Arc<str>,
        /// The media type of what it makes.
        content_type: Box<str>,
    },
}

impl Body {
    /// As `preset` of the configuration names it, or what it is instead.
    pub fn word(&self) -> &'static str {
        match self {
            Self::AlertmanagerV4 => "alertmanager_v4",
            Self::Generic => "generic",
            Self::Ntfy => "ntfy",
            Self::Slack => "slack",
            Self::Teams => "teams_workflow",
            Self::Own { .. } => "a template of its own",
        }
    }
}

/// A receiver of mail.
#[derive(Debug)]
pub struct Email {
    /// Addresses of people; at least one.
    pub to: Vec<Box<str>>,
    /// Address of the sender.
    pub from: Box<str>,
    /// Host of the mail server, without brackets.
    pub host: Box<str>,
    /// Its port.
    pub port: u16,
    /// How the way there is encrypted.
    pub encryption: Encryption,
    /// How TLS is set up there.
    pub tls: TlsClient,
    /// User and password, where the server wants them.
    pub login: Option<(Box<str>, SecretString)>,
    /// How long the whole conversation may take; `None`: [`Email::TIMEOUT`].
    pub timeout: Option<Duration>,
}

impl Email {
    /// How long a conversation may take where nothing else is configured: servers that greylist or
    /// look up names take their time.
    pub const TIMEOUT: Duration = Duration::from_secs(60);
}

/// How the way to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// By STARTTLS, and never without it (RFC 3207).
    Starttls,
    /// From the first byte (RFC 8314).
    Tls,
    /// Not at all: only to this machine.
    None,
}

/// One Alertmanager. Each gets every alert.
#[derive(Debug)]
pub struct Alertmanager {
    /// Host and port: what names it in logs and metrics.
    pub name: Box<str>,
    /// Where its API begins, without `/api/v2/alerts`.
    pub url: SecretString,
    /// How requests are made.
    pub client: HttpClient,
    /// How long one request may take; `None`: [`HttpClient::TIMEOUT`].
    pub timeout: Option<Duration>,
}

/// A dead man's switch: an address that is asked again and again while all is well, and raises the
/// alarm when it is not asked.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// What is asked by GET; secret, since whoever knows it can keep the alarm quiet.
    pub url: SecretString,
    /// How often.
    pub interval: Duration,
    /// How requests are made.
    pub client: HttpClient,
}
