//! Which alerts a list of matchers can select: those of rules in force, of the phones to which these
//! apply.

use std::collections::BTreeSet;

use super::known_labels::{KnownLabels, PHONE, named};
use crate::config::read::{Findings, Spot, Wrong, mend, quoted};
use crate::fleet::Place;
use crate::rules::condition::{Condition, Fraction, Grouping, Scope};
use crate::rules::matcher::{MatchOp, Matcher};
use crate::rules::packs;
use crate::rules::phone_selector::{self, matcher_of_pattern};
use crate::rules::rule::Rule;
use crate::rules::severity;

/// Labels that are only known once an alert is there.
const OF_READINGS: [&str; 4] = ["account", "line", "server", "receiver"];

/// The label of an alert's name, which is that of its rule.
const ALERTNAME: &str = "alertname";

/// What alerts can be of.
#[derive(Clone, Copy)]
pub(super) struct MatchScope<'a> {
    /// The phones that are listed.
    pub(super) known_labels: &'a KnownLabels<'a>,
    /// Those in force.
    pub(super) rules: &'a [Rule],
}

impl MatchScope<'_> {
    /// Tells names that do not exist, and warns of matchers that no alert can fit.
    pub(super) fn check(self, found: &mut Findings, spot: &Spot, matchers: &[(Spot, Matcher)]) {
        let mut all_known = true;
        for (spot, matcher) in matchers {
            let label = found.keep(spot.clone(), self.check_label(matcher.name()));
            all_known &= label.is_some() && self.check_value(found, spot, matcher);
        }
        let fits = |rule: &Rule| can_fit(self.known_labels, rule, matchers);
        if all_known && !self.rules.iter().any(fits) {
            let what = "fits no alert: no rule in force has these labels";
            found.warn(spot.clone(), Wrong::new(what, "correct or remove it"));
        }
    }

    /// Whether alerts can have a label of this name.
    pub(super) fn check_label(self, name: &str) -> Result<(), Wrong> {
        if self.is_label(name) {
            return Ok(());
        }
        let what = format!("{} is a label of no rule and no phone", quoted(name));
        if self.is_old_name(name) {
            return Err(Wrong::new(what, format!("write {ALERTNAME}")));
        }
        let known = self.known_labels.labels().into_iter().chain(OF_READINGS);
        let known = known.chain([ALERTNAME, severity::LABEL]);
        Err(Wrong::new(what, mend(name, known, "correct or remove it")))
    }

    fn is_label(self, name: &str) -> bool {
        let mut of_rules = self.rules.iter().flat_map(|rule| &rule.labels);
        matches!(name, ALERTNAME | severity::LABEL | PHONE | "site")
            || OF_READINGS.contains(&name)
            || of_rules.any(|(one, _)| **one == *name)
            || self.known_labels.has_label(name) && !self.is_old_name(name)
    }

    /// Whether it is what the label `alertname` was called, and no phone has a label of that name.
    fn is_old_name(self, name: &str) -> bool {
        name == "rule" && !self.known_labels.labels().contains(name)
    }

    /// Holds a matcher of names against those that exist: a name that `=` wants and that does not
    /// exist is a fault, any other a warning. Gives whether some alert can have what it selects.
    fn check_value(self, found: &mut Findings, spot: &Spot, matcher: &Matcher) -> bool {
        let packs = packs::all();
        let of_packs = || packs.iter().flat_map(|pack| &pack.rules);
        let (known, whose) = match matcher.name() {
            ALERTNAME => {
                let rules = self.rules.iter().chain(of_packs());
                (rules.map(|rule| &*rule.name).collect(), "rule")
            }
            label @ (PHONE | "site") => match self.known_labels.values(label) {
                Some(values) => (values, if label == PHONE { "phone" } else { "site" }),
                None => return true,
            },
            _ => return true,
        };
        let exists = check_names(found, spot, matcher, (&known, whose));
        let text = matcher.value();
        let off = matcher.name() == ALERTNAME && named(self.rules, text).is_none();
        if exists && off && matcher.op() == MatchOp::Equal && !text.is_empty() {
            let what = format!("{} is not in force", quoted(text));
            let help = "enable it or its pack, or remove it here";
            found.warn(spot.clone(), Wrong::new(what, help));
            return false;
        }
        exists
    }
}

/// Tells the names in a matcher that are not among those that are known; gives whether it selects
/// one that is, or a label that is not there.
fn check_names(
    found: &mut Findings,
    spot: &Spot,
    matcher: &Matcher,
    (known, whose): (&BTreeSet<&str>, &str),
) -> bool {
    let unknown = |text: &str| {
        let what = match whose {
            "site" => format!("{} is the site of no phone", quoted(text)),
            _ => format!("{} is the name of no {whose}", quoted(text)),
        };
        let names = known.iter().copied().filter(|name| !name.is_empty());
        let otherwise = match whose {
            "rule" => "see `rules list`",
            _ => "correct or remove it",
        };
        let help = match matcher_of_pattern(matcher.name(), text) {
            Some(pattern) => format!("for a pattern write {pattern}"),
            None => mend(text, names, otherwise),
        };
        Wrong::new(what, help)
    };
    match matcher.texts() {
        Some(texts) => {
            let exists = |text: &str| text.is_empty() || known.contains(text);
            for text in texts.iter().filter(|text| !exists(text)) {
                match matcher.op() {
                    MatchOp::Equal => found.fault(spot.clone(), unknown(text)),
                    MatchOp::NotEqual | MatchOp::Regex | MatchOp::NotRegex => {
                        found.warn(spot.clone(), unknown(text));
                    }
                }
            }
        }
        None if !known.iter().any(|name| matcher.accepts(name)) => {
            let what = match whose {
                "site" => "matches the site of no phone".to_owned(),
                _ => format!("matches the name of no {whose}"),
            };
            let wrong = Wrong::new(what, "correct the expression, or remove it");
            found.warn(spot.clone(), wrong);
        }
        None => {}
    }
    matcher.matches("") || known.iter().any(|name| matcher.matches(name))
}

/// Whether an alert of this rule can fit.
fn can_fit(known_labels: &KnownLabels<'_>, rule: &Rule, matchers: &[(Spot, Matcher)]) -> bool {
    let mut of_places = Vec::new();
    for (_, matcher) in matchers {
        let name = matcher.name();
        let own = rule.labels.iter().find(|(label, _)| **label == *name);
        let value = match name {
            ALERTNAME => Some(&*rule.name),
            _ => own.map(|(_, value)| &**value),
        };
        match value {
            Some(value) if !matcher.matches(value) => return false,
            Some(_) => {}
            None if OF_READINGS.contains(&name) => {}
            None => of_places.push(matcher),
        }
    }
    let fits = |place: &Place, value: &dyn Fn(&str) -> bool| {
        let label = |name: &str| {
            let given = value(name);
            if given {
                phone_selector::label(place, name)
            } else {
                ""
            }
        };
        of_places
            .iter()
            .all(|matcher| matcher.matches(label(matcher.name())))
    };
    let any_place = |value: &dyn Fn(&str) -> bool| {
        let places = known_labels.matching(&rule.only);
        places.is_none_or(|mut places| places.any(|place| fits(place, value)))
    };
    if let Condition::Fraction(Fraction {
        by: Grouping::Label(label),
        ..
    }) = &rule.when
    {
        return any_place(&|name| *name == **label);
    }
    if rule.scope() < Scope::Phone {
        return of_places.iter().all(|matcher| matcher.matches(""));
    }
    any_place(&|_| true)
}
