//! prometheus-client as the oracle of our writer.
//!
//! The series of phones that readers hand over go into a registry of the library too, and both pages
//! must say the same in both formats, to readers that are not ours: Prometheus' own Python parsers
//! and promtool. HELP, TYPE and UNIT must be the same lines.

use std::fmt;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeMetric, MetricEncoder, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::family::{Family, Format};
use super::hostile::any_fleet;
use super::page::{Page, Scrape};
use super::sample_page::{scrape, written};
use super::samples::Value;
use super::table::FAMILIES;
use crate::fleet::{Fleet, Place};
use crate::web::example;
use crate::web::pieces::{Filled, Pieces as _};

/// How many fleets are compared whose phones say whatever they like.
const HOSTILE: usize = 24;

/// Reads pairs of pages, ours and the library's, and fails where a pair does not say the same.
const COMPARE: &str = r#"
import json, sys
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text

def series(page, parser):
    found = [
        (sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in parser.text_string_to_metric_families(page)
        for sample in family.samples
    ]
    assert len(found) == len(set(found)), "a series twice"
    return set(found)

compared = 0
for case in json.load(sys.stdin):
    parser = {"text": text, "openmetrics": openmetrics}[case["format"]]
    ours, theirs = (series(case[page], parser) for page in ("ours", "theirs"))
    assert ours == theirs, f"ours only: {ours - theirs}, theirs only: {theirs - ours}"
    compared += len(ours)
print(compared)
"#;

/// The series of phones as a registry of the library holds them.
#[derive(Debug)]
struct Held(Vec<(&'static Family, Vec<Series>)>);

/// Labels, and what they tell the value of.
type Series = (Vec<(String, String)>, Value);

impl Held {
    fn of(scrape: &Scrape) -> Self {
        let mut families: Vec<_> = FAMILIES.iter().map(|family| (family, vec![])).collect();
        // A page a phone, so that each sample can be given the labels of its phone.
        for phone in &scrape.phones {
            let mut page = Page::new(Scrape {
                phones: vec![Arc::clone(phone)],
                settings: Arc::clone(&scrape.settings),
                alerts: Arc::clone(&scrape.alerts),
                exporter: None,
                ..*scrape
            });
            while page.fill(&mut Vec::new()) != Filled::Last {}
            for sample in page.handed_over() {
                let mut held = families.iter_mut();
                let held = held.find(|(family, _)| family.name == sample.family.name);
                let mut labels = labels_of(&phone.place);
                labels.extend(sample.labels);
                held.expect("a known family").1.push((labels, sample.value));
            }
        }
        families.retain(|(_, series)| !series.is_empty());
        Self(families)
    }
}

fn labels_of(place: &Place) -> Vec<(String, String)> {
    let own = place.labels.iter().map(|(name, value)| (&**name, &**value));
    [("phone", &*place.name)]
        .into_iter()
        .chain(place.site.as_deref().map(|site| ("site", site)))
        .chain(own)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Collector for Held {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (family, series) in &self.0 {
            let unit = family.unit.as_ref();
            let name = family.announced_name(Format::OpenMetrics);
            let name = match unit {
                Some(unit) => name.trim_end_matches(unit.as_str()).trim_end_matches('_'),
                None => name,
            };
            let mut out = encoder.encode_descriptor(name, family.help, unit, family.kind)?;
            for (labels, value) in series {
                if family.kind == MetricType::Info {
                    out.encode_info(labels)?;
                } else {
                    encode_value(*value, family.kind, out.encode_family(labels)?)?;
                }
            }
        }
        Ok(())
    }
}

fn encode_value(value: Value, kind: MetricType, out: MetricEncoder<'_>) -> fmt::Result {
    match (kind, value) {
        (MetricType::Counter, Value::Count(value)) => ConstCounter::new(value).encode(out),
        (MetricType::Gauge, Value::Flag(value)) => ConstGauge::new(u32::from(value)).encode(out),
        (MetricType::Gauge, Value::Count(value)) => ConstGauge::new(value).encode(out),
        (MetricType::Gauge, Value::Integer(value)) => ConstGauge::new(value).encode(out),
        (MetricType::Gauge, Value::Number(value)) => ConstGauge::new(value).encode(out),
        (kind, value) => panic!("{value:?} is not a value of a {}", kind.as_str()),
    }
}

/// The phones of a fleet as we write them, and as the library does.
fn both(fleet: &Fleet, format: Format) -> [String; 2] {
    let of_phones = || Scrape {
        exporter: None,
        ..scrape(fleet, format)
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Held::of(&of_phones())));
    let mut theirs = String::new();
    let encoded = match format {
        Format::Text => prometheus_text::encode(&mut theirs, &registry),
        Format::OpenMetrics => text::encode(&mut theirs, &registry),
    };
    encoded.expect("a String takes all");
    [written(of_phones()), theirs]
}

fn metadata(page: &str) -> Vec<&str> {
    page.lines().filter(|line| line.starts_with("# ")).collect()
}

/// Runs a reader of pages on this input; what it says, or why it did not end well.
fn run(program: &str, arguments: &[&str], input: &str) -> Result<String, String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; see scripts/test-tools"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    let sent = writer.join().expect("no panic");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{program}: {said}{errors}"));
    }
    sent.expect("it reads everything");
    Ok(said)
}

