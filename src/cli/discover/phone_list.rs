//! Lists of phones: writes one, and compares an older one with what was found.
//!
//! Of a list only name, address and MAC are read, in any format of `phone_files`; `check-config` checks
//! the rest.

use std::fmt::Write;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::discovered::DiscoveredPhone;
use crate::cli::address;
use crate::fleet::place::{Scheme, mac_digits};

/// A phone of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ListedPhone {
    pub(super) name: String,
    /// As written.
    pub(super) address: String,
    /// Twelve lowercase hex digits.
    pub(super) mac: Option<Box<str>>,
}

/// A difference between a list and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    New {
        name: String,
        address: String,
    },
    Moved {
        name: String,
        address: String,
        was: String,
    },
    Gone {
        name: String,
        was: String,
    },
}

/// Reads a list.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<ListedPhone>> {
    let failed = || format!("failed to read the list {}", path.display());
    let text = std::fs::read_to_string(path).with_context(failed)?;
    if path.extension().is_some_and(|ending| ending == "csv") {
        return read_csv(&text).with_context(failed);
    }
    let value: Value = serde_yaml::from_str(&text).with_context(failed)?;
    let phones = value.get("phones").unwrap_or(&value);
    let phones = phones.as_array().with_context(failed)?;
    let text = |phone: &Value, key: &str| phone.get(key).and_then(Value::as_str).map(str::to_owned);
    Ok(phones
        .iter()
        .map(|phone| ListedPhone {
            name: text(phone, "name").unwrap_or_default(),
            address: text(phone, "address").unwrap_or_default(),
            mac: text(phone, "mac").and_then(|mac| mac_digits(&mac)),
        })
        .collect())
}

fn read_csv(text: &str) -> anyhow::Result<Vec<ListedPhone>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let head = reader.headers()?.clone();
    let mut listed = Vec::new();
    for row in reader.records() {
        let row = row?;
        let cell = |name: &str| {
            let column = head.iter().position(|head| head == name)?;
            row.get(column)
        };
        listed.push(ListedPhone {
            name: cell("name").unwrap_or_default().to_owned(),
            address: cell("address").unwrap_or_default().to_owned(),
            mac: cell("mac").and_then(mac_digits),
        });
    }
    Ok(listed)
}

/// The differences. A phone of the list is gone only if its address was scanned: `is_covered`.
pub(super) fn compare(
    listed: &[ListedPhone],
    found: &[(String, &DiscoveredPhone)],
    is_covered: impl Fn(IpAddr) -> bool,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for phone in listed {
        let by_device =
            |found: &&(String, &DiscoveredPhone)| phone.mac.is_some() && found.1.mac == phone.mac;
        if let Some((_, found)) = found.iter().find(by_device) {
            if !is_at(phone, found) {
                changes.push(Change::Moved {
                    name: phone.name.clone(),
                    address: found.host_port(),
                    was: phone.address.clone(),
                });
            }
            continue;
        }
        let answers = found.iter().any(|(_, found)| is_same(phone, found));
        if !answers && address::ip(&phone.address).is_some_and(&is_covered) {
            changes.push(Change::Gone {
                name: phone.name.clone(),
                was: phone.address.clone(),
            });
        }
    }
    for (name, found) in found {
        let is_listed = |phone: &ListedPhone| {
            (phone.mac.is_some() && phone.mac == found.mac) || is_same(phone, found)
        };
        if !listed.iter().any(is_listed) {
            changes.push(Change::New {
                name: name.clone(),
                address: found.host_port(),
            });
        }
    }
    changes
}

/// Whether what was found may be this phone: its address, and not a different MAC.
fn is_same(phone: &ListedPhone, found: &DiscoveredPhone) -> bool {
    let is_other = phone.mac.is_some() && found.mac.is_some() && phone.mac != found.mac;
    is_at(phone, found) && !is_other
}

fn is_at(phone: &ListedPhone, found: &DiscoveredPhone) -> bool {
    address::ip(&phone.address) == Some(found.address)
}

