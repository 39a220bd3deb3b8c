//! The operator's hand on one phone: a session, opened through the same guard and ledger as the
//! daemon's, and calls made under it.
//!
//! Before a password goes out the device is checked where one is expected, and again under the
//! session if it did not tell; nothing is asked of one that could not be checked. A session that ended is
//! renewed and the call it refused is made again: the phone has said that it did not do it. A
//! call whose answer was lost is never made again. Each write is recorded before and after.

use std::sync::Arc;

use tokio::time::Instant;

use super::audit::Audit;
use super::trouble::Trouble;
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
pub(super) struct Hand {
    phone: Arc<config::Phone>,
    client: Client,
    gate: Gate,
    /// That of the daemon, where the operator logs in as somebody else.
    daemons: Option<Gate>,
    habits: Habits,
    clock: Clock,
    mode: Mode,
    checked: Checked,
    /// How many sessions may still be opened in place of one that ended.
    renewals: u8,
}

/// More sessions than these do not end by chance: another program logs in with the same user.
const RENEWALS: u8 = 3;

/// Whether writes are sent.
pub(super) enum Mode {
    /// Yes, and recorded where there is a place for it.
    Live(Option<Arc<Audit>>),
    /// No: they are kept as they may be shown.
    Dry(Vec<String>),
}

/// Whether the expected device was seen, or one that never tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    NotYet,
    NotWithoutSession,
    Done,
}

impl Hand {
    /// A hand on this phone, whose credential is the one to log in with.
    pub(super) async fn new(
        phone: Arc<config::Phone>,
        ledger: Arc<Ledger>,
        clock: Clock,
        mode: Mode,
    ) -> Result<Self, Failure> {
        let target = crate::poll::target(&phone)?;
        let gate = Gate::new(&phone, ledger, clock.clone());
        let (gate, daemons) = match phone.operator {
            Some(_) => (gate.clone().beside(), Some(gate)),
            None => (gate, None),
        };
        let habits = gate.record().await.habits;
        Ok(Self {
            phone,
            client: Client::new(target, habits),
            gate,
            daemons,
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

    /// Where calls go, for people: `http://192.0.2.1`.
    pub(super) fn base(&self) -> String {
        format!(
            "{}://{}",
            self.phone.place.scheme.label(),
            self.phone.place.address
        )
    }

    /// Whether writes are kept instead of sent.
    pub(super) fn is_dry(&self) -> bool {
        matches!(self.mode, Mode::Dry(_))
    }

    /// From now on writes are sent or kept; returns those kept so far.
    pub(super) fn turn(&mut self, mode: Mode) -> Vec<String> {
        match std::mem::replace(&mut self.mode, mode) {
            Mode::Dry(kept) => kept,
            Mode::Live(_) => Vec::new(),
        }
    }

    /// Makes a call that asks.
    pub(super) async fn ask<T>(&mut self, call: &Call<T>) -> Result<T, Trouble> {
        self.send(call).await
    }

    /// Makes a call that changes something, or keeps it for a dry run.
    pub(super) async fn write(&mut self, call: &Call<()>) -> Result<(), Trouble> {
        let audit = match &mut self.mode {
            Mode::Dry(kept) => {
                kept.push(call.shown().to_owned());
                return Ok(());
            }
            Mode::Live(audit) => audit.clone(),
        };
        let Some(audit) = audit else {
            return self.send(call).await;
        };
        self.record(&audit, call, "begun")?;
        let done = self.send(call).await;
        let result = done
            .as_ref()
            .map_or_else(|trouble| trouble.reason, |()| "done");
        self.record(&audit, call, result)?;
        done
    }

    fn record(&self, audit: &Audit, call: &Call<()>, result: &str) -> Result<(), Trouble> {
        let now = self.clock.now().wall;
        audit
            .record(now, self.name(), call.shown(), result)
            .map_err(|error| Trouble::new("audit", format!("`{result}` not recorded: {error:#}")))
    }

    /// Sends a call under a session, and again under a new one if the phone says that the first has
    /// ended.
    async fn send<T>(&mut self, call: &Call<T>) -> Result<T, Trouble> {
        let done = self.try_twice(call).await;
        self.finish().await;
        done
    }

    async fn try_twice<T>(&mut self, call: &Call<T>) -> Result<T, Trouble> {
        self.prepare().await?;
        let done = Control::new(&mut self.client).send(call).await;
        if !matches!(done, Err(CallError::NoSession(_))) || self.renewals == 0 {
            return Ok(done?);
        }
        self.renewals -= 1;
        self.client.drop_session();
        self.prepare().await?;
        Ok(Control::new(&mut self.client).send(call).await?)
    }

    /// Opens the client, and a session where there is none.
    async fn prepare(&mut self) -> Result<(), Trouble> {
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
        if let Some(daemons) = &self.daemons
            && let Some(failure) = daemons.locked().await
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

    /// A session without a word of success is one if anything is answered under it.
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
