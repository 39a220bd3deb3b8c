//! The facts about phones as plain data, and their pure transitions.
//!
//! A [`Fleet`] is what is known of every configured phone at one moment. The keeper makes the next
//! one from the last by [`Fleet::with_report`]; everybody else reads. Unchanged phones are shared
//! between snapshots, so publishing one phone's change copies a path of a tree, not the fleet.
//!
//! Nothing here does I/O, reads a clock or takes a lock.

mod attempts;
pub mod boot;
mod clock_offset;
pub mod command;
pub mod expect;
pub mod failure;
pub mod guard;
pub mod moment;
pub mod phone;
pub mod place;
pub mod posture;
pub mod prior;
pub mod reading;
pub mod report;
#[cfg(test)]
pub(crate) mod sample;
pub mod text;
pub mod totals;
pub mod trust;

use std::collections::HashMap;
use std::sync::Arc;

pub use failure::{Endpoint, Failure, Reason, Reasons};
pub use moment::Moment;
pub use phone::Phone;
pub use place::Place;
pub use report::PollReport;
pub use text::Text;

use totals::{SkipReason, Totals};

/// Every phone of this process as of one moment. A published fleet never changes.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    phones: rpds::VectorSync<Arc<Phone>>,
    positions: Arc<HashMap<Box<str>, usize>>,
    /// What the polls of all phones added up to since the start.
    pub totals: Totals,
}

impl Fleet {
    /// The fleet of these places, in their order, before anything was read.
    pub fn new(places: impl IntoIterator<Item = Arc<Place>>) -> Self {
        let phones = places
            .into_iter()
            .map(|place| Arc::new(Phone::new(place)))
            .collect();
        Self::of(phones, Totals::default())
    }

    /// The fleet after a reload: places that stayed keep all that is known of them.
    ///
    /// A phone whose place changed in more than its labels starts anew, since what was read may
    /// belong to another device.
    #[must_use]
    pub fn with_places(&self, places: impl IntoIterator<Item = Arc<Place>>) -> Self {
        let phones = places
            .into_iter()
            .map(|place| {
                Arc::new(match self.phone(&place.name) {
                    Some(phone) if phone.place.same_device(&place) => phone.moved_to(place),
                    Some(_) | None => Phone::new(place),
                })
            })
            .collect();
        Self::of(phones, self.totals)
    }

    /// The fleet after one poll; a report of a phone that is no longer listed changes nothing.
    #[must_use]
    pub fn with_report(&self, name: &str, report: PollReport) -> Self {
        let Some(&position) = self.positions.get(name) else {
            return self.clone();
        };
        let mut next = self.clone();
        next.totals.polls += 1;
        let phone = self.phones[position].after(report);
        next.phones.set_mut(position, Arc::new(phone));
        next
    }

    /// The fleet after polls that did not take place.
    #[must_use]
    pub fn with_skips(&self, reason: SkipReason, times: u32) -> Self {
        let mut next = self.clone();
        next.totals.skipped(reason, times);
        next
    }

    /// All phones, in the order of the configuration.
    pub fn phones(&self) -> impl ExactSizeIterator<Item = &Arc<Phone>> {
        self.phones.iter()
    }

    /// The phone of this name.
    pub fn phone(&self, name: &str) -> Option<&Arc<Phone>> {
        self.phones.get(*self.positions.get(name)?)
    }

    fn of(phones: rpds::VectorSync<Arc<Phone>>, totals: Totals) -> Self {
        let positions = phones
            .iter()
            .enumerate()
            .map(|(position, phone)| (phone.place.name.clone(), position))
            .collect();
        Self {
            phones,
            positions: Arc::new(positions),
            totals,
        }
    }
}