/// The list of these phones for `phone_files`.
pub(super) fn to_yaml(found: &[&(String, &DiscoveredPhone)]) -> String {
    let mut text = String::from("# Found by `discover`; add this file to `phone_files`.\n");
    if found.is_empty() {
        text.push_str("phones: []\n");
        return text;
    }
    text.push_str("phones:\n");
    for (name, found) in found {
        let mac = match &found.mac {
            Some(mac) => format!(", mac: '{mac}'"),
            None => String::new(),
        };
        let scheme = match found.scheme {
            Scheme::Http => "",
            Scheme::Https => ", scheme: https",
        };
        let place = found.host_port();
        // Writing to a String does not fail.
        let _written = writeln!(
            text,
            "  - {{ name: '{name}', address: '{place}'{mac}{scheme} }}"
        );
    }
    text
}

impl Change {
    pub(super) fn as_json(&self) -> Value {
        let (change, name, address, was) = match self {
            Self::New { name, address } => ("new", name, &**address, ""),
            Self::Moved { name, address, was } => ("moved", name, &**address, &**was),
            Self::Gone { name, was } => ("gone", name, "", &**was),
        };
        json!({ "change": change, "name": name, "address": address, "was": was })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::table::rows_of;

    fn found(address: &str, mac: Option<&str>) -> DiscoveredPhone {
        DiscoveredPhone {
            address: address.parse().unwrap(),
            port: None,
            scheme: Scheme::Http,
            model: None,
            firmware: None,
            mac: mac.map(Into::into),
        }
    }

    fn listed(name: &str, address: &str, mac: Option<&str>) -> ListedPhone {
        ListedPhone {
            name: name.to_owned(),
            address: address.to_owned(),
            mac: mac.map(Into::into),
        }
    }

    #[test]
    fn new_moved_and_gone_phones_are_listed_and_no_others() {
        let (a, b, c) = ("000b82000001", "000b82000002", "000b82000003");
        let seen = [
            found("192.0.2.1", Some(a)),
            found("192.0.2.2", Some(b)),
            found("192.0.2.3", None),
            found("192.0.2.4", Some(c)),
        ];
        let named: Vec<_> = seen
            .iter()
            .map(|found| (found.host_port(), found))
            .collect();
        let known = [
            listed("stays", "192.0.2.1:80", Some(a)),
            listed("moved", "192.0.2.9", Some(b)),
            listed("silent", "192.0.2.3", Some("000b82000009")),
            listed("replaced", "192.0.2.4", Some("000b82000008")),
            listed("gone", "192.0.2.7", None),
            listed("elsewhere", "198.51.100.1", None),
            listed("by-name", "phone.example", None),
        ];
        let changes = compare(&known, &named, |address| {
            address.to_string().starts_with("192.0.2.")
        });
        let changes: Value = changes.iter().map(Change::as_json).collect();
        let rows = rows_of(&["CHANGE", "NAME", "ADDRESS", "WAS"], &changes);
        let shown: Vec<_> = rows.iter().map(|row| row.join(" ")).collect();
        assert_eq!(
            shown,
            [
                "moved moved 192.0.2.2 192.0.2.9",
                "gone replaced  192.0.2.4",
                "gone gone  192.0.2.7",
                "new 192.0.2.4 192.0.2.4 ",
            ]
        );
    }

    #[test]
    fn lists_are_read_in_every_format() {
        let directory = tempfile::tempdir().unwrap();
        let expect = [listed("a", "192.0.2.1", Some("000b82000001"))];
        for (name, text) in [
            (
                "a.yaml",
                "phones:\n  - { name: a, address: 192.0.2.1, mac: '00:0B:82:00:00:01', group: x }\n",
            ),
            (
                "b.yml",
                "- name: a\n  address: 192.0.2.1\n  mac: 000b82000001x\n",
            ),
            (
                "c.json",
                r#"[{"name":"a","address":"192.0.2.1","mac":"000b82000001"}]"#,
            ),
            (
                "d.csv",
                "name, address, mac\n# x\na, 192.0.2.1, 00-0b-82-00-00-01\n",
            ),
        ] {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            let mut read = read(&path).unwrap();
            if name == "b.yml" {
                assert_eq!(read[0].mac, None, "an invalid MAC is none");
                read[0].mac.clone_from(&expect[0].mac);
            }
            assert_eq!(read, expect, "{name}");
        }
        let path = directory.path().join("e.yaml");
        std::fs::write(&path, "just text").unwrap();
        assert!(read(&path).is_err());
    }
}
