//! Cells of a table and where in its text they stand.
//!
//! What is read is what the configuration reads through the crate `csv`, which does not tell where a
//! cell stands; a test holds the two against each other.

use std::ops::Range;

/// A cell, and where its content stands, without quotes and blanks around it.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) value: String,
    pub(super) at: Range<usize>,
}

/// A quote is opened in the record that begins on this line, and never closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenQuote {
    pub(super) line: u32,
}

/// The cells of one line of the table, or of several where quotes span them.
pub(super) struct Record {
    /// The line on which it begins, from 1.
    pub(super) line: u32,
    pub(super) cells: Vec<Cell>,
}

/// The records of a text, comments and empty lines left out (RFC 4180; a comment begins with `#`).
pub(super) struct Records<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

/// What stands behind a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Cell,
    Line,
}

impl<'a> Records<'a> {
    /// The records of a text; a mark of UTF-8 at its beginning is no part of them.
    pub(super) fn of(text: &'a str) -> Self {
        let at = if text.starts_with('\u{FEFF}') {
            '\u{FEFF}'.len_utf8()
        } else {
            0
        };
        Self { text, at, line: 1 }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Goes on to `at`, counting lines.
    fn go_to(&mut self, at: usize) {
        let passed = self.text.get(self.at..at).unwrap_or_default();
        let lines = passed.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at = at;
    }

    /// The first place from `at` on that holds one of these bytes, or the end.
    fn first_of(&self, at: usize, bytes: &[u8]) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let distance = rest.iter().position(|byte| bytes.contains(byte));
        distance.map_or(self.text.len(), |distance| at + distance)
    }

    fn skip_comments_and_empty_lines(&mut self) {
        while let Some(byte) = self.byte(self.at) {
            match byte {
                b'\n' | b'\r' => self.go_to(self.at + 1),
                b'#' => self.go_to(self.first_of(self.at, b"\n")),
                _ => return,
            }
        }
    }

    /// The cell that begins here; `None` if its quote is never closed.
    fn cell(&mut self) -> Option<(Cell, Behind)> {
        let (inner, end) = if self.byte(self.at) == Some(b'"') {
            let close = self.closing_quote(self.at + 1)?;
            (self.at + 1..close, self.first_of(close, b",\n\r"))
        } else {
            let end = self.first_of(self.at, b",\n\r");
            (self.at..end, end)
        };
        let text = self.text.get(inner.clone()).unwrap_or_default();
        let blanks = text.len() - text.trim_start().len();
        let start = inner.start + blanks;
        let mut value = text.to_owned();
        if inner.end < end {
            // What follows the closing quote belongs to the cell, as readers of tables have it.
            let tail = self.text.get(inner.end + 1..end).unwrap_or_default();
            value = text.replace("\"\"", "\"") + tail;
        }
        let cell = Cell {
            value: value.trim().to_owned(),
            at: start..start + text.trim().len(),
        };
        let behind = match self.byte(end) {
            Some(b',') => Behind::Cell,
            Some(_) | None => Behind::Line,
        };
        self.go_to(self.text.len().min(end + 1));
        Some((cell, behind))
    }

    fn closing_quote(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            at = self.first_of(at, b"\"");
            self.byte(at)?;
            if self.byte(at + 1) != Some(b'"') {
                return Some(at);
            }
            at += 2;
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, OpenQuote>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_comments_and_empty_lines();
        self.byte(self.at)?;
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            let Some((cell, behind)) = self.cell() else {
                self.at = self.text.len();
                return Some(Err(OpenQuote { line }));
            };
            cells.push(cell);
            if behind == Behind::Line {
                return Some(Ok(Record { line, cells }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The configuration reads tables through the crate `csv`; both must see the same cells.
        #[test]
        fn cells_are_those_that_the_configuration_reads(text in "[ab \",#\n\r]{0,40}") {
            // As the configuration does, so that the last line ends like the others.
            let text = format!("{}\n", text.replace("\r\n", "\n").trim_end());
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .trim(csv::Trim::All)
                .comment(Some(b'#'))
                .from_reader(text.as_bytes());
            let expect: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let found: Result<Vec<Vec<String>>, _> = Records::of(&text)
                .map(|record| record.map(|r| r.cells.into_iter().map(|c| c.value).collect()))
                .collect();
            if let Ok(found) = found {
                prop_assert_eq!(found, expect);
            }
        }
    }
}
