//! A place in the list: which phone is expected where, and how its series are named.
//!
//! This is the part of a configured phone that holds no secret, so that readers of the fleet need
//! nothing else of the configuration.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::expect::Expectation;

/// One configured, enabled phone, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Unique name; the value of the label `phone`.
    pub name: Box<str>,
    /// As configured: host or host:port, IPv6 in brackets.
    pub address: Box<str>,
    /// HTTP or HTTPS.
    pub scheme: Scheme,
    /// Whether the certificate of the phone is checked; `None` for plain HTTP.
    pub tls_verified: Option<bool>,
    /// The device expected there, as twelve lowercase hex digits.
    pub mac: Option<Box<str>>,
    /// The label `site`.
    pub site: Option<Box<str>>,
    /// The configured labels, sorted by name; none of them is one of ours.
    pub labels: Box<[(Box<str>, Box<str>)]>,
    /// May be off or away: its absence is no outage.
    pub portable: bool,
    /// The zone its clock is set to, where told.
    pub time_zone: Option<TimeZone>,
    /// Wanted values.
    pub expect: Box<[Expectation]>,
    /// How often accounts, lines, status and time are read.
    pub interval: Duration,
    /// How often P-values are read.
    pub values_interval: Duration,
    /// How old a reading of accounts, lines, status or time may grow before it vanishes.
    pub stale_after: Duration,
    /// How old a reading of P-values may grow before it vanishes.
    pub values_stale_after: Duration,
}

/// How a phone is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP, the default of these phones.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`, as in a URL.
    pub fn label(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where an address names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Place {
    /// Whether what was read at `self` still speaks for `other`.
    pub fn same_device(&self, other: &Self) -> bool {
        self.address == other.address && self.scheme == other.scheme && self.mac == other.mac
    }
}

/// A number that is the same for a name on every machine and in every version: spreads phones over
/// shards by its low bits and over time by its high ones (FNV-1a, 64 bits, draft-eastlake-fnv).
pub fn spread(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The twelve lowercase hex digits of a hardware address, however it is punctuated.
pub fn mac_digits(text: &str) -> Option<Box<str>> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | '.' | ' '))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    (digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| digits.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // Test vectors of draft-eastlake-fnv.
        for (text, expect) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(spread(text), expect, "{text:?}");
        }
    }

    #[test]
    fn an_address_is_read_however_it_is_punctuated() {
        for text in [
            "00:0B:82:a1:b2:c3",
            "00-0b-82-A1-B2-C3",
            "000b.82a1.b2c3",
            "000B82A1B2C3",
        ] {
            assert_eq!(mac_digits(text).as_deref(), Some("000b82a1b2c3"), "{text}");
        }
        for text in ["", "000b82a1b2c", "000b82a1b2cg", "000b82a1b2c3d4"] {
            assert_eq!(mac_digits(text), None, "{text}");
        }
    }
}
