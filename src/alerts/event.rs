//! What happened to a phone, told from two snapshots: the history that people ask for afterwards.
//!
//! An event is a change that was seen, never a state: a phone that is polled for the first time after
//! the start has no past to compare with. A reading is compared with the last good one, however old,
//! so that an account that was lost while the phone was away is not overlooked.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::fleet::reading::{Account, Registration};
use crate::fleet::{Phone, Text, expect};
use crate::store::NewEvent;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PhoneEvent {
    /// It stopped answering.
    Lost,
    /// It answers again.
    Found,
    /// An account lost its registration.
    RegistrationLost {
        /// The phone's own id.
        account: u16,
        /// The SIP server.
        server: Box<str>,
    },
    /// An account is registered again.
    RegistrationBack {
        /// The phone's own id.
        account: u16,
        /// The SIP server.
        server: Box<str>,
    },
    /// It booted.
    Rebooted,
    /// Its firmware changed.
    FirmwareChanged {
        /// The one before.
        from: Box<str>,
        /// The one now.
        to: Box<str>,
    },
    /// A P-value is no longer as `expect` wants it.
    Drifted {
        /// The P-value; its contents are not told.
        pvalue: Box<str>,
    },
    /// A P-value is as `expect` wants it again.
    Restored {
        /// The P-value.
        pvalue: Box<str>,
    },
    /// The phone refused logins.
    LoginsRefused {
        /// How many since the last look.
        times: u64,
    },
    /// An alert of it began to fire.
    AlertFired {
        /// Its rule.
        alert: Box<str>,
    },
    /// An alert of it ended.
    AlertResolved {
        /// Its rule.
        alert: Box<str>,
        /// How, as a word.
        ending: Box<str>,
    },
}

impl PhoneEvent {
    /// The word for its kind, as the history stores and programs read it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Found => "found",
            Self::RegistrationLost { .. } => "registration_lost",
            Self::RegistrationBack { .. } => "registration_back",
            Self::Rebooted => "rebooted",
            Self::FirmwareChanged { .. } => "firmware_changed",
            Self::Drifted { .. } => "drifted",
            Self::Restored { .. } => "restored",
            Self::LoginsRefused { .. } => "logins_refused",
            Self::AlertFired { .. } => "alert_fired",
            Self::AlertResolved { .. } => "alert_resolved",
        }
    }

    /// In words, for a page or a message.
    pub fn words(&self) -> String {
        let mut words = String::new();
        match self {
            Self::Lost => write!(words, "stopped answering"),
            Self::Found => write!(words, "answers again"),
            Self::RegistrationLost { account, server } => {
                write!(words, "account {account} lost its registration at {server}")
            }
            Self::RegistrationBack { account, server } => {
                write!(words, "account {account} is registered at {server} again")
            }
            Self::Rebooted => write!(words, "rebooted"),
            Self::FirmwareChanged { from, to } => write!(words, "firmware {from} became {to}"),
            Self::Drifted { pvalue } => write!(words, "P-value {pvalue} is not as expected"),
            Self::Restored { pvalue } => write!(words, "P-value {pvalue} is as expected again"),
            Self::LoginsRefused { times: 1 } => write!(words, "refused a login"),
            Self::LoginsRefused { times } => write!(words, "refused {times} logins"),
            Self::AlertFired { alert } => write!(words, "alert {alert} began"),
            Self::AlertResolved { alert, ending } => write!(words, "alert {alert} ended: {ending}"),
        }
        .expect("a string takes any text");
        words
    }

    /// Whether it may be why an alert ended.
    pub fn explains_an_end(&self) -> bool {
        matches!(self, Self::Rebooted | Self::FirmwareChanged { .. })
    }
}

/// In words what the history holds; of what another version wrote there, its kind.
pub fn in_words(event: &NewEvent) -> String {
    match serde_json::from_str::<PhoneEvent>(&event.body) {
        Ok(happening) => happening.words(),
        Err(_) => event.kind.replace('_', " "),
    }
}

/// What happened between two snapshots of one phone.
pub fn between(before: &Phone, after: &Phone) -> Vec<PhoneEvent> {
    let mut found = Vec::new();
    if let (Some(was), Some(is)) = (&before.last, &after.last)
        && was.reachable != is.reachable
    {
        found.push(if is.reachable {
            PhoneEvent::Found
        } else {
            PhoneEvent::Lost
        });
    }
    // Counters that fell are those of a phone that started anew.
    if after.tally.reboots > before.tally.reboots {
        found.push(PhoneEvent::Rebooted);
    }
    let refused = (after.tally.login_failures).saturating_sub(before.tally.login_failures);
    if refused > 0 {
        found.push(PhoneEvent::LoginsRefused { times: refused });
    }
    registrations(before, after, &mut found);
    values(before, after, &mut found);
    found
}

