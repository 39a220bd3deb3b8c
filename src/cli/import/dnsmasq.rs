//! The leases file of dnsmasq: a lease a line, `EXPIRY MAC ADDRESS NAME CLIENT-ID`.
//!
//! A device without a name has `*`. IPv6 leases follow a line `duid …` and have no MAC, so they are
//! skipped. dnsmasq drops expired leases.

use super::device::{Device, host_name};
use crate::cli::address;
use crate::fleet::place::mac_digits;

/// The leases; of several of a device the one that expires last comes last.
pub(super) fn devices(text: &str) -> Vec<Device> {
    let mut leases: Vec<_> = text.lines().filter_map(lease).collect();
    leases.sort_by_key(|(expiry, _)| *expiry);
    leases.into_iter().map(|(_, device)| device).collect()
}

fn lease(line: &str) -> Option<(u64, Device)> {
    let mut words = line.split_ascii_whitespace();
    let expiry = match words.next()?.parse().ok()? {
        // It does not expire.
        0 => u64::MAX,
        expiry => expiry,
    };
    let mac = mac_digits(words.next()?)?;
    let address = address::usable(words.next()?)?;
    let name = words.next().and_then(host_name);
    let device = Device {
        mac: Some(mac),
        name,
        address: Some(address),
        site: None,
    };
    Some((expiry, device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::import::device::latest;

    #[test]
    fn leases_have_mac_address_and_name() {
        let text = "\
1715890320 00:0b:82:12:34:56 192.0.2.45 reception 01:00:0b:82:12:34:56
1715886720 c0:74:ad:0a:0b:0c 192.0.2.46 * *
1715886000 c0:74:ad:0a:0b:0c 192.0.2.99 old *
0 ec:74:d7:22:c9:11 192.0.2.47 GXV3380 01:ec:74:d7:22:c9:11
1715890000 06-00:11:22:33:44:55 192.0.2.48 wireless *
duid 00:01:00:01:2d:c1:5f:3a:00:0b:82:12:34:56
1715890320 34567890 2001:db8::45 reception 00:01:00:01:2d:c1:5f:3b:00:0b:82:12:34:56
";
        let devices = latest(devices(text));
        let found: Vec<_> = devices
            .iter()
            .map(|d| (d.mac.as_deref(), d.address.as_deref(), d.name.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                (Some("c074ad0a0b0c"), Some("192.0.2.46"), None),
                (Some("000b82123456"), Some("192.0.2.45"), Some("reception")),
                (Some("ec74d722c911"), Some("192.0.2.47"), Some("GXV3380")),
            ]
        );
    }
}
