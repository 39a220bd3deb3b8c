//! Phones for unit tests, made by folding reports as the poller does.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::fleet::place::Scheme;
use crate::fleet::reading::{
    Account, Line, LineState, Lines, PhoneTime, Registration, Uptime, Values,
};
use crate::fleet::report::Outcome;
use crate::fleet::{Failure, Fleet, Moment, Phone, Place, PollReport, Reason, Text};

/// A phone and the poll that is being made up.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    place: Place,
    polls: Vec<PollReport>,
}

/// So many minutes after an arbitrary moment well after the epoch and the start.
pub(crate) fn minute(n: u64) -> Moment {
    Moment {
        wall: Timestamp::UNIX_EPOCH,
        mono: Duration::ZERO,
    }
    .after(Duration::from_secs(1_000_000 + 60 * n))
}

/// A fleet of these phones.
pub(crate) fn fleet(samples: impl IntoIterator<Item = Sample>) -> Fleet {
    let samples: Vec<_> = samples.into_iter().collect();
    let mut fleet = Fleet::new(samples.iter().map(|sample| Arc::new(sample.place.clone())));
    for sample in samples {
        for poll in sample.polls {
            fleet = fleet.with_report(&sample.place.name, poll);
        }
    }
    fleet
}

impl Sample {
    pub(crate) fn new(name: &str) -> Self {
        let place = Place {
            name: name.into(),
            address: "192.0.2.1".into(),
            scheme: Scheme::Http,
            tls_verified: None,
            mac: None,
            site: None,
            labels: Box::default(),
            portable: false,
            time_zone: None,
            expect: Box::default(),
            interval: Duration::from_secs(30),
            values_interval: Duration::from_secs(600),
            stale_after: Duration::from_secs(90),
            values_stale_after: Duration::from_secs(1800),
        };
        Self {
            place,
            polls: Vec::new(),
        }
    }

    /// The phone as it is now.
    pub(crate) fn phone(&self) -> Phone {
        let fresh = Phone::new(Arc::new(self.place.clone()));
        self.steps().last().unwrap_or(fresh)
    }

    /// The phone after each of its polls.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Phone> {
        let mut phone = Phone::new(Arc::new(self.place.clone()));
        self.polls.iter().map(move |poll| {
            phone = phone.after(poll.clone());
            phone.clone()
        })
    }

    pub(crate) fn site(mut self, site: &str) -> Self {
        self.place.site = Some(site.into());
        self
    }

    pub(crate) fn portable(mut self) -> Self {
        self.place.portable = true;
        self
    }

    pub(crate) fn stale_after(mut self, age: Duration) -> Self {
        self.place.stale_after = age;
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Place)) -> Self {
        change(&mut self.place);
        self
    }

    /// Begins another poll: it reaches the phone and opens a session, unless told otherwise.
    pub(crate) fn polled(mut self, at: Moment) -> Self {
        let mut report = PollReport::new(at);
        report.reached = true;
        report.session = true;
        self.polls.push(report);
        self
    }

    /// The poll reads lines, and so finds the phone up.
    pub(crate) fn up(self) -> Self {
        self.lines(&[])
    }

    pub(crate) fn down(self) -> Self {
        self.edit(|report| {
            report.reached = false;
            report.session = false;
            report.failure = Some(Failure::new(Reason::Timeout, "no answer"));
        })
    }

    pub(crate) fn failed(self, reason: Reason) -> Self {
        self.edit(|report| report.failure = Some(Failure::new(reason, "it failed")))
    }

    pub(crate) fn account(self, id: u16, server: &str, registered: bool) -> Self {
        let registration = if registered {
            Registration::Registered
        } else {
            Registration::Unregistered
        };
        let account = Account {
            id,
            server: Text::clean(server),
            user: None,
            registration,
        };
        self.edit(|report| {
            let mut accounts = match std::mem::take(&mut report.parts.accounts) {
                Outcome::Read { value, .. } => value.into_vec(),
                Outcome::NotDue | Outcome::Failed(_) => Vec::new(),
            };
            accounts.push(account);
            report.parts.accounts = read(report, accounts.into_boxed_slice());
        })
    }

    pub(crate) fn lines(self, states: &[LineState]) -> Self {
        let each = (1..).zip(states);
        let each = each.map(|(number, &state)| Line { number, state });
        let lines = Lines::new(each.collect());
        self.edit(|report| report.parts.lines = read(report, lines))
    }

    pub(crate) fn uptime(self, length: Duration) -> Self {
        let time = PhoneTime {
            uptime: Uptime {
                length,
                resolution: Duration::from_secs(1),
            },
            clock: None,
        };
        self.edit(|report| report.parts.time = read(report, time))
    }

    pub(crate) fn values(self, pairs: &[(&str, &str)]) -> Self {
        let pairs = pairs.iter();
        let values = Values::new(pairs.map(|(key, text)| ((*key).into(), Text::clean(text))));
        self.edit(|report| report.parts.values = read(report, values))
    }

    pub(crate) fn edit(mut self, change: impl FnOnce(&mut PollReport)) -> Self {
        change(self.polls.last_mut().expect("a poll was begun"));
        self
    }
}

fn read<T>(report: &PollReport, value: T) -> Outcome<T> {
    Outcome::Read {
        at: report.began,
        value,
    }
}
