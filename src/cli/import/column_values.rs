//! Values for columns of new rows that the source lacks: `--set COLUMN=VALUE`.
//!
//! They also say which part of the fleet the source has: with `--set site=lyon`, rows of other sites
//! are not reported as gone.

use std::str::FromStr;

use super::csv_list::{CsvList, ListError};
use super::plan::NewRow;
use crate::cli::mac::punctuated;
use crate::fleet::Text;

/// A column and its value in new rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnValue {
    column: String,
    value: String,
}

/// Every `--set`; of two for one column the first counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnValues<'a>(pub(super) &'a [ColumnValue]);

/// The placeholder for a device's twelve digits in a value.
const MAC: &str = "{mac}";

/// Columns that divide the fleet into parts.
const PARTS: [&str; 3] = ["site", "group", "credential"];

/// The columns of a new list.
const COLUMNS: [&str; 4] = ["name", "address", "mac", "site"];

impl FromStr for ColumnValue {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some(("mac", _)) => Err("mac comes from the source"),
            Some((column, value)) if !column.is_empty() && Text::clean(value).as_str() == value => {
                Ok(Self {
                    column: column.to_owned(),
                    value: value.to_owned(),
                })
            }
            Some(_) | None => Err("write COLUMN=VALUE, e.g. group=lyon"),
        }
    }
}

impl ColumnValues<'_> {
    /// Reads the list, which must have every column of `--set`; an empty one gets them.
    pub(super) fn list(self, text: String) -> Result<CsvList, ListError> {
        let mut columns = COLUMNS.to_vec();
        for column_value in self.0 {
            if !columns.contains(&column_value.column.as_str()) {
                columns.push(&column_value.column);
            }
        }
        let list = CsvList::read(text, &columns)?;
        match self
            .0
            .iter()
            .find(|column_value| !list.columns().contains(&column_value.column))
        {
            Some(unknown) => Err(ListError::UnknownColumn(unknown.column.clone())),
            None => Ok(list),
        }
    }

    /// The value for a column; `None` without one, or if it needs a MAC and there is none.
    pub(super) fn value(self, column: &str, mac: Option<&str>) -> Option<String> {
        let column_value = self
            .0
            .iter()
            .find(|column_value| column_value.column == column)?;
        match mac {
            Some(mac) => Some(column_value.value.replace(MAC, mac)),
            None => (!column_value.value.contains(MAC)).then(|| column_value.value.clone()),
        }
    }

    /// Whether the source should have a row: it is in the part of the fleet that is imported.
    pub(super) fn expect(self, list: &CsvList, row: usize) -> bool {
        let is_part = |column_value: &&ColumnValue| PARTS.contains(&column_value.column.as_str());
        let mut parts = self.0.iter().filter(is_part);
        parts.all(|column_value| list.has(row, &column_value.column, &column_value.value))
    }

    /// The cells of a new row, in the order of the list's columns.
    pub(super) fn row(self, list: &CsvList, new: &NewRow) -> Vec<String> {
        let mac = new.mac.as_deref();
        let cell = |column: &String| {
            let cell = match column.as_str() {
                "name" => Some(new.name.clone()),
                "address" => Some(new.address.clone()),
                "mac" => mac.map(punctuated),
                "site" => new.site.clone(),
                _ => None,
            };
            cell.or_else(|| self.value(column, mac)).unwrap_or_default()
        };
        list.columns().iter().map(cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column_values(texts: &[&str]) -> Vec<ColumnValue> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn new_rows_take_the_cells_of_the_source_and_then_those_of_set() {
        let set = column_values(&["group=lyon", "site=lyon", "label.asset=gxv-{mac}"]);
        let text = "group,label.asset,site,mac,note,name,address\n";
        let list = ColumnValues(&set).list(text.to_owned()).unwrap();
        let mut new = NewRow {
            name: "lobby".to_owned(),
            address: "192.0.2.1".to_owned(),
            mac: Some("000b82123456".into()),
            site: Some("paris".to_owned()),
        };
        assert_eq!(
            ColumnValues(&set).row(&list, &new),
            [
                "lyon",
                "gxv-000b82123456",
                "paris",
                "00:0b:82:12:34:56",
                "",
                "lobby",
                "192.0.2.1"
            ]
        );
        (new.mac, new.site) = (None, None);
        let row = ColumnValues(&set).row(&list, &new);
        assert_eq!(row, ["lyon", "", "lyon", "", "", "lobby", "192.0.2.1"]);
    }

    #[test]
    fn an_unknown_column_is_an_error_and_a_new_list_gets_it() {
        let set = column_values(&["group=lyon"]);
        let error = ColumnValues(&set)
            .list("name,address\n".to_owned())
            .unwrap_err();
        assert_eq!(error, ListError::UnknownColumn("group".to_owned()));
        let new_list = ColumnValues(&set).list(String::new()).unwrap();
        assert_eq!(
            new_list.columns(),
            ["name", "address", "mac", "site", "group"]
        );
        for text in ["", "group", "=a", "a=b\n", "mac=000b82000001"] {
            assert!(text.parse::<ColumnValue>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn rows_of_another_site_are_not_expected() {
        let set = column_values(&["site=lyon", "label.floor=1"]);
        let text = "name,address,site,label.floor\na,b,lyon,2\nc,d,hq,1\n";
        let list = ColumnValues(&set).list(text.to_owned()).unwrap();
        assert!(ColumnValues(&set).expect(&list, 0));
        assert!(!ColumnValues(&set).expect(&list, 1));
        assert!(ColumnValues(&[]).expect(&list, 1));
    }
}
