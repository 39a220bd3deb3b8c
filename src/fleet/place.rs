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

/// A number that is the same for a name on every machine and at every start: spreads phones over
/// time and over shards (FNV-1a, 64 bits, with a final mix so that the low bits spread too).
pub fn spread(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
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
