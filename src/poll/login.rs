//! The one way a login reaches a phone: guard, realm, guard and ledger, digest, ledger.
//!
//! The guard and the trial of new credentials are asked before the phone is, and again once it gave
//! a realm: only then a login is noted as begun, so that a phone that does not answer neither writes
//! to the ledger nor keeps others waiting. Every time that is compared with the ledger's is read
//! under its lock, because daemon and commands write to it side by side. An attempt that is given up
//! half-way (the daemon stops) is settled when it is dropped. Commands that log in use this too, so
//! that everything counts against one budget.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::hindrance::{Hindrance, held_back};
use super::trial::{Entrance, Histories, Trial, Trials, Verdict};
use crate::clock::Clock;
use crate::config;
use crate::fleet::guard::{
    Attempt, Attempts, Claim, Held, HeldBecause, LoginOutcome, LoginRecord, Offer, Prior,
};
use crate::fleet::prior::Learnt;
use crate::fleet::reading::MODEL_VALUES;
use crate::fleet::{Failure, PollReport, Reason};
use crate::ledger::Ledger;
use crate::webapi::{Client, NoRealm, Realm};

/// Logins to one phone.
#[derive(Clone, Debug)]
pub struct Gate {
    ledger: Arc<Ledger>,
    clock: Clock,
    key: Arc<str>,
    offer: Offer,
    trial: Option<Arc<Trial>>,
    /// How long a login may wait for another one instead of failing.
    patience: Duration,
}

/// An attempt on its way, or a session that only a read can prove; settled if it is dropped.
#[derive(Debug)]
pub struct Pending {
    gate: Gate,
    attempt: Attempt,
    /// The digest may have left.
    sent: bool,
    settled: bool,
}

/// What is known of the phone before the first attempt.
#[derive(Debug)]
struct Known {
    /// These credentials have opened a session here: nothing has to be guessed.
    has_worked: bool,
    model: Option<Box<str>>,
    /// Phones differ in the format by their model, and this one's is not known.
    model_decides: bool,
}

/// Guide: Password Token Authentication.
const DEFAULT_PASSWORD: &str = "admin";

