//! What of the engine's knowledge lies in the store, and taking it back after a restart.
//!
//! Only what differs from what was last written is written again.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::super::snapshot::RestoreResult;
use super::{Engine, saved_silence};
use crate::alerts::board::{Alert, RESTORE_MAX_AGE, SavedAlert, SavedPhase};
use crate::alerts::identity::Fingerprint;
use crate::alerts::silence::Silence;
use crate::fleet::Moment;
use crate::fleet::moment::later;
use crate::notify::notification_log::{LogEntry, NotificationLog};
use crate::store::Kind;

/// What was last written, by key.
#[derive(Debug, Default)]
pub(super) struct Kept {
    alerts: BTreeMap<Box<str>, Box<str>>,
    told: BTreeMap<Box<str>, Box<str>>,
}

/// The key of the highest id that a silence ever had, among the silences.
pub(super) const LAST_SILENCE: &str = "last";

impl Engine {
    /// Puts what changed of the alerts among what is to be written.
    pub(super) fn keep_alerts(&mut self) {
        let saved = self.board.save().into_iter();
        let texts = saved.map(|alert| (alert_key(&alert), json(&alert)));
        let now = texts.collect();
        let before = std::mem::replace(&mut self.kept.alerts, now);
        self.unwritten
            .documents
            .extend(differences(Kind::Alert, &before, &self.kept.alerts));
    }

    /// Puts what changed of who was told among what is to be written.
    pub(super) fn keep_told(&mut self) {
        let told = self.mail.told.iter();
        let groups = told.flat_map(|(receiver, told)| {
            let groups = told.save().into_iter();
            groups.map(move |group| (told_key(receiver, &group), json(&group)))
        });
        let now = groups.collect();
        let before = std::mem::replace(&mut self.kept.told, now);
        self.unwritten
            .documents
            .extend(differences(Kind::Told, &before, &self.kept.told));
    }

