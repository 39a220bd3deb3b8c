//! The reference of the configuration, `docs/configuration.md`, is what the code knows and says.

use std::collections::BTreeMap;
use std::fs;

use grandstream_exporter::alerting_config::{self, load};
use grandstream_exporter::config::{
    COLUMNS, Effective, Environment, Secrets, effective, known_keys,
};
use tempfile::TempDir;

const REFERENCE: &str = include_str!("../../docs/configuration.md");

/// Where the reference has its examples lie.
const HOME: &str = "/etc/grandstream-exporter";

/// How many cells a row of the reference has.
const CELLS: usize = 6;

/// A row of the reference.
struct Row {
    key: &'static str,
    default: &'static str,
    /// YAML that is refused.
    refused: &'static str,
    /// The fault, without file and line.
    with: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = REFERENCE.lines().filter(|line| line.starts_with("| `"));
    lines.map(row).collect()
}

fn row(line: &'static str) -> Row {
    let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let [key, _, default, _, refused, with] = cells[..] else {
        panic!("not {CELLS} cells: {line}");
    };
    let code = |cell: &'static str| {
        let code = cell
            .strip_prefix("`` ")
            .and_then(|code| code.strip_suffix(" ``"));
        code.unwrap_or_else(|| panic!("no code: {cell}"))
    };
    Row {
        key: key.trim_matches('`'),
        default,
        refused: code(refused),
        with: code(with),
    }
}

/// A directory with this configuration.
fn home(config: &str) -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    fs::write(home.path().join("config.yaml"), config).expect("written");
    home
}

#[test]
fn every_key_has_a_row_and_every_row_a_key() {
    let mut described: Vec<_> = rows().iter().map(|row| row.key.to_owned()).collect();
    let mut known = known_keys();
    known.extend(alerting_config::known_keys());
    described.sort();
    known.sort();
    assert_eq!(described, known);
}

#[test]
fn every_column_of_a_table_is_named() {
    for column in COLUMNS {
        assert!(REFERENCE.contains(&format!("`{column}`")), "{column}");
    }
}

#[test]
fn every_example_is_refused_with_exactly_its_words() {
    let mut wrong = Vec::new();
    for row in rows() {
        let home = home(row.refused);
        let path = home.path().join("config.yaml");
        let faults = match load(&path, &Environment::default(), Secrets::Read) {
            Ok(_) => String::new(),
            Err(faults) => faults.to_string(),
        };
        let faults = faults.replace(&home.path().display().to_string(), HOME);
        let place = format!("{HOME}/config.yaml:1: ");
        let told: Vec<_> = faults
            .lines()
            .filter_map(|line| line.strip_prefix(&place))
            .collect();
        if !told.contains(&row.with) {
            wrong.push(format!(
                "{}: {}\n  {}",
                row.key,
                row.refused,
                told.join("\n  ")
            ));
        }
        let about = row.with.split(": ").next().unwrap_or_default();
        if last_key(about) != last_key(row.key) {
            wrong.push(format!("{}: its example is about {about}", row.key));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The last key of a path, without a position in its list.
fn last_key(path: &str) -> &str {
    let key = path.rsplit('.').next().unwrap_or_default();
    key.split('[').next().unwrap_or_default()
}

#[test]
fn the_defaults_are_those_that_are_built_in() {
    let config = "phones: [ { name: a, address: 192.0.2.1, scheme: https, password: test } ]";
    let home = home(config);
    let path = home.path().join("config.yaml");
    let values = effective(&path, &Environment::default()).expect("no faults");
    let is_built_in = |value: &&Effective| value.origin.is_none();
    let rows: BTreeMap<_, _> = rows().iter().map(|row| (row.key, row.default)).collect();
    let mut checked = 0;
    for value in values.iter().filter(is_built_in) {
        let of_all = rows.get(value.key.as_str());
        let of_a_phone = || rows.get(format!("phones[].{}", value.key).as_str());
        let default = of_all.or_else(of_a_phone).copied().unwrap_or_default();
        let built_in = format!("`{}`", value.value);
        assert!(
            default.starts_with(&built_in),
            "{}: {default} for {built_in}",
            value.key
        );
        checked += 1;
    }
    assert!(checked >= 10, "only {checked} are built in");
}

#[test]
fn every_condition_has_a_row_with_its_keys() {
    const ALERTING: &str = include_str!("../../docs/alerting.md");
    for (name, keys) in alerting_config::known_conditions() {
        let row = ALERTING.lines().find(|line| {
            let first = line.split('|').nth(1).unwrap_or_default();
            first.contains(&format!("`{name}`"))
        });
        let row = row.unwrap_or_else(|| panic!("{name} has no row"));
        let listed = row.split('|').nth(2).unwrap_or_default();
        let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
        assert_eq!(listed.trim(), keys.join(", "), "{name}");
    }
}
