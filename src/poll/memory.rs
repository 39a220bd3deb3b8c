//! What is remembered of a phone from poll to poll, beside what is published.
//!
//! Connection, session and the wait after lost sessions live as long as the process; what was learnt
//! of the phone's web server and its model is written to the ledger too.

use super::cure::Cure;
use super::endpoints::EndpointSet;
use super::login::Gate;
use super::silence::Silence;
use crate::fleet::Text;
use crate::fleet::guard::{Habits, LoginRecord};
use crate::webapi::{Client, Target};

/// What is remembered of a phone from poll to poll, beside what is published.
#[derive(Debug)]
pub struct Memory {
    pub(super) client: Client,
    pub(super) gate: Gate,
    pub(super) cure: Cure,
    /// The session at hand was opened by the expected device.
    pub(super) is_verified: bool,
    /// Refused to a session under which others were answered.
    pub(super) forbidden: EndpointSet,
    /// How the phone is waited for.
    pub(super) silence: Silence,
    /// As the ledger has it.
    habits: Habits,
    /// As the ledger has it.
    model: Option<Box<str>>,
}

impl Memory {
    /// The memory of a phone that was not polled yet; what the ledger knows of it comes along.
    pub async fn new(target: Target, gate: Gate) -> Self {
        let LoginRecord { habits, model, .. } = gate.record().await;
        Self {
            client: Client::new(target, habits),
            gate,
            cure: Cure::default(),
            is_verified: false,
            forbidden: EndpointSet::default(),
            silence: Silence::default(),
            habits,
            model,
        }
    }

    /// Takes over changed credentials; the session at hand stays.
    pub fn change_gate(&mut self, gate: Gate) {
        self.gate = gate;
    }

    /// The client, for whoever wants to see its traffic.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Writes into the ledger what a poll showed, if it is new; `told` is the model.
    pub(super) async fn learn(&mut self, habits: Habits, told: Option<&Text>) {
        let model = match told {
            Some(told) => Some(told.as_str().into()),
            None => self.model.clone(),
        };
        if habits == self.habits && model == self.model {
            return;
        }
        self.habits = habits;
        self.model.clone_from(&model);
        let learn = move |record: &mut LoginRecord, _| {
            record.habits = habits;
            record.model = model;
        };
        self.gate.change(learn).await;
    }
}
