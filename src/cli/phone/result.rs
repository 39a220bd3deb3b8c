//! What a call told, for people and for programs.
//!
//! Tables are padded by characters, and what a phone sent is freed of characters that move a cursor;
//! JSON holds it exactly.

use serde_json::Value;

use crate::fleet::text::harmless;

/// What a call told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CallResult {
    /// Heads of the columns; none where there is nothing to say but that it was done.
    pub(super) columns: &'static [&'static str],
    /// The cells of each row.
    pub(super) rows: Vec<Vec<String>>,
    /// The same for programs.
    pub(super) json: Value,
    /// A document to be printed or saved as it is, instead of a table.
    pub(super) document: Option<String>,
}

impl CallResult {
    /// Nothing but that it was done.
    pub(super) fn done() -> Self {
        Self {
            json: serde_json::json!({ "done": true }),
            ..Self::default()
        }
    }

    /// A table, and the same for programs.
    pub(super) fn table(
        columns: &'static [&'static str],
        rows: Vec<Vec<String>>,
        json: Value,
    ) -> Self {
        Self {
            columns,
            rows,
            json,
            document: None,
        }
    }

    /// The id of what was made.
    pub(super) fn id(id: u32) -> Self {
        Self::table(
            &["ID"],
            vec![vec![id.to_string()]],
            serde_json::json!({ "id": id }),
        )
    }
}

/// A table as lines: columns are as wide as their widest cell, the last as it comes.
pub(in crate::cli) fn table<S: AsRef<str>>(head: &[&str], rows: &[Vec<S>]) -> Vec<String> {
    let clean = |cell: &str| cell.chars().map(harmless).collect::<String>();
    let mut lines: Vec<Vec<String>> = vec![head.iter().map(|cell| clean(cell)).collect()];
    lines.extend(
        rows.iter()
            .map(|row| row.iter().map(|cell| clean(cell.as_ref())).collect()),
    );
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let padded = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_padded_by_characters_and_moves_no_cursor() {
        let rows = vec![vec!["1", "Zoë\u{1b}[2J"], vec!["22", "x"]];
        assert_eq!(
            table(&["ID", "NAME"], &rows),
            ["ID  NAME", "1   Zoë\u{FFFD}[2J", "22  x"]
        );
    }
}
