//! `when`: one kind of condition and what belongs to it, or a combination.
//!
//! Each kind stands in one table with its keys and its reader. A kind of phones, accounts or lines
//! may stand in a combination; one of groups or of the daemon is a rule of its own.

mod kinds;
mod metric;

use std::time::Duration;

use super::known_labels::KnownLabels;
use crate::config::read::{Findings, Node, Section, Spot, Wrong, entries, items, mend, quoted};
use crate::rules::condition::{Condition, PhoneCondition};

use kinds::{KINDS, Reader};

/// A condition as it was written.
pub(super) struct Written {
    pub(super) condition: Condition,
    /// How long it must hold, where the condition itself says so: at least `for` of its rule.
    pub(super) longer_than: Duration,
}

/// What combines conditions.
const COMBINATIONS: [&str; 3] = ["any_of", "all_of", "not"];

/// The names of all kinds and combinations with their keys, for the documentation.
pub fn known_conditions() -> Vec<(&'static str, &'static [&'static str])> {
    let kinds = KINDS.iter().map(|kind| (kind.name, kind.keys));
    kinds
        .chain(COMBINATIONS.map(|name| (name, &[][..])))
        .collect()
}

/// The condition that stands here; `None` if it has faults, which have been told.
pub(super) fn condition(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    (spot, node): (&Spot, &Node),
) -> Option<Written> {
    let entries = entries(found, spot, node)?;
    let [entry] = entries else {
        let what = format!("must say one condition, says {}", entries.len());
        let mend = "write one, or combine several with any_of or all_of";
        found.fault(spot.clone(), Wrong::new(what, mend));
        return None;
    };
    let at = (&spot.below(&entry.key, entry.line), &entry.value);
    let of_phone = |condition| Some(at_once(Condition::Phone(condition)));
    match &*entry.key {
        "any_of" => of_phone(PhoneCondition::AnyOf(parts(found, known_labels, at)?)),
        "all_of" => of_phone(PhoneCondition::AllOf(parts(found, known_labels, at)?)),
        "not" => of_phone(PhoneCondition::Not(Box::new(part(
            found,
            known_labels,
            at,
        )?))),
        name => of_kind(found, known_labels, name, at),
    }
}

fn at_once(condition: Condition) -> Written {
    Written {
        condition,
        longer_than: Duration::ZERO,
    }
}

fn of_kind(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    name: &str,
    (spot, node): (&Spot, &Node),
) -> Option<Written> {
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        let known = KINDS.iter().map(|kind| kind.name).chain(COMBINATIONS);
        let mend = mend(name, known, "choose one of docs/alerting.md");
        let what = format!("{} is no condition", quoted(name));
        found.fault(spot.clone(), Wrong::new(what, mend));
        return None;
    };
    match kind.reader {
        Reader::Plain(condition) => {
            if !node.is_null() {
                Section::open(found, spot.clone(), node, &[][..])?;
            }
            Some(at_once(condition()))
        }
        Reader::Length(read) => {
            let condition = found.keep(spot.clone(), read(node))?;
            Some(at_once(condition))
        }
        Reader::Keys(read) => {
            let empty = Node::empty(node.line);
            let node = if node.is_null() { &empty } else { node };
            let section = Section::open(found, spot.clone(), node, kind.keys)?;
            read(found, known_labels, &section)
        }
    }
}

fn parts(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    (spot, node): (&Spot, &Node),
) -> Option<Box<[PhoneCondition]>> {
    let list = found.keep(spot.clone(), node.list())?;
    if list.is_empty() {
        found.fault(
            spot.clone(),
            Wrong::new("is empty", "write at least one condition"),
        );
        return None;
    }
    let read: Vec<_> = items(spot, list)
        .into_iter()
        .map(|(spot, node)| part(found, known_labels, (&spot, node)))
        .collect();
    read.into_iter().collect()
}

/// A condition within a combination, which speaks of the phone as a whole.
fn part(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    (spot, node): (&Spot, &Node),
) -> Option<PhoneCondition> {
    let written = condition(found, known_labels, (spot, node))?;
    if !written.longer_than.is_zero() {
        let what = "says longer_than within a combination, which lasts as a whole";
        found.fault(
            spot.clone(),
            Wrong::new(what, "write `for: …` at the rule instead"),
        );
        return None;
    }
    match written.condition {
        Condition::Phone(condition) => Some(condition),
        Condition::Each(each) => Some(PhoneCondition::Any(each)),
        Condition::Fraction(_) | Condition::Own(_) => {
            let what = "speaks of no single phone and cannot be combined";
            found.fault(spot.clone(), Wrong::new(what, "make it a rule of its own"));
            None
        }
    }
}
