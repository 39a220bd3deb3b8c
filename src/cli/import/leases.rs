//! Leases of servers that write a journal: what was written of an address last is what holds.
//!
//! So a device whose address was later given to another, or given back, has it no more.

use std::collections::HashMap;

use super::device::Device;

/// One entry of the journal.
pub(super) struct Lease {
    /// The address as written, by which entries speak of one lease.
    pub(super) address: String,
    /// Whether the device has the address.
    pub(super) active: bool,
    pub(super) device: Device,
}

/// The devices that have a lease at the end of the journal, in its order.
pub(super) fn devices(journal: Vec<Lease>) -> Vec<Device> {
    let last: HashMap<String, usize> = journal
        .iter()
        .enumerate()
        .map(|(position, lease)| (lease.address.clone(), position))
        .collect();
    let holds = |(position, lease): &(usize, Lease)| {
        lease.active && last.get(&lease.address) == Some(position)
    };
    let leases = journal.into_iter().enumerate().filter(holds);
    leases.map(|(_, lease)| lease.device).collect()
}
