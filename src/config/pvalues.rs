//! Keys of P-values: their spelling, and those that are never asked for because they are secrets.
//!
//! `P68`, `p068` and `68` are one key, asked for as `68`. The list of secrets is built in and cannot
//! be opened: what a phone answers would reach metrics, pages and logs.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use crate::fleet::reading::{BUILT_IN_VALUES, MAX_VALUES};

use super::fault::{Findings, Wrong, quoted};
use super::section::{Section, word};
use super::tree::Node;
use super::{PublishedValue, ValueKind, keys};

/// The longest key, in bytes: a phone of this vendor overflows a buffer at 64 (CVE-2026-2329).
const LONGEST: usize = 32;

/// P-values that hold secrets. Sources: the guide (2, 196) and the vendor's provisioning templates
/// of the phones of this and the neighbouring families.
const SECRET: &[u32] = &[
    2, 196, // web passwords of admin and user
    34, 406, 506, 606, 706, 806, 1706, 1806, // SIP passwords of the accounts
    279, 280, 281, // SIP TLS: key, certificate, password of the key
    83,  // PPPoE
    1359, 1361, // configuration files: their password, that of their server
    6714, 6769, 6777, // phonebook, firmware and customisation servers
    4505, 4512, 8220, 8221, // TR-069: server, connection request, certificate, key
    7829, 7830, 7903, 22022, // Wi-Fi and 802.1X
    8024,  // LDAP
    8395, 9904, // OpenVPN: password, key
    1383, 22019, // keypad lock, guest PIN
    1594, 2967, 6773, // hosted call services
    8452, 10105, 10128, 10144, 10457, // packet capture, DDNS, mail, FTP, door
];

/// Families of secret P-values, one a network or contact list: first to last, and the step.
const SECRET_FAMILIES: &[(RangeInclusive<u32>, u32)] = &[
    (8404..=8431, 3),   // Wi-Fi networks 1 to 10
    (22137..=22161, 3), // their 802.1X passwords
    (32004..=32049, 5), // access passwords
];

/// Parts of names that tell a secret, whatever stands around them.
const SECRET_WORDS: &[&str] = &[
    "passw",
    "passcode",
    "passphrase",
    "pwd",
    "secret",
    "psk",
    "privatekey",
    "clientkey",
    "token",
    "credential",
    "pincode",
];

/// Addresses of servers, in which some write user and password.
const MAY_HOLD_SECRETS: &[&str] = &["192", "237"];

/// The key of a P-value or named value, as it is asked of a phone.
pub(crate) fn key(node: &Node) -> Result<Box<str>, Wrong> {
    let text = node.text()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(allowed) {
        return Err(Wrong::new(
            format!("{} is no key of a P-value", quoted(text)),
            format!("write 1 to {LONGEST} letters, digits, `_`, `.`, `-`"),
        ));
    }
    let key = canonical(text);
    if is_secret(key) {
        return Err(Wrong::new(
            format!("{} holds a secret and is never read", quoted(text)),
            "remove it",
        ));
    }
    Ok(key.into())
}

/// The number without `P` and leading zeros; a named value as it is.
fn canonical(text: &str) -> &str {
    let digits = text.strip_prefix(['P', 'p']).unwrap_or(text);
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
        return text;
    }
    match digits.trim_start_matches('0') {
        "" => "0",
        number => number,
    }
}

/// Whether this P-value or named value, however it is spelled, holds a secret.
pub fn is_secret_value(key: &str) -> bool {
    is_secret(canonical(key))
}

fn is_secret(key: &str) -> bool {
    if let Ok(number) = key.parse::<u32>() {
        let in_family = |(range, step): &(RangeInclusive<u32>, u32)| {
            range.contains(&number) && (number - range.start()).is_multiple_of(*step)
        };
        return SECRET.contains(&number) || SECRET_FAMILIES.iter().any(in_family);
    }
    let letters: String = key
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    SECRET_WORDS.iter().any(|word| letters.contains(word))
}

/// The list `pvalues`.
pub(super) fn published(found: &mut Findings, top: &Section<'_>) -> Vec<PublishedValue> {
    const KINDS: &[(&str, ValueKind)] = &[("info", ValueKind::Info), ("number", ValueKind::Number)];
    let mut published: Vec<PublishedValue> = Vec::new();
    let mut listed: HashSet<Box<str>> = HashSet::new();
    for (spot, node) in top.items(found, "pvalues").unwrap_or_default() {
        let Some(section) = Section::open(found, spot, node, keys::PVALUE) else {
            continue;
        };
        let kind = section.read(found, "as", |node| word(node, KINDS));
        let kind = kind.map_or(ValueKind::Info, |kind| kind.value);
        let spot = section.spot_of("pvalue");
        let Some(pvalue) = section.read(found, "pvalue", key) else {
            section.require(found, "pvalue");
            continue;
        };
        let pvalue = pvalue.value;
        if !listed.insert(pvalue.clone()) {
            let what = format!("{} is listed already", quoted(&pvalue));
            found.fault(spot, Wrong::new(what, "keep one of them"));
            continue;
        }
        if MAY_HOLD_SECRETS.contains(&&*pvalue) {
            let what = format!(
                "{} may hold a password within a server's address",
                quoted(&pvalue)
            );
            found.warn(
                spot,
                Wrong::new(what, "look at one phone's value before you publish it"),
            );
        }
        published.push(PublishedValue { pvalue, kind });
    }
    let asked = published
        .iter()
        .filter(|p| !BUILT_IN_VALUES.contains(&&*p.pvalue))
        .count();
    if asked + BUILT_IN_VALUES.len() > MAX_VALUES {
        found.fault(
            top.spot_of("pvalues"),
            too_many(asked + BUILT_IN_VALUES.len()),
        );
    }
    published
}

/// The fault of asking a phone for too much.
pub(super) fn too_many(asked: usize) -> Wrong {
    Wrong::new(
        format!("asks a phone for {asked} values, the built-in ones included"),
        format!("ask for at most {MAX_VALUES}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Box<str>> {
        key(&Node::cell(text, 1)).ok()
    }

    #[test]
    fn one_key_has_one_spelling() {
        for text in ["68", "P68", "p68", "068", "P0068"] {
            assert_eq!(read(text).as_deref(), Some("68"), "{text}");
        }
        for text in [
            "hw_rev",
            "Pphone_model",
            "P",
            "tp_fw_version",
            "network.port-1",
        ] {
            assert_eq!(read(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn secrets_are_refused_in_every_spelling() {
        for number in [
            2, 196, 34, 406, 1806, 1359, 280, 8220, 83, 7903, 8404, 8431, 22137, 32049,
        ] {
            for text in [
                format!("{number}"),
                format!("P{number}"),
                format!("p{number}"),
                format!("00{number}"),
                format!("P0{number}"),
            ] {
                assert_eq!(read(&text), None, "{text}");
            }
        }
        for text in [
            "users.admin.password",
            "Admin_Password",
            "wifi.essidpassword",
            "tr069.ssl.privateKey",
            "private_key",
            "network.md5Password",
            "X-Client-Key",
            "PSK",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        for text in ["8405", "8403", "22138", "35", "67"] {
            assert!(read(text).is_some(), "{text} is no secret");
        }
    }

    #[test]
    fn a_key_that_could_break_a_request_is_refused() {
        let long = "x".repeat(LONGEST + 1);
        for text in ["", "68:2", "a b", "a&b", "ä", "a%3Ab", long.as_str()] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(read(&"x".repeat(LONGEST)).is_some());
    }
}
