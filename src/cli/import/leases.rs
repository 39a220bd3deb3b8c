//! Leases of servers that write a journal: the last entry of an address counts.
//!
//! So a device whose address was released or leased to another no longer has it.

use std::collections::HashMap;

use super::device::Device;

/// One entry of the journal.
pub(super) struct Lease {
    /// The address as written, which identifies the lease.
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
