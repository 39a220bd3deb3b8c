//! An operator's session on one phone, opened through the same guard and ledger as the daemon's, and the
//! calls under it.
//!
//! Before a password goes out the device is checked where one is expected, and again under the session
//! if it did not return its MAC without one; a device that cannot be checked gets no call. An expired
//! session is renewed and the refused call is sent again: the phone has said that it did not do it. A
//! call whose response was lost is never sent again. Each write is recorded before and after.

use std::sync::Arc;

use tokio::time::Instant;

use super::audit::Audit;
use super::error::JobError;
use crate::clock::Clock;
use crate::config;
use crate::fleet::guard::{Habits, LoginOutcome};
use crate::fleet::{Failure, PollReport, Reason};
use crate::ledger::Ledger;
use crate::poll::identity::{self, Identity};
use crate::poll::login::{Gate, Pending};
use crate::webapi::calls::accounts;
use crate::webapi::{Call, CallError, Client, Control};

/// One phone and the session on it.
pub(super) struct Session {
    phone: Arc<config::Phone>,
    client: Client,
    gate: Gate,
    /// The gate of the daemon, where the operator has a credential of its own.
    daemon_gate: Option<Gate>,
    habits: Habits,
    clock: Clock,
    mode: WriteMode,
    checked: Checked,
    /// How many expired sessions may still be renewed.
    renewals: u8,
}

/// More expired sessions than these mean that another program logs in with the same user.
const RENEWALS: u8 = 3;

/// Whether writes are sent.
pub(super) enum WriteMode {
    /// Yes, and recorded where there is a record.
    Send(Option<Arc<Audit>>),
    /// No: they are kept, secrets masked.
    DryRun(Vec<String>),
}

/// Whether the MAC of the phone was checked, or is never returned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    NotYet,
    NotWithoutSession,
    Done,
}

impl Session {
    /// A session on this phone, not yet opened, with the credential of the phone.
    pub(super) async fn new(
        phone: Arc<config::Phone>,
        ledger: Arc<Ledger>,
        clock: Clock,
        mode: WriteMode,
    ) -> Result<Self, Failure> {
        let target = crate::poll::target(&phone)?;
        let gate = Gate::new(&phone, ledger, clock.clone());
        let (gate, daemon_gate) = match phone.operator {
            Some(_) => (gate.clone().beside(), Some(gate)),
            None => (gate, None),
        };
        let habits = gate.record().await.habits;
        Ok(Self {
            phone,
            client: Client::new(target, habits),
            gate,
            daemon_gate,
            habits,
            clock,
            mode,
            checked: Checked::NotYet,
            renewals: RENEWALS,
        })
    }

    /// The gate that its logins go through.
    pub(super) fn gate(&mut self) -> &mut Gate {
        &mut self.gate
    }

    /// The name of the phone.
    pub(super) fn name(&self) -> &str {
        &self.phone.place.name
    }

    /// The base of request URLs, to show: `http://192.0.2.1`.
    pub(super) fn base(&self) -> String {
        format!(
            "{}://{}",
            self.phone.place.scheme.label(),
            self.phone.place.address
        )
    }

    /// Whether writes are kept instead of sent.
    pub(super) fn is_dry_run(&self) -> bool {
        matches!(self.mode, WriteMode::DryRun(_))
    }

    /// Sends or keeps writes from now on; returns those kept so far.
    pub(super) fn set_write_mode(&mut self, mode: WriteMode) -> Vec<String> {
        match std::mem::replace(&mut self.mode, mode) {
            WriteMode::DryRun(kept) => kept,
            WriteMode::Send(_) => Vec::new(),
        }
    }

    /// Sends a call that reads.
    pub(super) async fn read<T>(&mut self, call: &Call<T>) -> Result<T, JobError> {
        self.send(call).await
    }

