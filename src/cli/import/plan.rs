//! The plan of an import: the changes, from the list and the devices of a source; pure.
//!
//! Rows and devices are matched by MAC, and where either has none, by address and name. Of a row only
//! the address changes, and only if its MAC is found elsewhere. Any other difference is a conflict for
//! a person to resolve.

use std::collections::{HashMap, HashSet};

use super::csv_list::CsvList;
use super::device::Device;
use crate::cli::address;
use crate::fleet::Text;

/// Changes to the list. Rows are indexes of [`CsvList::rows`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rows to add.
    pub(super) new: Vec<NewRow>,
    /// Rows whose device has a new address, and that address.
    pub(super) moved: Vec<(usize, String)>,
    /// Rows that are not in the source. They stay.
    pub(super) gone: Vec<usize>,
    /// Differences for a person to resolve.
    pub(super) conflicts: Vec<Conflict>,
    /// How many devices are listed correctly.
    pub(super) unchanged: usize,
}

/// A row to add.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewRow {
    /// Unique in the list.
    pub(super) name: String,
    pub(super) address: String,
    pub(super) mac: Option<Box<str>>,
    pub(super) site: Option<String>,
}

/// A difference for a person to resolve.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Another device has the address of this row, whose own device was not found.
    AddressTaken { row: usize, by: Box<str> },
    /// The source has the name of this row at another address, without a MAC to prove the move.
    NameMoved { row: usize, address: String },
    /// Several rows have the MAC of this device, none its address.
    DuplicateMac { mac: Box<str>, address: String },
    /// The source has no address for a device that is not listed.
    NoAddress {
        mac: Option<Box<str>>,
        name: Option<String>,
    },
}

/// Plans the import of `devices`. Rows for which `expected` is false belong to another source and are
/// not gone.
pub(super) fn plan(list: &CsvList, devices: Vec<Device>, expected: impl Fn(usize) -> bool) -> Plan {
    let has_macs = devices.iter().any(|device| device.mac.is_some());
    let has_addresses = devices.iter().any(|device| device.address.is_some());
    let mut matching = Matching::new(list);
    let rest = matching.by_mac(devices);
    let rest = matching.by_address_or_name(rest);
    matching.add(rest);
    let missed = |(row, seen): (usize, &bool)| {
        let could_be_found = match list.rows.get(row)?.mac {
            Some(_) => has_macs || has_addresses,
            None => has_addresses,
        };
        (!seen && could_be_found && expected(row)).then_some(row)
    };
    Plan {
        gone: matching
            .seen
            .iter()
            .enumerate()
            .filter_map(missed)
            .collect(),
        ..matching.plan
    }
}

/// A plan in the making.
struct Matching<'a> {
    list: &'a CsvList,
    plan: Plan,
    /// Which rows are in the source.
    seen: Vec<bool>,
}

impl<'a> Matching<'a> {
    fn new(list: &'a CsvList) -> Self {
        Self {
            list,
            plan: Plan::default(),
            seen: vec![false; list.rows.len()],
        }
    }

    fn see(&mut self, row: usize) {
        if let Some(seen) = self.seen.get_mut(row) {
            *seen = true;
        }
    }

    /// Matches devices by MAC; returns the others.
    fn by_mac(&mut self, devices: Vec<Device>) -> Vec<Device> {
        let mut rows: HashMap<&str, Vec<usize>> = HashMap::new();
        for (row, listed) in self.list.rows.iter().enumerate() {
            if let Some(mac) = &listed.mac {
                rows.entry(mac).or_default().push(row);
            }
        }
        let mut rest = Vec::new();
        for device in devices {
            let found = device.mac.as_ref().and_then(|mac| rows.get(&**mac));
            match found {
                Some(rows) => self.listed(rows, device),
                None => rest.push(device),
            }
        }
        rest
    }

    /// A device and the rows with its MAC.
    fn listed(&mut self, rows: &[usize], device: Device) {
        for row in rows {
            self.see(*row);
        }
        let (Some(mac), Some(now)) = (device.mac, device.address) else {
            self.plan.unchanged += 1;
            return;
        };
        let address_of = |row: &usize| self.list.rows.get(*row).map(|row| row.address.as_str());
        let mut addresses = rows.iter().filter_map(address_of);
        if addresses.any(|before| is_at(before, &now)) {
            self.plan.unchanged += 1;
            return;
        }
        match rows {
            [row] => {
                let before = address_of(row).unwrap_or_default();
                self.plan.moved.push((*row, address::moved(before, &now)));
            }
            _ => self
                .plan
                .conflicts
                .push(Conflict::DuplicateMac { mac, address: now }),
        }
    }

