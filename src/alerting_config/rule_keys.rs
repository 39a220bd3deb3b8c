//! The keys of a rule, as written: every one may be missing.
//!
//! The same keys make a rule of the operator's own and override a ready-made one; labels and annotations
//! are added to what is there, everything else takes its place.

use std::time::Duration;

use super::conditions::{self, Written};
use super::known_labels::KnownLabels;
use super::patterns;
use crate::config::read::{
    Findings, Node, Section, Spot, Wrong, check_letters, duration_or_none, mend, quoted, text, word,
};
use crate::rules::phone_selector::Where;
use crate::rules::rule::{OnUnknown, RESERVED_LABELS, Rule};
use crate::rules::severity;

/// What is said of a rule.
pub(super) struct RuleKeys {
    pub(super) spot: Spot,
    enabled: Option<bool>,
    pub(super) when: Option<Written>,
    only: Option<Where>,
    hold: Option<Duration>,
    min_polls: Option<u32>,
    keep_firing_for: Option<Duration>,
    on_unknown: Option<OnUnknown>,
    inhibits_below: Option<bool>,
    labels: Vec<(Box<str>, Box<str>)>,
    /// Each with its place.
    pub(super) annotations: Vec<(Spot, Box<str>, Box<str>)>,
}

const ON_UNKNOWN: &[(&str, OnUnknown)] = &[
    ("keep", OnUnknown::Keep),
    ("resolve", OnUnknown::Resolve),
    ("fire", OnUnknown::Fire),
];

/// More polls than any patience takes.
const MOST_POLLS: u32 = 1000;

/// The longest text of an annotation, in bytes.
const LONGEST_TEXT: usize = 4096;

impl RuleKeys {
    pub(super) fn read(
        found: &mut Findings,
        known_labels: &KnownLabels<'_>,
        section: &Section<'_>,
    ) -> Self {
        let when = section.read(found, "when", Ok::<&Node, Wrong>);
        let when = when.and_then(|node| {
            let spot = section.spot_of("when");
            conditions::condition(found, known_labels, (&spot, node.value))
        });
        Self {
            spot: section.spot.clone(),
            enabled: value(found, section, "enabled", Node::flag),
            when,
            only: patterns::phones(found, known_labels, section),
            hold: value(found, section, "for", duration_or_none),
            min_polls: value(found, section, "min_polls", |node| {
                node.number(1, MOST_POLLS)
            }),
            keep_firing_for: value(found, section, "keep_firing_for", duration_or_none),
            on_unknown: value(found, section, "on_unknown", |node| word(node, ON_UNKNOWN)),
            inhibits_below: value(found, section, "inhibits_below", Node::flag),
            labels: labels(found, section),
            annotations: annotations(found, section),
        }
    }

    /// The rule as these keys make it.
    pub(super) fn applied_to(&self, mut rule: Rule) -> Rule {
        if let Some(written) = &self.when {
            rule.when = written.condition.clone();
        }
        rule.only = self.only.clone().unwrap_or(rule.only);
        rule.enabled = self.enabled.unwrap_or(rule.enabled);
        rule.hold = self.hold.unwrap_or(rule.hold);
        let longer_than = self.when.as_ref().map(|written| written.longer_than);
        rule.hold = rule.hold.max(longer_than.unwrap_or_default());
        rule.min_polls = self.min_polls.unwrap_or(rule.min_polls);
        rule.keep_firing_for = self.keep_firing_for.unwrap_or(rule.keep_firing_for);
        rule.on_unknown = self.on_unknown.unwrap_or(rule.on_unknown);
        rule.inhibits_below = self.inhibits_below.unwrap_or(rule.inhibits_below);
        let mut labels = rule.labels.into_vec();
        for (name, value) in &self.labels {
            set(&mut labels, name, value);
        }
        rule.labels = labels.into();
        let texts = &mut rule.annotations;
        let mut others = std::mem::take(&mut texts.others).into_vec();
        for (_, name, text) in &self.annotations {
            match &**name {
                "summary" => texts.summary = text.clone(),
                "impact" => texts.impact = text.clone(),
                "first_steps" => texts.first_steps = text.clone(),
                "runbook_url" => texts.runbook_url = text.clone(),
                _ => set(&mut others, name, text),
            }
        }
        texts.others = others.into();
        rule
    }
}

fn set(list: &mut Vec<(Box<str>, Box<str>)>, name: &str, value: &str) {
    match list.iter_mut().find(|(one, _)| **one == *name) {
        Some((_, old)) => *old = value.into(),
        None => list.push((name.into(), value.into())),
    }
}

fn value<'a, T>(
    found: &mut Findings,
    section: &Section<'a>,
    key: &'static str,
    read: impl FnOnce(&'a Node) -> Result<T, Wrong>,
) -> Option<T> {
    section.read(found, key, read).map(|given| given.value)
}

/// `labels` of a rule; those that come from what an alert speaks of are not for it to set.
fn labels(found: &mut Findings, section: &Section<'_>) -> Vec<(Box<str>, Box<str>)> {
    let mut labels = Vec::new();
    for (spot, name, node) in section.named(found, "labels") {
        let label = check_letters(name).and_then(|()| {
            if RESERVED_LABELS.contains(&name) {
                let what = "is a label that the daemon sets itself";
                return Err(Wrong::new(what, "choose another name"));
            }
            text(node)
        });
        let Some(label) = found.keep(spot.clone(), label) else {
            continue;
        };
        // Others are allowed, where somebody routes by them.
        let mistyped = mend(&label, severity::KNOWN.into_iter(), "");
        if name == severity::LABEL && !severity::KNOWN.contains(&&*label) && !mistyped.is_empty() {
            let what = format!("{} is no severity known here", quoted(&label));
            found.warn(spot, Wrong::new(what, mistyped));
        }
        labels.push((name.into(), label));
    }
    labels
}

fn annotations(found: &mut Findings, section: &Section<'_>) -> Vec<(Spot, Box<str>, Box<str>)> {
    let mut annotations = Vec::new();
    for (spot, name, node) in section.named(found, "annotations") {
        let annotation = check_letters(name).and_then(|()| {
            let text = node.text()?;
            if text.len() > LONGEST_TEXT {
                let what = format!("is longer than {LONGEST_TEXT} bytes");
                return Err(Wrong::new(what, "shorten it"));
            }
            Ok(text.into())
        });
        let annotation = found.keep(spot.clone(), annotation);
        annotations.extend(annotation.map(|text| (spot, name.into(), text)));
    }
    annotations
}
