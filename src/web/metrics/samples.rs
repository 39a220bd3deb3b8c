//! Writes samples: one line each, names and labels copied, label values escaped.
//!
//! Readers of a phone hand over values and labels of their own; the labels of the phone come as text
//! that was escaped once. What is written here is the same in both formats.

use std::io::Write as _;

use crate::fleet::Place;

use super::family::{Family, Format};

/// The samples of one family as they are written.
#[derive(Debug)]
pub struct Samples<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) family: &'static Family,
    pub(super) format: Format,
    /// Labels that go on every sample, escaped; may be empty.
    pub(super) labels: &'a [u8],
    pub(super) progress: &'a mut Progress,
}

/// How far the writing has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The family was announced: that waits for its first sample, so that none stands empty.
    pub(super) announced: bool,
    /// Samples written so far.
    pub(super) samples: u64,
    /// What readers handed over, for `oracle`.
    #[cfg(test)]
    pub(super) handed_over: Vec<HandedOver>,
}

/// A sample as a reader handed it over, without the labels that go on every sample.
#[cfg(test)]
#[derive(Debug)]
pub(super) struct HandedOver {
    pub(super) family: &'static Family,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: Value,
}

/// The value of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Flag(bool),
    Count(u64),
    Integer(i64),
    Number(f64),
}

/// Name and value of a label.
pub(super) type Label<'a> = (&'a str, &'a str);

impl Samples<'_> {
    /// One sample of a truth: 1 or 0.
    pub(super) fn flag(&mut self, labels: &[Label<'_>], value: bool) {
        self.line(labels, Value::Flag(value));
    }

    /// One sample of how many.
    pub(super) fn count(&mut self, labels: &[Label<'_>], value: impl Into<u64>) {
        self.line(labels, Value::Count(value.into()));
    }

    /// One sample of a whole number, which may be below zero.
    pub(super) fn integer(&mut self, labels: &[Label<'_>], value: impl Into<i64>) {
        self.line(labels, Value::Integer(value.into()));
    }

    /// One sample of any number.
    pub(super) fn number(&mut self, labels: &[Label<'_>], value: f64) {
        self.line(labels, Value::Number(value));
    }

    /// One sample whose labels are what it says.
    pub(super) fn info(&mut self, labels: &[Label<'_>]) {
        self.flag(labels, true);
    }

    fn line(&mut self, labels: &[Label<'_>], value: Value) {
        if !self.progress.announced {
            self.progress.announced = true;
            self.family.announce(self.format, self.out);
        }
        self.progress.samples += 1;
        self.out.extend_from_slice(self.family.name.as_bytes());
        let mut separator = b'{';
        if !self.labels.is_empty() {
            self.out.push(separator);
            self.out.extend_from_slice(self.labels);
            separator = b',';
        }
        for label in labels {
            self.out.push(separator);
            push_label(self.out, *label);
            separator = b',';
        }
        if separator == b',' {
            self.out.push(b'}');
        }
        self.out.push(b' ');
        push_value(self.out, value);
        self.out.push(b'\n');
        #[cfg(test)]
        self.progress.handed_over.push(HandedOver {
            family: self.family,
            labels: owned(labels),
            value,
        });
    }
}

/// Appends the labels that go on every sample of a phone.
pub(super) fn push_place(out: &mut Vec<u8>, place: &Place) {
    push_label(out, ("phone", &place.name));
    if let Some(site) = &place.site {
        out.push(b',');
        push_label(out, ("site", site));
    }
    for (name, value) in &place.labels {
        out.push(b',');
        push_label(out, (name, value));
    }
}

fn push_label(out: &mut Vec<u8>, (name, value): Label<'_>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    push_escaped(out, value);
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, value: &str) {
    let bytes = value.as_bytes();
    if !bytes
        .iter()
        .any(|byte| matches!(byte, b'\\' | b'"' | b'\n'))
    {
        out.extend_from_slice(bytes);
        return;
    }
    for &byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'"' => out.extend_from_slice(b"\\\""),
            b'\n' => out.extend_from_slice(b"\\n"),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
fn owned(labels: &[Label<'_>]) -> Vec<(String, String)> {
    let owned = |(name, value): &Label<'_>| ((*name).to_owned(), (*value).to_owned());
    labels.iter().map(owned).collect()
}

fn push_value(out: &mut Vec<u8>, value: Value) {
    match value {
        Value::Flag(value) => out.push(b'0' + u8::from(value)),
        Value::Count(value) => push_integer(out, value),
        Value::Integer(value) => push_integer(out, value),
        Value::Number(value) => push_number(out, value),
    }
}

fn push_integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn push_number(out: &mut Vec<u8>, value: f64) {
    let written = if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
        Ok(())
    } else if value.abs() < 1e15 {
        write!(out, "{value}")
    } else {
        // With an exponent: 1e300 has no business being three hundred digits long.
        write!(out, "{value:?}")
    };
    written.expect("writing to a Vec does not fail");
}
