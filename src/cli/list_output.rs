//! A list that the daemon gave: a table for people, or for programs the JSON as it came.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{phone, println_line};

/// One item, understood and as it came.
pub(super) struct Item<T> {
    pub(super) value: T,
    json: Value,
}

/// All items, each understood.
pub(super) fn items<T: DeserializeOwned>(values: Vec<Value>) -> anyhow::Result<Vec<Item<T>>> {
    let mut items = Vec::new();
    for json in values {
        let value = serde_json::from_value(json.clone())?;
        items.push(Item { value, json });
    }
    Ok(items)
}

/// The items for programs, as they came.
pub(super) fn print_json<T>(items: &[Item<T>]) -> anyhow::Result<()> {
    let values: Vec<_> = items.iter().map(|item| &item.json).collect();
    println_line(format_args!("{}", serde_json::to_string_pretty(&values)?))?;
    Ok(())
}

/// A table with this head, a row an item.
pub(super) fn print_table<T>(
    head: &[&str],
    items: &[Item<T>],
    row: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    let rows: Vec<_> = items.iter().map(|item| row(&item.value)).collect();
    for line in phone::table(head, &rows) {
        println_line(format_args!("{line}"))?;
    }
    Ok(())
}
