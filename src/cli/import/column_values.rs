//! The cells of new rows that no source tells: `--set COLUMN=VALUE`.
//!
//! What is set also says which part of the fleet the source knows: with `--set site=lyon` the rows
//! of other sites are not missed in it.

use std::str::FromStr;

use crate::fleet::Text;

use super::csv_list::{CsvList, ListError};
use super::device::punctuated;
use super::plan::NewRow;

/// A column and what stands there in new rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnValue {
    column: String,
    value: String,
}

/// Every `--set`; of two for one column the first counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnValues<'a>(pub(super) &'a [ColumnValue]);

/// What stands for a device's twelve digits in a value.
const MAC: &str = "{mac}";

/// Columns that say which part of the fleet a row belongs to.
const PARTS: [&str; 3] = ["site", "group", "credential"];

/// The columns that a list is begun with.
const COLUMNS: [&str; 4] = ["name", "address", "mac", "site"];

impl FromStr for ColumnValue {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some(("mac", _)) => Err("the mac is the device's own"),
            Some((column, value)) if !column.is_empty() && Text::clean(value).as_str() == value => {
                Ok(Self {
                    column: column.to_owned(),
                    value: value.to_owned(),
                })
            }
            Some(_) | None => Err("write COLUMN=VALUE, as group=lyon"),
        }
    }
}

impl ColumnValues<'_> {
    /// Reads the list, which must have every column that is set; one without rows is begun so.
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

    /// What is set for a column; `None` if nothing is, or if it wants a hardware address and there
    /// is none.
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

    /// Whether the source should tell of a row: it is of the part of the fleet that is imported.
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
    fn new_rows_take_what_the_source_tells_and_then_what_is_set() {
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
    fn a_column_that_the_list_does_not_have_is_refused_and_a_new_list_gets_it() {
        let set = column_values(&["group=lyon"]);
        let fault = ColumnValues(&set)
            .list("name,address\n".to_owned())
            .unwrap_err();
        assert_eq!(fault, ListError::UnknownColumn("group".to_owned()));
        let begun = ColumnValues(&set).list(String::new()).unwrap();
        assert_eq!(begun.columns(), ["name", "address", "mac", "site", "group"]);
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
