//! prometheus-client as the oracle of our writer.
//!
//! The library encodes the same input as our writer: any labels and values, and the samples of whole
//! pages. Both results must be equal for parsers that are not ours: the Python parsers of Prometheus and
//! promtool. HELP, TYPE and UNIT must be the same lines.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::process::{Command, Stdio};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeMetric, MetricEncoder, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::fleet::{Fleet, Place};
use crate::web::metrics::samples::{FamilyProgress, Samples, Value, push_place};
use crate::web::metrics::{FAMILIES, Format, Scrape};
use crate::web::testing::arbitrary::{any_fleet, any_text};
use crate::web::testing::exposition_parser::parse;
use crate::web::testing::fixture;
use crate::web::testing::metrics_page::{scrape, written};

/// A gauge without a unit, which may have any value.
const ANY_VALUE: &str = "grandstream_pvalue_number";

const FORMATS: [(&str, Format); 2] = [("text", Format::Text), ("openmetrics", Format::OpenMetrics)];

/// How many fleets of phones that answer anything are compared.
const HOSTILE: usize = 24;

/// Reads pairs of pages, ours and the library's, and fails where a pair differs.
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

/// Samples as a registry of the library holds them.
#[derive(Debug, Default)]
struct Held(BTreeMap<usize, Vec<(Labels, Value)>>);

type Labels = Vec<(String, String)>;

impl Held {
    /// The samples of a page of phones.
    fn of(page: &str, format: Format) -> Self {
        let mut held = Self::default();
        for sample in parse(page, format).expect("a valid page") {
            let mut families = FAMILIES.iter();
            let position = families.position(|one| one.announced_name(format) == sample.family);
            let labels = sample.labels.into_iter().collect();
            let value = Value::Number(sample.value);
            held.add(position.expect("a known family"), labels, value);
        }
        held
    }

    fn add(&mut self, position: usize, labels: Labels, value: Value) {
        self.0.entry(position).or_default().push((labels, value));
    }
}

impl Collector for Held {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (position, samples) in &self.0 {
            let family = &FAMILIES[*position];
            let unit = family.unit.as_ref();
            let name = family.announced_name(Format::OpenMetrics);
            let name = match unit {
                Some(unit) => name.trim_end_matches(unit.as_str()).trim_end_matches('_'),
                None => name,
            };
            let mut out = encoder.encode_descriptor(name, family.help, unit, family.kind)?;
            for (labels, value) in samples {
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
        (MetricType::Counter, Value::Number(value)) => ConstCounter::new(value).encode(out),
        (MetricType::Gauge, Value::Flag(value)) => ConstGauge::new(u32::from(value)).encode(out),
        (MetricType::Gauge, Value::Count(value)) => ConstGauge::new(value).encode(out),
        (MetricType::Gauge, Value::Integer(value)) => ConstGauge::new(value).encode(out),
        (MetricType::Gauge, Value::Number(value)) => ConstGauge::new(value).encode(out),
        (kind, value) => panic!("{value:?} is not a value of a {}", kind.as_str()),
    }
}

fn encoded(held: Held, format: Format) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(held));
    let mut page = String::new();
    let encoded = match format {
        Format::Text => prometheus_text::encode(&mut page, &registry),
        Format::OpenMetrics => text::encode(&mut page, &registry),
    };
    encoded.expect("a String takes all");
    page
}

/// The phones of a fleet as we write them, and the same samples as the library does.
fn both(fleet: &Fleet, format: Format) -> [String; 2] {
    let ours = written(Scrape {
        exporter: None,
        ..scrape(fleet, format)
    });
    let held = Held::of(&ours, format);
    [ours, encoded(held, format)]
}

/// A family with any labels and values, as our writer and the library write the same input.
fn any_samples(random: &mut TestRunner, format: Format) -> [String; 2] {
    let position = FAMILIES.iter().position(|one| one.name == ANY_VALUE);
    let position = position.expect("a known family");
    let family = &FAMILIES[position];
    let mut progress = FamilyProgress {
        announcement: Some(family.announcement(format)),
        samples: 0,
    };
    let (mut out, mut held) = (Vec::new(), Held::default());
    for number in 0..40 {
        let input = (any_text(), any_text(), any_text(), any_value());
        let (name, site, text, value) = input.new_tree(random).expect("any input").current();
        let place = Place {
            site: Some(site.as_str().into()),
            ..fixture::place(&name)
        };
        let mut labels = Vec::new();
        push_place(&mut labels, &place);
        let number = number.to_string();
        let own = [("number", &*number), ("text", &text)];
        let mut samples = Samples {
            out: &mut out,
            name: family.name,
            labels: &labels,
            progress: &mut progress,
        };
        samples.line(&own, value);
        let labels = [("phone", &*name), ("site", &site)].into_iter().chain(own);
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        held.add(position, labels.collect(), value);
    }
    let end = match format {
        Format::Text => "",
        Format::OpenMetrics => "# EOF\n",
    };
    let ours = String::from_utf8(out).expect("UTF-8") + end;
    [ours, encoded(held, format)]
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Flag),
        any::<u64>().prop_map(Value::Count),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>()
            .prop_filter("a number", |number| number.is_finite())
            .prop_map(Value::Number),
    ]
}

fn metadata(page: &str) -> Vec<&str> {
    page.lines().filter(|line| line.starts_with("# ")).collect()
}

/// Runs a reader of pages on this input: its output, or its error.
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

/// How many series are equal in the pages of these cases, or what differs.
fn compare(cases: Vec<serde_json::Value>) -> Result<usize, String> {
    let cases = serde_json::Value::from(cases).to_string();
    let compared = run("/usr/bin/python3", &["-c", COMPARE], &cases)?;
    Ok(compared.trim().parse().expect("a number"))
}

#[test]
fn the_library_writes_the_same_page_in_both_formats() {
    let mut random = TestRunner::deterministic();
    let hostile = std::iter::repeat_with(|| {
        let tree = any_fleet().new_tree(&mut random);
        tree.expect("a fleet").current()
    });
    let mut cases = Vec::new();
    for fleet in hostile.take(HOSTILE).chain([fixture::fleet()]) {
        for (name, format) in FORMATS {
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
fn the_library_writes_the_same_of_any_labels_and_values() {
    let mut random = TestRunner::deterministic();
    let mut cases = Vec::new();
    for (name, format) in FORMATS {
        for _ in 0..HOSTILE {
            let [ours, theirs] = any_samples(&mut random, format);
            cases.push(json!({ "format": name, "ours": ours, "theirs": theirs }));
        }
    }
    match compare(cases) {
        Ok(compared) => assert_eq!(compared, 2 * HOSTILE * 40),
        Err(difference) => panic!("{difference}"),
    }
}

#[test]
fn a_wrong_name_label_escape_or_value_is_seen() {
    let [ours, theirs] = both(&fixture::fleet(), Format::Text);
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
fn promtool_accepts_both_pages_of_the_same_samples() {
    for page in both(&fixture::fleet(), Format::Text) {
        run("promtool", &["check", "metrics"], &page).expect("a clean page");
    }
}

#[test]
fn promtool_accepts_the_whole_page() {
    let page = written(scrape(&fixture::fleet(), Format::Text));
    run("promtool", &["check", "metrics"], &page).expect("a clean page");
}
