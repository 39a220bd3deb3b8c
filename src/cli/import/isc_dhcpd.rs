//! The leases of ISC dhcpd (dhcpd.leases(5)): declarations in braces, appended at every change.
//!
//! Of a lease only address, state, MAC and client hostname are read. Everything else is skipped, which
//! needs quoted text and comments to be parsed.

use super::device::{Device, host_name};
use super::leases::{self, Lease};
use crate::cli::address;
use crate::fleet::place::mac_digits;

/// The leases whose state is active.
pub(super) fn devices(text: &str) -> Vec<Device> {
    let mut journal = Vec::new();
    let mut open: Option<Lease> = None;
    let mut depth = 0_usize;
    for (words, end) in Statements(text) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match end {
            End::Opens => {
                depth += 1;
                open = match words[..] {
                    ["lease", address] if depth == 1 => begin(address),
                    _ => open,
                };
            }
            End::Ends if depth == 1 => {
                if let Some(lease) = &mut open {
                    note(lease, &words);
                }
            }
            End::Ends => {}
            End::Closes => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    journal.extend(open.take());
                }
            }
        }
    }
    leases::devices(journal)
}

fn begin(text: &str) -> Option<Lease> {
    Some(Lease {
        address: text.to_owned(),
        active: false,
        device: Device {
            address: Some(address::usable(text)?),
            ..Device::default()
        },
    })
}

fn note(lease: &mut Lease, words: &[&str]) {
    match words {
        ["binding", "state", state] => lease.active = *state == "active",
        ["hardware", "ethernet", mac] => lease.device.mac = mac_digits(mac),
        ["client-hostname", name] => lease.device.name = host_name(name),
        _ => {}
    }
}

/// How a statement ended.
enum End {
    /// With `{`: what follows is within it.
    Opens,
    /// With `;`.
    Ends,
    /// With `}`, which closes what was opened.
    Closes,
}

/// The statements of the rest of a file: words, quoted text without its quotes as one of them.
struct Statements<'a>(&'a str);

impl Iterator for Statements<'_> {
    type Item = (Vec<String>, End);

    fn next(&mut self) -> Option<Self::Item> {
        let mut words = Vec::new();
        let mut word = String::new();
        let mut rest = self.0.chars();
        while let Some(c) = rest.next() {
            let is_separate = c.is_whitespace() || matches!(c, '{' | '}' | ';' | '"' | '#');
            if !is_separate {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            let end = match c {
                '"' => {
                    words.push(quoted(&mut rest));
                    continue;
                }
                '#' => {
                    rest.by_ref().find(|c| *c == '\n');
                    continue;
                }
                '{' => End::Opens,
                '}' => End::Closes,
                ';' => End::Ends,
                _ => continue,
            };
            self.0 = rest.as_str();
            return Some((words, end));
        }
        // The file is cut off: an incomplete statement is dropped.
        None
    }
}

/// The text up to the closing quote, without backslashes.
fn quoted(rest: &mut std::str::Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => text.extend(rest.next()),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_active_lease_of_a_device_counts() {
        let text = r#"
# The format of this file is documented in the dhcpd.leases(5) manual page.
authoring-byte-order little-endian;
server-duid "\000\001\000\001-\301_:\000\013\202\0224V";

lease 192.0.2.21 {
  starts 4 2024/05/16 08:12:00;
  ends 4 2024/05/16 09:12:00;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet 00:0b:82:12:34:56;
  uid "\001\000\013\202\"};{\0224V";
  set vendor-class-identifier = "Grandstream GXV3370 dslforum.org";
  client-hostname "reception";
}
lease 192.0.2.22 {
  binding state active;
  hardware ethernet c0:74:ad:0a:0b:0c;
  on commit { set note = "a}b"; binding state free; }
}
lease 192.0.2.21 {
  binding state free;
  hardware ethernet 00:0b:82:12:34:56;
}
lease 192.0.2.23 {
  binding state active;
  hardware ethernet ec:74:d7:22:c9:11;
  client-hostname "=cmd|'/c calc'!A0";
}
host dynamic-1 { dynamic; hardware ethernet 00:0b:82:00:00:01; fixed-address 192.0.2.99; }
lease 192.0.2.45 {
  binding state active;
  hardware ethernet 00:0b:82:12:34:56;
  client-hostname "reception";
}
lease 192.0.2.46 {
  binding state abandoned;
}
lease 192.0.2.47 {
  binding state active;
  hardware ethernet 00:0b:82"#;
        let devices = devices(text);
        let found: Vec<_> = devices
            .iter()
            .map(|d| (d.mac.as_deref(), d.address.as_deref(), d.name.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                (Some("c074ad0a0b0c"), Some("192.0.2.22"), None),
                (Some("ec74d722c911"), Some("192.0.2.23"), None),
                (Some("000b82123456"), Some("192.0.2.45"), Some("reception")),
            ]
        );
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for text in [
            "",
            "}",
            "}}}{",
            "lease {",
            "\"",
            "lease 192.0.2.1 { \\",
            "#",
            ";;;",
        ] {
            assert!(devices(text).is_empty(), "{text:?}");
        }
    }
}
