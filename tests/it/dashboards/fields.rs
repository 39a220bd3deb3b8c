//! What panels show by name is in what was answered: columns, legends, links.
//!
//! Grafana shows an empty cell for a label that is not there, and says nothing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::executed::Answers;
use super::{Dashboard, committed, list, panels, text};

/// Everything that these dashboards show by name and was not answered.
pub(super) fn findings(dashboards: &[Dashboard], answers: &Answers) -> Vec<String> {
    let mut wrong = Vec::new();
    for Dashboard { file, json } in dashboards {
        for panel in panels(json) {
            let title = text(&panel["title"]);
            let mut labels = BTreeSet::new();
            for target in list(&panel["targets"]) {
                let place = format!("{file}: {title} {}", text(&target["refId"]));
                wrong.extend(unanswered(&place, &target["legendFormat"], answers));
                let answer = answers.get(&place).expect("it was asked");
                labels.extend(answer.labels.iter().map(String::as_str));
            }
            let found = columns(panel, &labels);
            wrong.extend(found.iter().map(|what| format!("{file}: {title}: {what}")));
        }
        for mark in list(&json["annotations"]["list"]).filter(|mark| mark["builtIn"] != 1) {
            let place = format!("{file}: annotation {}", text(&mark["name"]));
            wrong.extend(unanswered(&place, &mark["titleFormat"], answers));
            wrong.extend(unanswered(&place, &mark["textFormat"], answers));
        }
    }
    wrong
}

/// The labels in this text that the answer does not have.
fn unanswered(place: &str, shown: &Value, answers: &Answers) -> Vec<String> {
    let answer = answers.get(place).expect("it was asked");
    between(text(shown), "{{", "}}")
        .filter(|label| !answer.labels.contains(*label))
        .map(|label| format!("{place}: {{{{{label}}}}} is no label"))
        .collect()
}

/// Columns are fields of the answers, overrides and links speak of columns or labels.
fn columns(panel: &Value, labels: &BTreeSet<&str>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut titles = BTreeSet::new();
    for transformation in list(&panel["transformations"]) {
        let Some(renamed) = transformation["options"]["renameByName"].as_object() else {
            continue;
        };
        let raw = labels.iter().filter(|label| !renamed.contains_key(**label));
        wrong.extend(raw.map(|label| format!("{label:?} is a column without a title")));
        for (field, title) in renamed {
            titles.insert(text(title));
            if !labels.contains(field.as_str()) && !field.starts_with("Value") {
                wrong.push(format!("{field:?} is no field"));
            }
        }
    }
    if panel["type"] == "table" {
        let overrides = list(&panel["fieldConfig"]["overrides"]);
        let named = overrides.map(|one| text(&one["matcher"]["options"]));
        let missing = named.filter(|name| !titles.contains(name));
        wrong.extend(missing.map(|name| format!("{name:?} has cells of its own and is no column")));
    }
    let whole = panel.to_string();
    let of_labels = between(&whole, "${__field.labels.", "}");
    let missing = of_labels.filter(|label| !labels.contains(label));
    wrong.extend(missing.map(|label| format!("{label:?} is no label")));
    let of_columns = between(&whole, "${__data.fields.", "}");
    let missing = of_columns.filter(|title| !titles.contains(title));
    wrong.extend(missing.map(|title| format!("{title:?} is no column")));
    wrong
}

/// What stands between these marks, each time.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open)
        .skip(1)
        .filter_map(move |rest| Some(rest.split_once(close)?.0))
}

/// A wrong name, planted into each of the places where names stand, must be seen.
pub(super) fn planted_faults_are_seen(answers: &Answers) {
    let fleet = committed()
        .into_iter()
        .find(|dashboard| dashboard.file == "fleet.json")
        .expect("the fleet");
    for (from, to, seen) in [
        (
            "\"firmware\":\"Firmware\"",
            "\"version\":\"Firmware\"",
            "\"version\" is no field",
        ),
        (
            "{{server}} registered",
            "{{sip}} registered",
            "{{sip}} is no label",
        ),
        (
            "{{phone}} now runs",
            "{{name}} now runs",
            "{{name}} is no label",
        ),
        (
            "\"scheme\":\"Scheme\"",
            "\"Time\":\"Scheme\"",
            "\"scheme\" is a column without",
        ),
        (
            "__field.labels.site",
            "__field.labels.place",
            "\"place\" is no label",
        ),
        (
            "__data.fields.Phone",
            "__data.fields.Name",
            "\"Name\" is no column",
        ),
    ] {
        let spoilt = fleet.json.to_string().replace(from, to);
        let spoilt = Dashboard {
            file: "fleet.json".to_owned(),
            json: serde_json::from_str(&spoilt).expect("JSON"),
        };
        let wrong = findings(&[spoilt], answers);
        assert!(
            wrong.iter().any(|what| what.contains(seen)),
            "{seen}: {wrong:#?}"
        );
    }
}
