//! `inhibit`, `flapping` and `silences`: what keeps alerts back beside windows.

use std::time::Duration;

use super::LONGEST_SILENCE;
use super::census::named;
use super::keys;
use super::patterns::{label_names, list_of};
use super::reach::Reach;
use crate::alert::flap::Damping;
use crate::alert::inhibit::Inhibit;
use crate::alert::matcher::Glob;
use crate::alert::packs;
use crate::config::read::{Findings, Section, Wrong, duration, text};

/// The relations of the packs between rules in force, and those of the operator.
pub(super) fn inhibits(
    found: &mut Findings,
    reach: Reach<'_>,
    section: &Section<'_>,
) -> Box<[Inhibit]> {
    let mut inhibits: Vec<_> = packs::inhibits().into_iter().collect();
    for (spot, node) in section.items(found, "inhibit").unwrap_or_default() {
        let Some(section) = Section::open(found, spot, node, keys::INHIBIT) else {
            continue;
        };
        let mut names = |key| -> Box<[Box<str>]> {
            section.require(found, key);
            let names = list_of(found, &section, key, text);
            for (spot, name) in &names {
                reach.check_rule(found, spot, &Glob::new(name.clone()));
            }
            names.into_iter().map(|(_, name)| name).collect()
        };
        let (when, mute) = (names("when"), names("mute"));
        if let Some(both) = when.iter().find(|name| mute.contains(name)) {
            let what = format!("names `{both}` on both sides, and no alert mutes itself");
            found.fault(
                section.spot_of("mute"),
                Wrong::new(what, "remove it on one side"),
            );
        }
        let same = label_names(found, &section, "same", reach);
        inhibits.push(Inhibit { when, mute, same });
    }
    let in_force = |names: Box<[Box<str>]>| -> Box<[Box<str>]> {
        let names = names.into_iter();
        names
            .filter(|name| named(reach.rules, name).is_some())
            .collect()
    };
    inhibits
        .into_iter()
        .map(|inhibit| Inhibit {
            when: in_force(inhibit.when),
            mute: in_force(inhibit.mute),
            ..inhibit
        })
        .filter(|inhibit| !inhibit.when.is_empty() && !inhibit.mute.is_empty())
        .collect()
}

/// `flapping`.
pub(super) fn flapping(found: &mut Findings, section: &Section<'_>) -> Damping {
    /// Each beginning and end is remembered with its time.
    const MOST: u32 = 100;
    let mut damping = Damping::default();
    let Some(section) = section.section(found, "flapping", keys::FLAPPING) else {
        return damping;
    };
    let changes = section.read(found, "changes", |node| node.number(2, MOST));
    if let Some(changes) = changes.and_then(|changes| u8::try_from(changes.value).ok()) {
        damping.changes = changes;
    }
    if let Some(within) = section.read(found, "within", duration) {
        damping.within = within.value;
    }
    if let Some(calm) = section.read(found, "calm", duration) {
        damping.calm = calm.value;
    }
    damping
}

/// `silences.max_duration`.
pub(super) fn longest_silence(found: &mut Findings, section: &Section<'_>) -> Duration {
    let Some(section) = section.section(found, "silences", keys::SILENCES) else {
        return LONGEST_SILENCE;
    };
    let max = section.read(found, "max_duration", duration);
    max.map_or(LONGEST_SILENCE, |max| max.value)
}
