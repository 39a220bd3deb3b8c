//! A scenario: which phones there are, and what happens to them when.
//!
//! Plain data with serde's types, so that a file can say all of it; who reads the file turns YAML
//! into a value first. [`play()`] makes it happen. The example of a file:
//!
//! ```yaml
//! groups:
//!   - { name: hq, count: 20, site: hq, model: GXV3370 }
//!   - { name: lab, count: 1, behaviour: { login: { separator: dot } }, fault: slow_bytes }
//! events:
//!   - { at: 10s, phone: 3, event: reboot }
//!   - { at: 12s, phone: 4, event: drop_account, account: 2 }
//! repeat_every: 1m
//! ```

mod demo;
mod play;

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

pub use self::play::play;
use super::behaviour::Behaviour;
use super::fault::Fault;
use super::human;
use super::spec::{self, Spec, User};

/// Which phones there are, and what happens to them when.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The phones, numbered from 0 in the order of the groups.
    pub groups: Vec<Group>,
    /// What happens, in any order.
    pub events: Vec<Event>,
    /// After this time the events begin anew; `None`: they happen once.
    #[serde(deserialize_with = "human::some_duration")]
    pub repeat_every: Option<Duration>,
}

/// Phones that are alike.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// The first part of the phones' names.
    pub name: String,
    /// How many.
    pub count: usize,
    /// Where they stand.
    pub site: String,
    /// `phone_model`.
    pub model: String,
    /// P68.
    pub firmware: String,
    /// The password of `gmiadmin`.
    pub password: String,
    /// How many accounts are configured and registered; the other slots are blank.
    pub accounts: u32,
    /// The name of every configured account; empty: its user.
    pub account_name: String,
    /// How many lines.
    pub lines: u32,
    /// How long the first phone of all has been running; each next one [`BOOTED_APART`] longer.
    #[serde(deserialize_with = "human::duration")]
    pub uptime: Duration,
    /// Their knobs.
    pub behaviour: Behaviour,
    /// What goes wrong from the start.
    pub fault: Option<Fault>,
}

impl Default for Group {
    fn default() -> Self {
        let spec = Spec::default();
        Self {
            name: spec.name,
            count: 1,
            site: spec.site,
            model: spec.model,
            firmware: spec.firmware,
            password: spec.admin.password,
            accounts: 2,
            account_name: String::new(),
            lines: 4,
            uptime: spec.uptime,
            behaviour: spec.behaviour,
            fault: None,
        }
    }
}

/// Something that happens to one phone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When, from the beginning of the round.
    #[serde(deserialize_with = "human::duration")]
    pub at: Duration,
    /// The number of the phone, from 0.
    pub phone: usize,
    /// What.
    pub event: Happening,
    /// The account's id, where one is meant.
    #[serde(default = "first")]
    pub account: u32,
    /// The line's id, where one is meant.
    #[serde(default = "first")]
    pub line: u32,
    /// The fault of a `fault` event.
    #[serde(default)]
    pub fault: Option<Fault>,
    /// The firmware of an `upgrade` event.
    #[serde(default)]
    pub firmware: Option<String>,
}

fn first() -> u32 {
    1
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// It reboots.
    Reboot,
    /// It takes `firmware` and reboots.
    Upgrade,
    /// `account` loses its registration.
    DropAccount,
    /// `account` registers again.
    RestoreAccount,
    /// Someone sets another password.
    WrongPassword,
    /// The password is again what it was at the start.
    RightPassword,
    /// It resets every connection.
    Dead,
    /// It reads requests and answers none.
    Stall,
    /// `fault` strikes every request.
    Fault,
    /// Faults end.
    Back,
    /// All sessions end.
    EndSessions,
    /// A call comes in on `line`.
    Ring,
    /// `line` is in a call.
    Call,
    /// The call on `line` is put on hold.
    Hold,
    /// The call on `line` ends.
    HangUp,
}

/// What makes a scenario impossible, beyond what its types say.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScenarioError {
    /// An event names a phone that is not there.
    #[error("event {event} is about phone {phone}, but there are only {count}, counted from 0")]
    NoSuchPhone {
        /// Its position among the events, from 0.
        event: usize,
        /// The phone it names.
        phone: usize,
        /// How many phones there are.
        count: usize,
    },
    /// A `fault` without `fault`, or an `upgrade` without `firmware`.
    #[error("event {event} lacks the key `{key}`")]
    Lacks {
        /// Its position among the events, from 0.
        event: usize,
        /// What is missing.
        key: &'static str,
    },
    /// A round that ends before its last event.
    #[error("the events begin anew before the last of them has happened")]
    RoundTooShort,
}