    /// Sends a call that writes, or keeps it in a dry run.
    pub(super) async fn write(&mut self, call: &Call<()>) -> Result<(), JobError> {
        let audit = match &mut self.mode {
            WriteMode::DryRun(kept) => {
                kept.push(call.shown().to_owned());
                return Ok(());
            }
            WriteMode::Send(audit) => audit.clone(),
        };
        let Some(audit) = audit else {
            return self.send(call).await;
        };
        self.record(&audit, call, "begun")?;
        let result = self.send(call).await;
        let outcome = result
            .as_ref()
            .map_or_else(|error| error.reason, |()| "done");
        self.record(&audit, call, outcome)?;
        result
    }

    fn record(&self, audit: &Audit, call: &Call<()>, outcome: &str) -> Result<(), JobError> {
        let now = self.clock.now().wall;
        audit
            .record(now, self.name(), call.shown(), outcome)
            .map_err(|error| {
                JobError::new("audit", format!("failed to record `{outcome}`: {error:#}"))
            })
    }

    /// Sends a call under a session, and again under a new one if the phone says that the first has
    /// expired.
    async fn send<T>(&mut self, call: &Call<T>) -> Result<T, JobError> {
        let result = self.try_twice(call).await;
        self.finish().await;
        result
    }

    async fn try_twice<T>(&mut self, call: &Call<T>) -> Result<T, JobError> {
        self.prepare().await?;
        let result = Control::new(&mut self.client).send(call).await;
        if !matches!(result, Err(CallError::NoSession(_))) || self.renewals == 0 {
            return Ok(result?);
        }
        self.renewals -= 1;
        self.client.drop_session();
        self.prepare().await?;
        Ok(Control::new(&mut self.client).send(call).await?)
    }

    /// Opens the client, and a session where there is none.
    async fn prepare(&mut self) -> Result<(), JobError> {
        self.client.open(Instant::now() + self.phone.limits.timeout);
        if self.checked == Checked::NotYet {
            self.checked = match self.ask_identity().await {
                Identity::Expected => Checked::Done,
                Identity::Untold | Identity::Unanswered(_) => Checked::NotWithoutSession,
                Identity::Other(failure) => return Err(failure.into()),
            };
        }
        if !self.client.has_session() {
            self.log_in().await?;
            // The login has taken its share of the time.
            self.client.open(Instant::now() + self.phone.limits.timeout);
        }
        if self.checked == Checked::NotWithoutSession {
            match self.ask_identity().await {
                Identity::Expected | Identity::Untold => self.checked = Checked::Done,
                Identity::Unanswered(failure) | Identity::Other(failure) => {
                    return Err(failure.into());
                }
            }
        }
        Ok(())
    }

    async fn finish(&mut self) {
        let habits = self.client.close().habits;
        if habits != self.habits {
            self.habits = habits;
            self.gate
                .change(move |record, _| record.habits = habits)
                .await;
        }
    }

    async fn log_in(&mut self) -> Result<(), Failure> {
        if let Some(daemon_gate) = &self.daemon_gate
            && let Some(failure) = daemon_gate.locked().await
        {
            return Err(failure);
        }
        let mut report = PollReport::new(self.clock.now());
        let credential = &self.phone.credential;
        let entered = self
            .gate
            .log_in(&mut self.client, credential, &mut report)
            .await;
        match entered? {
            None => Ok(()),
            Some(pending) => self.prove(pending).await,
        }
    }

    /// Reads something under a session whose login did not report success: if that works, it is one.
    async fn prove(&mut self, pending: Pending) -> Result<(), Failure> {
        let read = Control::new(&mut self.client)
            .send(&accounts::call(false))
            .await;
        let (outcome, failure) = match read {
            Ok(_) => (LoginOutcome::Accepted, None),
            Err(CallError::NoSession(_)) => {
                let detail = "the login was answered without a word of success and opened nothing";
                let failure = Failure::new(Reason::Login, detail);
                (LoginOutcome::Wordless, Some(failure))
            }
            Err(error) => {
                let failure = Failure::new(Reason::Login, error.to_string());
                (LoginOutcome::Lost, Some(failure))
            }
        };
        pending.settle(outcome).await;
        let Some(failure) = failure else {
            return Ok(());
        };
        self.client.drop_session();
        Err(failure)
    }

    async fn ask_identity(&mut self) -> Identity {
        let expected = self.phone.place.mac.as_deref();
        identity::ask(&mut self.client, expected).await
    }
}
