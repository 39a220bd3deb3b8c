//! The condition `metric`: a number of the phones' own metrics against a number.

use super::super::known_labels::KnownLabels;
use super::kinds::required;
use super::{Written, at_once};
use crate::config::read::{Findings, Node, Section, Wrong, duration, mend, quoted, text, word};
use crate::fleet::reading::{Coarse, PhoneStatus};
use crate::fleet::{Endpoint, Reason};
use crate::rules::condition::{Comparison, Condition, Operator, Take, Weakness};
use crate::rules::metric::{FAMILIES, Family};

const TAKES: &[(&str, Take)] = &[
    ("min", Take::Min),
    ("max", Take::Max),
    ("avg", Take::Average),
];

/// The longer ones first, since the others begin like them.
const OPERATORS: [Operator; 6] = [
    Operator::AtLeast,
    Operator::AtMost,
    Operator::Equal,
    Operator::NotEqual,
    Operator::Above,
    Operator::Below,
];

pub(super) fn metric(
    found: &mut Findings,
    known_labels: &KnownLabels<'_>,
    section: &Section<'_>,
) -> Option<Written> {
    let family = required(found, section, "name", family);
    let is = required(found, section, "is", comparison);
    let over = section.read(found, "over", duration);
    let take = section.read(found, "take", |node| word(node, TAKES));
    for (key, other) in [("over", "take"), ("take", "over")] {
        if section.has(key) && !section.has(other) {
            let what = format!("needs `{other}`");
            let mend = "write both, as `over: 10m, take: min`, or neither";
            found.fault(section.spot_of(key), Wrong::new(what, mend));
        }
    }
    let family = family?;
    let pick = section.read(found, "pick", |node| picked(family, known_labels, node));
    if section.has("pick") && pick.is_none() {
        return None;
    }
    let (is, bound) = is?;
    let comparison = Comparison {
        family,
        pick: pick.map(|pick| pick.value),
        is,
        bound,
        over: take.zip(over).map(|(take, over)| (take.value, over.value)),
    };
    Some(at_once(Condition::metric(comparison)))
}

fn family(node: &Node) -> Result<&'static Family, Wrong> {
    let name = node.text()?;
    Family::named(name).ok_or_else(|| {
        let what = format!("{} is no metric of a phone that has numbers", quoted(name));
        let known = FAMILIES.iter().map(|family| family.name);
        Wrong::new(what, mend(name, known, "choose one of docs/alerting.md"))
    })
}

/// As `> 70`.
fn comparison(node: &Node) -> Result<(Operator, f64), Wrong> {
    const MEND: &str = "write one of >, >=, <, <=, ==, != and a number, as \"> 70\"";
    let Ok(text) = node.text() else {
        return Err(node.is_not("a comparison", MEND));
    };
    let parsed = OPERATORS.into_iter().find_map(|operator| {
        let number = text.trim().strip_prefix(operator.symbol())?.trim();
        Some((operator, number.parse::<f64>().ok()?))
    });
    match parsed {
        Some((operator, bound)) if bound.is_finite() => Ok((operator, bound)),
        Some(_) | None => Err(Wrong::new(
            format!("{} is no comparison", quoted(text)),
            MEND,
        )),
    }
}

/// One value of the metric's own label, which must be one that it can have.
fn picked(family: &Family, known_labels: &KnownLabels<'_>, node: &Node) -> Result<Box<str>, Wrong> {
    let Some(label) = family.label else {
        let what = format!(
            "has nothing to choose: `{}` is one number a phone",
            family.name
        );
        return Err(Wrong::new(what, "remove it"));
    };
    if matches!(label, "account" | "line") {
        return node.number(1, 99).map(|number| number.to_string().into());
    }
    let value = text(node)?;
    let known = values_of(label, known_labels);
    if known.is_empty() || known.contains(&&*value) {
        return Ok(value);
    }
    let what = format!("{} is no {label} of `{}`", quoted(&value), family.name);
    let all = match label {
        "pvalue" => "add it to `pvalues`, so that it is read".to_owned(),
        _ => format!("write one of {}", known.join(", ")),
    };
    Err(Wrong::new(what, mend(&value, known.into_iter(), &all)))
}

/// The values that a label can have; empty where that is not known.
fn values_of<'a>(label: &str, known_labels: &KnownLabels<'a>) -> Vec<&'a str> {
    match label {
        "endpoint" => Endpoint::ALL.map(Endpoint::label).to_vec(),
        "status" => PhoneStatus::ALL.map(PhoneStatus::label).to_vec(),
        "state" => Coarse::ALL.map(Coarse::label).to_vec(),
        "reason" => Reason::ALL.map(Reason::label).to_vec(),
        "check" => [Weakness::PlainHttp, Weakness::TlsUnverified]
            .map(Weakness::label)
            .to_vec(),
        "pvalue" => {
            let phones = known_labels.config.phones.iter();
            let mut asked: Vec<_> = phones
                .flat_map(|phone| phone.values.iter().map(|value| &**value))
                .collect();
            asked.sort_unstable();
            asked.dedup();
            asked
        }
        _ => Vec::new(),
    }
}
