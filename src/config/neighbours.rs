//! What can only be judged of several phones together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use crate::fleet::place::Scheme;

use super::Phone;
use super::fault::{Findings, Spot, Wrong, quoted};
use super::phone_keys::PhoneKeys;
use super::written::Written;

/// What was seen of the phones so far.
#[derive(Default)]
pub(super) struct Neighbours<'a> {
    names: HashMap<&'a str, &'a PhoneKeys>,
    addresses: HashMap<(Box<str>, u16), &'a PhoneKeys>,
    macs: HashMap<Box<str>, &'a PhoneKeys>,
    https: bool,
}

impl<'a> Neighbours<'a> {
    /// Names are unique in the whole list, whichever shard polls which phone.
    pub(super) fn check_name(&mut self, found: &mut Findings, keys: &'a PhoneKeys) {
        let Some(name) = &keys.name else {
            return;
        };
        let Some(first) = self.names.get(&*name.value) else {
            self.names.insert(&name.value, keys);
            return;
        };
        let first = spot_of_name(first).file_and_line();
        let what = format!(
            "{} is the name of another phone ({first})",
            quoted(&name.value)
        );
        let wrong = Wrong::new(what, "give each phone its own name");
        found.fault(spot_of_name(keys), wrong);
    }

    /// Two phones behind one address and port, or with one hardware address however it is spelled, are
    /// most likely one phone that is listed twice. One warning tells it.
    pub(super) fn check_device(
        &mut self,
        found: &mut Findings,
        keys: &'a PhoneKeys,
        phone: &Phone,
    ) {
        let address = (phone.host.clone(), phone.port);
        let at_address = listed_before(&mut self.addresses, address, keys);
        let mac = phone.place.mac.clone();
        let with_mac = mac.and_then(|mac| listed_before(&mut self.macs, mac, keys));
        let (key, shown, other) = match (at_address, with_mac, &phone.place.mac) {
            (Some(other), _, _) => ("address", &phone.place.address, other),
            (None, Some(other), Some(mac)) => ("mac", mac, other),
            (None, _, _) => return,
        };
        let name = other.name.as_ref();
        let name = name.map_or_else(String::new, |name| quoted(&name.value));
        let what = format!(
            "{} is also the {key} of {name} ({})",
            quoted(shown),
            other.spot.file_and_line()
        );
        let line = match key {
            "mac" => keys.mac.as_ref().map_or(0, |mac| mac.line),
            _ => keys.address.as_ref().map_or(0, |address| address.line),
        };
        let wrong = Wrong::new(what, "two polls at once end each other's sessions");
        found.warn(keys.spot.below(key, line), wrong);
    }

    /// Notes what the others need to know of a phone.
    pub(super) fn see(&mut self, phone: &Phone) {
        self.https |= phone.place.scheme == Scheme::Https;
    }

    /// What all phones together make odd, once all were seen.
    pub(super) fn check_all(&self, found: &mut Findings, written: &Written<'_>) {
        if written.phones.is_empty() {
            let wrong = Wrong::new("lists no phone", "add some to `phones` or `phone_files`");
            found.warn(written.global.spot.clone(), wrong);
            return;
        }
        let defaults = &written.defaults;
        if !self.https
            && let Some(line) = defaults.tls.first_line()
        {
            let wrong = Wrong::new("has no effect: no phone uses https", "set `scheme: https`");
            found.fault(defaults.spot.below("tls", line), wrong);
        }
        let groups = written.groups.values().flatten();
        let mut all = groups.chain(&written.phones).chain([defaults]);
        if written.metrics.clock && all.all(|keys| keys.time_zone.is_none()) {
            let what = "asks for the clocks of phones, and no phone has a time_zone";
            let wrong = Wrong::new(what, "add `time_zone: …` to defaults, a group, or phones");
            found.warn(written.metrics_at.clone(), wrong);
        }
    }
}

/// The phone that was noted under this key before; else notes this one.
fn listed_before<'a, K: Eq + Hash>(
    seen: &mut HashMap<K, &'a PhoneKeys>,
    key: K,
    keys: &'a PhoneKeys,
) -> Option<&'a PhoneKeys> {
    match seen.entry(key) {
        Entry::Occupied(first) => Some(first.get()),
        Entry::Vacant(free) => {
            free.insert(keys);
            None
        }
    }
}

fn spot_of_name(keys: &PhoneKeys) -> Spot {
    match &keys.name {
        Some(name) => keys.spot.below("name", name.line),
        None => keys.spot.clone(),
    }
}
