//! `/api/v1/rules`: the rules in force with their alerts, as Prometheus lists them.
//!
//! Ready-made rules stand in the group of their pack, under the name that the exported file gives it;
//! the operator's own in a group of theirs. `query` is the rule in PromQL: what Prometheus would
//! evaluate in its place.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::board::Alert;
use crate::alerts::board::KnownRule;
use crate::rules::export::Group;
use crate::rules::rule::Rule;
use crate::rules::{packs, promql};
use crate::web::api::{ALWAYS_JSON, Object, whole_millis};
use crate::web::query::Query;
use crate::web::streaming::{CHUNK, ChunkSource, Progress};

use super::alerts::{AlertContext, active, object, write};

/// The beginning of a group, up to its rules.
#[derive(Serialize)]
struct GroupJson<'a> {
    name: &'a str,
    file: &'static str,
    interval: f64,
    #[serde(rename = "evaluationTime")]
    evaluation_time: f64,
    #[serde(rename = "lastEvaluation")]
    last_evaluation: Timestamp,
}

/// A rule, up to its alerts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleJson<'a> {
    r#type: &'static str,
    name: &'a str,
    query: String,
    duration: f64,
    keep_firing_for: f64,
    labels: Object<'a, &'a str>,
    annotations: Object<'a, &'a str>,
    state: &'static str,
    health: &'static str,
    /// Nobody measures it for one rule.
    evaluation_time: f64,
    last_evaluation: Timestamp,
    /// How many phones it applies to; with 0 it never fires.
    matched_phones: Option<u32>,
}

/// The answer in the making.
struct Rules {
    context: AlertContext,
    steps: VecDeque<Step>,
}

/// A part of the answer that is written at once.
enum Step {
    Text(&'static str),
    Group(Box<str>),
    Rule(Arc<KnownRule>, &'static str),
    Alert(Box<Alert>),
}

/// Where Prometheus names a file: rules come from the packs and from the configuration.
const FILE: &str = "grandstream-exporter";
/// What Prometheus says of an evaluation that never was.
const NEVER: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// All rules; of recording rules, which `?type=record` asks for, there are none.
pub(in crate::web) fn rules(context: AlertContext, query: &Query) -> impl ChunkSource + use<> {
    let mut steps = VecDeque::from([Step::Text("{\"status\":\"success\",\"data\":{\"groups\":[")]);
    if query.get("type") != Some("record") {
        push_groups(&context.snapshot, &mut steps);
    }
    steps.push_back(Step::Text("]}}"));
    Rules { context, steps }
}

/// `firing`, `pending` or `inactive`, of a rule with these alerts.
pub(in crate::web) fn state_of<'a>(alerts: impl Iterator<Item = &'a Alert>) -> &'static str {
    let mut state = "inactive";
    for alert in alerts {
        if alert.state.is_firing() {
            return "firing";
        }
        if alert.state.is_pending() {
            state = "pending";
        }
    }
    state
}

fn push_groups(snapshot: &AlertSnapshot, steps: &mut VecDeque<Step>) {
    let mut alerts: BTreeMap<Box<str>, Vec<Alert>> = BTreeMap::new();
    for alert in active(snapshot) {
        let name = alert.rule().name.clone();
        alerts.entry(name).or_default().push(alert);
    }
    for (number, (name, rules)) in groups(snapshot).into_iter().enumerate() {
        steps.extend((number > 0).then_some(Step::Text(",")));
        steps.push_back(Step::Group(name));
        for (number, rule) in rules.into_iter().enumerate() {
            steps.extend((number > 0).then_some(Step::Text(",")));
            let alerts = alerts.remove(&rule.rule.name).unwrap_or_default();
            steps.push_back(Step::Rule(rule, state_of(alerts.iter())));
            for (number, alert) in alerts.into_iter().enumerate() {
                steps.extend((number > 0).then_some(Step::Text(",")));
                steps.push_back(Step::Alert(Box::new(alert)));
            }
            steps.push_back(Step::Text("]}"));
        }
        steps.push_back(Step::Text("]}"));
    }
}

/// The rules by the name of their group, in the order of the packs; those within as they stand there.
fn groups(snapshot: &AlertSnapshot) -> Vec<(Box<str>, Vec<Arc<KnownRule>>)> {
    let mut own: Vec<_> = snapshot.board.rules().iter().map(Arc::clone).collect();
    let mut groups = Vec::new();
    for pack in packs::all() {
        let mut rules = Vec::new();
        for name in pack.rules.into_iter().map(|rule| rule.name) {
            rules.extend(own.extract_if(.., |rule| rule.rule.name == name));
        }
        groups.push((Group::named(pack.name), rules));
    }
    groups.push((Group::named("own"), own));
    groups.retain(|(_, rules)| !rules.is_empty());
    groups
}

