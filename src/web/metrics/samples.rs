//! Writes samples: one line each, names and labels copied, label values escaped.
//!
//! The readers of phones pass values and labels of their own; the labels of the phone come as text that
//! was escaped once. Samples are the same in both formats.

use std::io::Write as _;

use crate::fleet::Place;

/// The samples of one family as they are written.
#[derive(Debug)]
pub struct Samples<'a> {
    pub(super) out: &'a mut Vec<u8>,
    /// The name of its samples.
    pub(super) name: &'static str,
    /// Labels that go on every sample, escaped; may be empty.
    pub(super) labels: &'a [u8],
    pub(super) progress: &'a mut FamilyProgress,
}

/// The progress of one family.
#[derive(Debug, Default)]
pub(super) struct FamilyProgress {
    /// The lines before the first sample; they wait for it, so that no family is announced without
    /// samples.
    pub(super) announcement: Option<Vec<u8>>,
    /// Samples written so far.
    pub(super) samples: u64,
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
    /// One sample of 1 or 0.
    pub(super) fn flag(&mut self, labels: &[Label<'_>], value: bool) {
        self.line(labels, Value::Flag(value));
    }

    /// One sample of a number of things.
    pub(super) fn count(&mut self, labels: &[Label<'_>], value: impl Into<u64>) {
        self.line(labels, Value::Count(value.into()));
    }

    /// One sample of an integer.
    pub(super) fn integer(&mut self, labels: &[Label<'_>], value: impl Into<i64>) {
        self.line(labels, Value::Integer(value.into()));
    }

    /// One sample of any number.
    pub(super) fn number(&mut self, labels: &[Label<'_>], value: f64) {
        self.line(labels, Value::Number(value));
    }

    /// One sample whose labels are its content.
    pub(super) fn info(&mut self, labels: &[Label<'_>]) {
        self.flag(labels, true);
    }

    /// Writes one sample.
    pub(super) fn line(&mut self, labels: &[Label<'_>], value: Value) {
        if let Some(lines) = self.progress.announcement.take() {
            self.out.extend_from_slice(&lines);
        }
        self.progress.samples += 1;
        self.out.extend_from_slice(self.name.as_bytes());
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
