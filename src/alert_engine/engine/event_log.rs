//! What the engine writes down when alerts begin and end: their texts, the history of the phone, the
//! log.
//!
//! Texts are rendered once, when an alert begins to fire, with what was true then. An end adds what
//! happened to the phone meanwhile: people ask first whether it was rebooted.

use std::sync::Arc;

use jiff::Timestamp;

use super::Engine;
use super::saved_state::json;
use crate::alerts::annotations::Rendered;
use crate::alerts::board::{Alert, Step, Transition};
use crate::alerts::event::PhoneEvent;
use crate::fleet::Moment;
use crate::rules::labels;
use crate::store::NewEvent;

impl Engine {
    /// Takes in what changed on the board: texts, history, the log.
    pub(super) fn absorb(&mut self, changes: &[Transition], now: Moment) {
        for Transition { step, alert } in changes {
            match step {
                Step::Fired => self.fired(alert, now),
                Step::Resolved(ending) => self.resolved(alert, ending.word(), now),
                Step::Pending | Step::Dropped | Step::Shown | Step::Hidden => {}
            }
        }
    }

    fn fired(&mut self, alert: &Alert, now: Moment) {
        let name = &alert.rule().name;
        let phone = alert.subject.phone();
        tracing::info!(alert = %name, labels = %words(alert), "Alert `{name}` fires: {}", words(alert));
        let texts = self.render(alert, now);
        self.texts.insert_mut(alert.life(), texts);
        if let Some(phone) = phone {
            let alert = name.clone();
            self.note(phone, &PhoneEvent::AlertFired { alert }, now);
        }
    }

    fn resolved(&mut self, alert: &Alert, ending: &'static str, now: Moment) {
        let name = &alert.rule().name;
        tracing::info!(alert = %name, ending, "Alert `{name}` is over ({ending}): {}", words(alert));
        let Some(phone) = alert.subject.phone() else {
            return;
        };
        let reasons = self.reasons_for_an_end(phone, alert.active_at.wall);
        if !reasons.is_empty() {
            let life = alert.life();
            let mut texts = self
                .texts
                .get(&life)
                .map_or_else(Vec::new, |texts| texts.to_vec());
            texts.push(("changed".into(), reasons.into()));
            self.texts.insert_mut(life, Arc::new(texts));
        }
        let happening = PhoneEvent::AlertResolved {
            alert: name.clone(),
            ending: ending.into(),
        };
        self.note(phone, &happening, now);
    }

    /// Writes something down in the history of a phone.
    pub(super) fn note(&mut self, phone: &str, happening: &PhoneEvent, now: Moment) {
        if happening.explains_an_end() {
            let reasons = self.reasons.entry(phone.into()).or_default();
            reasons.push((now.wall, happening.words()));
        }
        self.unwritten.events.push(NewEvent {
            at: now.wall,
            phone: phone.into(),
            kind: happening.kind().into(),
            body: json(happening),
        });
    }

    /// What happened to the phone since then that may be why an alert ended.
    fn reasons_for_an_end(&self, phone: &str, since: Timestamp) -> String {
        /// More are no reason but a trouble of their own.
        const MOST: u32 = 32;
        let written = self.store.events(Some(phone), since, MOST);
        let written = written.unwrap_or_default();
        let written = written
            .iter()
            .filter_map(|event| serde_json::from_str::<PhoneEvent>(&event.event.body).ok())
            .filter(PhoneEvent::explains_an_end)
            .map(|happening| happening.words());
        let unwritten = self.reasons.get(phone).into_iter().flatten();
        let unwritten = unwritten.filter(|(at, _)| *at >= since);
        let unwritten = unwritten.map(|(_, words)| words.clone());
        let mut words: Vec<_> = unwritten.chain(written).collect();
        words.sort_unstable();
        words.dedup();
        words.join(", ")
    }

    /// Makes the texts of every alert that has none, and forgets those of alerts that are gone.
    pub(super) fn render_all(&mut self, now: Moment) {
        let board = self.board.clone();
        let mut texts = rpds::RedBlackTreeMapSync::new_sync();
        for alert in board.alerts().filter(|alert| !alert.state.is_pending()) {
            let life = alert.life();
            let known = self.texts.get(&life).map(Arc::clone);
            texts.insert_mut(life, known.unwrap_or_else(|| self.render(alert, now)));
        }
        self.texts = texts;
    }

    fn render(&mut self, alert: &Alert, now: Moment) -> Arc<Rendered> {
        let phone = alert.subject.phone();
        let phone = phone.and_then(|phone| self.fleet.phone(phone));
        let filled = self
            .settings
            .texts
            .of(alert, phone.map(|phone| &**phone), now);
        self.tallies.texts_failed += filled.failed;
        Arc::new(filled.texts)
    }
}

/// What an alert speaks of, for the log.
fn words(alert: &Alert) -> String {
    let labels = alert
        .labels
        .iter()
        .filter(|(name, _)| **name != *"alertname");
    labels::written(labels, " ")
}
