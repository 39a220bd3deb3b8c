//! A phone that the scan found, and the name it gets.

use std::collections::HashSet;
use std::net::IpAddr;

use serde_json::{Value, json};

use crate::cli::mac;
use crate::fleet::Text;
use crate::fleet::place::{Scheme, mac_digits};
use crate::fleet::reading::Values;

/// A phone of the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DiscoveredPhone {
    pub(super) address: IpAddr,
    /// `None` for the default port of the scheme.
    pub(super) port: Option<u16>,
    pub(super) scheme: Scheme,
    /// `None` where the phone does not return it without a login.
    pub(super) model: Option<String>,
    pub(super) firmware: Option<String>,
    /// Twelve lowercase hex digits.
    pub(super) mac: Option<Box<str>>,
}

impl DiscoveredPhone {
    /// The phone that returned these values; `None` if neither vendor nor MAC is the vendor's.
    pub(super) fn of(
        (address, port, scheme): (IpAddr, Option<u16>, Scheme),
        values: &Values,
    ) -> Option<Self> {
        let mac = values.mac().and_then(|mac| mac_digits(mac.as_str()));
        let has_vendor_mac = mac.as_ref().is_some_and(|mac| mac::is_vendor(mac));
        let names_vendor = values.vendor().is_some_and(|vendor| {
            let vendor = vendor.as_str().to_ascii_lowercase();
            vendor.contains("grandstream")
        });
        if !has_vendor_mac && !names_vendor {
            return None;
        }
        Some(Self {
            address,
            port,
            scheme,
            model: values.model().map(Text::to_string),
            firmware: values.firmware().map(Text::to_string),
            mac,
        })
    }

    /// As the configuration has it: host, or host and port, IPv6 in brackets.
    pub(super) fn host_port(&self) -> String {
        let host = match self.address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    pub(super) fn as_json(&self, name: &str) -> Value {
        json!({
            "name": name,
            "address": self.host_port(),
            "scheme": self.scheme.label(),
            "model": self.model,
            "firmware": self.firmware,
            "mac": self.mac,
        })
    }

    /// From model and hardware address; from model and address where the former is not known.
    fn name(&self) -> String {
        let model = plain(self.model.as_deref().unwrap_or("phone"));
        match &self.mac {
            Some(mac) => format!("{model}-{mac}"),
            None => self.name_by_address(),
        }
    }

    fn name_by_address(&self) -> String {
        let model = plain(self.model.as_deref().unwrap_or("phone"));
        format!("{model}-{}", plain(&self.host_port()))
    }
}

/// Each phone with a unique name.
pub(super) fn named(found: &[DiscoveredPhone]) -> Vec<(String, &DiscoveredPhone)> {
    let mut taken = HashSet::new();
    let mut named = Vec::with_capacity(found.len());
    for found in found {
        let mut name = found.name();
        if !taken.insert(name.clone()) {
            name = found.name_by_address();
            taken.insert(name.clone());
        }
        named.push((name, found));
    }
    named
}

/// Text with the characters that a name may have.
fn plain(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || c == '.' => c.to_ascii_lowercase(),
            _ => '-',
        })
        .collect();
    plain.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        Values::new(
            pairs
                .iter()
                .map(|(key, value)| ((*key).into(), Text::clean(value))),
        )
    }

    fn at(address: &str, pairs: &[(&str, &str)]) -> Option<DiscoveredPhone> {
        let place = (address.parse().unwrap(), None, Scheme::Http);
        DiscoveredPhone::of(place, &values(pairs))
    }

    #[test]
    fn a_phone_is_known_by_its_vendor_or_its_hardware_address() {
        let found = |pairs| at("192.0.2.1", pairs).is_some();
        assert!(found(&[("vendor_name", "Grandstream Networks")]));
        assert!(found(&[("67", "C0:74:AD:00:00:01")]));
        assert!(!found(&[("vendor_name", "Other"), ("phone_model", "X1")]));
        assert!(!found(&[("67", "00:11:22:00:00:01")]));
        assert!(!found(&[]));
    }

    #[test]
    fn names_come_from_model_and_device_and_are_unique() {
        let vendor = ("vendor_name", "Grandstream");
        let first = [
            vendor,
            ("phone_model", "GXV 3380\u{202E}"),
            ("67", "000B82000001"),
        ];
        let found = [
            at("192.0.2.1", &first).unwrap(),
            at("192.0.2.2", &first).unwrap(),
            at("2001:db8::1", &[vendor]).unwrap(),
        ];
        let names: Vec<_> = named(&found).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "gxv-3380-000b82000001",
                "gxv-3380-192.0.2.2",
                "phone-2001-db8--1"
            ]
        );
        assert_eq!(found[2].host_port(), "[2001:db8::1]");
    }
}
