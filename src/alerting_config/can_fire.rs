//! Whether a rule can fire at all: a phone it speaks of, and the readings that it needs.
//!
//! What is told here is a warning: the rule is right, and something else would have to change.

use std::collections::BTreeMap;
use std::time::Duration;

use super::known_labels::KnownLabels;
use crate::config::read::{Findings, Spot, Wrong, shown};
use crate::fleet::Place;
use crate::fleet::reading::LineDetail;
use crate::rules::condition::{
    Comparison, Condition, Counted, EachCondition, Fraction, Grouping, PhoneCondition,
};
use crate::rules::phone_selector::{self, Where};
use crate::rules::rule::Rule;

/// Warns of what a rule that was written here lacks.
pub(super) fn check(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    rule: &Rule,
    spot: &Spot,
) {
    match &rule.when {
        Condition::Phone(condition) => {
            if let Some((what, mend)) = of_nobody(known_labels, rule, condition) {
                found.warn(spot.clone(), Wrong::new(what, mend));
            }
            check_phone(found, known_labels, condition, spot);
        }
        Condition::Each(condition) => check_each(found, known_labels, condition, spot),
        Condition::Fraction(fraction) => check_fraction(found, known_labels, rule, fraction, spot),
        Condition::Own(_) if rule.only != Where::default() => {
            let what = "speaks of the daemon, for which `where` has no effect";
            found.warn(spot.clone(), Wrong::new(what, "remove `where`"));
        }
        Condition::Own(_) => {}
    }
}

/// A group that is smaller than `min` never has so many.
fn check_fraction(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    rule: &Rule,
    fraction: &Fraction,
    spot: &Spot,
) {
    let Some(matching) = known_labels.matching(&rule.only) else {
        return;
    };
    if fraction.of == Counted::Unregistered {
        return;
    }
    let mut groups: BTreeMap<&str, u32> = BTreeMap::new();
    for place in matching.filter(|place| !place.portable) {
        let value = match &fraction.by {
            Grouping::Label(label) => phone_selector::label(place, label),
            Grouping::Fleet | Grouping::Server => "all",
        };
        if !value.is_empty() {
            *groups.entry(value).or_default() += 1;
        }
    }
    let largest = groups.into_values().max().unwrap_or_default();
    if largest < fraction.min {
        let what = format!("never fires: no group has more than {largest} phones");
        let mend = format!("lower `min`, which is {}", fraction.min);
        found.warn(spot.clone(), Wrong::new(what, mend));
    }
}

/// Lines are only told one by one where the configuration wants them.
pub(super) fn warn_without_lines(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    spot: &Spot,
) {
    if known_labels.config.metrics.keep.lines != LineDetail::PerLine {
        let what = "looks at single lines, whose state is not kept";
        found.warn(
            spot.clone(),
            Wrong::new(what, "set `metrics.lines: per_line`"),
        );
    }
}

/// Why a condition holds for none of the phones that its rule speaks of, and the mend.
fn of_nobody(
    known_labels: &KnownLabels<'_>,
    rule: &Rule,
    condition: &PhoneCondition,
) -> Option<(String, &'static str)> {
    let polled = matches!(
        condition,
        PhoneCondition::Unreachable | PhoneCondition::UnreachableRatio { .. }
    );
    if polled && none(known_labels, rule, |place| !place.portable) {
        let what = "never fires: every phone it speaks of is portable";
        return Some((what.to_owned(), "use not_seen_for"));
    }
    let absent = matches!(condition, PhoneCondition::NotSeenFor { .. });
    if absent && none(known_labels, rule, |place| place.portable) {
        let what = "never fires: no phone it speaks of is portable";
        let mend = "set `portable: true` there, or use data_older_than";
        return Some((what.to_owned(), mend));
    }
    let PhoneCondition::DataOlderThan { age } = condition else {
        return None;
    };
    let longest = longest_interval(known_labels, rule).filter(|longest| age <= longest)?;
    let longest = shown(longest);
    let what = format!("fires between two polls, which are up to {longest} apart");
    Some((what, "choose a longer time"))
}

/// What is looked for and not read, in the condition or any of its parts.
fn check_phone(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    condition: &PhoneCondition,
    spot: &Spot,
) {
    for part in condition.parts() {
        check_phone(found, known_labels, part, spot);
    }
    if let PhoneCondition::ClockOffset { .. } = condition {
        warn_without_clocks(found, known_labels, spot);
    }
    if let PhoneCondition::Any(each) = condition {
        check_each(found, known_labels, each, spot);
    }
}

fn check_each(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    condition: &EachCondition,
    spot: &Spot,
) {
    match condition {
        EachCondition::AccountNotRegistered { .. } | EachCondition::RegistrationFlapping(_) => {}
        EachCondition::LineState { .. } => warn_without_lines(found, known_labels, spot),
        EachCondition::Metric(comparison) => check_metric(found, known_labels, comparison, spot),
    }
}

fn check_metric(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    comparison: &Comparison,
    spot: &Spot,
) {
    match comparison.family.name {
        "grandstream_time_offset_seconds" => warn_without_clocks(found, known_labels, spot),
        "grandstream_line_state_code" => warn_without_lines(found, known_labels, spot),
        "grandstream_lines" if known_labels.config.metrics.keep.lines == LineDetail::Off => {
            let what = "looks at lines, of which nothing is kept";
            found.warn(spot.clone(), Wrong::new(what, "set `metrics.lines`"));
        }
        _ => {}
    }
}

fn warn_without_clocks(found: &mut Findings, known_labels: &KnownLabels<'_>, spot: &Spot) {
    let zoned = |place: &Place| place.time_zone.is_some();
    let any_zone = known_labels
        .places()
        .is_none_or(|mut places| places.any(zoned));
    if !known_labels.config.metrics.clock || !any_zone {
        let what = "looks at the clocks of phones, which are not read";
        let mend = "set `metrics.clock: true`, and `time_zone` of phones";
        found.warn(spot.clone(), Wrong::new(what, mend));
    }
}

/// Whether the rule speaks of phones and none of them is so.
fn none(known_labels: &KnownLabels<'_>, rule: &Rule, is: impl Fn(&Place) -> bool) -> bool {
    let Some(matching) = known_labels.matching(&rule.only) else {
        return false;
    };
    let mut any = false;
    for place in matching {
        if is(place) {
            return false;
        }
        any = true;
    }
    any
}

fn longest_interval(known_labels: &KnownLabels<'_>, rule: &Rule) -> Option<Duration> {
    known_labels
        .matching(&rule.only)?
        .map(|place| place.interval)
        .max()
}
