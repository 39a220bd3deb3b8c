//! Names for people: phones, sites, and the configured labels of their series.
//!
//! A label of ours, or one that Prometheus or Alertmanager sets, cannot be configured: two labels of
//! one name would break the series.

use crate::fleet::Text;

use super::fault::{Findings, Spot, Wrong, quoted};
use super::tree::Node;

/// A configured label.
pub(super) struct Label {
    pub(super) name: Box<str>,
    pub(super) value: Box<str>,
    pub(super) line: u32,
}

/// Label names that cannot be configured, beside `site` and those that begin with `__`.
const RESERVED: &[&str] = &[
    // Of Prometheus and of alerts.
    "alertname",
    "alertstate",
    "instance",
    "job",
    "le",
    "quantile",
    "severity",
    // Of our metrics.
    "account",
    "address",
    "by",
    "cause",
    "check",
    "code",
    "endpoint",
    "firmware",
    "handler",
    "hardware",
    "line",
    "mac",
    "model",
    "phone",
    "pvalue",
    "reason",
    "receiver",
    "result",
    "revision",
    "rule",
    "rustversion",
    "server",
    "state",
    "status",
    "suppressed",
    "user",
    "value",
    "vendor",
    "version",
];

/// A name that is shown and becomes a label value: up to 128 characters that no one has to clean.
pub(crate) fn name(node: &Node) -> Result<Box<str>, Wrong> {
    let text = node.text()?;
    if text.is_empty() {
        return Err(Wrong::new("is empty", "write at least one character"));
    }
    if Text::is_too_long(text) {
        let what = format!("is longer than {} characters", Text::LIMIT);
        return Err(Wrong::new(what, "shorten it"));
    }
    if Text::clean(text).as_str() != text {
        return Err(Wrong::new(
            "holds control characters or blanks at its ends",
            "remove them",
        ));
    }
    Ok(text.into())
}

/// The value of a label.
pub(crate) fn text(node: &Node) -> Result<Box<str>, Wrong> {
    let text = node.text()?;
    if Text::is_too_long(text) {
        let what = format!("is longer than {} characters", Text::LIMIT);
        return Err(Wrong::new(what, "shorten it"));
    }
    Ok(text.into())
}

/// The labels of a phone, a group or `defaults`, from the entries of their mapping.
pub(super) fn labels(found: &mut Findings, entries: Vec<(Spot, &str, &Node)>) -> Vec<Label> {
    let mut labels = Vec::with_capacity(entries.len());
    for (spot, key, node) in entries {
        if node.is_null() {
            continue;
        }
        let line = spot.line.unwrap_or(node.line);
        if let Err(wrong) = check_name(key) {
            found.fault(spot, wrong);
            continue;
        }
        if let Some(value) = found.keep(spot, name(node)) {
            let name = key.into();
            labels.push(Label { name, value, line });
        }
    }
    labels
}

/// Whether a label name is ours, Prometheus' or Alertmanager's, and so cannot be configured. `site`
/// is ours too, and has a key of its own.
pub fn is_reserved_label(name: &str) -> bool {
    name == "site" || name.starts_with("__") || RESERVED.contains(&name)
}

/// Whether Prometheus takes it as the name of a label.
pub(crate) fn check_letters(name: &str) -> Result<(), Wrong> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let valid = name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit());
    if valid {
        return Ok(());
    }
    let what = format!("{} is no label name", quoted(name));
    Err(Wrong::new(
        what,
        "use letters, digits and `_`, no digit first",
    ))
}

fn check_name(name: &str) -> Result<(), Wrong> {
    check_letters(name)?;
    if name == "site" {
        let mend = "write `site: …` beside `labels`";
        return Err(Wrong::new("has a key of its own", mend));
    }
    if is_reserved_label(name) {
        let mend = "choose another name";
        return Err(Wrong::new("is a label name that is in use already", mend));
    }
    Ok(())
}
