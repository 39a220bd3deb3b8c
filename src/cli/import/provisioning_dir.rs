//! A directory of provisioning files: `cfg000b82123456.xml` is of the phone with this MAC.
//!
//! Only the names are read. The files, which have SIP passwords, are never opened.

use super::device::Device;
use crate::fleet::place::mac_digits;

/// The devices with a file among these names.
pub(super) fn devices(names: impl Iterator<Item = String>) -> Vec<Device> {
    let mut devices: Vec<_> = names.filter_map(|name| device(&name)).collect();
    devices.sort_by(|a, b| a.mac.cmp(&b.mac));
    devices
}

/// Phones request `cfg` with their MAC, with or without `.xml`.
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
    fn files_of_phones_are_recognised_by_their_names() {
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
