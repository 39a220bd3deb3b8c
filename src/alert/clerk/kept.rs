//! What of the clerk's knowledge lies in the store, and taking it back after a restart.
//!
//! Only what differs from what was last written is written again.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::board::{RESTORE_MAX_AGE, SavedAlert, SavedPhase};
use super::super::notify::digest::{SavedGroup, Told};
use super::super::picture::Restored;
use super::super::silence::Silence;
use super::Clerk;
use crate::fleet::Moment;
use crate::fleet::moment::later;
use crate::store::Kind;

/// What was last written, by key.
#[derive(Debug, Default)]
pub(super) struct Kept {
    alerts: BTreeMap<Box<str>, Box<str>>,
    told: BTreeMap<Box<str>, Box<str>>,
}

/// The key of the highest id that a silence ever had, among the silences.
pub(super) const LAST_SILENCE: &str = "last";

impl Clerk {
    /// Puts what changed of the alerts among what is to be written.
    pub(super) fn keep_alerts(&mut self) {
        let saved = self.board.save().into_iter();
        let texts = saved.map(|alert| {
            let key = format!("{:016x} {}", alert.fingerprint, json(&alert.subject));
            (key.into(), json(&alert))
        });
        let now = texts.collect();
        let before = std::mem::replace(&mut self.kept.alerts, now);
        self.unwritten
            .documents
            .extend(differences(Kind::Alert, &before, &self.kept.alerts));
    }

    /// Puts what changed of who was told among what is to be written.
    pub(super) fn keep_told(&mut self) {
        let told = self.mail.told.iter();
        let saved = told.map(|(receiver, told)| (receiver.clone(), told.save()));
        let now = saved
            .filter(|(_, groups)| !groups.is_empty())
            .map(|(receiver, groups)| (receiver, json(&groups)))
            .collect();
        let before = std::mem::replace(&mut self.kept.told, now);
        self.unwritten
            .documents
            .extend(differences(Kind::Told, &before, &self.kept.told));
    }

    pub(super) fn take_back_alerts(&mut self, now: Moment) {
        let kept = self.documents(Kind::Alert);
        let alerts: Vec<SavedAlert> = kept
            .values()
            .filter_map(|text| serde_json::from_str(text).ok())
            .collect();
        self.kept.alerts = kept;
        let saved_at = self.written.unwrap_or(now.wall);
        let too_old = now.wall > later(saved_at, RESTORE_MAX_AGE);
        let known = |alert: &SavedAlert| {
            let mut rules = self.settings.rules.iter();
            rules.any(|rule| rule.fingerprint == alert.fingerprint)
        };
        for alert in &alerts {
            let became = match alert.phase {
                SavedPhase::Resolved { .. } => Restored::Ended,
                _ if !known(alert) => Restored::RuleRemoved,
                _ if too_old => Restored::TooOld,
                SavedPhase::Pending { .. } | SavedPhase::Firing | SavedPhase::Holding { .. } => {
                    Restored::Continued
                }
            };
            *self.tallies.restored.entry(became).or_default() += 1;
        }
        let changes = self.board.restore(alerts, saved_at, now);
        self.render_all(now);
        self.absorb(&changes, now);
        self.keep_alerts();
    }

    pub(super) fn take_back_mail(&mut self, now: Moment) {
        let kept = self.documents(Kind::Told);
        for receiver in &self.settings.receivers {
            let name = &receiver.route.receiver;
            let groups: Vec<SavedGroup> = kept
                .get(name)
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
            let told = Told::restored(groups, now);
            self.mail.told.insert(name.clone(), told);
        }
        self.kept.told = kept;
        self.keep_told();
    }

    pub(super) fn take_back_silences(&mut self) {
        let mut silences = Vec::new();
        for (key, text) in self.documents(Kind::Silence) {
            if *key == *LAST_SILENCE {
                self.last_silence = text.parse().unwrap_or_default();
            } else if let Ok(silence) = serde_json::from_str::<Silence>(&text) {
                silences.push(silence);
            }
        }
        let highest = silences.iter().map(|silence| silence.id).max();
        self.last_silence = self.last_silence.max(highest.unwrap_or_default());
        self.board.with_silences(silences);
    }

    fn documents(&self, kind: Kind) -> BTreeMap<Box<str>, Box<str>> {
        match self.store.documents(kind) {
            Ok(documents) => documents.into_iter().collect(),
            Err(fault) => {
                tracing::error!("What was kept of {kind:?} cannot be read: {fault}");
                BTreeMap::new()
            }
        }
    }
}

/// As it lies in the store.
pub(super) fn json(kept: &impl Serialize) -> Box<str> {
    let text = serde_json::to_string(kept).expect("what is kept has a form in JSON");
    text.into()
}

type Change = (Kind, Box<str>, Option<Box<str>>);

fn differences(
    kind: Kind,
    before: &BTreeMap<Box<str>, Box<str>>,
    after: &BTreeMap<Box<str>, Box<str>>,
) -> Vec<Change> {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let gone = gone.map(|key| (kind, key.clone(), None));
    let new = after
        .iter()
        .filter(|(key, text)| before.get(*key) != Some(text));
    gone.chain(new.map(|(key, text)| (kind, key.clone(), Some(text.clone()))))
        .collect()
}
