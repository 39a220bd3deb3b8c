//! Inhibition rules: a real Alertmanager suppresses the same alerts by them as the daemon does.

use std::collections::BTreeSet;
use std::fmt::Write;

use grandstream_exporter::rules::inhibit::InhibitRule;
use grandstream_exporter::rules::labels::{Pair, text};
use grandstream_exporter::rules::matcher::{Matcher, parse_list};
use serde_json::{Value, json};

use crate::harness::alertmanager::Alertmanager;
use crate::harness::curl::curl;

/// Source matchers, target matchers, labels that must be equal.
const RULES: [(&str, &str, &[&str]); 7] = [
    ("alertname=A", "alertname=B", &["site"]),
    // An alert of B is on both sides.
    ("alertname=~A|B", "alertname=~B|C", &["site"]),
    ("alertname=B", "alertname=B", &[]),
    (
        "severity=critical",
        "severity!=critical",
        &["site", "alertname"],
    ),
    ("alertname!=C", "alertname!=A", &["severity"]),
    ("alertname=A,severity=", "site!~x|y", &[]),
    (
        r#"{site="x",alertname=~"[AB]"}"#,
        "alertname=~.+",
        &["severity", "nothing"],
    ),
];

/// How many made-up sets of alerts each rule is tried on.
const SETS: u32 = 3;

/// A rule and alerts, which the label `case` keeps apart from those of other cases.
struct Case {
    rule: InhibitRule,
    alerts: Vec<Vec<Pair>>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, (sources, targets, equal)) in RULES.into_iter().enumerate() {
        for set in 0..SETS {
            let case = format!("{number}-{set}");
            let matchers = |written: &str| -> Box<[Matcher]> {
                let mut matchers = parse_list(written).expect("matchers");
                matchers.push(Matcher::equal("case", &case));
                matchers.into()
            };
            cases.push(Case {
                rule: InhibitRule {
                    source_matchers: matchers(sources),
                    target_matchers: matchers(targets),
                    equal: equal.iter().map(|label| (*label).into()).collect(),
                },
                alerts: alerts(&case, set),
            });
        }
    }
    cases
}

/// Some of all alerts that these labels make; other ones in each set.
fn alerts(case: &str, set: u32) -> Vec<Vec<Pair>> {
    let mut alerts = Vec::new();
    let mut state = set.wrapping_mul(0x9E37_79B9).wrapping_add(1);
    for alertname in ["A", "B", "C"] {
        for site in ["", "x", "y"] {
            for severity in ["", "critical", "warning"] {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if state >> 30 != 0 {
                    continue;
                }
                let labels = [
                    ("alertname", alertname),
                    ("case", case),
                    ("severity", severity),
                    ("site", site),
                ];
                let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
                alerts.push(
                    labels
                        .map(|(name, value)| (name.into(), value.into()))
                        .collect(),
                );
            }
        }
    }
    alerts
}

/// The labels of an alert as text, to tell it from others.
fn id(label: impl Fn(&str) -> String) -> String {
    ["case", "alertname", "site", "severity"]
        .map(label)
        .join(" ")
}

/// The alerts that the rules leave, as the daemon understands these.
fn shown(cases: &[Case]) -> BTreeSet<String> {
    let shown = cases.iter().flat_map(|case| {
        let is_shown = |alert: &&Vec<Pair>| {
            let mut sources = case.alerts.iter();
            !sources.any(|source| case.rule.inhibits(source, alert))
        };
        case.alerts.iter().filter(is_shown)
    });
    shown
        .map(|alert| id(|name| text(alert, name).to_owned()))
        .collect()
}

/// The rules in the configuration of an Alertmanager that tells nobody.
fn config(cases: &[Case]) -> String {
    let mut config = "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n\
                      inhibit_rules:\n"
        .to_owned();
    for Case { rule, .. } in cases {
        let list = |matchers: &[Matcher]| {
            let matchers: Vec<_> = matchers.iter().map(|one| json!(one.to_string())).collect();
            json!(matchers)
        };
        let (source, target) = (list(&rule.source_matchers), list(&rule.target_matchers));
        let equal = json!(rule.equal);
        writeln!(
            config,
            "- {{ source_matchers: {source}, target_matchers: {target}, equal: {equal} }}"
        )
        .expect("text");
    }
    config
}

#[tokio::test]
async fn an_alertmanager_suppresses_the_same_alerts_by_the_same_rules() {
    let cases = cases();
    let expected = shown(&cases);
    let all: usize = cases.iter().map(|case| case.alerts.len()).sum();
    let suppressed = all - expected.len();
    assert!(
        suppressed > all / 5 && suppressed < all / 5 * 4,
        "{suppressed} of {all}"
    );

    let directory = tempfile::tempdir().expect("a directory");
    let manager = Alertmanager::start_as(directory.path(), &config(&cases));
    manager.wait("that it listens", |_| true).await;
    let posted: Vec<Value> = cases
        .iter()
        .flat_map(|case| &case.alerts)
        .map(|alert| {
            let labels = alert
                .iter()
                .map(|(name, value)| (name.to_string(), json!(value)));
            json!({ "labels": labels.collect::<serde_json::Map<_, _>>() })
        })
        .collect();
    let file = directory.path().join("alerts.json");
    std::fs::write(&file, json!(posted).to_string()).expect("written");
    let url = format!("http://{}/api/v2/alerts", manager.address);
    let json = [
        "--header",
        "content-type: application/json",
        "--data",
        "@alerts.json",
    ];
    let answer = curl(directory.path(), &[&json[..], &[&url]].concat()).await;
    assert_eq!(answer.result, Ok(200), "{}", answer.text);
    let same = |alerts: &[Value]| {
        let label = |alert: &Value, name: &str| {
            alert["labels"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let ids = alerts.iter().map(|alert| id(|name| label(alert, name)));
        ids.collect::<BTreeSet<_>>() == expected
    };
    manager
        .wait(&format!("these alerts alone: {expected:#?}"), same)
        .await;
}
