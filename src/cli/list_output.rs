//! A list that the daemon returned: a table for people, or for programs the JSON as it came.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::table;

/// One item: its fields that the command uses, and the whole JSON.
pub(super) struct Item<T> {
    pub(super) value: T,
    json: Value,
}

/// Reads every item.
pub(super) fn items<T: DeserializeOwned>(values: Vec<Value>) -> anyhow::Result<Vec<Item<T>>> {
    let item = |json: Value| {
        let value = serde_json::from_value(json.clone())?;
        Ok(Item { value, json })
    };
    values.into_iter().map(item).collect()
}

/// Prints the JSON of the items.
pub(super) fn print_json<T>(items: &[Item<T>]) -> anyhow::Result<()> {
    let values: Vec<_> = items.iter().map(|item| &item.json).collect();
    println_line!("{}", serde_json::to_string_pretty(&values)?)?;
    Ok(())
}

/// Prints a table with this header, a row an item.
pub(super) fn print_table<T>(
    header: &[&str],
    items: &[Item<T>],
    row: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    let rows: Vec<_> = items.iter().map(|item| row(&item.value)).collect();
    for line in table::aligned(header, &rows) {
        println_line!("{line}")?;
    }
    Ok(())
}
