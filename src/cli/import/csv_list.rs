//! The CSV list of phones that is imported into.
//!
//! Rows are read as the configuration reads them (`config::table`), but with the span of each cell, so
//! that addresses are replaced and rows added while every other byte stays: comments, order of columns,
//! quotes, blanks, line ends.

use super::csv_spans::{self, Cell, OpenQuote, Record};
use crate::fleet::place::mac_digits;

/// A table of phones.
#[derive(Debug)]
pub(super) struct CsvList {
    text: String,
    columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) address: String,
    /// Twelve lowercase hex digits.
    pub(super) mac: Option<Box<str>>,
    cells: Vec<Cell>,
    address_column: usize,
}

/// Why the list cannot be imported into.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ListError {
    #[error("line {0}: no column `{1}`; begin the table with a header such as name,address,mac")]
    NoColumn(usize, &'static str),
    #[error("line {0}: {1} cells for {2} columns; correct the line first")]
    Cells(usize, usize, usize),
    #[error("line {0}: a quote is not closed; correct the line first")]
    OpenQuote(usize),
    #[error("line {0}: invalid mac; write twelve hex digits, e.g. 00:0b:82:12:34:56")]
    Mac(usize),
    #[error("no column `{0}` for --set; add the column first")]
    UnknownColumn(String),
}

impl CsvList {
    /// Reads a table. An empty one gets a header with these columns.
    pub(super) fn read(text: String, columns_if_empty: &[&str]) -> Result<Self, ListError> {
        let records = csv_spans::records(&text)
            .map_err(|OpenQuote { start }| ListError::OpenQuote(line_of(&text, start)))?;
        let mut records = records.into_iter();
        let Some(header) = records.next() else {
            let mut text = text;
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&columns_if_empty.join(","));
            text.push('\n');
            let columns = columns_if_empty.iter().map(|&c| c.to_owned()).collect();
            let rows = Vec::new();
            return Ok(Self {
                text,
                columns,
                rows,
            });
        };
        let columns: Vec<String> = header.cells.into_iter().map(|cell| cell.value).collect();
        let position = |name: &str| columns.iter().position(|column| column == name);
        let required = |name| {
            position(name).ok_or_else(|| ListError::NoColumn(line_of(&text, header.start), name))
        };
        let indexes = ColumnIndexes {
            name: required("name")?,
            address: required("address")?,
            mac: position("mac"),
            count: columns.len(),
        };
        let rows = records
            .map(|record| indexes.row(&text, record))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text,
            columns,
            rows,
        })
    }

    /// The names of the columns, in their order.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether a row has this value in a column.
    pub(super) fn has(&self, row: usize, column: &str, value: &str) -> bool {
        let position = self.columns.iter().position(|known| known == column);
        let cell = position.and_then(|position| self.rows.get(row)?.cells.get(position));
        cell.is_some_and(|cell| cell.value == value)
    }

    /// The text with new addresses for some rows, and with new rows. All else stays.
    pub(super) fn changed(&self, moved: &[(usize, String)], new: &[Vec<String>]) -> String {
        let mut text = self.text.clone();
        let mut addresses: Vec<_> = moved
            .iter()
            .filter_map(|(row, address)| {
                let row = self.rows.get(*row)?;
                Some((row.cells.get(row.address_column)?.span.clone(), address))
            })
            .collect();
        // From the end, so that the spans before it stay valid.
        addresses.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        for (span, address) in addresses {
            text.replace_range(span, address);
        }
        let line_end = if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        if !new.is_empty() && !text.ends_with('\n') {
            text.push_str(line_end);
        }
        for cells in new {
            let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
            text.push_str(&cells.join(","));
            text.push_str(line_end);
        }
        text
    }
}

/// The positions of the columns.
struct ColumnIndexes {
    name: usize,
    address: usize,
    mac: Option<usize>,
    count: usize,
}

