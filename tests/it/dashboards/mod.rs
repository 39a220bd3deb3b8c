//! The dashboards of `grafana/`, held without a Grafana.
//!
//! | file | asks |
//! |---|---|
//! | here | are the committed files what the generator writes? |
//! | `layout` | does each dashboard keep the rules of dashboards that last? |
//! | `queries` | what does each query select, and with which of the choices? |
//! | `planted` | does each of these rules see the fault it is there for? |
//! | `executed`, `house`, `told` | does a real Prometheus answer every query with something? |
//! | `fields` | are the labels that a panel names in what was answered? |
//!
//! What needs Grafana's own types is `make dashboards-check`. How it looks is for eyes.

mod executed;
mod fields;
mod house;
mod layout;
mod planted;
mod queries;
mod told;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A dashboard and the name of its file.
struct Dashboard {
    file: String,
    json: Value,
}

/// All committed dashboards, by name.
fn committed() -> Vec<Dashboard> {
    read(&root().join("grafana/dashboards"))
}

fn read(directory: &Path) -> Vec<Dashboard> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let dashboard = |path: PathBuf| Dashboard {
        file: path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned(),
        json: serde_json::from_str(&fs::read_to_string(&path).expect("text")).expect("JSON"),
    };
    files.into_iter().map(dashboard).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Everything that is wrong with these dashboards, a line each.
fn findings(dashboards: &[Dashboard]) -> Vec<String> {
    let mut wrong = layout::findings(dashboards);
    wrong.extend(queries::findings(dashboards));
    wrong
}

/// The items of a list, none if it is no list.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    list(&dashboard["panels"])
}

#[test]
fn the_committed_dashboards_are_what_the_generator_writes() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = Command::new("/usr/bin/python3")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(root().join("grafana/generator"))
        .arg(directory.path())
        .output()
        .expect("python3 is installed; see scripts/test-tools");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let (written, committed) = (read(directory.path()), committed());
    let names = |all: &[Dashboard]| all.iter().map(|one| one.file.clone()).collect::<Vec<_>>();
    assert_eq!(names(&written), names(&committed));
    let stale: Vec<_> = written
        .iter()
        .zip(&committed)
        .filter(|(written, committed)| written.json != committed.json)
        .map(|(written, _)| written.file.as_str())
        .collect();
    assert!(
        stale.is_empty(),
        "{stale:?}: run python3 grafana/generator and look at what changed"
    );
}

#[test]
fn the_committed_dashboards_keep_every_rule() {
    let dashboards = committed();
    assert_eq!(dashboards.len(), 7);
    let wrong = findings(&dashboards);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_provisioning_files_name_what_is_there() {
    let directory = root().join("grafana/provisioning");
    let parse = |file: &str| -> Value {
        let text = fs::read_to_string(directory.join(file)).expect("a file");
        serde_yaml::from_str(&text).expect("YAML")
    };
    let dashboards = parse("dashboards.yaml");
    let provider = &dashboards["providers"][0];
    assert_eq!(dashboards["apiVersion"], 1);
    assert_eq!(provider["type"], "file");
    assert_eq!(provider["folder"], "Phones");
    let path = text(&provider["options"]["path"]);
    let compose = fs::read_to_string(root().join("packaging/container/compose.yaml"));
    let mounted = format!("../../grafana/dashboards:{path}:ro");
    assert!(compose.expect("a file").contains(&mounted), "{mounted}");
    let datasources = parse("datasource.example.yaml");
    let datasource = &datasources["datasources"][0];
    assert_eq!(datasources["apiVersion"], 1);
    assert_eq!(datasource["type"], "prometheus");
    assert_eq!(datasource["jsonData"]["timeInterval"], "30s");
}

#[test]
fn the_alerts_that_dashboards_name_are_shipped() {
    let shipped = fs::read_to_string(root().join("prometheus/alerts.yml")).expect("alerts");
    for Dashboard { file, json } in committed() {
        let whole = json.to_string();
        for names in whole.split("alertname=~\\\"").skip(1) {
            let (names, _) = names.split_once("\\\"").expect("the names end");
            for name in names.split('|') {
                let rule = format!("- alert: {name}\n");
                assert!(shipped.contains(&rule), "{file}: {name} is no alert");
            }
        }
    }
}
