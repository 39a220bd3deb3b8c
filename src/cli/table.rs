//! Tables for people: aligned columns of text, a row a line, easy to grep and to cut.

/// What stands in an empty cell, so that columns can be counted.
const EMPTY: &str = "-";

/// Between two columns.
const GAP: &str = "  ";

/// The rows below their header; each line ends without blanks.
pub(super) fn aligned<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let header = header.map(str::to_owned);
    let mut widths = [0; N];
    for row in rows.iter().chain([&header]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(EMPTY.len()).max(*width);
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let cell = if cell.is_empty() { EMPTY } else { cell };
            format!("{cell:width$}")
        });
        let line = cells.collect::<Vec<_>>().join(GAP);
        line.trim_end().to_owned()
    };
    [&header].into_iter().chain(rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_alphabet_and_empty_cells_show() {
        let rows = [
            ["réception".to_owned(), String::new()],
            ["a".to_owned(), "192.0.2.1".to_owned()],
        ];
        let lines = aligned(["NAME", "ADDRESS"], &rows);
        assert_eq!(
            lines,
            ["NAME       ADDRESS", "réception  -", "a          192.0.2.1"]
        );
    }
}