impl ColumnIndexes {
    fn row(&self, text: &str, record: Record) -> Result<Row, ListError> {
        let Record { start, cells } = record;
        let (Some(name), Some(address)) = (cells.get(self.name), cells.get(self.address)) else {
            return Err(ListError::Cells(
                line_of(text, start),
                cells.len(),
                self.count,
            ));
        };
        if cells.len() != self.count {
            return Err(ListError::Cells(
                line_of(text, start),
                cells.len(),
                self.count,
            ));
        }
        let mac = self.mac.and_then(|mac| cells.get(mac));
        let mac = match mac.map(|cell| cell.value.as_str()) {
            None | Some("") => None,
            Some(mac) => {
                let invalid = || ListError::Mac(line_of(text, start));
                Some(mac_digits(mac).ok_or_else(invalid)?)
            }
        };
        Ok(Row {
            name: name.value.clone(),
            address: address.value.clone(),
            mac,
            address_column: self.address,
            cells,
        })
    }
}

/// The line of an offset, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    let before = text.bytes().take(offset);
    1 + before.filter(|byte| *byte == b'\n').count()
}

/// A cell as it is written: in quotes where it needs them.
fn quoted(cell: &str) -> String {
    let plain = !cell.contains(['"', ',', '\n', '\r']) && !cell.starts_with('#');
    if plain && cell.trim() == cell {
        return cell.to_owned();
    }
    format!("\"{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: &str = "\u{FEFF}# by Anna, do not sort\r\n\
        name , label.floor,address,mac,note\r\n\
        \r\n\
        reception,1, 192.0.2.21:8080 ,00:0B:82:12:34:56,\"moves, often\"\r\n\
        \"the \"\"hall\"\"\",2,\"192.0.2.22\",,\"two\r\nlines\"\r\n\
        # the end";

    fn read(text: &str) -> CsvList {
        CsvList::read(text.to_owned(), &["name", "address", "mac"]).unwrap()
    }

    #[test]
    fn only_the_address_changes_and_every_other_byte_stays() {
        let list = read(KEPT);
        assert_eq!(
            list.columns(),
            ["name", "label.floor", "address", "mac", "note"]
        );
        assert_eq!(list.rows[0].mac.as_deref(), Some("000b82123456"));
        assert_eq!(list.rows[1].name, "the \"hall\"");
        assert_eq!(list.changed(&[], &[]), KEPT);
        let moved = [
            (0, "192.0.2.200:8080".to_owned()),
            (1, "192.0.2.3".to_owned()),
        ];
        let new = ["#1", "", "192.0.2.4", "", "a \"b\", c"].map(str::to_owned);
        let expect = KEPT
            .replace("192.0.2.21:8080", "192.0.2.200:8080")
            .replace("192.0.2.22", "192.0.2.3")
            + "\r\n\"#1\",,192.0.2.4,,\"a \"\"b\"\", c\"\r\n";
        assert_eq!(list.changed(&moved, &[new.to_vec()]), expect);
    }

    #[test]
    fn an_empty_list_gets_a_header() {
        for text in ["", "# nothing yet\n", "# nothing yet"] {
            let list = read(text);
            let new = ["a", "192.0.2.1", ""].map(str::to_owned);
            let changed = list.changed(&[], &[new.to_vec()]);
            assert!(
                changed.ends_with("name,address,mac\na,192.0.2.1,\n"),
                "{changed}"
            );
            assert!(changed.starts_with(text));
        }
    }

    #[test]
    fn invalid_lists_are_refused_with_the_line() {
        for (text, error) in [
            ("a,192.0.2.1\n", ListError::NoColumn(1, "name")),
            ("# x\nname,mac\n", ListError::NoColumn(2, "address")),
            ("name,address\n\na\n", ListError::Cells(3, 1, 2)),
            ("name,address\na,b,c\n", ListError::Cells(2, 3, 2)),
            ("name,address\n\"a,b\nc,d\n", ListError::OpenQuote(2)),
            ("name,address,mac\na,b,c\n", ListError::Mac(2)),
        ] {
            let found = CsvList::read(text.to_owned(), &[]).unwrap_err();
            assert_eq!(found, error, "{text:?}");
        }
    }
}
