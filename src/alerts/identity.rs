//! What tells an alert from every other, and one of its lives from the next.
//!
//! An alert is its labels, the name of its rule among them: two that say the same under the same
//! labels are one alert, to Alertmanagers and receivers as well as here. The condition of its rule is
//! no part of that: a rule may be retuned while its alert fires. A [`Life`] is one stay of an alert,
//! from when its condition was first seen; it is what a receiver is told the beginning and the end of.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::rules::labels::Pair;

/// The hash by which Prometheus and Alertmanager know a set of labels: FNV-1a of 64 bits over names
/// and values in the order of names, each ended by 0xFF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

/// One life of one alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life {
    /// The alert.
    pub alert: Fingerprint,
    /// Since when its condition holds.
    pub since: Timestamp,
}

/// A text that names no life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the fingerprint of an alert and a time")]
pub struct NotALife;

impl Fingerprint {
    /// Of labels that are sorted by name.
    pub fn of(labels: &[Pair]) -> Self {
        let labels = labels.iter();
        Self::of_pairs(labels.map(|(name, value)| (&**name, &**value)))
    }

    /// Of names and values in the order of names.
    pub fn of_pairs<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let labels = labels.into_iter();
        let texts = labels.flat_map(|(name, value)| [name, value]);
        let bytes = texts.flat_map(|text| text.bytes().chain([0xFF]));
        Self(bytes.fold(BASIS, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(PRIME)
        }))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Life {
    /// Of the alert with these labels, sorted by name, whose condition holds since then.
    pub fn of(labels: &[Pair], since: Timestamp) -> Self {
        let alert = Fingerprint::of(labels);
        Self { alert, since }
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.alert, self.since)
    }
}

impl FromStr for Life {
    type Err = NotALife;

    fn from_str(text: &str) -> Result<Self, NotALife> {
        let (alert, since) = text.split_once(' ').ok_or(NotALife)?;
        let alert = u64::from_str_radix(alert, 16).map_err(|_not_hex| NotALife)?;
        let since = since.parse().map_err(|_no_time| NotALife)?;
        let alert = Fingerprint(alert);
        Ok(Self { alert, since })
    }
}

impl Serialize for Life {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Life {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sample::minute;

    fn labels(pairs: &[(&str, &str)]) -> Vec<Pair> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn names_and_values_that_run_together_are_told_apart() {
        let one = Fingerprint::of(&labels(&[("ab", "c")]));
        let other = Fingerprint::of(&labels(&[("a", "bc")]));
        assert_ne!(one, other);
    }

    #[test]
    fn a_life_is_read_as_it_was_written() {
        let life = Life::of(&labels(&[("alertname", "Down")]), minute(3).wall);
        assert_eq!(life.to_string().parse(), Ok(life));
        for text in ["", "0123456789abcdef", "x 1970-01-01T00:00:00Z", "1 2"] {
            assert_eq!(text.parse::<Life>(), Err(NotALife), "{text}");
        }
    }
}
