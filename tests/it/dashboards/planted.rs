//! Faults planted into the committed dashboards, one a rule: each must be found, and named.
//!
//! A rule that sees nothing is worse than none. Nearly all of these happened to somebody's
//! dashboards.

use serde_json::{Value, json};

use super::{committed, findings};

/// Plants a fault into one dashboard; some finding must hold `expected`.
#[track_caller]
fn check(file: &str, plant: impl Fn(&mut Value), expected: &str) {
    let mut dashboards = committed();
    let spoilt = dashboards
        .iter_mut()
        .find(|dashboard| dashboard.file == file)
        .expect("a dashboard of this name");
    plant(&mut spoilt.json);
    let found = findings(&dashboards);
    assert!(
        found.iter().any(|what| what.contains(expected)),
        "{expected:?} is not among {found:#?}"
    );
}

/// The first panel of this type.
fn panel<'a>(dashboard: &'a mut Value, kind: &str) -> &'a mut Value {
    let panels = dashboard["panels"].as_array_mut().expect("panels");
    panels
        .iter_mut()
        .find(|panel| panel["type"] == kind)
        .expect("a panel of this type")
}

fn replace(dashboard: &mut Value, from: &str, to: &str) {
    let text = dashboard.to_string();
    assert!(text.contains(from), "nothing to spoil: {from}");
    *dashboard = serde_json::from_str(&text.replace(from, to)).expect("JSON");
}

#[test]
fn a_metric_that_was_renamed_is_found() {
    check(
        "fleet.json",
        |fleet| replace(fleet, "grandstream_login_blocked", "grandstream_login_held"),
        "\"grandstream_login_held\" is no metric",
    );
}

#[test]
fn a_query_that_cannot_be_parsed_is_found() {
    check(
        "site.json",
        |site| replace(site, "quantile(0.95, ", "quantile(0.95 "),
        "How long polls take B",
    );
}

#[test]
fn a_counter_without_its_rate_and_a_rate_without_a_counter_are_found() {
    check(
        "phone.json",
        |phone| {
            replace(
                phone,
                "sum(rate(grandstream_logins_total",
                "sum((grandstream_logins_total",
            );
            replace(
                phone,
                "phone=\\\"$phone\\\"}[$__rate_interval])) * 60",
                "phone=\\\"$phone\\\"})) * 60",
            );
        },
        "grandstream_logins_total only rises",
    );
    check(
        "exporter.json",
        |exporter| {
            replace(
                exporter,
                "rate(process_cpu_seconds_total",
                "rate(process_open_fds",
            );
        },
        "process_open_fds is no counter",
    );
}

#[test]
fn a_rate_over_a_fixed_window_is_found() {
    check(
        "exporter.json",
        |exporter| replace(exporter, "$__rate_interval", "5m"),
        "process_cpu_seconds_total: not over [$__rate_interval]",
    );
}

#[test]
fn a_query_of_all_jobs_is_found() {
    check(
        "exporter.json",
        |exporter| replace(exporter, "up{job=~\\\"$job\\\", ", "up{"),
        "Exporter A: up of any job",
    );
}

#[test]
fn a_choice_that_is_not_declared_or_chooses_nothing_is_found() {
    check(
        "site.json",
        |site| replace(site, "model!~\\\"$model\\\"", "model!~\\\"$modle\\\""),
        "$modle is not declared",
    );
    check(
        "site.json",
        |site| replace(site, "$model", ".*"),
        "$model chooses nothing",
    );
}

#[test]
fn a_choice_that_goes_stale_or_leaves_phones_out_is_found() {
    let choice = |at: usize, key: &'static str, value: Value| {
        move |fleet: &mut Value| fleet["templating"]["list"][at][key] = value.clone()
    };
    check(
        "fleet.json",
        choice(2, "refresh", json!(1)),
        "$site is not read anew",
    );
    check(
        "fleet.json",
        choice(2, "allValue", json!(".+")),
        "All of $site leaves out",
    );
    check(
        "fleet.json",
        choice(1, "multi", json!(false)),
        "$job cannot be several",
    );
    check(
        "fleet.json",
        choice(3, "description", json!("")),
        "$model is not explained",
    );
    check(
        "fleet.json",
        choice(0, "name", json!("ds")),
        "not the data source",
    );
}

