//! A message as a mail: headers that file and thread it, and a body as text and as HTML.
//!
//! All mails about one group hang on one thread, whose first mail was never sent. A mail keeps its
//! id when it is sent again, so that mail programs show it once. Nobody's holiday answers it.

use std::time::SystemTime;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::{Address, message::MessageBuilder};

use crate::fleet::place::spread;
use crate::notify::channel::Email;
use crate::notify::delivery::Delivery;
use crate::notify::render::{TemplateData, document};

/// A mail as it goes over the wire, with whom it is from and to.
pub(super) struct Mime {
    pub(super) from: Address,
    pub(super) to: Vec<Address>,
    pub(super) bytes: Vec<u8>,
}

/// What a mail says of itself beside the usual: it is automatic, and wants no automatic answer
/// (RFC 3834; the second is Exchange's word for it).
const AUTOMATIC: [(&str, &str); 2] = [
    ("Auto-Submitted", "auto-generated"),
    ("X-Auto-Response-Suppress", "All"),
];

impl Mime {
    /// The message as a mail; an error names what of the configuration is wrong.
    pub(super) fn new(
        receiver: &str,
        listed: usize,
        email: &Email,
        delivery: &Delivery,
    ) -> Result<Self, String> {
        let data = TemplateData::new(receiver, listed, delivery);
        let from = mailbox(&email.from)?;
        let to: Result<Vec<_>, _> = email.to.iter().map(|one| mailbox(one)).collect();
        let to = to?;
        let domain = from.email.domain().to_owned();
        let thread = format!(
            "<{:016x}@{domain}>",
            spread(&format!("{receiver}\n{}", delivery.group_key))
        );
        let mut message = Message::builder()
            .from(from.clone())
            .date(SystemTime::from(delivery.written))
            .subject(data.title.as_str())
            .message_id(Some(message_id(delivery, &domain)))
            .in_reply_to(thread.clone())
            .references(thread);
        for one in &to {
            message = message.to(one.clone());
        }
        for (name, value) in AUTOMATIC {
            message = with(message, name, value);
        }
        let text = format!("{}\n\n{}", data.title, data.text);
        let message = message
            .multipart(MultiPart::alternative_plain_html(text, document(&data)))
            .map_err(|error| format!("the mail cannot be written: {error}"))?;
        Ok(Self {
            from: from.email,
            to: to.into_iter().map(|one| one.email).collect(),
            bytes: message.formatted(),
        })
    }
}

impl Mime {
    /// The same mail, handed over only for these of its recipients.
    pub(super) fn only_to(mut self, recipients: Option<&[Box<str>]>) -> Result<Self, String> {
        if let Some(recipients) = recipients {
            let is_meant = |to: &Address| recipients.iter().any(|one| **one == to.to_string());
            self.to.retain(is_meant);
        }
        if self.to.is_empty() {
            return Err("the recipient is no longer configured".to_owned());
        }
        Ok(self)
    }
}

fn with(message: MessageBuilder, name: &'static str, value: &str) -> MessageBuilder {
    let name = HeaderName::new_from_ascii_str(name);
    message.raw_header(HeaderValue::new(name, value.to_owned()))
}

/// Ids of messages begin anew where the state was lost; the time they were written does not.
fn message_id(delivery: &Delivery, domain: &str) -> String {
    let id: String = delivery
        .id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let written = delivery.written.as_millisecond();
    let group_key = spread(&delivery.group_key);
    format!("<{id}.{written}.{group_key:016x}@{domain}>")
}

fn mailbox(address: &str) -> Result<Mailbox, String> {
    address
        .parse()
        .map_err(|error| format!("`{address}` is no address of mail: {error}"))
}
