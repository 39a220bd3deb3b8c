//! Whatever stands in the files, reading them ends in a configuration or in faults.

use std::fs;

use grandstream_exporter::config::{MOST_FAULTS, effective};
use proptest::prelude::*;

use super::{Home, environment};

/// Reads `content` as the configuration and as every kind of list.
fn survive(content: &[u8]) {
    let lists = ["list.yaml", "list.json", "list.csv"];
    let home = Home::new("");
    fs::write(home.path("config.yaml"), content).expect("a file can be written");
    let outcome = home.load_all();
    if let Err(faults) = &outcome {
        let lines = faults.to_string();
        assert_eq!(lines.lines().count(), faults.iter().count(), "{lines}");
    }
    let listed = effective(&home.path("config.yaml"), &environment(&[]));
    let plain = home.load();
    assert!(
        outcome.is_err() || plain.is_ok(),
        "valid with alerts and not without"
    );
    assert!(
        outcome.is_err() || listed.is_ok(),
        "valid and yet without effective values"
    );
    for list in lists {
        home.write("config.yaml", &format!("phone_files: [{list}]\n"));
        fs::write(home.path(list), content).expect("a file can be written");
        let _either = home.load();
    }
}

/// Pieces of which a configuration is made, and some of which it is not.
const PIECES: &[&str] = &[
    "phones",
    "name",
    "address",
    "password",
    "poll",
    "interval",
    "30s",
    "credentials",
    "groups",
    "defaults",
    "labels",
    "tls",
    "scheme",
    "https",
    "expect",
    "pvalues",
    "pvalue",
    "68",
    "any_of",
    "targets",
    "group",
    "a",
    "192.0.2.1",
    ": ",
    ":",
    "\n",
    "\n  ",
    "\n    - ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    "\"",
    "'",
    "#",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "---\n",
    "...\n",
    "%",
    "?",
    "~",
    "\t",
    "\r",
    "\0",
    "\u{FEFF}",
    "\u{2028}",
    "ü",
    "\\",
    "true",
    "-1",
    "1e999",
    ".nan",
    "0x",
    "label.floor",
    ";",
    "alerting",
    "receivers",
    "webhook",
    "url",
    "http://[::1",
    "rules",
    "when",
    "any_of",
    "metric",
    "> 1e",
    "phone_unreachable",
    "match",
    "windows",
    "every",
    "24:00",
];

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(PIECES)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_survived(content in prop::collection::vec(any::<u8>(), 0..300)) {
        survive(&content);
    }

    #[test]
    fn arbitrary_pieces_of_configurations_are_survived(
        pieces in prop::collection::vec(piece(), 0..60),
    ) {
        survive(pieces.concat().as_bytes());
    }
}

#[test]
fn nesting_without_end_is_a_fault_and_no_overflow() {
    for open in ["[", "{a: ", "- ", "? ", "- - a: "] {
        let content = open.repeat(100_000);
        survive(content.as_bytes());
    }
    let deep: Vec<String> = (0..2000).map(|depth| " ".repeat(depth) + "a:\n").collect();
    survive(deep.concat().as_bytes());
}

/// How many faults a configuration and its list `list.csv` or `list.yaml` have, and how many are told.
fn faults(config: &str, list: (&str, &str)) -> (usize, usize) {
    let home = Home::new(config).with(list.0, list.1);
    let faults = home.load_all().expect_err("it has faults");
    let lines = faults.to_string();
    assert_eq!(
        lines.lines().count(),
        MOST_FAULTS + 1,
        "the rest is one line"
    );
    let told = faults.iter().count();
    (told + faults.untold(), told)
}

#[test]
fn a_million_faults_are_counted_and_some_of_them_told() {
    const MANY: usize = 1_000_000;
    let each = |line: fn(usize) -> String| (0..MANY).map(line).collect::<String>();
    let keys = each(|n| format!("kex{n}: 1\n"));
    assert_eq!(faults(&keys, ("list.csv", "")), (MANY, MOST_FAULTS));
    let columns = each(|n| format!("colum{n},"));
    let table = format!("name,address,{columns}site\n");
    let found = faults("phone_files: [list.csv]\n", ("list.csv", &table));
    assert_eq!(found, (MANY, MOST_FAULTS));
}

#[test]
fn phones_of_many_unknown_groups_are_counted() {
    use std::fmt::Write;
    const MANY: usize = 5_000;
    let mut config = "phone_files: [list.yaml]\ngroups:\n".to_owned();
    let mut list = String::new();
    for n in 0..MANY {
        writeln!(config, "  group-{n}: {{}}").expect("text");
        writeln!(
            list,
            "- {{ name: p{n}, address: 192.0.2.1, group: grouq-{n}, password: x }}"
        )
        .expect("text");
    }
    assert_eq!(faults(&config, ("list.yaml", &list)), (MANY, MOST_FAULTS));
}
