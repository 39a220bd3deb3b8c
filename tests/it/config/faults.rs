//! Faults: each kind in its exact words, and all of them at once. Then warnings.

use std::fs;
use std::path::Path;

use grandstream_exporter::alerting_config::load;
use grandstream_exporter::config::{Environment, Secrets};

use super::{Home, config, environment};

/// Where the files with faults lie, as tests are started in the directory of the package.
const INVALID: &str = "tests/config/invalid";

/// What stands before an expected line of faults.
const EXPECTED: &str = "#! ";

/// The faults of a file, one a line, as an operator who stands in its directory sees them.
fn faults(path: &Path) -> String {
    match load(path, &Environment::default(), Secrets::Read) {
        Ok(_) => String::new(),
        Err(faults) => faults.to_string().replace(&format!("{INVALID}/"), ""),
    }
}

#[test]
fn every_invalid_file_has_exactly_the_faults_that_it_names() {
    let mut checked = 0;
    let mut differing = Vec::new();
    for entry in fs::read_dir(INVALID).expect("the directory is there") {
        let path = entry.expect("its entries are readable").path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("it is text");
        let expected = text.lines().filter_map(|line| line.strip_prefix(EXPECTED));
        let expected = expected.collect::<Vec<_>>().join("\n");
        let found = faults(&path);
        if expected != found || expected.is_empty() {
            let path = path.display();
            differing.push(format!("{path}\nexpected:\n{expected}\nfound:\n{found}\n"));
        }
        checked += 1;
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(checked > 50, "only {checked} files were found");
}

#[test]
fn a_missing_configuration_is_a_fault_without_a_line() {
    let missing = Home::new("").path("missing/config.yaml");
    let faults = load(&missing, &Environment::default(), Secrets::Read).unwrap_err();
    let fault = faults.iter().next().expect("there is one");
    assert_eq!((fault.spot.line, &*fault.spot.key), (None, ""));
    assert!(
        faults.to_string().contains("config.yaml: cannot be read: "),
        "{faults}"
    );
}

#[test]
fn an_empty_configuration_is_valid_and_worth_a_warning() {
    for text in ["", "# nothing\n", "---\n", "phones: []\n"] {
        let home = Home::new(text);
        let config = home.load().unwrap();
        assert!(config.phones.is_empty());
        let told = home.told(&config.warnings);
        let expected = "lists no phone; add some to `phones` or `phone_files`";
        assert!(
            told.iter().any(|line| line.ends_with(expected)),
            "{text:?}: {told:?}"
        );
    }
}

#[test]
fn what_works_but_is_odd_is_warned_of_once_and_where_it_stands() {
    let home = Home::new(
        r#"
poll: { interval: 4s, stale_after: 3s }
metrics: { lines: per_phone, line_state: true, clock: true }
pvalues: [ { pvalue: "237" } ]
phone_files: ["phones.d/*.yaml"]
credentials: { hq: { password_file: secret } }
defaults: { credential: hq, scheme: https, tls: { insecure_skip_verify: true } }
phones:
  - { name: a, address: "Phone.example.org:443" }
  - { name: b, address: phone.example.org }
  - { name: c, address: phone.example.org, scheme: http, poll: { interval: 1m } }
  - { name: d, address: phone.example.org, enabled: false }
  - { name: e, address: 192.0.2.1, poll: { timeout: 1h } }
  - { name: f, address: 192.0.2.2 }
"#,
    );
    home.write("secret", "a\nb\n");
    home.allow("secret", 0o644);
    let config = home.load().unwrap_or_else(|faults| panic!("{faults}"));
    let expected = [
        "config.yaml:2: poll.interval: is 4s: phones answer slowly under such load; choose 5s or more",
        "config.yaml:2: poll.interval: lets a poll take 15s, longer than the interval of 4s; polls that fall into a running one are skipped",
        "config.yaml:2: poll.stale_after: drops readings after 3s, before the next at 4s; choose at least the interval, better three times as much",
        "config.yaml:2: poll.stale_after: drops readings after 3s, before the next at 1m; choose at least the interval, better three times as much",
        "config.yaml:3: metrics.line_state: has no effect; set `lines: per_line`, or remove it",
        "config.yaml:3: metrics: asks for the clocks of phones, and no phone has a time_zone; add `time_zone: …` to defaults, a group, or phones",
        "config.yaml:4: pvalues[0].pvalue: `237` may hold a password within a server's address; look at one phone's value before you publish it",
        "config.yaml:5: phone_files[0]: matches no file; check the pattern, or remove it",
        "config.yaml:6: credentials.hq.password_file: names a file that everybody on this machine may read; chmod o-r that file",
        "config.yaml:6: credentials.hq.password_file: names a file of more than one line, all of which is the password; keep one line",
        "config.yaml:7: defaults.tls.insecure_skip_verify: lets anybody stand in for a phone and read its password's digest; set fingerprints_sha256 or ca_file instead",
        "config.yaml:10: phones[1].address: `phone.example.org` is also the address of `a` (config.yaml:9); two polls at once end each other's sessions",
        "config.yaml:13: phones[4].poll.timeout: lets a poll take 1h, longer than the interval of 4s; polls that fall into a running one are skipped",
    ];
    assert_eq!(home.told(&config.warnings).join("\n"), expected.join("\n"));
}

#[test]
fn one_hardware_address_on_two_entries_is_warned_of_across_lists_and_spellings() {
    let home = Home::new(
        r#"
defaults: { password: test }
phone_files: [list.csv]
phones:
  - { name: a, address: 192.0.2.1, mac: "00:0B:82:00:00:01" }
  - { name: b, address: 192.0.2.2, mac: "000b.8200.0002" }
  - { name: off, address: 192.0.2.3, mac: "00:0b:82:00:00:01", enabled: false }
"#,
    );
    home.write(
        "list.csv",
        "name,address,mac\nc,192.0.2.4,00-0b-82-00-00-01\nd,192.0.2.2,000B82000002\n\
         e,192.0.2.6,000b82000003\n",
    );
    let config = home.load().unwrap_or_else(|faults| panic!("{faults}"));
    let expected = [
        "list.csv:2: mac: `000b82000001` is also the mac of `a` (config.yaml:5); two polls at once end each other's sessions",
        "list.csv:3: address: `192.0.2.2` is also the address of `b` (config.yaml:6); two polls at once end each other's sessions",
    ];
    assert_eq!(home.told(&config.warnings).join("\n"), expected.join("\n"));
}

#[test]
fn a_secret_that_names_a_variable_is_warned_of_wherever_it_stands() {
    let home = Home::new(
        r#"
credentials: { hq: { password_files: [new, old] } }
phones:
  - { name: a, address: 192.0.2.1, password: "${PW}" }
  - { name: b, address: 192.0.2.2, password_env: PW }
  - { name: c, address: 192.0.2.3, credential: hq }
  - { name: d, address: 192.0.2.4, password: "$PW {}" }
alerting:
  receivers: { chat: { webhook: { url: "https://chat.example.org/${TOKEN}" } } }
"#,
    )
    .with("new", "x${NEW}\n")
    .with("old", "old\n");
    let environment = environment(&[("PW", "${OTHER}")]);
    let (config, _) = load(&home.path("config.yaml"), &environment, Secrets::Read)
        .unwrap_or_else(|faults| panic!("{faults}"));
    let told = home.told(&config.warnings);
    let told: Vec<_> = told.iter().filter(|line| line.contains("${")).collect();
    let why = "gives `${…}` as it stands: variables are not expanded";
    let expected = [
        format!(
            "config.yaml:2: credentials.hq.password_files[0]: {why}; write the password itself into that file"
        ),
        format!(
            "config.yaml:4: phones[0].password: {why}; write the password itself, or use password_file"
        ),
        format!("config.yaml:5: phones[1].password_env: {why}; set it to the password itself"),
        format!(
            "config.yaml:9: alerting.receivers.chat.webhook.url: {why}; write the address itself, or use url_file"
        ),
    ];
    assert_eq!(told, expected.iter().collect::<Vec<_>>());
    for secret in ["NEW", "OTHER", "TOKEN"] {
        assert!(!format!("{told:?}").contains(secret), "{secret}");
    }
}

#[test]
fn a_plain_configuration_has_nothing_to_warn_of() {
    let config = config("phones: [ { name: a, address: 192.0.2.1, password: test } ]");
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert!(config.notes.is_empty(), "{:?}", config.notes);
}

#[test]
fn the_example_is_accepted_with_the_files_that_it_names() {
    let example = fs::read_to_string("config.example.yaml").expect("the example is there");
    let home = Home::new(&example)
        .with("secrets/hq", "a\n")
        .with("secrets/lyon", "b\n")
        .with("secrets/lyon-new", "c\n")
        .with("secrets/spare", "d\n");
    let (config, _) = home.load_all().unwrap_or_else(|faults| panic!("{faults}"));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert_eq!(config.phones.len(), 2);
    assert_eq!(config.disabled, ["spare".into()]);
}
