//! The shipped rules: they are what the program exports, and Prometheus finds them right.
//!
//! `promtool` is the judge: it reads the files, and runs the cases of `prometheus/tests` in which
//! every alert fires once and stays silent once. Over phones they are run in `firing`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use grandstream_exporter::alert::{Condition, export, packs, promql};

/// The uid that most provisioned data sources have.
const DATASOURCE: &str = "prometheus";

#[test]
fn the_shipped_files_are_what_is_exported() {
    let groups = export::built_in();
    let files = [
        ("prometheus/alerts.yml", export::prometheus(&groups)),
        (
            "prometheus/alertmanager/inhibit.yml",
            export::alertmanager(&groups, &packs::inhibits()),
        ),
        (
            "grafana/provisioning/alerting.yaml",
            export::grafana(&groups, DATASOURCE),
        ),
        ("docs/runbooks.md", export::runbooks()),
    ];
    let mut stale = Vec::new();
    for (path, exported) in files {
        if fs::read_to_string(root().join(path)).unwrap_or_default() == exported {
            continue;
        }
        let name = Path::new(path).file_name().expect("a file");
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&fresh, exported).expect("the directory for tests is writable");
        stale.push(format!("cp {} {path}", fresh.display()));
    }
    assert!(
        stale.is_empty(),
        "look at and take over:\n{}",
        stale.join("\n")
    );
}

#[test]
fn the_command_prints_the_shipped_files() {
    for (format, path) in [
        ("prometheus", "prometheus/alerts.yml"),
        ("alertmanager", "prometheus/alertmanager/inhibit.yml"),
        ("grafana", "grafana/provisioning/alerting.yaml"),
    ] {
        let printed = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"))
            .args(["rules", "export", "--format", format])
            .output()
            .expect("it runs");
        let shipped = fs::read(root().join(path)).expect("a file");
        assert!(printed.stdout == shipped, "{format} differs from {path}");
    }
}

/// Prometheus knows nothing of silences and windows but this metric.
#[test]
fn every_rule_of_phones_leaves_muted_ones_out() {
    let muted = "unless on (phone) grandstream_phone_muted == 1";
    for rule in packs::all().into_iter().flat_map(|pack| pack.rules) {
        let expression = promql::expression(&rule);
        let obeys = match &rule.when {
            // Neither the affected nor all of a group count them.
            Condition::Fraction(_) => {
                expression.matches(muted).count() == expression.matches("count ").count()
            }
            Condition::Phone(_) | Condition::Each(_) => expression.ends_with(muted),
            Condition::Own(_) => !expression.contains("grandstream_phone"),
        };
        assert!(obeys, "{}: {expression}", rule.name);
    }
}

#[test]
fn promtool_finds_the_rules_right() {
    promtool(&["check", "rules", "--lint-fatal", "prometheus/alerts.yml"]);
    promtool(&["check", "rules", "--lint-fatal", "prometheus/recording.yml"]);
}

#[test]
fn every_alert_fires_where_it_should_and_nowhere_else() {
    let cases = cases();
    let mut arguments = vec!["test", "rules"];
    arguments.extend(
        cases
            .iter()
            .map(|path| path.to_str().expect("a plain name")),
    );
    promtool(&arguments);
}

#[test]
fn every_alert_has_a_case_that_fires_and_one_that_does_not() {
    let text: String = cases()
        .iter()
        .map(|path| fs::read_to_string(path).expect("a readable case"))
        .collect();
    let (firing, silent): (BTreeSet<_>, BTreeSet<_>) =
        (with_cases(&text, true), with_cases(&text, false));
    let exported = export::prometheus(&export::built_in());
    for line in exported.lines() {
        let Some(name) = line.trim().strip_prefix("- alert: ") else {
            continue;
        };
        assert!(firing.contains(name), "{name} has no case that fires");
        // The watchdog is there to fire always.
        let has_silent = silent.contains(name) || name == "Watchdog";
        assert!(has_silent, "{name} has no case that does not");
    }
}

/// The alerts that some case expects to fire, or expects not to.
fn with_cases(text: &str, fires: bool) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for case in text.split("expr: ALERTS{alertname=\"").skip(1) {
        let (name, rest) = case.split_once('"').expect("the name ends");
        let (_, expected) = rest.split_once("exp_samples:").expect("samples follow");
        let silent = expected.starts_with(" []");
        if silent != fires {
            found.insert(name);
        }
    }
    found
}

fn cases() -> Vec<PathBuf> {
    let directory = fs::read_dir(root().join("prometheus/tests")).expect("the cases");
    let mut cases: Vec<_> = directory
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    cases.sort();
    cases
}

#[track_caller]
fn promtool(arguments: &[&str]) {
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("promtool is installed; see scripts/test-tools");
    assert!(
        output.status.success(),
        "promtool {arguments:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
