//! A directory of provisioning files: `cfg000b82123456.xml` says that there is such a phone.
//!
//! Only names of files are looked at. Their content, with the SIP passwords in it, is never opened.

use crate::fleet::place::mac_digits;

use super::device::Device;

/// The devices that have a file of their own among these names.
pub(super) fn devices(names: impl Iterator<Item = String>) -> Vec<Device> {
    let mut devices: Vec<_> = names.filter_map(|name| device(&name)).collect();
    devices.sort_by(|a, b| a.mac.cmp(&b.mac));
    devices
}

/// A phone asks for `cfg` and its hardware address, with or without `.xml`.
fn device(name: &str) -> Option<Device> {
    let name = name.to_ascii_lowercase();
    let digits = name.strip_prefix("cfg")?;
    let digits = digits.strip_suffix(".xml").unwrap_or(digits);
    let mac = mac_digits(digits).filter(|mac| **mac == *digits)?;
    Some(Device {
        mac: Some(mac),
        ..Device::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_phones_are_told_from_the_rest_by_their_names() {
        let names = [
            "cfgc074ad0a0b0c",
            "cfg000b82123456.xml",
            "cfgEC74D722C911.xml",
            "cfggxv3370.xml",
            "cfg000b82123456.xml.bak",
            "cfg000b8212345.xml",
            "cfg00-0b-82-12-34-56.xml",
            "gxv3370fw.bin",
            "phonebook.xml",
        ];
        let devices = devices(names.into_iter().map(str::to_owned));
        let macs: Vec<_> = devices
            .iter()
            .filter_map(|device| device.mac.as_deref())
            .collect();
        assert_eq!(macs, ["000b82123456", "c074ad0a0b0c", "ec74d722c911"]);
    }
}
