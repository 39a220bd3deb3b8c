//! One message with what its sending needs beside what it says.

use jiff::Timestamp;

use super::Notification;

/// The page of alerts below the address of the exporter's pages; empty if that is unknown.
pub fn page_of_alerts(external_url: &str) -> String {
    match external_url {
        "" => String::new(),
        url => format!("{url}/alerts"),
    }
}

/// One message on its way.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The same at each attempt; what a receiver may tell repetitions by.
    pub id: Box<str>,
    /// Tells the group of alerts from others, the same for all its messages: what mails are threaded
    /// by.
    pub group_key: Box<str>,
    /// The labels that make the group, with their values.
    pub group: Vec<(Box<str>, Box<str>)>,
    /// What it says.
    pub notification: Notification,
    /// When it was written, the same at each attempt: the date of a mail, and what "for 5 minutes"
    /// is counted up to.
    pub written: Timestamp,
    /// Where people find the pages of this exporter, without a slash at its end; empty if unknown.
    pub external_url: Box<str>,
}