fn registrations(before: &Phone, after: &Phone, found: &mut Vec<PhoneEvent>) {
    if before.accounts.read_at() == after.accounts.read_at() {
        return;
    }
    let (Some(was), Some(is)) = (before.accounts.last(), after.accounts.last()) else {
        return;
    };
    let registered = |account: &Account| account.registration == Registration::Registered;
    for account in is {
        let same = was.iter().find(|other| other.id == account.id);
        let Some(other) = same.filter(|other| registered(other) != registered(account)) else {
            continue;
        };
        let id = account.id;
        found.push(if registered(account) {
            let server = account.server.as_str().into();
            PhoneEvent::RegistrationBack {
                account: id,
                server,
            }
        } else {
            let server = other.server.as_str().into();
            PhoneEvent::RegistrationLost {
                account: id,
                server,
            }
        });
    }
}

fn values(before: &Phone, after: &Phone, found: &mut Vec<PhoneEvent>) {
    if before.values.read_at() == after.values.read_at() {
        return;
    }
    let (Some(was), Some(is)) = (before.values.last(), after.values.last()) else {
        return;
    };
    if let (Some(from), Some(to)) = (was.firmware(), is.firmware())
        && from != to
    {
        let owned = |text: &Text| text.as_str().into();
        found.push(PhoneEvent::FirmwareChanged {
            from: owned(from),
            to: owned(to),
        });
    }
    let expected = expect::matches(&before.place.expect, was);
    for (pvalue, matches) in expect::matches(&after.place.expect, is) {
        let changed = expected
            .iter()
            .any(|(other, before)| *other == pvalue && *before != matches);
        if changed {
            let pvalue = pvalue.into();
            found.push(if matches {
                PhoneEvent::Restored { pvalue }
            } else {
                PhoneEvent::Drifted { pvalue }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fleet::Reason;
    use crate::fleet::expect::{Expectation, Wanted};
    use crate::fleet::sample::{Sample, minute};

    /// What happens between each two polls, in words.
    #[track_caller]
    fn check(sample: &Sample, expected: &[&[&str]]) {
        let steps: Vec<_> = sample.steps().collect();
        let told: Vec<Vec<_>> = steps
            .windows(2)
            .map(|two| {
                let happenings = between(&two[0], &two[1]);
                happenings.iter().map(PhoneEvent::words).collect()
            })
            .collect();
        assert_eq!(told, expected);
    }

    fn polls(step: impl Fn(Sample, u64) -> Sample, n: u64) -> Sample {
        (0..n).fold(Sample::new("a"), |sample, n| {
            step(sample.polled(minute(n)), n)
        })
    }

    #[test]
    fn a_registration_lost_while_the_phone_was_away_is_told_when_it_is_back() {
        let sample = polls(
            |sample, n| match n {
                0 => sample.account(1, "pbx", true),
                1 => sample.down(),
                2 => sample.account(1, "pbx", false),
                _ => sample.account(1, "backup", true),
            },
            4,
        );
        let lost = ["answers again", "account 1 lost its registration at pbx"];
        let back = ["account 1 is registered at backup again"];
        check(&sample, &[&["stopped answering"], &lost, &back]);
    }

    #[test]
    fn an_upgrade_is_a_reboot_and_another_firmware() {
        let sample = polls(
            |sample, n| match n {
                0 => sample
                    .uptime(Duration::from_secs(9000))
                    .values(&[("68", "1.0.3.1")]),
                _ => sample
                    .uptime(Duration::from_secs(20))
                    .values(&[("68", "1.0.3.30")]),
            },
            2,
        );
        check(
            &sample,
            &[&["rebooted", "firmware 1.0.3.1 became 1.0.3.30"]],
        );
    }

    #[test]
    fn drift_is_told_when_it_begins_and_when_it_ends_without_its_contents() {
        let expectation = Expectation {
            pvalue: "64".into(),
            model: None,
            wanted: Wanted::AnyOf(Box::new(["1".into()])),
        };
        let value = |n| if n == 1 { "hunter2" } else { "1" };
        let sample = polls(|sample, n| sample.values(&[("64", value(n))]), 4)
            .with(|place| place.expect = Box::new([expectation]));
        let drifts = ["P-value 64 is not as expected"];
        check(
            &sample,
            &[&drifts, &["P-value 64 is as expected again"], &[]],
        );
    }

    #[test]
    fn refused_logins_are_counted() {
        let sample = polls(
            |sample, n| {
                sample
                    .failed(Reason::Auth)
                    .edit(|report| report.login_failures = u32::from(n > 0) * 2)
            },
            2,
        );
        check(&sample, &[&["refused 2 logins"]]);
    }
}