    pub(super) fn take_back_alerts(&mut self, now: Moment) {
        let kept = self.documents(Kind::Alert);
        let alerts: Vec<SavedAlert> = kept
            .iter()
            .filter_map(|(key, text)| readable(key, text))
            .collect();
        self.kept.alerts = kept;
        let saved_at = self.written.unwrap_or(now.wall);
        let too_old = now.wall > later(saved_at, RESTORE_MAX_AGE);
        let rules = &self.settings.rules;
        let goes_on = |alert: &SavedAlert| rules.heir(&alert.rule, &alert.subject).is_some();
        for alert in &alerts {
            let became = match alert.phase {
                SavedPhase::Resolved { .. } => RestoreResult::Ended,
                _ if !goes_on(alert) => RestoreResult::RuleRemoved,
                _ if too_old => RestoreResult::TooOld,
                SavedPhase::Pending { .. } | SavedPhase::Firing | SavedPhase::Holding { .. } => {
                    RestoreResult::Continued
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
            let told = NotificationLog::restored(groups(name, &kept), now);
            self.mail.told.insert(name.clone(), told);
        }
        self.kept.told = kept;
        self.keep_told();
    }

    pub(super) fn take_back_silences(&mut self) {
        let kept = self.documents(Kind::Silence);
        let (silences, last) = silences(&kept);
        self.last_silence = last;
        self.board.with_silences(silences);
    }

    /// The disk is there again, and what it holds may be old or was never read: alerts, who was told
    /// of what, and silences are taken in then, and all is written that differs.
    pub(super) fn come_back(&mut self, now: Moment) {
        self.kept.alerts = self.documents(Kind::Alert);
        self.kept.told = self.documents(Kind::Told);
        let silences = self.documents(Kind::Silence);
        if std::mem::take(&mut self.unread) {
            self.take_in_alerts(now);
            self.take_in_told(now);
            self.take_in_silences(&silences);
        }
        self.keep_alerts();
        self.keep_told();
        let mine = self.board.silences().iter();
        let mut mine: BTreeMap<_, _> = mine.map(saved_silence::document).collect();
        if self.last_silence > 0 {
            mine.insert(LAST_SILENCE.into(), self.last_silence.to_string().into());
        }
        let changed = differences(Kind::Silence, &silences, &mine);
        self.unwritten.documents.extend(changed);
    }

    /// Takes in what fired, unless it was seen anew meanwhile; what was pending has no clock any more.
    fn take_in_alerts(&mut self, now: Moment) {
        let kept = self.kept.alerts.iter();
        let alerts = kept.filter_map(|(key, text)| readable(key, text));
        let mut alerts: Vec<SavedAlert> = alerts.collect();
        alerts.retain(|alert| {
            let is_it =
                |other: &Alert| other.rule().name == alert.rule && other.subject == alert.subject;
            !matches!(alert.phase, SavedPhase::Pending { .. }) && !self.board.alerts().any(is_it)
        });
        let changes = self.board.restore(alerts, now.wall, now);
        self.render_all(now);
        self.absorb(&changes, now);
    }

    fn take_in_told(&mut self, now: Moment) {
        for (name, told) in &mut self.mail.told {
            for group in groups(name, &self.kept.told) {
                told.again(&group.values, group.told, now);
            }
        }
    }

    /// Theirs get other numbers where ours have been told to somebody.
    fn take_in_silences(&mut self, kept: &BTreeMap<Box<str>, Box<str>>) {
        let (theirs, last) = silences(kept);
        self.last_silence = self.last_silence.max(last);
        let mut all = self.board.silences().to_vec();
        for mut silence in theirs {
            if all.iter().any(|mine| mine.id == silence.id) {
                self.last_silence += 1;
                silence.id = self.last_silence;
            }
            all.push(silence);
        }
        all.sort_by_key(|silence| silence.id);
        self.board.with_silences(all);
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

/// The key of an alert: those of one rule lie together, since they mostly change together.
fn alert_key(alert: &SavedAlert) -> Box<str> {
    format!("{} {}", alert.rule, Fingerprint::of(&alert.labels)).into()
}

/// The key of a group of a receiver, whose name holds no blank: what one group is told is written
/// without the others.
fn told_key(receiver: &str, group: &LogEntry) -> Box<str> {
    format!("{receiver} {}", json(&group.values)).into()
}

/// A saved alert; what another version wrote may be none.
fn readable(key: &str, text: &str) -> Option<SavedAlert> {
    let read = serde_json::from_str(text);
    if let Err(error) = &read {
        tracing::error!("Cannot read the saved alert {key}: {error}; it is judged anew");
    }
    read.ok()
}

/// What a receiver was told, a group a document or, from an earlier program, all of them in one; of
/// what cannot be read the rest.
fn groups(receiver: &str, kept: &BTreeMap<Box<str>, Box<str>>) -> Vec<LogEntry> {
    let is_its = |key: &str| key.split(' ').next() == Some(receiver);
    let texts = kept.iter().filter(|(key, _)| is_its(key));
    let written = texts.flat_map(|(_, text)| match serde_json::from_str(text) {
        Ok(Value::Array(groups)) => groups,
        Ok(group) => vec![group],
        Err(_unreadable) => vec![Value::Null],
    });
    let written: Vec<Value> = written.collect();
    let count = written.len();
    let groups = written.into_iter().map(serde_json::from_value);
    let groups: Vec<_> = groups.filter_map(Result::ok).collect();
    if groups.len() < count {
        tracing::error!(
            receiver,
            "Not all that `{receiver}` was told can be read: another version wrote it; what it was \
             told of may end without a word"
        );
    }
    groups
}

/// The silences among these documents, and the highest id that one ever had.
fn silences(kept: &BTreeMap<Box<str>, Box<str>>) -> (Vec<Silence>, u64) {
    let mut silences = Vec::new();
    let mut last = 0;
    for (key, text) in kept {
        if **key == *LAST_SILENCE {
            last = text.parse().unwrap_or_default();
            continue;
        }
        if let Some(silence) = saved_silence::read(text) {
            silences.push(silence);
        } else {
            tracing::error!("The silence {key} cannot be read: another version wrote it");
        }
    }
    let highest = silences.iter().map(|silence| silence.id).max();
    (silences, last.max(highest.unwrap_or_default()))
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
