//! The one way a login reaches a phone: guard, ledger, wire, ledger.
//!
//! The guard is asked before each attempt and the ledger knows of it before it is sent. An attempt
//! that is given up half-way (the daemon stops) is settled as lost when it is dropped. Commands
//! that log in use this too, so that everything counts against one budget.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::trial::{Entrance, Trial};
use crate::clock::Clock;
use crate::config;
use crate::fleet::guard::{Claim, Held, HeldBecause, LoginOutcome, LoginRecord, Offer};
use crate::fleet::{Failure, PollReport, Reason};
use crate::ledger::Ledger;
use crate::webapi::Client;

/// Logins to one phone.
#[derive(Clone, Debug)]
pub struct Gate {
    ledger: Arc<Ledger>,
    clock: Clock,
    key: Arc<str>,
    offer: Offer,
    trial: Option<Arc<Trial>>,
}

/// A session that only a read can prove; settled as lost if it is dropped.
#[derive(Debug)]
pub struct Pending {
    gate: Gate,
    settled: bool,
}

/// Guide: Password Token Authentication.
const DEFAULT_PASSWORD: &str = "admin";

impl Gate {
    /// The gate of this phone.
    pub fn new(phone: &config::Phone, ledger: Arc<Ledger>, clock: Clock) -> Self {
        let offer = Offer {
            candidates: u8::try_from(phone.credential.passwords.len()).unwrap_or(u8::MAX),
            format: phone.credential.format,
            tag: phone.credential.tag(&ledger.salt()),
        };
        Self {
            key: ledger_key(phone).into(),
            ledger,
            clock,
            offer,
            trial: None,
        }
    }

    /// The same gate for credentials that are on trial.
    #[must_use]
    pub(super) fn on_trial(self, trial: Option<Arc<Trial>>) -> Self {
        Self { trial, ..self }
    }

    /// The same gate with a record of its own, for credentials that are used beside the phone's
    /// instead of in their place: each set has its own budget, of two refusals in the first round,
    /// so that both together stay below what locks a phone.
    #[must_use]
    pub fn beside(self) -> Self {
        Self {
            key: format!("{} operator", self.key).into(),
            ..self
        }
    }

    /// Why nobody may log in, whatever the credentials: the phone has locked logins.
    pub async fn locked(&self) -> Option<Failure> {
        let now = self.clock.now().wall;
        let held = self.record().await.held(now)?;
        (held.because == HeldBecause::Locked).then(|| held_back(held))
    }

    /// What the ledger knows of this phone.
    pub async fn record(&self) -> LoginRecord {
        self.change(|record| record.clone()).await
    }

