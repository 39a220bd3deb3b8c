//! Rules of dashboards that last: what Grafana's dashboard-linter asks, and what broke elsewhere.
//!
//! Left out of the linter's rules on purpose: `site` may be missing from a phone, so its "All" is
//! `.*`; `job` has none, so that it names the jobs that bring phones and no others; `instance` is
//! chosen only where it tells exporters apart.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Dashboard, list, panels, text};

/// How wide a dashboard is.
const COLUMNS: u64 = 24;

/// What every Grafana can draw without a plugin.
const PANEL_TYPES: [&str; 5] = ["stat", "timeseries", "state-timeline", "bargauge", "table"];

/// The units used; `make dashboards-check` holds them against all that Grafana knows.
const UNITS: [&str; 9] = [
    "none",
    "short",
    "percentunit",
    "s",
    "d",
    "dtdurations",
    "bytes",
    "ops",
    "reqps",
];

/// Told apart with every kind of colour vision; the ground, too.
const COLOURS: [&str; 8] = [
    "#009E73",
    "#E69F00",
    "#D55E00",
    "#0072B2",
    "#56B4E9",
    "#CC79A7",
    "#8E8E8E",
    "transparent",
];

/// Everything that is wrong with these dashboards but their queries.
pub(super) fn findings(dashboards: &[Dashboard]) -> Vec<String> {
    let mut wrong = Vec::new();
    let uids: BTreeSet<&str> = dashboards
        .iter()
        .map(|dashboard| text(&dashboard.json["uid"]))
        .collect();
    if uids.len() != dashboards.len() {
        wrong.push("two dashboards have one uid".to_owned());
    }
    let variables: BTreeMap<&str, BTreeSet<&str>> = dashboards
        .iter()
        .map(|dashboard| (text(&dashboard.json["uid"]), variables(&dashboard.json)))
        .collect();
    for Dashboard { file, json } in dashboards {
        let mut found = head(json);
        found.extend(choices(json));
        found.extend(grid(json));
        found.extend(panels(json).flat_map(panel));
        found.extend(datasources(json, "$"));
        found.extend(links(json, &variables));
        wrong.extend(found.into_iter().map(|what| format!("{file}: {what}")));
    }
    wrong
}

/// The names of the choices at the head of a dashboard.
pub(super) fn variables(dashboard: &Value) -> BTreeSet<&str> {
    list(&dashboard["templating"]["list"])
        .map(|variable| text(&variable["name"]))
        .collect()
}

fn head(dashboard: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rule = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let uid = text(&dashboard["uid"]);
    rule(
        uid.starts_with("grandstream-") && uid.len() <= 40,
        "the uid is not ours, or longer than 40",
    );
    rule(!text(&dashboard["title"]).is_empty(), "no title");
    rule(
        !text(&dashboard["description"]).is_empty(),
        "no description",
    );
    rule(
        dashboard["editable"] == false,
        "editable: changes would be lost at the next provisioning",
    );
    rule(
        list(&dashboard["tags"]).any(|tag| tag == "phones"),
        "without the tag by which the menu finds it",
    );
    rule(
        dashboard["schemaVersion"].as_u64() == Some(39),
        "another schema than the one that was checked",
    );
    for export in ["__inputs", "__requires", "__elements"] {
        rule(
            dashboard.get(export).is_none(),
            "what an export for sharing adds cannot be provisioned",
        );
    }
    rule(dashboard.get("id").is_none(), "an id of some Grafana");
    wrong
}

fn choices(dashboard: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut variables = list(&dashboard["templating"]["list"]);
    let first = variables.next().unwrap_or(&Value::Null);
    if first["name"] != "datasource" || first["type"] != "datasource" {
        wrong.push("the first choice is not the data source".to_owned());
    }
    for variable in variables {
        let name = text(&variable["name"]);
        if variable["refresh"] != 2 {
            wrong.push(format!("${name} is not read anew with the time range"));
        }
        if text(&variable["description"]).is_empty() || text(&variable["label"]).is_empty() {
            wrong.push(format!("${name} is not explained"));
        }
        let several = variable["multi"] == true && variable["includeAll"] == true;
        if !several && ["job", "site", "model", "instance"].contains(&name) {
            wrong.push(format!("${name} cannot be several or all"));
        }
        if ["site", "model"].contains(&name) && variable["allValue"] != ".*" {
            wrong.push(format!("All of ${name} leaves out phones without one"));
        }
    }
    wrong
}