impl Rules {
    fn write(&self, step: &Step, out: &mut Vec<u8>) {
        match step {
            Step::Text(text) => out.extend_from_slice(text.as_bytes()),
            Step::Group(name) => {
                let json = GroupJson {
                    name,
                    file: FILE,
                    interval: self
                        .context
                        .snapshot
                        .settings
                        .evaluation_interval
                        .as_secs_f64(),
                    evaluation_time: 0.0,
                    last_evaluation: self.evaluated(),
                };
                open(&json, ",\"rules\":[", out);
            }
            Step::Rule(rule, state) => open(&self.rule(rule, state), ",\"alerts\":[", out),
            Step::Alert(alert) => write(alert, &self.context, out),
        }
    }

    fn rule<'a>(&self, known: &'a KnownRule, state: &'static str) -> RuleJson<'a> {
        let rule = &known.rule;
        let texts = rule.annotations.all();
        RuleJson {
            r#type: "alerting",
            name: &rule.name,
            query: self.query(rule),
            duration: rule.hold.as_secs_f64(),
            keep_firing_for: rule.keep_firing_for.as_secs_f64(),
            labels: object(&rule.labels),
            annotations: Object(texts.filter(|(_, text)| !text.is_empty()).collect()),
            state,
            health: match self.context.snapshot.evaluated {
                Some(_) => "ok",
                None => "unknown",
            },
            evaluation_time: 0.0,
            last_evaluation: self.evaluated(),
            matched_phones: self.context.snapshot.matched.get(&rule.name).copied(),
        }
    }

    fn query(&self, rule: &Rule) -> String {
        let settings = &self.context.snapshot.settings;
        let rules = settings.rules.iter().map(|known| &known.rule);
        let others = promql::Explaining::new(rules, &settings.suppression.inhibit_rules);
        promql::expression_among(rule, &others)
    }

    fn evaluated(&self) -> Timestamp {
        let evaluated = self.context.snapshot.evaluated;
        evaluated.map_or(NEVER, |at| whole_millis(at.wall))
    }
}

/// Appends an object that goes on with `rest` instead of ending.
fn open(json: &impl Serialize, rest: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, json).expect(ALWAYS_JSON);
    let brace = out.pop();
    debug_assert_eq!(brace, Some(b'}'), "an object");
    out.extend_from_slice(rest.as_bytes());
}

impl ChunkSource for Rules {
    fn fill(&mut self, chunk: &mut Vec<u8>) -> Progress {
        while chunk.len() < CHUNK {
            let Some(step) = self.steps.pop_front() else {
                return Progress::Done;
            };
            self.write(&step, chunk);
        }
        Progress::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerting_config::Settings;
    use crate::alerts::board::Rules as Known;
    use crate::rules::export;
    use crate::web::testing::fixture;

    fn listed(snapshot: AlertSnapshot, query: &str) -> serde_json::Value {
        let query = Query::of(Some(query));
        fixture::written(rules(fixture::context(snapshot), &query))
    }

    #[test]
    fn rules_have_the_shape_of_prometheus_with_their_alerts() {
        let json = listed(fixture::snapshot(), "type=alert");
        let pretty = serde_json::to_string_pretty(&json).expect("JSON");
        insta::assert_snapshot!("rules", pretty);
    }

    #[test]
    fn ready_made_rules_stand_in_the_groups_of_the_exported_file() {
        let all = packs::all().into_iter().flat_map(|pack| pack.rules);
        let settings = Settings {
            rules: Arc::new(Known::new(all)),
            ..Settings::default()
        };
        let json = listed(AlertSnapshot::new(Arc::new(settings)), "");
        let groups = json["data"]["groups"].as_array().expect("a list");
        let names: Vec<_> = groups.iter().map(|group| group["name"].as_str()).collect();
        let exported = export::built_in(packs::RUNBOOKS);
        let exported: Vec<_> = exported.iter().map(|group| Some(&*group.name)).collect();
        assert_eq!(names, exported);
        let rule = &groups[0]["rules"][0];
        assert_eq!(rule["health"], "unknown");
        assert_eq!(rule["lastEvaluation"], "0001-01-01T00:00:00Z");
        assert_eq!(rule["alerts"], serde_json::json!([]));
    }

    #[test]
    fn there_are_no_recording_rules_and_without_rules_there_are_no_groups() {
        let none = serde_json::json!({ "status": "success", "data": { "groups": [] } });
        assert_eq!(listed(fixture::snapshot(), "type=record"), none);
        assert_eq!(listed(AlertSnapshot::new(Arc::default()), ""), none);
    }
}
