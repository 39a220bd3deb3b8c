//! Addresses of phones as lists write them: host and port, and which addresses are the same.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Which row has an address. Several phones may share a host, each with a port of its own.
#[derive(Debug, Default)]
pub(super) struct AddressIndex {
    by_host: HashMap<String, usize>,
    /// The port is empty where none is written.
    by_port: HashMap<(String, String), usize>,
}

impl AddressIndex {
    /// Adds a row; of several with one address the first counts.
    pub(super) fn insert(&mut self, address: &str, row: usize) {
        let (_, port) = split(address);
        let key = (host(address), port.to_owned());
        self.by_host.entry(key.0.clone()).or_insert(row);
        self.by_port.entry(key).or_insert(row);
    }

    /// The row with this address: the same host and port, or the same host where one of the two has no
    /// port.
    pub(super) fn find(&self, address: &str) -> Option<usize> {
        let (_, port) = split(address);
        let host = host(address);
        if port.is_empty() {
            return self.by_host.get(&host).copied();
        }
        let exact = self.by_port.get(&(host.clone(), port.to_owned()));
        let without_port = || self.by_port.get(&(host, String::new()));
        exact.or_else(without_port).copied()
    }
}

/// An address as a list may hold it: an IP address (IPv6 in brackets), a host name, or either with a
/// port. `None` for anything else.
pub(super) fn usable(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        });
    }
    let (host, port) = split(text);
    let port_is_usable = port.is_empty() || port.parse::<u16>().is_ok_and(|port| port > 0);
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host_is_usable = match bracketed {
        Some(host) => host.parse::<Ipv6Addr>().is_ok(),
        None => is_host(host) && (is_name(host) || host.parse::<IpAddr>().is_ok()),
    };
    (host_is_usable && port_is_usable).then(|| text.to_owned())
}

/// The host of an address in one spelling, without the port.
pub(super) fn host(address: &str) -> String {
    let (host, _) = split(address);
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match bracketed.and_then(|host| host.parse::<Ipv6Addr>().ok()) {
        Some(ip) => ip.to_string(),
        None => host.trim_end_matches('.').to_ascii_lowercase(),
    }
}

/// The IP address of a host; `None` for a name.
pub(super) fn ip(address: &str) -> Option<IpAddr> {
    host(address).parse().ok()
}

/// Whether the host is a name; a name follows its device to another IP address.
pub(super) fn is_name(address: &str) -> bool {
    let (host, _) = split(address);
    !host.starts_with('[') && !host.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// The new address of a device listed at `before` and found at `now`: a port stays.
pub(super) fn moved(before: &str, now: &str) -> String {
    let (host, port) = split(now);
    let (_, kept) = split(before);
    let port = if port.is_empty() { kept } else { port };
    if port.is_empty() {
        return host.to_owned();
    }
    format!("{host}:{port}")
}

/// Whether the text has only characters of host names (RFC 1123) and underscores.
pub(super) fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 253 && text.chars().all(allowed)
}

/// The host, brackets included, and the port, empty if there is none.
fn split(address: &str) -> (&str, &str) {
    let address = address.trim();
    match address.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, port),
        Some(_) | None => (address, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_a_list_may_hold_are_usable() {
        for (text, expect) in [
            ("192.0.2.21", Some("192.0.2.21")),
            (" 192.0.2.21:8080 ", Some("192.0.2.21:8080")),
            ("2001:db8::21", Some("[2001:db8::21]")),
            ("[2001:db8::21]:443", Some("[2001:db8::21]:443")),
            ("gxv-101.example.org", Some("gxv-101.example.org")),
            ("", None),
            ("n/a", None),
            ("192.0.2.300", None),
            ("192.0.2.21:0", None),
            ("two words", None),
            ("http://192.0.2.21", None),
            ("192.0.2.21,evil", None),
        ] {
            assert_eq!(usable(text).as_deref(), expect, "{text:?}");
        }
    }

    #[test]
    fn one_host_is_the_same_in_every_spelling() {
        for (a, b) in [
            ("192.0.2.21", "192.0.2.21:8080"),
            ("[2001:DB8:0::21]", "[2001:db8::21]:443"),
            ("Phone.example.org.", "phone.example.org:80"),
        ] {
            assert_eq!(host(a), host(b), "{a} and {b}");
        }
    }

    #[test]
    fn ip_addresses_are_read_with_and_without_port() {
        for (address, expect) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:8080", Some("192.0.2.1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("phone.example", None),
            ("phone.example:80", None),
        ] {
            let expect = expect.map(|ip| ip.parse().unwrap());
            assert_eq!(ip(address), expect, "{address}");
        }
    }

    #[test]
    fn phones_behind_ports_of_one_host_are_told_apart() {
        let mut rows = AddressIndex::default();
        rows.insert("192.0.2.1:8081", 1);
        rows.insert("192.0.2.1:8082", 2);
        rows.insert("192.0.2.3", 3);
        for (address, expect) in [
            ("192.0.2.1:8082", Some(2)),
            ("192.0.2.1:8083", None),
            ("192.0.2.1", Some(1)),
            ("192.0.2.3:80", Some(3)),
            ("192.0.2.4", None),
        ] {
            assert_eq!(rows.find(address), expect, "{address}");
        }
    }

    #[test]
    fn a_port_stays_when_a_device_moves() {
        for (before, now, expect) in [
            ("192.0.2.1", "192.0.2.2", "192.0.2.2"),
            ("192.0.2.1:8080", "192.0.2.2", "192.0.2.2:8080"),
            ("192.0.2.1:8080", "192.0.2.2:81", "192.0.2.2:81"),
            ("192.0.2.1:8080", "[2001:db8::1]", "[2001:db8::1]:8080"),
            ("[2001:db8::1]", "192.0.2.2", "192.0.2.2"),
        ] {
            assert_eq!(moved(before, now), expect);
        }
    }
}