    /// Matches by address or name where row or device has no MAC; returns the others.
    fn by_address_or_name(&mut self, devices: Vec<Device>) -> Vec<Device> {
        let mut indexes = address::AddressIndex::default();
        let mut names: HashMap<&str, usize> = HashMap::new();
        for (row, listed) in self.list.rows.iter().enumerate() {
            indexes.insert(&listed.address, row);
            if address::is_name(&listed.address) {
                let first = listed.address.split(['.', ':']).next().unwrap_or_default();
                names.entry(first).or_insert(row);
            }
            names.insert(&listed.name, row);
        }
        let may_be = |row: &usize, device: &Device| {
            let listed = self.list.rows.get(*row);
            device.mac.is_none() || listed.is_some_and(|row| row.mac.is_none())
        };
        let mut rest = Vec::new();
        for device in devices {
            let at = device.address.as_deref().and_then(|now| indexes.find(now));
            let name = device.name.as_deref();
            let called = name.and_then(|name| names.get(name).copied());
            let at = at.filter(|row| may_be(row, &device));
            let called = called.filter(|row| may_be(row, &device));
            let Some(row) = at.or(called) else {
                rest.push(device);
                continue;
            };
            self.see(row);
            let before = self.list.rows.get(row).map(|row| row.address.as_str());
            match (device.address, before) {
                (Some(now), Some(before)) if !is_at(before, &now) => {
                    self.plan
                        .conflicts
                        .push(Conflict::NameMoved { row, address: now });
                }
                _ => self.plan.unchanged += 1,
            }
        }
        rest
    }

    /// Adds the devices that are not listed, unless a row has their address.
    fn add(&mut self, devices: Vec<Device>) {
        let moved: HashMap<usize, &str> = self
            .plan
            .moved
            .iter()
            .map(|(row, address)| (*row, address.as_str()))
            .collect();
        let mut taken = address::AddressIndex::default();
        for (row, listed) in self.list.rows.iter().enumerate() {
            let address = moved.get(&row).copied().unwrap_or(&listed.address);
            taken.insert(address, row);
        }
        let mut names: HashSet<String> =
            self.list.rows.iter().map(|row| row.name.clone()).collect();
        let mut added = HashSet::new();
        for device in devices {
            let Some(now) = device.address else {
                let Device { mac, name, .. } = device;
                self.plan.conflicts.push(Conflict::NoAddress { mac, name });
                continue;
            };
            if let Some(row) = taken.find(&now)
                && let Some(by) = device.mac
            {
                self.see(row);
                self.plan.conflicts.push(Conflict::AddressTaken { row, by });
                continue;
            }
            let is_first = added.insert(now.clone());
            if device.mac.is_none() && !is_first {
                continue;
            }
            let name = free_name(device.name, device.mac.as_deref(), &now, &names);
            names.insert(name.clone());
            self.plan.new.push(NewRow {
                name,
                address: now,
                mac: device.mac,
                site: device.site,
            });
        }
    }
}

/// Whether a device found at `now` has the listed address. A listed host name matches any IP address,
/// since it follows its device.
fn is_at(listed: &str, now: &str) -> bool {
    address::host(listed) == address::host(now)
        || (address::is_name(listed) && !address::is_name(now))
}

