//! The shipped rules: they are what the program exports, and Prometheus finds them right.
//!
//! `promtool` is the judge: it reads the files, and runs the cases of `prometheus/tests` in which
//! every alert fires once and stays silent once. Over phones they are run in `firing`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use grandstream_exporter::rules::condition::Condition;
use grandstream_exporter::rules::{export, packs, promql};

/// The uid that most provisioned data sources have.
const DATASOURCE: &str = "prometheus";

#[test]
fn the_shipped_files_are_what_is_exported() {
    let groups = export::built_in(packs::RUNBOOKS);
    let files = [
        (
            "prometheus/alerts.yml",
            export::prometheus(&groups, &packs::all_inhibit_rules(), packs::RUNBOOKS),
        ),
        (
            "prometheus/alertmanager/inhibit.yml",
            export::alertmanager(&groups, &packs::all_inhibit_rules()),
        ),
        (
            "grafana/provisioning/alerting.yaml",
            export::grafana(
                &groups,
                &packs::all_inhibit_rules(),
                DATASOURCE,
                packs::RUNBOOKS,
            ),
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

#[test]
fn exported_rules_lead_to_a_page_of_runbooks_if_there_is_one() {
    const PAGE: &str = "https://phones.example/runbooks";
    let config = "external_url: https://phones.example\n\
                  alerting: { rule_groups: [core, security, compliance, calls, self] }\n";
    let config = written("external-url.yaml", config);
    for (format, path) in [
        ("prometheus", "prometheus/alerts.yml"),
        ("grafana", "grafana/provisioning/alerting.yaml"),
    ] {
        let shipped = fs::read_to_string(root().join(path)).expect("a file");
        let linked = shipped.replace("docs/runbooks.md", PAGE);
        for source in [["--runbooks", PAGE], ["--config", &config]] {
            let export = ["export", "--format", format];
            let (code, printed, told) = rules(&[&export[..], &source].concat());
            assert_eq!((code, &*told), (Some(0), ""));
            assert!(printed == linked, "{format} by {source:?} is not {path}");
        }
    }
    let export = ["export", "--format", "prometheus", "--runbooks"];
    for wrong in ["phones.example", "ftp://phones.example", "http://a/#b"] {
        let (code, _, told) = rules(&[&export[..], &[wrong]].concat());
        assert_eq!(code, Some(2), "{wrong}");
        assert!(told.contains("e.g. https://HOST/runbooks"), "{told}");
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
fn amtool_accepts_the_inhibition_rules() {
    let shipped = root().join("prometheus/alertmanager/inhibit.yml");
    amtool(
        "shipped-inhibit.yml",
        &fs::read_to_string(shipped).expect("a file"),
    );
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
    let exported = export::prometheus(&export::built_in(packs::RUNBOOKS), &[], packs::RUNBOOKS);
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

/// Whether an Alertmanager would start with these inhibition rules.
fn amtool(name: &str, inhibit_rules: &str) {
    let config = "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n";
    let file = written(name, &format!("{config}{inhibit_rules}"));
    let output = Command::new("amtool")
        .args(["check-config", &file])
        .output();
    let output = output.expect("amtool is installed; see scripts/test-tools");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{inhibit_rules}");
    let count = inhibit_rules.matches("- source_matchers").count();
    let found = format!(" - {count} inhibit rules");
    assert!(count > 3 && told.contains(&found), "{found}: {told}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rules of an operator: one of each kind of condition, and ready-made ones tuned.
const OWN: &str = r#"
metrics: { clock: true }
phones:
  - { name: a, address: 192.0.2.1, site: hq, password: test, time_zone: UTC, expect: [ { pvalue: "68", any_of: [x] } ] }
  - { name: b, address: 192.0.2.2, site: hq, password: test, portable: true }
alerting:
  rule_groups: [core, security, compliance, calls, self]
  rule_overrides: { PhoneUnreachable: { for: 7m, where: { site: hq } }, PhoneRebooted: { enabled: false } }
  rules:
    - { name: O01, when: { phone_unreachable: } }
    - { name: O02, when: { phone_not_readable: } }
    - { name: O03, when: { unreachable_ratio: { over: 30m, above: 0.5 } } }
    - { name: O04, when: { poll_error: { reason: [auth, locked] } } }
    - { name: O05, when: { identity_changed: } }
    - { name: O06, when: { login_blocked: } }
    - { name: O07, when: { rebooted: { within: 15m } } }
    - { name: O08, when: { reboot_loop: { count: 3, within: 1h } } }
    - { name: O09, when: { firmware_not: { model: GXV3370, target: "1.0.3.30" } } }
    - { name: O10, when: { pvalue_drift: { params: ["68"] } } }
    - { name: O11, when: { plain_http: } }
    - { name: O12, when: { tls_unverified: } }
    - { name: O13, when: { clock_offset: { over: 3m } } }
    - { name: O14, when: { certificate_expires: { within: 0s } } }
    - { name: O15, when: { data_older_than: 30m } }
    - { name: O16, when: { not_seen_for: 7d } }
    - { name: O17, when: { account_not_registered: { account: 1 } } }
    - { name: O18, when: { flapping: { count: 6, within: 30m } } }
    - { name: O19, when: { line_state: { state: in_call, longer_than: 4h } } }
    - { name: O20, when: { metric: { name: grandstream_lines, is: "> 3", over: 10m, take: avg, pick: in_call } } }
    - { name: O21, when: { fraction_unreachable: { by: site, at_least: 0.5, min: 3 } }, inhibits_below: true }
    - { name: O22, when: { fraction_unregistered: { by: sip_server, at_least: 0.3, min: 5 } } }
    - { name: O23, when: { polls_overrun: { within: 15m } } }
    - { name: O24, when: { reload_failed: } }
    - { name: O25, when: { notifier_failing: { within: 15m } } }
    - { name: O26, when: { dead_letters: } }
    - { name: O27, when: { state_not_persisted: } }
    - { name: O28, when: { watchdog: } }
    - { name: O30, when: { unreachable_repeatedly: { count: 3, within: 30m } } }
    - { name: O29, when: { any_of: [ { plain_http: }, { all_of: [ { login_blocked: }, { not: { rebooted: { within: 1h } } } ] } ] } }
  inhibit_rules:
    - { source_matchers: ['alertname="O11"', "site=~\"it's|h\\\\S\""], target_matchers: ['alertname=~"O(12|13)"', severity!=critical], equal: [phone] }
"#;

fn rules(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"))
        .arg("rules")
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn written(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("the directory for tests is writable");
    path.to_str().expect("a plain name").to_owned()
}

#[test]
fn the_rules_of_a_configuration_are_exported_and_promtool_finds_them_right() {
    let config = written("own-rules.yaml", OWN);
    let (code, exported, told) = rules(&["export", "--format", "prometheus", "--config", &config]);
    assert_eq!((code, told.as_str()), (Some(0), ""));
    promtool(&["check", "rules", &written("own-alerts.yml", &exported)]);
    let alerts = exported.matches("- alert: ").count();
    let ready: usize = export::built_in(packs::RUNBOOKS)
        .iter()
        .flat_map(|group| &group.rules)
        .filter(|rule| rule.enabled)
        .count();
    // One is off; ExporterDown and ExporterAbsent are always there.
    assert_eq!(alerts, ready - 1 + 30 + 2);
    assert!(
        exported.contains("grandstream_reachable{site=\"hq\"} == 0"),
        "{exported}"
    );
    let (_, inhibits, _) = rules(&["export", "--format", "alertmanager", "--config", &config]);
    amtool("own-inhibit.yml", &inhibits);
    assert!(inhibits.contains("['alertname=\"O21\"']"), "{inhibits}");
}

#[test]
fn every_kind_of_condition_is_explained() {
    let config = written("own-explained.yaml", OWN);
    for n in 1..=29 {
        let name = format!("O{n:02}");
        let (code, told, complaint) = rules(&["explain", &name, "--config", &config]);
        assert_eq!(code, Some(0), "{complaint}");
        assert!(
            told.contains("condition") && told.contains("PromQL:\n"),
            "{told}"
        );
    }
    let (_, told, _) = rules(&["explain", "PhoneUnreachable", "--config", &config]);
    for expected in [
        "PhoneUnreachable (core, critical)",
        "condition      a phone whose last poll got no answer",
        "where          site hq",
        "for            7m",
        "inhibited by   PollerIsolated, SiteOutage, O21",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    let (code, _, complaint) = rules(&["explain", "PhoneUnreachabel"]);
    assert_eq!(code, Some(1));
    assert!(
        complaint.contains("did you mean `PhoneUnreachable`?"),
        "{complaint}"
    );
}

#[test]
fn the_rules_in_force_are_listed_with_their_patience() {
    let config = written("own-listed.yaml", OWN);
    let (_, told, _) = rules(&["list", "--config", &config]);
    let line = told.lines().find(|line| line.contains("PhoneUnreachable"));
    let words: Vec<_> = line.unwrap_or_default().split_whitespace().collect();
    assert_eq!(
        words,
        ["PhoneUnreachable", "critical", "for", "7m", "site", "hq"]
    );
    assert!(
        !told.contains("PhoneRebooted") && told.contains("own:"),
        "{told}"
    );
}

#[test]
fn the_shipped_stories_come_true() {
    let (code, told, complaint) = rules(&["test", "docs/examples/rules-test.yaml"]);
    assert_eq!((code, complaint.as_str()), (Some(0), ""), "{told}");
    assert_eq!(told, "docs/examples/rules-test.yaml: 4 tests passed\n");
}

#[test]
fn a_story_that_does_not_come_true_is_told_with_what_happened_instead() {
    let story = written(
        "story.yaml",
        "
tests:
  - name: too early
    rules: [PhoneUnreachable]
    phones: { a: { site: hq } }
    timeline: [ { at: 1m, phone: a, reachable: false } ]
    expect:
      - { at: 3m, firing: [ { phone: a } ] }
      - { at: 30m, firing: [], shown: [ { phone: a, site: hq } ] }
",
    );
    let (code, told, _) = rules(&["test", &story]);
    assert_eq!(code, Some(1));
    let alert = "{alertname=PhoneUnreachable, phone=a, severity=critical, site=hq}";
    let expected = [
        format!("{story}: too early: at 3m: expected firing {{phone=a}}, found none"),
        format!("{story}: too early: at 30m: expected firing none, found {alert}"),
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn stories_of_a_configuration_know_its_phones_rules_and_windows() {
    let config = written("story-config.yaml", "
phones: [ { name: a, address: 192.0.2.1, site: hq, password: test } ]
alerting:
  rules: [ { name: Down, when: { phone_unreachable: }, where: { site: hq }, for: 2m, min_polls: 1 } ]
  time_intervals:
    - { name: night, time_intervals: [ { times: [ { start_time: 22:00, end_time: 23:00 } ] } ] }
  maintenance_windows:
    - { name: night, matchers: ['site=\"hq\"'], active_time_intervals: [night] }
");
    let story = written(
        "story-own.yaml",
        "
interval: 30s
tests:
  - name: own
    begins: 2026-01-05T22:50:00Z
    rules: [Down]
    phones: { a: , b: { site: lyon } }
    timeline: [ { at: 0s, phone: \"*\", reachable: false } ]
    expect:
      - { at: 1m 30s, pending: [ { phone: a } ], firing: [] }
      - { at: 2m, firing: [ { phone: a } ], shown: [] }
      - { at: 11m, shown: [ { phone: a } ] }
",
    );
    let (code, told, complaint) = rules(&["test", &story, "--config", &config]);
    assert_eq!(code, Some(0), "{told}{complaint}");
}

#[test]
fn a_file_that_is_no_story_is_a_fault_of_its_own() {
    for (text, expected) in [
        ("tests: [ { nam: a } ]", "unknown field `nam`"),
        (
            "tests: [ { name: a, phones: {}, expect: [ { at: soon } ] } ]",
            "not a valid test file",
        ),
        (
            "interval: 0s\ntests: []",
            "`interval` is 0s; choose a longer one",
        ),
        (
            "tests: [ { name: a, phones: { a: }, expect: [ { at: 300000h } ] } ]",
            "shorten it, or use a longer `interval`",
        ),
        (
            "tests: [ { name: a, phones: { hall: }, timeline: [ { at: 0s, phone: hal } ], expect: [ { at: 0s } ] } ]",
            "`hal` is not a phone of the test; did you mean `hall`?",
        ),
        (
            "tests: [ { name: a, phones: { a: }, timeline: [ { at: 0s, phone: a, error: auht } ], expect: [ { at: 0s } ] } ]",
            "`auht` is not a valid error",
        ),
        (
            "tests: [ { name: a, phones: {}, rules: [SiteOutag], expect: [] } ]",
            "no rule `SiteOutag`; did you mean `SiteOutage`?",
        ),
    ] {
        let (code, told, complaint) = rules(&["test", &written("no-story.yaml", text)]);
        assert_eq!(code, Some(2), "{text}\n{told}");
        assert!(complaint.contains(expected), "{text}\n{complaint}");
    }
    assert_eq!(rules(&["test", "not/there.yaml"]).0, Some(2));
}
