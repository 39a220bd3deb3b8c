//! The endpoints of the guide, one file each.
//!
//! Those that the poller reads have a request line and a parser for its reader; all of them make a
//! [`Call`](super::Call) for [`Control`](super::Control).
//!
//! A file holds the request line, the wire types, a pure parser and the guide's own sample as a
//! test. Parsers get the payload without its envelope, after the verdict on the whole answer; they
//! take what other phones of the vendor write too, ignore unknown fields, and refuse rather than
//! guess.

pub mod accounts;
pub mod add_group;
pub mod change_password;
mod clock;
pub mod delete_all_contacts;
pub mod delete_contact;
pub mod edit_group;
pub mod get_contacts;
pub mod get_groups;
pub mod lines;
pub mod make_call;
pub mod phone_operation;
pub mod phonebook_download;
pub mod post_values;
pub mod save_contact;
pub mod status;
pub mod sys_operation;
pub mod time;
mod uptime;
pub mod values;

use super::call::Unmet;
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

/// A reading of the poller's parser as the answer of a call.
fn met<T>(read: Result<T, Failure>) -> Result<T, Unmet> {
    read.map_err(Unmet::NotUnderstood)
}

fn malformed(endpoint: Endpoint, malformed: Malformed) -> Failure {
    not_understood(endpoint, &format!("the answer {malformed}"))
}

fn not_understood(endpoint: Endpoint, why: &str) -> Failure {
    Failure::new(Reason::Parse, format!("{}: {why}", endpoint.label()))
}