/// A unique name: that of the device, or one made of its MAC or address.
fn free_name(
    name: Option<String>,
    mac: Option<&str>,
    address: &str,
    taken: &HashSet<String>,
) -> String {
    let host = address::host(address);
    let id = mac.unwrap_or(&host);
    let made = format!("phone-{id}");
    let longer = name.as_ref().map(|name| format!("{name}-{id}"));
    let candidates = name.into_iter().chain(longer).chain([made.clone()]);
    let numbered = (2_u32..).map(|n| format!("{made}-{n}"));
    candidates
        .chain(numbered)
        .find(|name| !taken.contains(name) && !Text::is_too_long(name))
        .unwrap_or(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
name,address,mac
reception,192.0.2.21,00:0b:82:00:00:01
kitchen,192.0.2.22,00:0b:82:00:00:02
lobby,192.0.2.23,
roof,roof.voice.example.org,00:0b:82:00:00:04
gate,gate.voice.example.org,
";

    fn device(mac: &str, address: &str, name: &str) -> Device {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Device {
            mac: (!mac.is_empty()).then(|| format!("000b820000{mac}").into()),
            name: text(name),
            address: text(address),
            site: None,
        }
    }

    /// Every device as it is listed.
    fn as_listed() -> Vec<Device> {
        vec![
            device("01", "192.0.2.21", "gxv"),
            device("02", "192.0.2.22", ""),
            device("03", "192.0.2.23", ""),
            device("04", "192.0.2.24", ""),
            device("05", "192.0.2.25", "gate"),
        ]
    }

    fn planned(devices: Vec<Device>) -> Plan {
        let list = CsvList::read(LIST.to_owned(), &[]).unwrap();
        plan(&list, devices, |_| true)
    }

    fn new(name: &str, address: &str, mac: &str) -> NewRow {
        let Device { mac, .. } = device(mac, "", "");
        NewRow {
            name: name.to_owned(),
            address: address.to_owned(),
            mac,
            site: None,
        }
    }

    #[test]
    fn a_correct_list_does_not_change() {
        let expect = Plan {
            unchanged: 5,
            ..Plan::default()
        };
        assert_eq!(planned(as_listed()), expect);
    }

    #[test]
    fn two_phones_that_swapped_addresses_move_both() {
        let mut devices = as_listed();
        devices[0].address = Some("192.0.2.22".to_owned());
        devices[1].address = Some("192.0.2.21".to_owned());
        let plan = planned(devices);
        let moved = [(0, "192.0.2.22".to_owned()), (1, "192.0.2.21".to_owned())];
        assert_eq!(plan.moved, moved);
        assert!(plan.conflicts.is_empty() && plan.new.is_empty() && plan.gone.is_empty());
    }

    #[test]
    fn another_device_at_the_address_of_a_row_is_a_conflict() {
        let mut devices = as_listed();
        devices[0] = device("99", "192.0.2.21", "gxv");
        let plan = planned(devices);
        let by = "000b82000099".into();
        assert_eq!(plan.conflicts, [Conflict::AddressTaken { row: 0, by }]);
        assert!(plan.new.is_empty() && plan.moved.is_empty() && plan.gone.is_empty());
    }

    #[test]
    fn a_phone_at_the_former_address_of_another_is_new() {
        let mut devices = as_listed();
        devices[0].address = Some("192.0.2.50".to_owned());
        devices.push(device("99", "192.0.2.21", "spare"));
        let plan = planned(devices);
        assert_eq!(plan.moved, [(0, "192.0.2.50".to_owned())]);
        assert_eq!(plan.new, [new("spare", "192.0.2.21", "99")]);
        assert!(plan.conflicts.is_empty());
    }

    #[test]
    fn new_phones_get_unique_names() {
        let mut devices = as_listed();
        devices.push(device("a1", "192.0.2.61", ""));
        devices.push(device("a2", "192.0.2.62", "spare"));
        devices.push(device("a3", "192.0.2.63", "spare"));
        devices.push(device("a4", "192.0.2.64", "kitchen"));
        devices.push(device("", "192.0.2.65:8081", ""));
        devices.push(device("", "192.0.2.65:8081", ""));
        devices.push(device("", "192.0.2.65:8082", ""));
        let plan = planned(devices);
        assert_eq!(
            plan.new,
            [
                new("phone-000b820000a1", "192.0.2.61", "a1"),
                new("spare", "192.0.2.62", "a2"),
                new("spare-000b820000a3", "192.0.2.63", "a3"),
                new("kitchen-000b820000a4", "192.0.2.64", "a4"),
                new("phone-192.0.2.65", "192.0.2.65:8081", ""),
                new("phone-192.0.2.65-2", "192.0.2.65:8082", ""),
            ]
        );
    }

    #[test]
    fn a_changed_address_without_a_mac_is_a_conflict() {
        let mut devices = as_listed();
        devices[2] = device("03", "192.0.2.33", "lobby");
        let plan = planned(devices);
        let address = "192.0.2.33".to_owned();
        assert_eq!(plan.conflicts, [Conflict::NameMoved { row: 2, address }]);
        assert!(plan.moved.is_empty() && plan.new.is_empty() && plan.gone.is_empty());
    }

    #[test]
    fn rows_that_the_source_could_have_are_gone() {
        let mut devices = as_listed();
        devices.truncate(1);
        assert_eq!(planned(devices).gone, [1, 2, 3, 4]);
        // A directory of provisioning files has MACs only.
        let plan = planned(vec![device("01", "", ""), device("99", "", "")]);
        assert_eq!(plan.gone, [1, 3]);
        let mac = Some("000b82000099".into());
        assert_eq!(plan.conflicts, [Conflict::NoAddress { mac, name: None }]);
        let list = CsvList::read(LIST.to_owned(), &[]).unwrap();
        let planned = super::plan(&list, vec![device("01", "", "")], |row| row < 2);
        assert_eq!(planned.gone, [1], "the others are of another source");
    }

    #[test]
    fn a_mac_on_two_rows_is_a_conflict() {
        let text = "name,address,mac\na,192.0.2.1,000b82000001\nb,192.0.2.2,000b82000001\n";
        let list = CsvList::read(text.to_owned(), &[]).unwrap();
        let planned = plan(&list, vec![device("01", "192.0.2.2", "")], |_| true);
        assert_eq!(planned.unchanged, 1);
        let planned = plan(&list, vec![device("01", "192.0.2.3", "")], |_| true);
        assert!(matches!(
            planned.conflicts[..],
            [Conflict::DuplicateMac { .. }]
        ));
        assert!(planned.moved.is_empty());
    }
}