    /// Changes what the ledger knows of this phone, off the async threads.
    pub async fn change<R: Send + 'static>(
        &self,
        change: impl FnOnce(&mut LoginRecord) -> R + Send + 'static,
    ) -> R {
        let gate = self.clone();
        tokio::task::spawn_blocking(move || gate.ledger.update(&gate.key, change))
            .await
            .expect("the ledger neither panics nor is cancelled")
    }

    /// Logs in if the guard allows; what was sent and what holds logins back goes into `report`.
    /// An unproven session comes back as [`Pending`].
    pub async fn log_in(
        &self,
        client: &mut Client,
        credential: &config::Credential,
        report: &mut PollReport,
    ) -> Result<Option<Pending>, Failure> {
        let Some(trial) = &self.trial else {
            return self.try_all(client, credential, report).await;
        };
        match trial.enter(&self.key) {
            Entrance::Free => self.try_all(client, credential, report).await,
            Entrance::Waits => Err(on_trial("are being tried on three phones first")),
            Entrance::Refused => Err(on_trial("were refused by three phones")),
        }
    }

    /// Tells the trial, if there is one, how an attempt ended: accepted, refused, or neither.
    fn tell_trial(&self, accepted: Option<bool>) {
        if let Some(trial) = &self.trial {
            trial.ended(&self.key, accepted);
        }
    }

    /// Tries what the guard allows until something is accepted.
    async fn try_all(
        &self,
        client: &mut Client,
        credential: &config::Credential,
        report: &mut PollReport,
    ) -> Result<Option<Pending>, Failure> {
        let mut refusal = None;
        loop {
            let (offer, now) = (self.offer, self.clock.now().wall);
            let attempt = match self.change(move |record| record.claim(offer, now)).await {
                Claim::Go(attempt) => attempt,
                Claim::Held(held) => {
                    self.tell_trial(None);
                    report.held = Some(held);
                    return Err(refusal.unwrap_or_else(|| held_back(held)));
                }
            };
            let pending = Pending {
                gate: self.clone(),
                settled: false,
            };
            let position = usize::from(attempt.candidate);
            let Some(password) = credential.passwords.get(position) else {
                pending.settle(LoginOutcome::NotSent).await;
                return Err(Failure::new(Reason::Auth, "there is no password to try"));
            };
            let login = client
                .login(&credential.username, password, attempt.format)
                .await;
            report.logins += u32::from(login.outcome != LoginOutcome::NotSent);
            if login.outcome == LoginOutcome::Accepted {
                report.candidate = Some(attempt.candidate.saturating_add(1));
                report.default_password =
                    Some(login.default_password || password.expose_secret() == DEFAULT_PASSWORD);
            }
            if login.unproven {
                return Ok(Some(pending));
            }
            report.held = pending.settle(login.outcome).await;
            match (login.outcome, login.failure) {
                (LoginOutcome::Accepted, _) => return Ok(None),
                (LoginOutcome::Refused, failure) => {
                    report.login_failures += 1;
                    refusal = failure;
                }
                (_, failure) => {
                    report.login_failures += u32::from(login.outcome != LoginOutcome::NotSent);
                    return Err(failure.unwrap_or_else(unexplained));
                }
            }
        }
    }
}

impl Pending {
    /// Notes how the attempt ended; tells what holds logins back now.
    pub async fn settle(mut self, outcome: LoginOutcome) -> Option<Held> {
        self.settled = true;
        self.gate.tell_trial(match outcome {
            LoginOutcome::Accepted => Some(true),
            LoginOutcome::Refused => Some(false),
            LoginOutcome::Locked { .. }
            | LoginOutcome::NotSent
            | LoginOutcome::Unclear
            | LoginOutcome::Lost => None,
        });
        let (offer, now) = (self.gate.offer, self.gate.clock.now().wall);
        self.gate
            .change(move |record| {
                record.settle(outcome, offer, now);
                record.held(now)
            })
            .await
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        self.gate.tell_trial(None);
        let (offer, now) = (self.gate.offer, self.gate.clock.now().wall);
        self.gate.ledger.update(&self.gate.key, |record| {
            record.settle(LoginOutcome::Lost, offer, now);
        });
    }
}

/// By what the ledger knows a phone: the device where the configuration names it, else where it is.
pub(super) fn ledger_key(phone: &config::Phone) -> String {
    match &phone.place.mac {
        Some(mac) => mac.to_string(),
        None => format!("{}:{}", phone.host.to_ascii_lowercase(), phone.port),
    }
}

fn held_back(held: Held) -> Failure {
    let until = held.until.strftime("%Y-%m-%dT%H:%M:%SZ");
    match held.because {
        HeldBecause::Refused => Failure::new(
            Reason::Auth,
            format!("the password was refused; logins are held back until {until}"),
        ),
        HeldBecause::Locked => Failure::new(
            Reason::Locked,
            format!("the phone has locked logins; none is sent until {until}"),
        ),
        HeldBecause::Unclear => Failure::new(
            Reason::Login,
            format!(
                "the phone did not say whether it takes the password; \
                 logins are held back until {until}"
            ),
        ),
        HeldBecause::Busy => Failure::new(
            Reason::Session,
            format!("another login is on its way; none is sent until {until}"),
        ),
    }
}

fn on_trial(how: &str) -> Failure {
    Failure::new(
        Reason::Auth,
        format!("the changed credentials {how}; this phone waits"),
    )
}

fn unexplained() -> Failure {
    Failure::new(Reason::Session, "the login failed without a reason")
}
