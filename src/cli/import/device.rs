//! A device of a source, and whether it may be a phone of the vendor.

use std::collections::HashMap;

use crate::cli::{address, mac};
use crate::fleet::Text;

/// One device of a source. Every field may be missing, none is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Device {
    /// The hardware address: twelve lowercase hex digits.
    pub(super) mac: Option<Box<str>>,
    /// Valid as a name in the list.
    pub(super) name: Option<String>,
    /// Valid as an address in the list.
    pub(super) address: Option<String>,
    /// The site, where the source has sites.
    pub(super) site: Option<String>,
}

impl Device {
    /// Whether its hardware address has a prefix of the vendor or a further one, or is unknown.
    pub(super) fn may_be_a_phone(&self, further: &[Box<str>]) -> bool {
        let Some(mac) = &self.mac else {
            return true;
        };
        mac::is_vendor(mac) || further.iter().any(|prefix| mac.starts_with(&**prefix))
    }
}

/// The devices with some data, each hardware address once: the last counts.
pub(super) fn latest(devices: Vec<Device>) -> Vec<Device> {
    let last: HashMap<Box<str>, usize> = devices
        .iter()
        .enumerate()
        .filter_map(|(position, device)| Some((device.mac.clone()?, position)))
        .collect();
    let holds = |(position, device): &(usize, Device)| match &device.mac {
        Some(mac) => last.get(mac) == Some(position),
        None => device.name.is_some() || device.address.is_some(),
    };
    let devices = devices.into_iter().enumerate().filter(holds);
    devices.map(|(_, device)| device).collect()
}

/// A name that a person wrote into a source.
pub(super) fn written_name(text: &str) -> Option<String> {
    let clean = Text::clean(text);
    let usable = !clean.is_empty() && clean.as_str() == text.trim();
    usable.then(|| clean.to_string())
}

/// A name that a device chose when it asked for a lease. Only host names are taken: any other text
/// could be a formula to a spreadsheet.
pub(super) fn host_name(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    (begins && address::is_host(name)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_of_other_vendors_are_recognised_by_their_prefix() {
        let device = |mac: &str| Device {
            mac: Some(mac.into()),
            ..Device::default()
        };
        assert!(device("000b82123456").may_be_a_phone(&[]));
        assert!(device("c074ad123456").may_be_a_phone(&[]));
        assert!(device("ec74d7123456").may_be_a_phone(&[]));
        assert!(!device("3c5ab4123456").may_be_a_phone(&[]));
        assert!(device("3c5ab4123456").may_be_a_phone(&["3c5ab4".into()]));
        assert!(Device::default().may_be_a_phone(&[]), "it may be one");
    }

    #[test]
    fn only_host_names_are_taken_from_devices() {
        for (text, expect) in [
            ("reception", Some("reception")),
            (
                "gxv-101.voice.example.org.",
                Some("gxv-101.voice.example.org"),
            ),
            ("GXV3370_000B82123456", Some("GXV3370_000B82123456")),
            ("=HYPERLINK(\"http://example.org\")", None),
            ("-1+1", None),
            ("a\u{1b}[2J", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(host_name(text).as_deref(), expect, "{text:?}");
        }
    }
}
