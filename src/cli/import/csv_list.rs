//! The list that is imported into: a table of phones whose every byte has its place.
//!
//! Rows are read as the configuration reads them (`config::table`), but each cell knows where in the
//! text it stands, so that an address can be replaced and rows be added while comments, the order of
//! columns, quotes, blanks and line ends stay as somebody wrote them.

use std::ops::Range;

use crate::fleet::place::mac_digits;

use super::csv_spans::{Cell, OpenQuote, Record, Records};

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
    address_at: Range<usize>,
}

/// Why the list cannot be imported into.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ListError {
    #[error("line {0} has no column `{1}`; begin the table with a header such as name,address,mac")]
    NoColumn(u32, &'static str),
    #[error("line {0} has {1} cells for {2} columns; correct it first")]
    Cells(u32, usize, usize),
    #[error("line {0} opens a quote that is never closed; correct it first")]
    OpenQuote(u32),
    #[error("line {0} has a mac that is none; write twelve hex digits, as 00:0b:82:12:34:56")]
    Mac(u32),
    #[error("it has no column `{0}`, which --set names; add the column first")]
    UnknownColumn(String),
}

impl CsvList {
    /// Reads a table. One without a row is begun with these columns.
    pub(super) fn read(text: String, columns_if_empty: &[&str]) -> Result<Self, ListError> {
        let mut records = Records::of(&text);
        let Some(header) = records.next().transpose().map_err(open_quote)? else {
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
        let required = |name| position(name).ok_or(ListError::NoColumn(header.line, name));
        let indexes = ColumnIndexes {
            name: required("name")?,
            address: required("address")?,
            mac: position("mac"),
            count: columns.len(),
        };
        let rows = records
            .map(|record| indexes.row(record.map_err(open_quote)?))
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

    /// Whether a row has exactly this in a column.
    pub(super) fn says(&self, row: usize, column: &str, value: &str) -> bool {
        let position = self.columns.iter().position(|known| known == column);
        let cell = position.and_then(|position| self.rows.get(row)?.cells.get(position));
        cell.is_some_and(|cell| cell.value == value)
    }

    /// The text with these rows at another address and these rows added. All else stays.
    pub(super) fn changed(&self, moved: &[(usize, String)], new: &[Vec<String>]) -> String {
        let mut text = self.text.clone();
        let mut addresses: Vec<_> = moved
            .iter()
            .filter_map(|(row, address)| Some((self.rows.get(*row)?.address_at.clone(), address)))
            .collect();
        // From the end, so that what comes before keeps its place.
        addresses.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
        for (at, address) in addresses {
            text.replace_range(at, address);
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

/// Where the columns stand.
struct ColumnIndexes {
    name: usize,
    address: usize,
    mac: Option<usize>,
    count: usize,
}

impl ColumnIndexes {
    fn row(&self, record: Record) -> Result<Row, ListError> {
        let Record { line, cells } = record;
        let (Some(name), Some(address)) = (cells.get(self.name), cells.get(self.address)) else {
            return Err(ListError::Cells(line, cells.len(), self.count));
        };
        if cells.len() != self.count {
            return Err(ListError::Cells(line, cells.len(), self.count));
        }
        let mac = self.mac.and_then(|mac| cells.get(mac));
        let mac = match mac.map(|cell| cell.value.as_str()) {
            None | Some("") => None,
            Some(text) => Some(mac_digits(text).ok_or(ListError::Mac(line))?),
        };
        Ok(Row {
            name: name.value.clone(),
            address: address.value.clone(),
            mac,
            address_at: address.at.clone(),
            cells,
        })
    }
}

fn open_quote(OpenQuote { line }: OpenQuote) -> ListError {
    ListError::OpenQuote(line)
}

/// A cell as it is written: in quotes where it could be taken for something else, as a comment.
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
    fn a_list_without_rows_is_begun() {
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
    fn what_could_be_misread_is_refused_with_its_line() {
        for (text, fault) in [
            ("a,192.0.2.1\n", ListError::NoColumn(1, "name")),
            ("# x\nname,mac\n", ListError::NoColumn(2, "address")),
            ("name,address\n\na\n", ListError::Cells(3, 1, 2)),
            ("name,address\na,b,c\n", ListError::Cells(2, 3, 2)),
            ("name,address\n\"a,b\nc,d\n", ListError::OpenQuote(2)),
            ("name,address,mac\na,b,c\n", ListError::Mac(2)),
        ] {
            let found = CsvList::read(text.to_owned(), &[]).unwrap_err();
            assert_eq!(found, fault, "{text:?}");
        }
    }
}
