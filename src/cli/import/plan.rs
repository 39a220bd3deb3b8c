//! What an import would change: pure, from the list and what a source tells to a plan.
//!
//! The hardware address decides first, since it is the device; where the list or the source has
//! none, address and name do. What somebody wrote by hand stays: of a row only the address may
//! change, and only where the row's own device is found elsewhere. Whatever else differs is told and
//! left to a person.

use std::collections::{HashMap, HashSet};

use crate::fleet::Text;

use super::address;
use super::csv_list::CsvList;
use super::device::Device;

/// What would change in the list. Rows are positions in [`CsvList::rows`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rows to add.
    pub(super) new: Vec<NewRow>,
    /// Rows whose device has another address, and that address.
    pub(super) moved: Vec<(usize, String)>,
    /// Rows of which the source tells nothing. They stay.
    pub(super) gone: Vec<usize>,
    /// What a person has to decide.
    pub(super) conflicts: Vec<Conflict>,
    /// How many devices are listed as they are.
    pub(super) unchanged: usize,
}

/// A phone to be added.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewRow {
    /// Of no other row of the list.
    pub(super) name: String,
    pub(super) address: String,
    pub(super) mac: Option<Box<str>>,
    pub(super) site: Option<String>,
}

/// What differs and is not for us to change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Another device has the address of this row, whose own was not found.
    AddressTaken { row: usize, by: Box<str> },
    /// The source has this row's name at another address, and nothing tells that it is the device.
    NameMoved { row: usize, address: String },
    /// Several rows are of this device, none of them at its address.
    DuplicateMac { mac: Box<str>, address: String },
    /// The source tells no address for a device that is not listed.
    NoAddress {
        mac: Option<Box<str>>,
        name: Option<String>,
    },
}

/// What importing `devices` would change. Rows for which `expected` is false are of another source
/// and not missed in this one.
pub(super) fn plan(list: &CsvList, devices: Vec<Device>, expected: impl Fn(usize) -> bool) -> Plan {
    let tells_macs = devices.iter().any(|device| device.mac.is_some());
    let tells_addresses = devices.iter().any(|device| device.address.is_some());
    let mut matching = Matching::new(list);
    let rest = matching.by_mac(devices);
    let rest = matching.by_address_or_name(rest);
    matching.add(rest);
    let missed = |(row, seen): (usize, &bool)| {
        let could_be_told = match list.rows.get(row)?.mac {
            Some(_) => tells_macs || tells_addresses,
            None => tells_addresses,
        };
        (!seen && could_be_told && expected(row)).then_some(row)
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
    /// Which rows the source tells something of.
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

    /// Finds the rows of devices; returns the devices that have none.
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

    /// A device and the rows that are expected to be it.
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

    /// Finds rows where list or source know no hardware address; returns what is not found.
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

    /// Adds what is not listed, unless a row stands in its place.
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

/// Whether a device found at `now` is where the list has it. A listed host name follows its device
/// by itself and says nothing against an IP address.
fn is_at(listed: &str, now: &str) -> bool {
    address::host(listed) == address::host(now)
        || (address::is_name(listed) && !address::is_name(now))
}

/// The device's own name, or one made of its hardware address or address, that no row has yet.
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

    /// Everything as it is listed.
    fn at_rest() -> Vec<Device> {
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
    fn a_list_that_is_right_is_left_alone() {
        let expect = Plan {
            unchanged: 5,
            ..Plan::default()
        };
        assert_eq!(planned(at_rest()), expect);
    }

    #[test]
    fn two_phones_that_swapped_addresses_move_both() {
        let mut devices = at_rest();
        devices[0].address = Some("192.0.2.22".to_owned());
        devices[1].address = Some("192.0.2.21".to_owned());
        let plan = planned(devices);
        let moved = [(0, "192.0.2.22".to_owned()), (1, "192.0.2.21".to_owned())];
        assert_eq!(plan.moved, moved);
        assert!(plan.conflicts.is_empty() && plan.new.is_empty() && plan.gone.is_empty());
    }

    #[test]
    fn a_spare_in_the_place_of_a_phone_is_told_and_left_to_a_person() {
        let mut devices = at_rest();
        devices[0] = device("99", "192.0.2.21", "gxv");
        let plan = planned(devices);
        let by = "000b82000099".into();
        assert_eq!(plan.conflicts, [Conflict::AddressTaken { row: 0, by }]);
        assert!(plan.new.is_empty() && plan.moved.is_empty() && plan.gone.is_empty());
    }

    #[test]
    fn a_new_phone_at_the_address_of_one_that_moved_on_is_new() {
        let mut devices = at_rest();
        devices[0].address = Some("192.0.2.50".to_owned());
        devices.push(device("99", "192.0.2.21", "spare"));
        let plan = planned(devices);
        assert_eq!(plan.moved, [(0, "192.0.2.50".to_owned())]);
        assert_eq!(plan.new, [new("spare", "192.0.2.21", "99")]);
        assert!(plan.conflicts.is_empty());
    }

    #[test]
    fn new_phones_get_names_that_no_other_has() {
        let mut devices = at_rest();
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
    fn without_a_hardware_address_nothing_moves_by_itself() {
        let mut devices = at_rest();
        devices[2] = device("03", "192.0.2.33", "lobby");
        let plan = planned(devices);
        let address = "192.0.2.33".to_owned();
        assert_eq!(plan.conflicts, [Conflict::NameMoved { row: 2, address }]);
        assert!(plan.moved.is_empty() && plan.new.is_empty() && plan.gone.is_empty());
    }

    #[test]
    fn what_the_source_misses_is_gone_where_it_could_have_told() {
        let mut devices = at_rest();
        devices.truncate(1);
        assert_eq!(planned(devices).gone, [1, 2, 3, 4]);
        // A directory of provisioning files knows hardware addresses only.
        let plan = planned(vec![device("01", "", ""), device("99", "", "")]);
        assert_eq!(plan.gone, [1, 3]);
        let mac = Some("000b82000099".into());
        assert_eq!(plan.conflicts, [Conflict::NoAddress { mac, name: None }]);
        let list = CsvList::read(LIST.to_owned(), &[]).unwrap();
        let planned = super::plan(&list, vec![device("01", "", "")], |row| row < 2);
        assert_eq!(planned.gone, [1], "the others are of another source");
    }

    #[test]
    fn a_device_that_is_listed_twice_is_not_moved() {
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
