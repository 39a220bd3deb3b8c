//! `inhibit_rules`, `flapping` and `silences`: what suppresses alerts beside maintenance windows.

use std::time::Duration;

use super::LONGEST_SILENCE;
use super::keys;
use super::known_labels::named;
use super::match_scope::MatchScope;
use super::patterns::{label_names, matching};
use crate::alerts::flap::Damping;
use crate::config::read::{Findings, Section, Wrong, duration};
use crate::rules::inhibit::InhibitRule;
use crate::rules::matcher::Matcher;
use crate::rules::packs;

/// The inhibition rules of the packs between rules in force, then those of the operator.
pub(super) fn inhibit_rules(
    found: &mut Findings,
    scope: MatchScope<'_>,
    section: &Section<'_>,
) -> Box<[InhibitRule]> {
    let mut rules = packs::inhibit_rules(|name| named(scope.rules, name).is_some());
    for (spot, node) in section.items(found, "inhibit_rules").unwrap_or_default() {
        let Some(section) = Section::open(found, spot, node, keys::INHIBIT_RULE) else {
            continue;
        };
        let mut side = |key| -> Box<[Matcher]> {
            section.require(found, key);
            let node = section.read(found, key, Ok);
            if node.is_some_and(|node| matches!(node.value.list(), Ok([]))) {
                let wrong = Wrong::new("is empty", "write at least one matcher");
                found.fault(section.spot_of(key), wrong);
            }
            matching(found, &section, key, scope)
        };
        let source_matchers = side("source_matchers");
        let target_matchers = side("target_matchers");
        let equal = label_names(found, &section, "equal", scope);
        rules.push(InhibitRule {
            source_matchers,
            target_matchers,
            equal,
        });
    }
    rules.into()
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
