//! Tables of phones: comma-separated values (RFC 4180) with a header.
//!
//! Each row becomes the mapping that the same phone would be in YAML: `label.floor` is `floor` under
//! `labels`, `poll.interval` is `interval` under `poll`. An empty cell counts as left out. Lines that
//! begin with `#` are comments.

use std::collections::HashSet;

use super::fault::{Findings, Spot, Wrong, quoted};
use super::keys;
use super::nearest;
use super::section::REMOVE;
use super::tree::{Entry, Node, Value};

/// A column by the keys that lead to its value.
struct Column {
    outer: Box<str>,
    /// `None` where `outer` is the key of the value itself.
    inner: Option<Box<str>>,
}

/// The rows of a table as mappings, each with its line.
pub(super) fn rows(found: &mut Findings, spot: &Spot, text: &str) -> Vec<Node> {
    // One way to end a line, also for the last, so that lines can be counted by what was consumed.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let text = format!("{}\n", text.replace("\r\n", "\n").trim_end());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<Option<Column>>> = None;
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader
        .read_record(&mut record)
        .expect("text in memory is read and is UTF-8")
    {
        let line = line_of(&record, reader.position());
        let here = spot.on(line);
        match &columns {
            None => match header(found, &here, &record) {
                Some(header) => columns = Some(header),
                None => return rows,
            },
            Some(columns) if columns.len() != record.len() => {
                let what = format!("has {} cells for {} columns", record.len(), columns.len());
                let mend = "separate cells by commas, quote those that hold one";
                found.fault(here, Wrong::new(what, mend));
            }
            Some(columns) => rows.push(row(columns, &record, line)),
        }
    }
    rows
}

/// The line on which a record begins, from where the reader stands behind it. The record's own
/// position is that of the comments and empty lines before it.
fn line_of(record: &csv::StringRecord, behind: &csv::Position) -> u32 {
    let within: usize = record.iter().map(|cell| cell.matches('\n').count()).sum();
    let line = behind.line().saturating_sub(1 + within as u64);
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// The columns of the header; where there is none, the first row stands here, and what it says is
/// not repeated, since a password may be part of it. `None` for those with faults. None at all where rows would be of no
/// use, so that they need not be told so each.
fn header(
    found: &mut Findings,
    spot: &Spot,
    record: &csv::StringRecord,
) -> Option<Vec<Option<Column>>> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut columns = Vec::new();
    for (position, name) in record.iter().enumerate() {
        let column = column(name);
        let twice = !seen.insert(name) && column.is_some();
        if twice {
            let what = format!("has {} as a column twice", quoted(name));
            found.fault(spot.clone(), Wrong::new(what, "keep one of them"));
        }
        if column.is_none() {
            let what = format!("has an unknown column, number {}", position + 1);
            let semicolons = "separate columns by commas";
            let otherwise = if name.contains(';') {
                semicolons
            } else {
                REMOVE
            };
            let mend = if found.may_suggest() {
                nearest::mend(name, keys::COLUMNS.iter().copied(), otherwise)
            } else {
                otherwise.to_owned()
            };
            found.fault(spot.clone(), Wrong::new(what, mend));
        }
        columns.push(column.filter(|_| !twice));
    }
    let mut complete = true;
    for required in ["name", "address"] {
        if !seen.contains(required) {
            let what = format!("has no column {}", quoted(required));
            let mend = "begin the table with a header such as name,address,site";
            found.fault(spot.clone(), Wrong::new(what, mend));
            complete = false;
        }
    }
    complete.then_some(columns)
}

fn column(name: &str) -> Option<Column> {
    let (outer, inner) = match name.split_once('.') {
        Some(("label", inner)) => ("labels", Some(inner)),
        _ if !keys::COLUMNS.contains(&name) => return None,
        Some((outer, inner)) => (outer, Some(inner)),
        None => (name, None),
    };
    Some(Column {
        outer: outer.into(),
        inner: inner.map(Into::into),
    })
}

fn row(columns: &[Option<Column>], record: &csv::StringRecord, line: u32) -> Node {
    let mut entries: Vec<Entry> = Vec::new();
    for (column, cell) in columns.iter().zip(record) {
        let Some(column) = column else {
            continue;
        };
        if cell.is_empty() {
            continue;
        }
        let value = Node::cell(cell, line);
        match &column.inner {
            None => entries.push(entry(&column.outer, value)),
            Some(inner) => within(&mut entries, &column.outer, entry(inner, value)),
        }
    }
    map(entries, line)
}

/// Puts `new` into the mapping behind `outer`, which it makes if need be.
fn within(entries: &mut Vec<Entry>, outer: &str, new: Entry) {
    for entry in entries.iter_mut().filter(|entry| *entry.key == *outer) {
        if let Value::Map(inner) = &mut entry.value.value {
            inner.push(new);
            return;
        }
    }
    let line = new.line;
    entries.push(entry(outer, map(vec![new], line)));
}

/// A key on the line of its value.
pub(super) fn entry(key: &str, value: Node) -> Entry {
    let line = value.line;
    let key = key.into();
    Entry { key, line, value }
}

/// A mapping on a line.
pub(super) fn map(entries: Vec<Entry>, line: u32) -> Node {
    let value = Value::Map(entries);
    Node { line, value }
}
