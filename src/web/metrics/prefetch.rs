//! Looks at what is about to be written, so that the processor has it at hand by then.
//!
//! The readings of a fleet that was polled for a while lie scattered in memory, and following the
//! pointers of one phone after the other takes longer than writing does. Looked at in a tight loop,
//! many phones are fetched at the same time: in `benches/metrics.rs` that takes 73 ns a sample down
//! to 45. Nothing depends on it but time.

use std::hint::black_box;
use std::sync::Arc;

use crate::fleet::reading::Values;
use crate::fleet::{Endpoint, Moment, Phone};

/// How many phones are looked at together: beyond this it gains nothing, and all their readings
/// still fit the innermost caches.
pub(super) const BATCH: usize = 16;

/// Looks at one part of each of these phones.
pub(super) fn load<'a>(phones: impl Iterator<Item = &'a Arc<Phone>>, part: Endpoint, now: Moment) {
    let seen: usize = phones.map(|phone| touch(phone, part, now)).sum();
    black_box(seen);
}

/// Reads a little of everything that the part points to.
fn touch(phone: &Phone, part: Endpoint, now: Moment) -> usize {
    match part {
        Endpoint::Accounts => {
            let ids = phone.accounts(now).into_iter().flatten();
            ids.map(|account| usize::from(account.id)).sum()
        }
        Endpoint::Lines => {
            let each = phone.lines(now).into_iter().flat_map(|lines| &lines.each);
            each.map(|line| usize::from(line.number)).sum()
        }
        Endpoint::Status => usize::from(phone.status(now).is_some()),
        Endpoint::Time => usize::from(phone.time(now).is_some()),
        Endpoint::Values => {
            let pairs = phone.values(now).into_iter().flat_map(Values::iter);
            pairs.map(|(_, text)| text.as_str().len()).sum()
        }
    }
}
