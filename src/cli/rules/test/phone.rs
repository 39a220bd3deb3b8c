//! A phone of a rule test: its state, and what a poll finds.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::fleet::expect::{Expectation, Wanted};
use crate::fleet::moment::later;
use crate::fleet::place::Scheme;
use crate::fleet::reading::{
    Account, Coarse, Line, LineState, Lines, PhoneTime, Registration, Uptime, Values,
};
use crate::fleet::report::Outcome;
use crate::fleet::{self, Failure, Moment, PollReport, Reason, Text};

use super::test_file::{AccountState, PhoneConfig, TimelineEntry};

/// The state of a phone.
pub(super) struct TestPhone {
    pub(super) place: Arc<fleet::Place>,
    server: String,
    reachable: bool,
    error: Option<Reason>,
    accounts: Vec<(u16, AccountState)>,
    lines: Vec<LineState>,
    values: Vec<(Box<str>, String)>,
    booted: Moment,
    clock_ahead: Duration,
    certificate: Option<Timestamp>,
}

impl TestPhone {
    /// A phone that answers, without accounts or lines, up for a day.
    pub(super) fn new(
        name: &str,
        config: &PhoneConfig,
        listed: Option<&fleet::Place>,
        interval: Duration,
        begins: Moment,
    ) -> Self {
        let day = Duration::from_secs(86_400);
        let booted = Moment {
            wall: fleet::moment::earlier(begins.wall, day),
            mono: begins.mono.saturating_sub(day),
        };
        Self {
            place: Arc::new(place(name, config, listed, interval)),
            server: config.server.clone().unwrap_or_else(|| "pbx".to_owned()),
            reachable: true,
            error: None,
            accounts: Vec::new(),
            lines: Vec::new(),
            values: Vec::new(),
            booted,
            clock_ahead: Duration::ZERO,
            certificate: None,
        }
    }

    /// Changes the state.
    pub(super) fn apply(&mut self, event: &TimelineEntry, now: Moment) -> anyhow::Result<()> {
        self.reachable = event.reachable.unwrap_or(self.reachable);
        if let Some(error) = &event.error {
            self.error = reason(error)?;
        }
        if let Some(accounts) = &event.accounts {
            self.accounts = accounts.iter().map(|(id, state)| (*id, *state)).collect();
        }
        if let Some(lines) = &event.lines {
            let lines: anyhow::Result<_> = lines.iter().map(|line| line_state(line)).collect();
            self.lines = lines?;
        }
        if let Some(values) = &event.values {
            let values = values.iter();
            self.values = values
                .map(|(key, text)| (key.as_str().into(), text.clone()))
                .collect();
        }
        if event.reboot {
            self.booted = now;
        }
        self.clock_ahead = event.clock_ahead.unwrap_or(self.clock_ahead);
        if let Some(valid_for) = event.certificate_valid_for {
            self.certificate = Some(later(now.wall, valid_for));
        }
        Ok(())
    }

    /// What a poll at `now` finds.
    pub(super) fn report(&self, now: Moment) -> PollReport {
        let mut report = PollReport::new(now);
        if !self.reachable {
            report.failure = Some(Failure::new(Reason::Timeout, "no answer"));
            return report;
        }
        report.reached = true;
        report.certificate_expiry = self.certificate;
        if let Some(reason) = self.error {
            report.failure = Some(Failure::new(reason, "as the test says"));
            return report;
        }
        report.session = true;
        let parts = &mut report.parts;
        parts.accounts = read(now, self.accounts());
        let lines = (1..).zip(&self.lines);
        let lines = lines.map(|(number, &state)| Line { number, state });
        parts.lines = read(now, Lines::new(lines.collect()));
        let values = self.values.iter();
        let values = values.map(|(key, text)| (key.clone(), Text::clean(text)));
        parts.values = read(now, Values::new(values));
        parts.time = read(now, self.time(now));
        report
    }

