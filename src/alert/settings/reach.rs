//! What a `match` can ever speak of: rules in force, and the phones that they speak of.

use super::census::{Census, PHONE, named};
use super::patterns::Matching;
use crate::alert::condition::{Condition, Fraction, Grouping, Scope};
use crate::alert::packs;
use crate::alert::phone_selector::{self, Glob, LabelPatterns};
use crate::alert::rule::Rule;
use crate::alert::severity;
use crate::config::read::{Findings, Spot, Wrong, mend, quoted};
use crate::fleet::Place;

/// Labels that are only known once an alert is there.
const OF_READINGS: [&str; 4] = ["account", "line", "server", "receiver"];

/// What alerts can be of.
#[derive(Clone, Copy)]
pub(super) struct Reach<'a> {
    /// The phones that are listed.
    pub(super) census: &'a Census<'a>,
    /// Those in force.
    pub(super) rules: &'a [Rule],
}

impl Reach<'_> {
    /// Tells names that do not exist, and warns of a `match` that no alert can fit.
    pub(super) fn check(self, found: &mut Findings, spot: &Spot, matching: &Matching) {
        let mut all_known = true;
        for (spot, name, globs) in &matching.0 {
            if found.keep(spot.clone(), self.check_label(name)).is_none() {
                all_known = false;
                continue;
            }
            for (spot, glob) in globs {
                all_known &= match &**name {
                    "alertname" => self.check_rule(found, spot, glob),
                    PHONE | "site" => self.census.check(found, name, (spot, glob)),
                    _ => true,
                };
            }
        }
        let patterns = matching.patterns();
        let mut rules = self.rules.iter();
        if all_known && !rules.any(|rule| can_fit(self.census, rule, &patterns)) {
            let what = "fits no alert: no rule in force has these labels";
            found.warn(spot.clone(), Wrong::new(what, "correct or remove it"));
        }
    }

    /// Whether alerts can have a label of this name.
    pub(super) fn check_label(self, name: &str) -> Result<(), Wrong> {
        if self.is_label(name) {
            return Ok(());
        }
        let known = self.census.labels().into_iter().chain(OF_READINGS);
        let known = known.chain(["alertname", "rule", severity::LABEL]);
        let what = format!("{} is a label of no rule and no phone", quoted(name));
        Err(Wrong::new(what, mend(name, known, "correct or remove it")))
    }

    fn is_label(self, name: &str) -> bool {
        let mut of_rules = self.rules.iter().flat_map(|rule| &rule.labels);
        matches!(name, "alertname" | severity::LABEL | PHONE | "site")
            || OF_READINGS.contains(&name)
            || of_rules.any(|(one, _)| **one == *name)
            || self.census.has_label(name)
    }

    /// Whether a rule of this name is in force; one that does not exist is a fault.
    pub(super) fn check_rule(self, found: &mut Findings, spot: &Spot, glob: &Glob) -> bool {
        let Some(name) = glob.literal() else {
            return true;
        };
        if named(self.rules, name).is_some() {
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
        let known = self.rules.iter().chain(of_packs()).map(|rule| &*rule.name);
        let what = format!("{} is no rule", quoted(name));
        found.fault(
            spot.clone(),
            Wrong::new(what, mend(name, known, "see `rules list`")),
        );
        false
    }
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
        patterns.all(|pattern| fits(pattern, phone_selector::label(place, &pattern.name)))
    };
    let matching = census.matching(&rule.only);
    matching.is_none_or(|mut places| places.any(of_phone))
}

fn fits(pattern: &LabelPatterns, value: &str) -> bool {
    pattern.any_of.iter().any(|glob| glob.matches(value))
}
