//! The list `expect`: what P-values of a phone should be.

use crate::fleet::Text;
use crate::fleet::expect::{Expectation, Wanted};

use super::fault::{Findings, Spot, Wrong, quoted};
use super::section::{Section, items};
use super::tree::Node;
use super::{keys, labels, pvalues};

/// Reads the items of a list that stands at `spot`.
pub(super) fn expectations(found: &mut Findings, list: Vec<(Spot, &Node)>) -> Box<[Expectation]> {
    let sections = list.into_iter();
    sections
        .filter_map(|(spot, node)| expectation(found, spot, node))
        .collect()
}

fn expectation(found: &mut Findings, spot: Spot, node: &Node) -> Option<Expectation> {
    let section = Section::open(found, spot, node, keys::EXPECT)?;
    let pvalue = section.read(found, "pvalue", pvalues::key);
    section.require(found, "pvalue");
    let model = section.read(found, "model", labels::name);
    let any_of = any_of(found, &section);
    let at_least = section.read(found, "at_least", version);
    let wanted = match (section.has("any_of"), section.has("at_least")) {
        (true, false) => Wanted::AnyOf(any_of?),
        (false, true) => Wanted::AtLeast(at_least?.value),
        (true, true) | (false, false) => {
            let what = "must say either `any_of` or `at_least`";
            found.fault(section.spot, Wrong::new(what, "write one of them"));
            return None;
        }
    };
    Some(Expectation {
        pvalue: pvalue?.value,
        model: model.map(|model| model.value),
        wanted,
    })
}

fn any_of(found: &mut Findings, section: &Section<'_>) -> Option<Box<[Box<str>]>> {
    let list = section.read(found, "any_of", Node::list)?;
    let spot = section.spot_of("any_of");
    if list.value.is_empty() {
        found.fault(spot, Wrong::new("is empty", "write at least one text"));
        return None;
    }
    let texts = items(&spot, list.value).into_iter();
    let texts = texts.filter_map(|(spot, node)| found.keep(spot, wanted_text(node)));
    Some(texts.collect())
}

/// A text that a phone's cleaned answer can equal.
fn wanted_text(node: &Node) -> Result<Box<str>, Wrong> {
    let text = node.text()?;
    if text.is_empty() || Text::clean(text).as_str() != text {
        let what = "can never be read: empty, too long, or blanks at its ends";
        return Err(Wrong::new(what, "write the value as the phone shows it"));
    }
    Ok(text.into())
}

/// A dotted version.
fn version(node: &Node) -> Result<Box<str>, Wrong> {
    let text = node.text()?;
    let number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    if !text.split('.').all(number) {
        let what = format!("{} is no dotted version", quoted(text));
        return Err(Wrong::new(what, "write numbers and dots, as \"1.0.3.30\""));
    }
    Ok(text.into())
}
