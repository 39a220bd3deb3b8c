//! The numbers of a phone that a rule may compare, by the names of `/metrics`.
//!
//! Each family has at most one label of its own beside those of the phone. A rule that names a
//! metric outside this table is refused when it is read, so that no rule can silently never fire.
//! Texts (`_info`) are not here: conditions of their own speak of them.

use crate::fleet::moment::epoch_seconds;
use crate::fleet::place::Scheme;
use crate::fleet::reading::{Coarse, PhoneStatus, Registration};
use crate::fleet::{Endpoint, Moment, Phone, expect};

use super::condition::Weakness;

/// One family of numbers.
#[derive(Debug)]
pub struct Family {
    /// Its name in `/metrics`.
    pub name: &'static str,
    /// The label that tells its series of one phone apart.
    pub label: Option<&'static str>,
    read: fn(&Phone, Moment, Samples<'_>),
}

/// Takes the samples of one phone: the value of the family's own label, and the number.
type Samples<'a> = &'a mut dyn FnMut(Mark<'_>, f64);

/// The value of a family's own label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark<'a> {
    /// The family has no label of its own.
    None,
    /// The number of an account or line.
    Number(u16),
    /// Any other label.
    Text(&'a str),
}

impl PartialEq for Family {
    /// Families are told apart by their names, which are unique.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Family {
    /// The family of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.name == name)
    }

    /// Hands over what the phone has of this family at `now`; nothing where nothing is known.
    pub fn read(&self, phone: &Phone, now: Moment, mut take: impl FnMut(Mark<'_>, f64)) {
        (self.read)(phone, now, &mut take);
    }
}

impl Mark<'_> {
    /// Whether it is the label value that was picked.
    pub fn is(self, picked: &str) -> bool {
        match self {
            Self::None => false,
            Self::Number(number) => picked.parse() == Ok(number),
            Self::Text(text) => text == picked,
        }
    }

    /// The number of the account or line, or 0.
    pub fn number(self) -> u16 {
        match self {
            Self::Number(number) => number,
            Self::None | Self::Text(_) => 0,
        }
    }
}

/// All of them, in the order of `/metrics`.
pub static FAMILIES: [Family; 23] = [
    plain("grandstream_up", |phone, now, take| {
        take(Mark::None, flag(phone.is_up(now)));
    }),
    plain("grandstream_reachable", |phone, now, take| {
        take(Mark::None, flag(phone.is_reachable(now)));
    }),
    labelled("grandstream_endpoint_up", "endpoint", |phone, _, take| {
        for endpoint in Endpoint::ALL {
            let understood = phone.understood(endpoint);
            take(Mark::Text(endpoint.label()), flag(understood));
        }
    }),
    labelled("grandstream_phone_status", "status", |phone, now, take| {
        let Some(status) = phone.status(now) else {
            return;
        };
        for one in PhoneStatus::ALL {
            take(Mark::Text(one.label()), flag(one == status));
        }
    }),
    labelled("grandstream_account_registered", "account", accounts),
    labelled("grandstream_lines", "state", |phone, now, take| {
        let Some(lines) = phone.lines(now) else {
            return;
        };
        for state in Coarse::ALL {
            take(Mark::Text(state.label()), lines.count(state).into());
        }
    }),
    labelled("grandstream_line_state_code", "line", |phone, now, take| {
        for line in phone.lines(now).iter().flat_map(|lines| &lines.each) {
            if let Some(code) = line.state.code() {
                take(Mark::Number(line.number), code.into());
            }
        }
    }),
    plain("grandstream_boot_time_seconds", |phone, now, take| {
        if let Some(at) = phone.booted_at(now) {
            take(Mark::None, epoch_seconds(at));
        }
    }),
    plain("grandstream_reboots_total", |phone, _, take| {
        take(Mark::None, count(phone.tally.reboots));
    }),
    plain("grandstream_time_offset_seconds", |phone, now, take| {
        if let Some(seconds) = time_offset(phone, now) {
            take(Mark::None, seconds);
        }
    }),
    labelled("grandstream_pvalue_number", "pvalue", |phone, now, take| {
        for (key, text) in phone.values(now).iter().flat_map(|values| values.iter()) {
            if let Ok(number) = text.as_str().parse() {
                take(Mark::Text(key), number);
            }
        }
    }),
    labelled(
        "grandstream_pvalue_matches",
        "pvalue",
        |phone, now, take| {
            let Some(values) = phone.values(now) else {
                return;
            };
            for (pvalue, matches) in expect::matches(&phone.place.expect, values) {
                take(Mark::Text(pvalue), flag(matches));
            }
        },
    ),
    plain("grandstream_poll_duration_seconds", |phone, _, take| {
        if let Some(last) = &phone.last {
            take(Mark::None, last.took.as_secs_f64());
        }
    }),
    plain(
        "grandstream_poll_last_success_timestamp_seconds",
        |phone, _, take| {
            if let Some(at) = phone.last_success {
                take(Mark::None, epoch_seconds(at.wall));
            }
        },
    ),
    plain("grandstream_polls_total", |phone, _, take| {
        take(Mark::None, count(phone.tally.polls));
    }),
    plain("grandstream_poll_failures_total", |phone, _, take| {
        take(Mark::None, count(phone.tally.poll_failures));
    }),
    labelled("grandstream_poll_error", "reason", |phone, _, take| {
        let reasons = phone.last.iter().flat_map(|last| last.reasons.iter());
        for reason in reasons {
            take(Mark::Text(reason.label()), 1.0);
        }
    }),
    plain("grandstream_logins_total", |phone, _, take| {
        take(Mark::None, count(phone.tally.logins));
    }),
    plain("grandstream_login_failures_total", |phone, _, take| {
        take(Mark::None, count(phone.tally.login_failures));
    }),
    plain("grandstream_login_blocked", |phone, now, take| {
        take(Mark::None, flag(login_blocked(phone, now)));
    }),
    plain("grandstream_sessions_expired_total", |phone, _, take| {
        take(Mark::None, count(phone.tally.sessions_expired));
    }),
    plain(
        "grandstream_tls_certificate_expiry_timestamp_seconds",
        |phone, _, take| {
            if let Some(at) = phone.certificate_expiry {
                take(Mark::None, epoch_seconds(at));
            }
        },
    ),
    labelled("grandstream_phone_posture", "check", |phone, _, take| {
        for weakness in [Weakness::PlainHttp, Weakness::TlsUnverified] {
            take(Mark::Text(weakness.label()), flag(weak(phone, weakness)));
        }
    }),
];

/// Whether logins to the phone are held back at `now`; what the last poll found may have ended.
pub fn login_blocked(phone: &Phone, now: Moment) -> bool {
    let held = phone.last.as_ref().and_then(|last| last.held);
    held.is_some_and(|held| now.wall < held.until)
}

/// The phone's clock minus ours in seconds, where its zone is configured and its clock was read.
pub fn time_offset(phone: &Phone, now: Moment) -> Option<f64> {
    Some(phone.clock_offset(now)?.as_secs_f64())
}

/// Whether the phone is spoken to in this weak way.
pub fn weak(phone: &Phone, weakness: Weakness) -> bool {
    match weakness {
        Weakness::PlainHttp => phone.place.scheme == Scheme::Http,
        Weakness::TlsUnverified => phone.place.tls_verified == Some(false),
    }
}

fn accounts(phone: &Phone, now: Moment, take: Samples<'_>) {
    for account in phone.accounts(now).into_iter().flatten() {
        let registered = account.registration == Registration::Registered;
        take(Mark::Number(account.id), flag(registered));
    }
}

const fn plain(name: &'static str, read: fn(&Phone, Moment, Samples<'_>)) -> Family {
    Family {
        name,
        label: None,
        read,
    }
}

const fn labelled(
    name: &'static str,
    label: &'static str,
    read: fn(&Phone, Moment, Samples<'_>),
) -> Family {
    Family {
        name,
        label: Some(label),
        read,
    }
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no counter of a phone reaches 2^53"
)]
fn count(value: u64) -> f64 {
    value as f64
}
