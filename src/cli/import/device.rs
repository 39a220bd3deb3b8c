//! A device that a source tells of, and which devices are the vendor's.

use std::collections::HashMap;

use crate::fleet::Text;

use super::address;

/// What a source tells of one device. Every part may be missing, none is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Device {
    /// The hardware address: twelve lowercase hex digits.
    pub(super) mac: Option<Box<str>>,
    /// As a name of the list may be.
    pub(super) name: Option<String>,
    /// As an address of the list may be.
    pub(super) address: Option<String>,
    /// The site, where the source knows sites.
    pub(super) site: Option<String>,
}

/// The prefixes of hardware addresses that the IEEE has assigned to the vendor (MA-L registry).
/// Later ones are given by `--oui`.
const VENDOR: [&str; 3] = ["000b82", "c074ad", "ec74d7"];

impl Device {
    /// Whether it is of the vendor or of one of the further prefixes, as far as can be told.
    pub(super) fn may_be_a_phone(&self, further: &[Box<str>]) -> bool {
        let Some(mac) = &self.mac else {
            return true;
        };
        let mut prefixes = VENDOR.into_iter().chain(further.iter().map(AsRef::as_ref));
        prefixes.any(|prefix| mac.starts_with(prefix))
    }
}

/// The devices of which the source tells something, each hardware address once: the last counts.
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

/// Six hex digits from a prefix in any usual spelling.
pub(super) fn prefix(text: &str) -> Result<Box<str>, String> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | '.'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err("write six hex digits, as 00:0b:82".to_owned());
    }
    Ok(digits.into())
}

/// Twelve hex digits as people write them, `00:0b:82:12:34:56`.
pub(in crate::cli) fn punctuated(mac: &str) -> String {
    let mut text = String::with_capacity(17);
    for (position, digit) in mac.chars().enumerate() {
        if position > 0 && position.is_multiple_of(2) {
            text.push(':');
        }
        text.push(digit);
    }
    text
}

/// A name that somebody wrote into a source for people.
pub(super) fn written_name(text: &str) -> Option<String> {
    let clean = Text::clean(text);
    let usable = !clean.is_empty() && clean.as_str() == text.trim();
    usable.then(|| clean.to_string())
}

/// A name that a device gave itself: anybody on the network can ask for a lease under any name, so
/// only that of a host passes, which no spreadsheet takes for a formula.
pub(super) fn host_name(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    (begins && address::is_host(name)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_of_other_vendors_are_told_by_their_prefix() {
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
    fn a_device_may_not_choose_any_name_for_itself() {
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

    #[test]
    fn prefixes_and_addresses_are_read_and_written_in_the_usual_ways() {
        for text in ["00:0B:82", "00-0b-82", "000b82"] {
            assert_eq!(prefix(text).as_deref(), Ok("000b82"), "{text}");
        }
        for text in ["", "00:0b", "00:0b:82:12", "00:0b:8g"] {
            assert!(prefix(text).is_err(), "{text}");
        }
        assert_eq!(punctuated("000b82123456"), "00:0b:82:12:34:56");
    }
}
