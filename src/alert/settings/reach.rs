//! What a `match` can ever speak of: rules in force, and the phones that they speak of.

use super::census::{Census, PHONE, named};
use super::patterns::Matching;
use crate::alert::condition::{Condition, Fraction, Grouping, Scope};
use crate::alert::matcher::{self, Glob, LabelPatterns};
use crate::alert::packs;
use crate::alert::rule::Rule;
use crate::config::read::{Findings, Spot, Wrong, mend, quoted};
use crate::fleet::Place;

/// Labels that are only known once an alert is there.
const OF_READINGS: [&str; 4] = ["account", "line", "server", "receiver"];

/// Tells names that do not exist, and warns of a `match` that no alert can fit; `key` is where it
/// stands, `rules` are those in force.
pub(super) fn check(
    found: &mut Findings,
    census: &Census<'_>,
    rules: &[Rule],
    (spot, matching): (&Spot, &Matching),
) {
    let mut all_known = true;
    for (spot, name, globs) in &matching.0 {
        if found
            .keep(spot.clone(), check_label((census, rules), name))
            .is_none()
        {
            all_known = false;
            continue;
        }
        for (spot, glob) in globs {
            all_known &= match &**name {
                "alertname" => check_rule(found, rules, (spot, glob)),
                PHONE | "site" => census.check(found, name, (spot, glob)),
                _ => true,
            };
        }
    }
    let patterns = matching.patterns();
    if all_known && !rules.iter().any(|rule| can_fit(census, rule, &patterns)) {
        let what = "fits no alert: no rule in force has these labels";
        found.warn(spot.clone(), Wrong::new(what, "correct or remove it"));
    }
}

/// Whether alerts can have a label of this name.
pub(super) fn check_label(
    (census, rules): (&Census<'_>, &[Rule]),
    name: &str,
) -> Result<(), Wrong> {
    if is_label(census, rules, name) {
        return Ok(());
    }
    let known = census.labels().into_iter().chain(OF_READINGS);
    let known = known.chain(["alertname", "rule", "severity"]);
    let what = format!("{} is a label of no rule and no phone", quoted(name));
    Err(Wrong::new(what, mend(name, known, "correct or remove it")))
}

fn is_label(census: &Census<'_>, rules: &[Rule], name: &str) -> bool {
    let mut of_rules = rules.iter().flat_map(|rule| &rule.labels);
    matches!(name, "alertname" | "severity" | PHONE | "site")
        || OF_READINGS.contains(&name)
        || of_rules.any(|(one, _)| **one == *name)
        || census.has_label(name)
}

/// Whether a rule of this name is in force; one that does not exist is a fault.
pub(super) fn check_rule(
    found: &mut Findings,
    rules: &[Rule],
    (spot, glob): (&Spot, &Glob),
) -> bool {
    let Some(name) = glob.literal() else {
        return true;
    };
    if named(rules, name).is_some() {
        return true;
    }
    let packs = packs::all();
    let of_packs = || packs.iter().flat_map(|pack| &pack.rules);
    if named(of_packs(), name).is_some() {
        let what = format!("{} is not in force", quoted(name));
        let mend = "enable it or its pack, or remove it here";
        found.warn(spot.clone(), Wrong::new(what, mend));
        return false;
    }
    let known = rules.iter().chain(of_packs()).map(|rule| &*rule.name);
    let what = format!("{} is no rule", quoted(name));
    found.fault(
        spot.clone(),
        Wrong::new(what, mend(name, known, "see `rules list`")),
    );
    false
}

/// Whether an alert of this rule can fit.
fn can_fit(census: &Census<'_>, rule: &Rule, patterns: &[LabelPatterns]) -> bool {
    let mut of_places = Vec::new();
    for pattern in patterns {
        let own = rule.labels.iter().find(|(name, _)| *name == pattern.name);
        let value = match &*pattern.name {
            "alertname" => Some(&*rule.name),
            _ => own.map(|(_, value)| &**value),
        };
        match value {
            Some(value) if !fits(pattern, value) => return false,
            Some(_) => {}
            None if OF_READINGS.contains(&&*pattern.name) => {}
            None => of_places.push(pattern),
        }
    }
    let fits_all = |value: &dyn Fn(&str) -> Option<&str>| {
        let mut patterns = of_places.iter();
        patterns.all(|pattern| value(&pattern.name).is_none_or(|value| fits(pattern, value)))
    };
    if let Condition::Fraction(Fraction {
        by: Grouping::Label(label),
        ..
    }) = &rule.when
    {
        return fits_all(&|name| (*name != **label).then_some(""));
    }
    if rule.scope() < Scope::Phone {
        return fits_all(&|_| Some(""));
    }
    let of_phone = |place: &Place| {
        let mut patterns = of_places.iter();
        patterns.all(|pattern| fits(pattern, matcher::label(place, &pattern.name)))
    };
    let matching = census.matching(&rule.only);
    matching.is_none_or(|mut places| places.any(of_phone))
}

fn fits(pattern: &LabelPatterns, value: &str) -> bool {
    pattern.any_of.iter().any(|glob| glob.matches(value))
}