/// How many series the pages of these cases say alike, or what they do not.
fn compare(cases: Vec<serde_json::Value>) -> Result<usize, String> {
    let cases = serde_json::Value::from(cases).to_string();
    let compared = run("/usr/bin/python3", &["-c", COMPARE], &cases)?;
    Ok(compared.trim().parse().expect("a number"))
}

#[test]
fn the_library_says_the_same_of_the_same_series_in_both_formats() {
    let mut random = TestRunner::deterministic();
    let hostile = std::iter::repeat_with(|| {
        let tree = any_fleet().new_tree(&mut random);
        tree.expect("a fleet").current()
    });
    let mut cases = Vec::new();
    for fleet in hostile.take(HOSTILE).chain([example::fleet()]) {
        for (name, format) in [("text", Format::Text), ("openmetrics", Format::OpenMetrics)] {
            let [ours, theirs] = both(&fleet, format);
            assert_eq!(metadata(&ours), metadata(&theirs));
            cases.push(json!({ "format": name, "ours": ours, "theirs": theirs }));
        }
    }
    match compare(cases) {
        Ok(compared) => assert!(compared > 1_000, "{compared} series were compared"),
        Err(difference) => panic!("{difference}"),
    }
}

#[test]
fn a_wrong_name_label_escape_or_value_is_seen() {
    let [ours, theirs] = both(&example::fleet(), Format::Text);
    for (from, to) in [
        ("\ngrandstream_polls_total{", "\ngrandstream_poll_total{"),
        ("phone=\"reception\"", "phone=\"Reception\""),
        (",floor=\"1\"", ""),
        ("<b>&\\\\", "<b>&\\\\\\\\"),
        ("\",line=\"1\"} 4\n", "\",line=\"1\"} 5\n"),
    ] {
        assert!(ours.contains(from), "nothing to spoil: {from}");
        let spoilt = ours.replace(from, to);
        let case = json!({ "format": "text", "ours": spoilt, "theirs": theirs });
        let difference = compare(vec![case]).expect_err(from);
        assert!(difference.contains("AssertionError"), "{difference}");
    }
}

#[test]
fn promtool_finds_nothing_in_either_page_of_the_same_series() {
    for page in both(&example::fleet(), Format::Text) {
        run("promtool", &["check", "metrics"], &page).expect("a clean page");
    }
}

#[test]
fn promtool_finds_nothing_in_the_whole_page() {
    let page = written(scrape(&example::fleet(), Format::Text));
    run("promtool", &["check", "metrics"], &page).expect("a clean page");
}