    fn accounts(&self) -> Box<[Account]> {
        let accounts = self.accounts.iter().map(|(id, state)| Account {
            id: *id,
            server: Text::clean(&self.server),
            user: None,
            registration: match state {
                AccountState::Registered => Registration::Registered,
                AccountState::Unregistered => Registration::Unregistered,
            },
        });
        accounts.collect()
    }

    fn time(&self, now: Moment) -> PhoneTime {
        let zone = self.place.time_zone.clone().unwrap_or(TimeZone::UTC);
        let clock = zone.to_datetime(later(now.wall, self.clock_ahead));
        PhoneTime {
            uptime: Uptime {
                length: now.since(self.booted),
                resolution: Duration::from_secs(1),
            },
            clock: Some(clock),
        }
    }
}

/// The settings of a phone: of the test, else of the configuration.
fn place(
    name: &str,
    config: &PhoneConfig,
    listed: Option<&fleet::Place>,
    interval: Duration,
) -> fleet::Place {
    let expect = config.expect.iter().map(|(pvalue, any_of)| Expectation {
        pvalue: pvalue.as_str().into(),
        model: None,
        wanted: Wanted::AnyOf(any_of.iter().map(|one| one.as_str().into()).collect()),
    });
    let labels = config.labels.iter();
    let labels = labels.map(|(name, value)| (name.as_str().into(), value.as_str().into()));
    let scheme = match config.https {
        Some(true) => Scheme::Https,
        Some(false) | None => listed.map_or(Scheme::Http, |listed| listed.scheme),
    };
    fleet::Place {
        name: name.into(),
        address: "192.0.2.1".into(),
        scheme,
        tls_verified: (scheme == Scheme::Https).then_some(true),
        mac: None,
        site: match &config.site {
            Some(site) => Some(site.as_str().into()),
            None => listed.and_then(|listed| listed.site.clone()),
        },
        labels: match listed {
            Some(listed) if config.labels.is_empty() => listed.labels.clone(),
            Some(_) | None => labels.collect(),
        },
        portable: config
            .portable
            .unwrap_or(listed.is_some_and(|listed| listed.portable)),
        time_zone: listed
            .and_then(|listed| listed.time_zone.clone())
            .or(Some(TimeZone::UTC)),
        expect: match listed {
            Some(listed) if config.expect.is_empty() => listed.expect.clone(),
            Some(_) | None => expect.collect(),
        },
        interval,
        values_interval: interval,
        stale_after: interval * 3,
        values_stale_after: interval * 3,
    }
}

fn reason(text: &str) -> anyhow::Result<Option<Reason>> {
    if text == "none" {
        return Ok(None);
    }
    let mut known = Reason::ALL.into_iter();
    let found = known.find(|reason| reason.label() == text);
    let known = || Reason::ALL.map(Reason::label).join(", ");
    found.map(Some).with_context(|| {
        format!(
            "`{text}` is not a valid error; write none or one of {}",
            known()
        )
    })
}

fn line_state(text: &str) -> anyhow::Result<LineState> {
    const STATES: [(Coarse, LineState); 6] = [
        (Coarse::Idle, LineState::Idle),
        (Coarse::Ringing, LineState::Ringing),
        (Coarse::Calling, LineState::Calling),
        (Coarse::InCall, LineState::InCall),
        (Coarse::Hold, LineState::Hold),
        (Coarse::Failed, LineState::Failed),
    ];
    let mut known = STATES.iter();
    let found = known.find(|(coarse, _)| coarse.label() == text);
    let names = || STATES.map(|(coarse, _)| coarse.label()).join(", ");
    let (_, state) = found.with_context(|| {
        format!(
            "`{text}` is not a valid line state; write one of {}",
            names()
        )
    })?;
    Ok(*state)
}

fn read<T>(at: Moment, value: T) -> Outcome<T> {
    Outcome::Read { at, value }
}