impl Scenario {
    /// Whether the events fit the phones and the round.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let count = self.groups.iter().map(|group| group.count).sum();
        for (position, event) in self.events.iter().enumerate() {
            if event.phone >= count {
                return Err(ScenarioError::NoSuchPhone {
                    event: position,
                    phone: event.phone,
                    count,
                });
            }
            let lacks = if event.event == Happening::Fault && event.fault.is_none() {
                Some("fault")
            } else if event.event == Happening::Upgrade && event.firmware.is_none() {
                Some("firmware")
            } else {
                None
            };
            if let Some(key) = lacks {
                return Err(ScenarioError::Lacks {
                    event: position,
                    key,
                });
            }
        }
        let is_too_short = |every| self.events.iter().any(|event| event.at >= every);
        if self.repeat_every.is_some_and(is_too_short) {
            return Err(ScenarioError::RoundTooShort);
        }
        Ok(())
    }

    /// The phones. They remember no requests, so that many of them stay small.
    pub fn specs(&self) -> Vec<Spec> {
        let members = self
            .groups
            .iter()
            .flat_map(|group| (1..=group.count).map(move |n| (group, n)));
        members
            .enumerate()
            .map(|(k, (group, n))| group.spec(n, k))
            .collect()
    }
}

/// What lies between the boots of two neighbours, so that a fleet did not boot at one moment.
pub const BOOTED_APART: Duration = Duration::from_mins(97);

impl Group {
    /// Its `n`th phone, which is phone `k` of all.
    fn spec(&self, n: usize, k: usize) -> Spec {
        let width = self.count.to_string().len();
        let mut accounts = spec::accounts(self.accounts);
        for account in accounts.iter_mut().filter(|account| !account.is_blank()) {
            account.user = format!(
                "{:04}",
                1000 + 10 * k + usize::try_from(account.id).unwrap_or(0)
            );
            account.name = if self.account_name.is_empty() {
                &account.user
            } else {
                &self.account_name
            }
            .clone();
        }
        Spec {
            name: format!("{}-{n:0width$}", self.name),
            site: self.site.clone(),
            admin: User::new("gmiadmin", &self.password),
            model: self.model.clone(),
            firmware: self.firmware.clone(),
            mac: format!("000B82{:06X}", (k + 1) & 0xff_ffff),
            accounts,
            lines: spec::lines(self.lines),
            uptime: self.uptime + BOOTED_APART * u32::try_from(k).unwrap_or(0),
            behaviour: self.behaviour.clone(),
            fault: self.fault,
            remembered_requests: 0,
            ..Spec::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: serde_json::Value) -> Result<Scenario, String> {
        serde_json::from_value(value).map_err(|why| why.to_string())
    }

    #[test]
    fn a_file_can_say_phones_behaviours_and_events() {
        let scenario = parse(json!({
            "groups": [
                { "name": "hq", "count": 12, "site": "hq" },
                { "name": "lab", "behaviour": {
                    "login": { "separator": "dot", "min_gap": "30s" },
                    "session": { "expired_at": { "api-get_time": "redirect_to_login" } },
                    "readings": { "uptime": { "literal": "?" } },
                }, "fault": "slow_bytes" },
            ],
            "events": [{ "at": "1m 30s", "phone": 12, "event": "drop_account", "account": 2 }],
            "repeat_every": "2m",
        }))
        .unwrap();
        assert_eq!(scenario.check(), Ok(()));
        let specs = scenario.specs();
        assert_eq!(specs.len(), 13);
        assert_eq!(
            (specs[0].name.as_str(), specs[12].name.as_str()),
            ("hq-01", "lab-1")
        );
        assert_eq!(specs[12].fault, Some(Fault::SlowBytes));
        assert_eq!(scenario.events[0].at, Duration::from_secs(90));
        assert!(specs.iter().zip(&specs[1..]).all(|(a, b)| a.mac != b.mac));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (value, part) in [
            (json!({ "phones": [] }), "unknown field `phones`"),
            (
                json!({ "groups": [{ "behaviour": { "login": { "sep": "dot" } } }] }),
                "`sep`",
            ),
            (
                json!({ "events": [{ "at": "1s", "phone": 0, "event": "explode" }] }),
                "`explode`",
            ),
            (json!({ "repeat_every": "often" }), "`often`"),
            (
                json!({ "groups": [{ "behaviour": { "paths": { "missing": ["api-x"] } } }] }),
                "no endpoint `api-x`",
            ),
        ] {
            let why = parse(value).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }

    fn check(event: &serde_json::Value, expect: ScenarioError) {
        let scenario = json!({ "groups": [{}], "events": [event], "repeat_every": "1m" });
        assert_eq!(parse(scenario).unwrap().check(), Err(expect));
    }

    #[test]
    fn events_that_cannot_happen_are_refused() {
        check(
            &json!({ "at": "1s", "phone": 1, "event": "ring" }),
            ScenarioError::NoSuchPhone {
                event: 0,
                phone: 1,
                count: 1,
            },
        );
        check(
            &json!({ "at": "1s", "phone": 0, "event": "fault" }),
            ScenarioError::Lacks {
                event: 0,
                key: "fault",
            },
        );
        check(
            &json!({ "at": "1m", "phone": 0, "event": "ring" }),
            ScenarioError::RoundTooShort,
        );
    }
}
