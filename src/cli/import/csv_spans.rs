//! The cells of a CSV text, and the span of each.
//!
//! `csv` has the position of a record but not of its cells: `StringRecord::range` is a range of the
//! unquoted record. Its parser `csv-core` says how much of the text each cell takes; a test holds what
//! is read here against `csv`, through which the configuration reads.

use std::ops::Range;

use csv_core::{ReadFieldResult, ReaderBuilder};

/// A cell without quotes and blanks around it.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) value: String,
    /// What another value replaces: the value where the text has it unchanged, so that quotes and
    /// blanks around it stay, else the whole cell.
    pub(super) span: Range<usize>,
}

/// The cells of one line of the table, or of several where quotes span them.
#[derive(Debug)]
pub(super) struct Record {
    /// Where it begins in the text.
    pub(super) start: usize,
    pub(super) cells: Vec<Cell>,
}

/// The text ends within quotes that were opened in the record that begins here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenQuote {
    pub(super) start: usize,
}

/// The records of a text (RFC 4180), without empty lines and comments, which begin with `#`.
pub(super) fn records(text: &str) -> Result<Vec<Record>, OpenQuote> {
    let mut parser = ReaderBuilder::new().comment(Some(b'#')).build();
    // The last line ends too, so that only quotes stay open at the end.
    let text = format!("{text}\n");
    // No cell is longer than the text.
    let mut unquoted = vec![0; text.len()];
    let mut records = Vec::new();
    let mut cells: Vec<Cell> = Vec::new();
    let (mut at, mut start) = (0, 0);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let (result, read, written) = parser.read_field(rest.as_bytes(), &mut unquoted);
        if cells.is_empty() {
            start = at + skipped(rest);
        }
        let begin = if cells.is_empty() { start } else { at };
        at += read;
        match result {
            ReadFieldResult::Field { record_end } => {
                let value = String::from_utf8_lossy(unquoted.get(..written).unwrap_or_default());
                // The separator is the last byte.
                cells.push(cell(&text, begin..at - 1, value.trim()));
                if record_end {
                    let cells = std::mem::take(&mut cells);
                    records.push(Record { start, cells });
                }
            }
            ReadFieldResult::InputEmpty if begin < at => return Err(OpenQuote { start }),
            ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull | ReadFieldResult::End => {
                return Ok(records);
            }
        }
    }
}

/// The length of what is before the first record: the byte order mark, empty lines, comments.
fn skipped(text: &str) -> usize {
    let mut rest = text;
    loop {
        let before = rest.len();
        rest = rest.trim_start_matches(['\u{FEFF}', '\n', '\r']);
        if rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, behind)| behind);
        }
        if rest.len() == before {
            return text.len() - rest.len();
        }
    }
}

fn cell(text: &str, whole: Range<usize>, value: &str) -> Cell {
    let written = text.get(whole.clone()).unwrap_or_default();
    let is_plain = !value.is_empty() && !value.contains('"');
    let unchanged = written.find(value).filter(|_| is_plain);
    let span = match unchanged {
        Some(offset) => whole.start + offset..whole.start + offset + value.len(),
        None => whole,
    };
    let value = value.to_owned();
    Cell { value, span }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_span_is_the_value_or_else_the_whole_cell() {
        let text = "\u{FEFF}# x\r\n\r\na, b ,\" c \",\"d\"\"\",,\"e\"f\r\n";
        let records = records(text).unwrap();
        let spans = records.iter().flat_map(|record| &record.cells);
        let spans: Vec<_> = spans
            .map(|cell| (&*cell.value, text.get(cell.span.clone()).unwrap()))
            .collect();
        assert_eq!(
            spans,
            [
                ("a", "a"),
                ("b", "b"),
                ("c", "c"),
                ("d\"", "\"d\"\"\""),
                ("", ""),
                ("ef", "\"e\"f"),
            ]
        );
        assert_eq!(records[0].start, text.find('a').unwrap());
    }

    proptest! {
        /// The configuration reads tables through the crate `csv`; both must see the same cells.
        #[test]
        fn cells_are_those_that_the_configuration_reads(text in "\u{FEFF}?[ab \",#\n\r]{0,40}") {
            // As the configuration does.
            let read = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
            let read = format!("{}\n", read.replace("\r\n", "\n").trim_end());
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .trim(csv::Trim::All)
                .comment(Some(b'#'))
                .from_reader(read.as_bytes());
            let expect: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            if let Ok(found) = records(text.trim_end()) {
                let value = |cell: &Cell| cell.value.replace("\r\n", "\n");
                let found: Vec<Vec<String>> = found
                    .iter()
                    .map(|record| record.cells.iter().map(value).collect())
                    .collect();
                prop_assert_eq!(found, expect);
            }
        }

        /// Whatever the text, a replaced cell is read back and no other changes.
        #[test]
        fn a_replaced_span_changes_its_cell_alone(text in "[ab \",#\n\r]{0,40}", nth in 0..8_usize) {
            let Ok(before) = records(&text) else { return Ok(()) };
            let values = |records: &[Record]| -> Vec<Vec<String>> {
                let values = |record: &Record| record.cells.iter().map(|c| c.value.clone()).collect();
                records.iter().map(values).collect()
            };
            let mut expect = values(&before);
            let cells = before.iter().flat_map(|record| &record.cells);
            let Some(cell) = cells.clone().nth(nth) else { return Ok(()) };
            let mut changed = text.clone();
            changed.replace_range(cell.span.clone(), "192.0.2.1");
            if let Some(value) = expect.iter_mut().flatten().nth(nth) {
                "192.0.2.1".clone_into(value);
            }
            prop_assert_eq!(values(&records(&changed).unwrap()), expect);
        }
    }
}