/// How often it is looked whether another process' login has ended; nothing tells.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a command waits for other logins: longer than one may take.
const PATIENCE: Duration = Duration::from_secs(90);

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
            patience: Duration::ZERO,
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

    /// For a command that goes over many phones once: their new credentials are on trial, and a
    /// phone that has to wait for another waits.
    pub fn try_together<'a>(gates: impl Iterator<Item = &'a mut Self>) {
        let gates: Vec<_> = gates.collect();
        let Some(ledger) = gates.first().map(|gate| Arc::clone(&gate.ledger)) else {
            return;
        };
        let phones = gates.iter().map(|gate| (&gate.key, gate.offer.tag));
        let mut histories = Histories::of(&ledger, phones);
        let mut trials = Trials::default();
        for gate in gates {
            gate.trial = trials.of_new(gate.offer.tag, &mut histories);
            gate.patience = PATIENCE;
        }
    }

    /// Why nobody may log in, whatever the credentials: the phone has locked logins.
    pub async fn locked(&self) -> Option<Failure> {
        let held = self.change(|record, now| record.held(now)).await?;
        (held.because == HeldBecause::Locked).then(|| held_back(held))
    }

    /// What the ledger knows of this phone.
    pub async fn record(&self) -> LoginRecord {
        self.change(|record, _| record.clone()).await
    }

    /// Changes what the ledger knows of this phone, off the async threads. The time is that at which
    /// nobody else can change it.
    pub async fn change<R: Send + 'static>(
        &self,
        change: impl FnOnce(&mut LoginRecord, Timestamp) -> R + Send + 'static,
    ) -> R {
        let gate = self.clone();
        off_thread(move || gate.change_now(change)).await
    }

    fn change_now<R>(&self, change: impl FnOnce(&mut LoginRecord, Timestamp) -> R) -> R {
        self.ledger
            .update(&self.key, |record| change(record, self.clock.now().wall))
    }

    /// Logs in if the guard allows; what was sent and what holds logins back goes into `report`.
    /// An unproven session comes back as [`Pending`].
    pub async fn log_in(
        &self,
        client: &mut Client,
        credential: &config::Credential,
        report: &mut PollReport,
    ) -> Result<Option<Pending>, Failure> {
        let mut refusal = None;
        loop {
            let (mut pending, realm) = match self.begin(client, report).await {
                Ok(begun) => begun,
                Err(failure) => return Err(refusal.unwrap_or(failure)),
            };
            let attempt = pending.attempt;
            let position = usize::from(attempt.candidate);
            let Some(password) = credential.passwords.get(position) else {
                return Err(Failure::new(Reason::Auth, "there is no password to try"));
            };
            pending.sent = true;
            let login = client
                .login(realm, &credential.username, password, attempt.format)
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

    /// Everything before the digest is sent: from the guard's first word to the attempt that is noted
    /// as begun, with a realm for it.
    async fn begin(
        &self,
        client: &mut Client,
        report: &mut PollReport,
    ) -> Result<(Pending, Realm), Failure> {
        let until = Instant::now() + self.patience;
        loop {
            let gate = self.clone();
            let hindrance = match off_thread(move || gate.look()).await {
                Err(hindrance) => hindrance,
                Ok(known) => {
                    let known = self.completed(known, client).await;
                    let realm = match client.realm().await {
                        Ok(realm) => realm,
                        Err(no_realm) => return Err(self.without_realm(no_realm, report).await),
                    };
                    let gate = self.clone();
                    match off_thread(move || gate.claim(&known)).await {
                        Ok(pending) => return Ok((pending, realm)),
                        Err(hindrance) => hindrance,
                    }
                }
            };
            if !self.outlast(hindrance, client, until).await {
                return Err(hindrance.told_to(report));
            }
        }
    }

    /// Whether a login may be sent, before the phone is asked for anything. Blocks on the disk.
    fn look(&self) -> Result<Known, Hindrance> {
        let known = self.change_now(|record, now| {
            self.admitted(record, now, |trial| trial.look(&self.key))?;
            let format = self.offer.format.or(record.format());
            Ok(Known {
                has_worked: record.worked(self.offer.tag).is_some(),
                model_decides: format.is_none() && record.model.is_none(),
                model: record.model.clone(),
            })
        })?;
        Ok(Known {
            model_decides: known.model_decides && self.learnt(None).hangs_on_model,
            ..known
        })
    }

    /// Asks the phone for its model, where that decides what to try first.
    async fn completed(&self, known: Known, client: &mut Client) -> Known {
        if !known.model_decides {
            return known;
        }
        let told = client.reader().values(&MODEL_VALUES.map(Into::into)).await;
        let model = told
            .ok()
            .and_then(|told| Some(told.model()?.as_str().into()));
        Known { model, ..known }
    }

    /// Notes an attempt as begun, if guard and trial still allow it. Blocks on the disk.
    fn claim(&self, known: &Known) -> Result<Pending, Hindrance> {
        let prior = if known.has_worked {
            Prior::default()
        } else {
            self.learnt(known.model.as_deref()).prior
        };
        let attempt = self.change_now(|record, now| {
            let refused = self.admitted(record, now, |trial| trial.enter(&self.key))?;
            match record.claim(self.offer, Prior { refused, ..prior }, now) {
                Claim::Go(attempt) => Ok(attempt),
                Claim::Held(held) => {
                    self.tell_trial(Verdict::Neither);
                    Err(Hindrance::Held(held))
                }
            }
        })?;
        Ok(Pending {
            gate: self.clone(),
            attempt,
            sent: false,
            settled: false,
        })
    }

    /// What the guard and then the trial say; if neither hinders, what canaries were refused.
    fn admitted(
        &self,
        record: &mut LoginRecord,
        now: Timestamp,
        entrance: impl FnOnce(&Trial) -> Entrance,
    ) -> Result<Attempts, Hindrance> {
        if let Some(held) = record.hindrance(self.offer, now) {
            return Err(Hindrance::Held(held));
        }
        match self.trial.as_deref().map(entrance) {
            None => Ok(Attempts::NONE),
            Some(Entrance::Free(refused)) => Ok(refused),
            Some(Entrance::Waits) => Err(Hindrance::Waits),
            Some(Entrance::Refused) => Err(Hindrance::Refused),
        }
    }

    /// Waits for a login of another phone or process, if there is patience; whether it is worth to
    /// look again.
    async fn outlast(&self, hindrance: Hindrance, client: &mut Client, until: Instant) -> bool {
        let began = Instant::now();
        if began >= until {
            return false;
        }
        match (hindrance, &self.trial) {
            (Hindrance::Waits, Some(trial)) => trial.wait(&self.key, until).await,
            (Hindrance::Held(held), _) if held.because == HeldBecause::Busy => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            (_, _) => return false,
        }
        client.prolong(began.elapsed());
        true
    }

    /// A phone may say that logins are locked before one is sent.
    async fn without_realm(&self, no_realm: NoRealm, report: &mut PollReport) -> Failure {
        match no_realm {
            NoRealm::Failed(failure) => failure,
            NoRealm::Locked { lasts, failure } => {
                let offer = self.offer;
                let held = self.change(move |record, now| {
                    record.lock(lasts, offer, now);
                    record.held(now)
                });
                report.held = held.await;
                failure
            }
        }
    }

    fn learnt(&self, model: Option<&str>) -> Learnt {
        self.ledger.learnt(self.offer.tag, model)
    }

    fn tell_trial(&self, verdict: Verdict) {
        if let Some(trial) = &self.trial {
            trial.ended(&self.key, verdict);
        }
    }

    /// Notes how an attempt ended, for the next phone too; what holds logins back now. Blocks on the
    /// disk.
    fn settle(&self, attempt: Attempt, outcome: LoginOutcome) -> Option<Held> {
        let held = self.change_now(|record, now| {
            record.settle(outcome, self.offer, now);
            record.held(now)
        });
        self.tell_trial(match outcome {
            LoginOutcome::Accepted => Verdict::Accepted,
            LoginOutcome::Refused => Verdict::Refused(attempt),
            LoginOutcome::Locked { .. }
            | LoginOutcome::NotSent
            | LoginOutcome::Unclear
            | LoginOutcome::Wordless
            | LoginOutcome::Lost => Verdict::Neither,
        });
        held
    }
}

impl Pending {
    /// Notes how the attempt ended; tells what holds logins back now.
    pub async fn settle(mut self, outcome: LoginOutcome) -> Option<Held> {
        self.settled = true;
        let (gate, attempt) = (self.gate.clone(), self.attempt);
        off_thread(move || gate.settle(attempt, outcome)).await
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let outcome = if self.sent {
            LoginOutcome::Lost
        } else {
            LoginOutcome::NotSent
        };
        self.gate.settle(self.attempt, outcome);
    }
}

async fn off_thread<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    tokio::task::spawn_blocking(work)
        .await
        .expect("the ledger neither panics nor is cancelled")
}

/// By what the ledger knows a phone: the device where the configuration names it, else where it is.
pub(super) fn ledger_key(phone: &config::Phone) -> String {
    match &phone.place.mac {
        Some(mac) => mac.to_string(),
        None => format!("{}:{}", phone.host.to_ascii_lowercase(), phone.port),
    }
}

fn unexplained() -> Failure {
    Failure::new(Reason::Login, "the login failed without a reason")
}
