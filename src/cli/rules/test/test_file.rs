//! A file of rule tests, as written.
//!
//! ```yaml
//! interval: 1m
//! tests:
//!   - name: a phone that is off fires after five minutes
//!     phones: { reception: { site: hq } }
//!     timeline:
//!       - { at: 0m, phone: reception, accounts: { 1: registered } }
//!       - { at: 2m, phone: reception, reachable: false }
//!     expect:
//!       - { at: 6m, firing: [] }
//!       - { at: 8m, firing: [ { alertname: PhoneUnreachable, phone: reception } ] }
//! ```

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// Tests with one poll interval.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestFile {
    /// Interval of polls and evaluations.
    #[serde(default = "a_minute", deserialize_with = "length")]
    pub(super) interval: Duration,
    pub(super) tests: Vec<TestCase>,
}

/// Phones, what happens to them, and the expected alerts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestCase {
    pub(super) name: String,
    /// Wall time of the start, for rules and windows that depend on it.
    #[serde(default)]
    pub(super) begins: Option<Timestamp>,
    /// Only these rules are evaluated; if empty, all but those on the daemon itself.
    #[serde(default)]
    pub(super) rules: Vec<String>,
    pub(super) phones: BTreeMap<String, Option<PhoneConfig>>,
    #[serde(default)]
    pub(super) timeline: Vec<TimelineEntry>,
    pub(super) expect: Vec<ExpectedAlerts>,
}

/// The configuration of a phone. Missing keys come from the configuration file, if it has the phone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PhoneConfig {
    pub(super) site: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) portable: Option<bool>,
    pub(super) https: Option<bool>,
    /// The SIP server of its accounts.
    pub(super) server: Option<String>,
    /// Expected P-values.
    pub(super) expect: BTreeMap<String, Vec<String>>,
}

/// What a phone does from a time on; missing keys stay as they were.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimelineEntry {
    #[serde(deserialize_with = "length")]
    pub(super) at: Duration,
    /// One phone, or `*` for all.
    pub(super) phone: String,
    pub(super) reachable: Option<bool>,
    /// Reason of a poll error; `none` ends it.
    pub(super) error: Option<String>,
    pub(super) accounts: Option<BTreeMap<u16, AccountState>>,
    pub(super) lines: Option<Vec<String>>,
    pub(super) values: Option<BTreeMap<String, String>>,
    /// It reboots at this time.
    #[serde(default)]
    pub(super) reboot: bool,
    #[serde(default, deserialize_with = "some_length")]
    pub(super) clock_ahead: Option<Duration>,
    /// How long its certificate is still valid.
    #[serde(default, deserialize_with = "some_length")]
    pub(super) certificate_valid_for: Option<Duration>,
}

/// The state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AccountState {
    Registered,
    Unregistered,
}

/// The alerts at a time, exactly these, each by some of its labels.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedAlerts {
    #[serde(deserialize_with = "length")]
    pub(super) at: Duration,
    pub(super) pending: Option<Vec<Labels>>,
    pub(super) firing: Option<Vec<Labels>>,
    /// Firing alerts that are not suppressed.
    pub(super) shown: Option<Vec<Labels>>,
}

pub(super) type Labels = BTreeMap<String, String>;

impl TestFile {
    /// Reads a file of at most `limit` bytes.
    pub(super) fn read(path: &Path, limit: u64) -> anyhow::Result<Self> {
        let mut text = String::new();
        let file = std::fs::File::open(path).context("cannot be read")?;
        file.take(limit + 1)
            .read_to_string(&mut text)
            .context("cannot be read")?;
        if text.len() as u64 > limit {
            anyhow::bail!("larger than {limit} bytes");
        }
        let file: Self = serde_yaml::from_str(&text).context("not a valid test file")?;
        if file.interval.is_zero() {
            anyhow::bail!("`interval` is 0s; choose a longer one");
        }
        Ok(file)
    }
}

fn a_minute() -> Duration {
    Duration::from_secs(60)
}

fn length<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    humantime::parse_duration(&text).map_err(serde::de::Error::custom)
}

fn some_length<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    length(from).map(Some)
}