#[test]
fn a_data_source_that_is_somebody_elses_is_found() {
    for uid in ["P1809F7CD0C75ACF3", "${DS_PROMETHEUS}"] {
        check(
            "fleet.json",
            |fleet| panel(fleet, "stat")["targets"][0]["datasource"]["uid"] = json!(uid),
            "not the chosen one",
        );
    }
    check(
        "fleet.json",
        |fleet| panel(fleet, "table")["datasource"] = json!(null),
        "not the chosen one",
    );
    check(
        "fleet.json",
        |fleet| {
            let target = &mut panel(fleet, "table")["targets"][0];
            target
                .as_object_mut()
                .expect("a query")
                .remove("datasource");
        },
        "asks no data source",
    );
}

#[test]
fn what_an_export_leaves_behind_is_found() {
    check(
        "fleet.json",
        |fleet| fleet["__inputs"] = json!([]),
        "cannot be provisioned",
    );
    check(
        "fleet.json",
        |fleet| fleet["id"] = json!(7),
        "an id of some Grafana",
    );
    check(
        "fleet.json",
        |fleet| fleet["editable"] = json!(true),
        "changes would be lost",
    );
    check(
        "fleet.json",
        |fleet| fleet["schemaVersion"] = json!(42),
        "another schema",
    );
    check(
        "fleet.json",
        |fleet| fleet["tags"] = json!([]),
        "without the tag",
    );
    check(
        "fleet.json",
        |fleet| fleet["description"] = json!(""),
        "no description",
    );
    check(
        "fleet.json",
        |fleet| fleet["uid"] = json!("grandstream-site"),
        "two dashboards have one uid",
    );
    check(
        "fleet.json",
        |fleet| fleet["uid"] = json!("fleet"),
        "the uid is not ours",
    );
}

#[test]
fn panels_that_collide_are_found() {
    check(
        "fleet.json",
        |fleet| fleet["panels"][1]["gridPos"]["x"] = json!(0),
        "overlaps another panel",
    );
    check(
        "fleet.json",
        |fleet| fleet["panels"][1]["gridPos"]["w"] = json!(30),
        "not within the 24 columns",
    );
    check(
        "fleet.json",
        |fleet| fleet["panels"][1]["id"] = json!(1),
        "another panel has this id",
    );
    check(
        "fleet.json",
        |fleet| fleet["panels"][1]["title"] = fleet["panels"][0]["title"].clone(),
        "another panel has this title",
    );
    check(
        "fleet.json",
        |fleet| fleet["panels"][0]["targets"][1]["refId"] = json!("A"),
        "two with one refId",
    );
}

#[test]
fn panels_that_do_not_explain_themselves_are_found() {
    check(
        "phone.json",
        |phone| panel(phone, "table")["description"] = json!(""),
        "no description in sentences",
    );
    check(
        "phone.json",
        |phone| panel(phone, "timeseries")["fieldConfig"]["defaults"]["unit"] = json!("shrot"),
        "unit \"shrot\" is not on the list",
    );
    check(
        "phone.json",
        |phone| panel(phone, "timeseries")["fieldConfig"]["defaults"]["unit"] = json!(null),
        "without a unit and without words",
    );
    check(
        "phone.json",
        |phone| panel(phone, "state-timeline")["fieldConfig"]["defaults"]["mappings"] = json!([]),
        "states without words",
    );
    check(
        "phone.json",
        |phone| panel(phone, "state-timeline")["options"]["perPage"] = json!(0),
        "more rows than a page can show",
    );
    check(
        "phone.json",
        |phone| replace(phone, "#D55E00", "red"),
        "colour \"red\" is not of the palette",
    );
    check(
        "phone.json",
        |phone| panel(phone, "table")["type"] = json!("grafana-piechart-panel"),
        "needs a plugin",
    );
}

#[test]
fn links_that_lead_nowhere_are_found() {
    check(
        "fleet.json",
        |fleet| replace(fleet, "/d/grandstream-phone?", "/d/grandstream-phones?"),
        "\"grandstream-phones\", which is not there",
    );
    check(
        "fleet.json",
        |fleet| replace(fleet, "&var-phone=", "&var-name="),
        "sets $name, which grandstream-phone does not have",
    );
}
