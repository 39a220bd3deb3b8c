//! The endpoints of the guide that are read, one file each.
//!
//! A file holds the request line, the wire types, a pure parser and the guide's own sample as a
//! test. Parsers get the payload without its envelope, after the verdict on the whole answer; they
//! take what other phones of the vendor write too, ignore unknown fields, and refuse rather than
//! guess.

pub(super) mod accounts;
mod clock;
pub(super) mod lines;
pub(super) mod status;
pub(super) mod time;
mod uptime;
pub(super) mod values;

use super::json::Malformed;
use crate::fleet::report::{DropReason, Dropped};
use crate::fleet::{Endpoint, Failure, Reason, Text};

/// Text of the phone as it may be published; what is cut is counted.
fn cleaned(raw: &str, dropped: &mut Dropped) -> Text {
    if Text::is_too_long(raw) {
        dropped.count(DropReason::Text);
    }
    Text::clean(raw)
}

fn malformed(endpoint: Endpoint, malformed: Malformed) -> Failure {
    not_understood(endpoint, &format!("the answer {malformed}"))
}

fn not_understood(endpoint: Endpoint, why: &str) -> Failure {
    Failure::new(Reason::Parse, format!("{}: {why}", endpoint.label()))
}