fn grid(dashboard: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut taken = BTreeSet::new();
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for panel in list(&dashboard["panels"]) {
        let title = text(&panel["title"]);
        if !ids.insert(panel["id"].as_u64()) {
            wrong.push(format!("{title}: another panel has this id"));
        }
        if !titles.insert(title) {
            wrong.push(format!("{title}: another panel has this title"));
        }
        let side = |key: &str| panel["gridPos"][key].as_u64().unwrap_or_default();
        let (x, y, width, height) = (side("x"), side("y"), side("w"), side("h"));
        if width == 0 || height == 0 || x + width > COLUMNS {
            wrong.push(format!("{title}: not within the {COLUMNS} columns"));
        }
        let cells = (y..y + height).flat_map(|y| (x..x + width).map(move |x| (x, y)));
        let overlaps = cells.filter(|cell| !taken.insert(*cell)).count();
        if overlaps > 0 {
            wrong.push(format!("{title}: overlaps another panel"));
        }
    }
    wrong
}

fn panel(panel: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let kind = text(&panel["type"]);
    if !PANEL_TYPES.contains(&kind) {
        wrong.push(format!("type {kind:?} needs a plugin"));
    }
    if text(&panel["title"]).is_empty() || !text(&panel["description"]).ends_with('.') {
        wrong.push("no title, or no description in sentences".to_owned());
    }
    let refs: BTreeSet<&str> = list(&panel["targets"])
        .map(|target| text(&target["refId"]))
        .collect();
    if refs.is_empty() || refs.len() != list(&panel["targets"]).count() {
        wrong.push("no query, or two with one refId".to_owned());
    }
    let defaults = &panel["fieldConfig"]["defaults"];
    let in_words = list(&defaults["mappings"]).next().is_some();
    let names_only = panel["options"]["textMode"] == "name";
    if defaults["unit"].is_null() && !in_words && !names_only && kind != "table" {
        wrong.push("numbers without a unit and without words".to_owned());
    }
    if kind == "state-timeline" && !in_words {
        wrong.push("states without words".to_owned());
    }
    if kind == "state-timeline" && panel["options"]["perPage"].as_u64() != Some(20) {
        wrong.push("more rows than a page can show".to_owned());
    }
    wrong.extend(fields(&panel["fieldConfig"]));
    let title = text(&panel["title"]);
    wrong
        .into_iter()
        .map(|what| format!("{title}: {what}"))
        .collect()
}

/// Units and colours, wherever they stand in a panel.
fn fields(part: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(items) = part.as_array() {
        wrong.extend(items.iter().flat_map(fields));
    }
    for (key, value) in part.as_object().into_iter().flatten() {
        let is_unit = key == "unit" || (key == "value" && part["id"] == "unit");
        let is_colour = key == "color" || key == "fixedColor";
        match value.as_str() {
            Some(unit) if is_unit && !UNITS.contains(&unit) => {
                wrong.push(format!("unit {unit:?} is not on the list"));
            }
            Some(colour) if is_colour && !COLOURS.contains(&colour) => {
                wrong.push(format!("colour {colour:?} is not of the palette"));
            }
            Some(_) | None => wrong.extend(fields(value)),
        }
    }
    wrong
}

/// Whatever asks a Prometheus asks the one that was chosen.
fn datasources(part: &Value, path: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (position, item) in list(part).enumerate() {
        wrong.extend(datasources(item, &format!("{path}[{position}]")));
    }
    for (key, value) in part.as_object().into_iter().flatten() {
        let here = format!("{path}.{key}");
        if key != "datasource" {
            wrong.extend(datasources(value, &here));
            continue;
        }
        let chosen = value["type"] == "prometheus" && value["uid"] == "${datasource}";
        let built_in = part["builtIn"] == 1;
        if !chosen && !built_in {
            wrong.push(format!("{here} is {value}, not the chosen one"));
        }
    }
    let asks = part.get("expr").is_some() || part.get("targets").is_some();
    if asks && part.get("datasource").is_none() {
        wrong.push(format!("{path} asks no data source"));
    }
    wrong
}

/// Links to dashboards name one that is there, with choices it has.
fn links(part: &Value, known: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(items) = part.as_array() {
        wrong.extend(items.iter().flat_map(|item| links(item, known)));
    }
    for (key, value) in part.as_object().into_iter().flatten() {
        let Some(target) = value.as_str().and_then(|url| url.strip_prefix("/d/")) else {
            wrong.extend(links(value, known));
            continue;
        };
        let (uid, query) = target.split_once('?').unwrap_or((target, ""));
        let Some(choices) = known.get(uid) else {
            wrong.push(format!("{key} leads to {uid:?}, which is not there"));
            continue;
        };
        let named = query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("var-")?.split('=').next());
        for name in named.filter(|name| !choices.contains(name)) {
            wrong.push(format!("{key} sets ${name}, which {uid} does not have"));
        }
    }
    wrong
}
