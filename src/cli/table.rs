//! Tables for people: aligned columns of text, a row a line, easy to grep and to cut.
//!
//! Columns are aligned by characters. Cells may hold text of phones: characters that move a cursor
//! are replaced.

use serde_json::Value;

use crate::fleet::text::harmless;

/// What an empty cell shows, so that columns can be counted.
const EMPTY: &str = "-";

/// The rows below their header; nothing without a header. No line ends with blanks.
pub(super) fn aligned<R, S>(header: &[&str], rows: &[R]) -> Vec<String>
where
    R: AsRef<[S]>,
    S: AsRef<str>,
{
    if header.is_empty() {
        return Vec::new();
    }
    let clean = |cell: &str| match cell {
        "" => EMPTY.to_owned(),
        cell => cell.chars().map(harmless).collect(),
    };
    let mut lines: Vec<Vec<String>> = vec![header.iter().map(|cell| clean(cell)).collect()];
    let rows = rows.iter().map(AsRef::as_ref);
    lines.extend(rows.map(|row| row.iter().map(|cell| clean(cell.as_ref())).collect()));
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let padded = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect()
}

/// Rows of JSON: an object, or an array with one a row. Under each header is the field with that name.
pub(super) fn rows_of(header: &[&str], json: &Value) -> Vec<Vec<String>> {
    let items = json.as_array();
    let items = items.map_or(std::slice::from_ref(json), Vec::as_slice);
    let cell = |item: &Value, name: &str| match &item[name.to_lowercase()] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            value.to_string()
        }
    };
    let row = |item| header.iter().map(|name| cell(item, name)).collect();
    items.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_the_fields_of_json() {
        let json = json!([{ "code": null, "line": 1 }, { "code": "x", "line": 2 }]);
        assert_eq!(rows_of(&["LINE", "CODE"], &json), [["1", ""], ["2", "x"]]);
        assert_eq!(rows_of(&["LINE"], &json!({ "line": 3 })), [["3"]]);
    }

    #[test]
    fn columns_are_aligned_by_characters_and_empty_cells_show() {
        let rows = [["réception", "", "x"], ["a\u{1b}[2J", "192.0.2.1", ""]];
        assert_eq!(
            aligned(&["NAME", "ADDRESS", "NOTE"], &rows),
            [
                "NAME       ADDRESS    NOTE",
                "réception  -          x",
                "a\u{FFFD}[2J      192.0.2.1  -"
            ]
        );
    }
}
