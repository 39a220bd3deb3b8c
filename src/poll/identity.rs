//! Which device answers: asked before a password goes out, and again under the session if it did not
//! tell.
//!
//! Some phones tell their hardware address to anybody, some under a session only, some never. One
//! that never tells is no mismatch. One that could not be asked is not known: what it says of itself
//! is not published.

use crate::fleet::place::mac_digits;
use crate::fleet::reading::MAC_VALUES;
use crate::fleet::{Failure, Reason};
use crate::webapi::{Client, ReadError};

/// What is known of the device that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The expected one, or any will do.
    Expected,
    /// It does not tell, perhaps only without a session.
    Untold,
    /// The question was not answered.
    Unanswered(Failure),
    /// Another one.
    Other(Failure),
}

/// Asks the device; `expected` are the digits of its hardware address.
pub async fn ask(client: &mut Client, expected: Option<&str>) -> Identity {
    let Some(expected) = expected else {
        return Identity::Expected;
    };
    let keys = MAC_VALUES.map(Into::into);
    let told = match client.reader().values(&keys).await {
        Ok(values) => values.mac().and_then(|mac| mac_digits(mac.as_str())),
        Err(ReadError::NoSession(_) | ReadError::NotFound(_)) => None,
        Err(ReadError::Failed(failure)) => return Identity::Unanswered(failure),
    };
    match told {
        None => Identity::Untold,
        Some(told) if *told == *expected => Identity::Expected,
        Some(told) => Identity::Other(Failure::new(
            Reason::Identity,
            format!("expected the device {expected}, found {told}"),
        )),
    }
}
