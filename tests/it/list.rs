//! The list of phones on the command line: shown as it was resolved, and imported into.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::program;

const CONFIG: &str = "\
credentials: { hq: { password_file: secrets/not-there } }
defaults: { credential: hq, poll: { timeout: 20s } }
groups: { lyon: { site: lyon, scheme: https, poll: { interval: 1m } } }
phones:
  - { name: gate, address: 192.0.2.99, password: c4n4ry, enabled: false, portable: true }
phone_files: [phones.csv]
";

const LIST: &str = "\
# by Anna, do not sort
name,label.floor,address,mac,group,enabled
reception,1,192.0.2.21,00:0B:82:00:00:01,,
\"kitchen\" , ,\"192.0.2.22:8080\" ,000b.8200.0002,lyon,
roof,,192.0.2.23,00:0b:82:00:00:03,lyon,false
";

const LEASES: &str = "\
1715890320 00:0b:82:00:00:01 192.0.2.21 reception *
1715890320 00:0b:82:00:00:02 192.0.2.52 c4n4ry-name *
1715890320 c0:74:ad:00:00:09 192.0.2.60 lobby *
1715890320 3c:5a:b4:00:00:0a 192.0.2.61 laptop *
";

fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    write(&home, "config.yaml", CONFIG);
    write(&home, "phones.csv", LIST);
    write(&home, "leases", LEASES);
    home
}

fn write(home: &TempDir, name: &str, text: &str) {
    fs::write(home.path().join(name), text).expect("written");
}

fn read(home: &TempDir, name: &str) -> String {
    fs::read_to_string(home.path().join(name)).expect("it is there")
}

/// Runs a command in this directory, without a terminal.
fn run(directory: &Path, arguments: &str) -> Output {
    program()
        .current_dir(directory)
        .args(arguments.split_ascii_whitespace())
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}

/// What a command that succeeds prints.
fn shown(home: &TempDir, arguments: &str) -> String {
    let ended = run(home.path(), arguments);
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{arguments}: {errors}");
    String::from_utf8(ended.stdout).expect("UTF-8")
}

/// Exit status 2, and what was said on stderr.
fn refused(home: &TempDir, arguments: &str) -> String {
    let ended = run(home.path(), arguments);
    let errors = String::from_utf8(ended.stderr).expect("UTF-8");
    assert_eq!(ended.status.code(), Some(2), "{arguments}: {errors}");
    errors
}

#[test]
fn the_resolved_list_is_shown_as_a_table_without_opening_a_secret() {
    let table = shown(&home(), "phones --config config.yaml");
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(
        lines,
        [
            "NAME       ADDRESS          SCHEME  SITE  GROUP  CREDENTIAL  MAC                ENABLED  NOTE",
            "gate       192.0.2.99       http    -     -      -           -                  no       portable",
            "reception  192.0.2.21       http    -     -      hq          00:0b:82:00:00:01  yes      -",
            "kitchen    192.0.2.22:8080  https   lyon  lyon   hq          00:0b:82:00:00:02  yes      -",
            "roof       192.0.2.23       https   lyon  lyon   hq          00:0b:82:00:00:03  no       -",
        ]
    );
}

#[test]
fn programs_get_the_list_as_json() {
    let text = shown(&home(), "phones kitchen --json --config config.yaml");
    let phones: Value = serde_json::from_str(&text).expect("JSON");
    let expect = json!([{
        "name": "kitchen",
        "address": "192.0.2.22:8080",
        "scheme": "https",
        "site": "lyon",
        "group": "lyon",
        "credential": "hq",
        "username": "gmiadmin",
        "mac": "00:0b:82:00:00:02",
        "enabled": true,
        "portable": false,
        "labels": {},
    }]);
    assert_eq!(phones, expect);
}

#[test]
fn each_value_is_shown_with_where_it_was_written_and_secrets_are_not() {
    let home = home();
    let table = shown(
        &home,
        "phones gate kitchen --effective --config config.yaml",
    );
    assert!(!table.contains("c4n4ry"), "{table}");
    let row = |phone: &str, key: &str| -> String {
        let line = table.lines().find(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next() == Some(phone) && words.next() == Some(key)
        });
        let line = line.unwrap_or_else(|| panic!("no {key} of {phone} in\n{table}"));
        let words: Vec<_> = line.split_ascii_whitespace().skip(2).collect();
        words.join(" ")
    };
    for (phone, key, expect) in [
        (
            "gate",
            "password",
            "(secret) config.yaml:5: phones[0].password",
        ),
        ("gate", "poll.interval", "30s built-in default"),
        (
            "gate",
            "poll.timeout",
            "20s config.yaml:2: defaults.poll.timeout",
        ),
        (
            "kitchen",
            "address",
            "192.0.2.22:8080 phones.csv:4: address",
        ),
        (
            "kitchen",
            "scheme",
            "https config.yaml:3: groups.lyon.scheme",
        ),
        (
            "kitchen",
            "poll.interval",
            "1m config.yaml:3: groups.lyon.poll.interval",
        ),
        (
            "kitchen",
            "credential",
            "hq config.yaml:2: defaults.credential",
        ),
    ] {
        assert_eq!(row(phone, key), expect, "{key} of {phone}");
    }
    assert!(!table.contains("reception"), "only who was named");

    let text = shown(&home, "phones gate --effective --json --config config.yaml");
    assert!(!text.contains("c4n4ry"), "{text}");
    let said: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let password = said.iter().find(|value| value["key"] == "password");
    let expect = json!({
        "phone": "gate",
        "key": "password",
        "value": "(secret)",
        "file": "config.yaml",
        "line": 5,
        "written": "phones[0].password",
    });
    assert_eq!(password, Some(&expect));
}

#[test]
fn a_name_that_is_not_listed_and_a_faulty_list_end_with_2() {
    let home = home();
    let told = refused(&home, "phones kitchen nobody --config config.yaml");
    assert!(told.contains("no phone `nobody`"), "{told}");
    assert!(!told.contains("kitchen"), "{told}");
    write(&home, "phones.csv", "name,address\na,192.0.2.300\n");
    let told = refused(&home, "phones --config config.yaml");
    assert!(told.starts_with("phones.csv:2: address: "), "{told}");
}

#[test]
fn importing_helps_with_an_example() {
    let help = shown(&home(), "phones import --help");
    assert!(help.contains("Example:"), "{help}");
}

#[test]
fn without_a_terminal_the_difference_is_shown_and_nothing_is_written() {
    let home = home();
    let import = "phones import --from dnsmasq leases --into phones.csv";
    let ended = run(home.path(), import);
    assert_eq!(ended.status.code(), Some(2));
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(told.contains("use --yes"), "{told}");
    let shown = String::from_utf8_lossy(&ended.stdout).into_owned();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(
        lines,
        [
            "CHANGE   NAME     ADDRESS          MAC                DETAIL",
            "+ new    lobby    192.0.2.60       c0:74:ad:00:00:09  -",
            "~ moved  kitchen  192.0.2.22:8080  00:0b:82:00:00:02  now at 192.0.2.52:8080",
            "- gone   roof     192.0.2.23       00:0b:82:00:00:03  not in the source; kept in the list",
            "1 new, 1 moved, 1 gone, 0 to check, 1 unchanged",
            "1 device of other vendors skipped",
        ]
    );
    assert_eq!(read(&home, "phones.csv"), LIST);
}

#[test]
fn an_import_changes_what_moved_adds_what_is_new_and_touches_nothing_else() {
    let home = home();
    let path = home.path().join("phones.csv");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    let import = "phones import --from dnsmasq leases --into phones.csv --yes --set label.floor=2";
    shown(&home, import);
    let expect = LIST.replace("192.0.2.22:8080", "192.0.2.52:8080")
        + "lobby,2,192.0.2.60,c0:74:ad:00:00:09,,\n";
    assert_eq!(read(&home, "phones.csv"), expect);
    let mode = fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(
        fs::read_dir(home.path()).expect("a directory").count(),
        3,
        "nothing else is left there"
    );
    let again = shown(&home, import);
    assert!(again.contains("No changes to"), "{again}");
    assert_eq!(read(&home, "phones.csv"), expect);
    let listed = shown(&home, "phones lobby --config config.yaml");
    assert!(listed.contains("c0:74:ad:00:00:09"), "{listed}");
}

#[test]
fn every_format_begins_a_list_that_the_configuration_accepts() {
    for (format, text) in [
        ("csv", "Name;IP;MAC\nlobby;192.0.2.60;c0:74:ad:00:00:09\n"),
        ("dnsmasq", "0 c0:74:ad:00:00:09 192.0.2.60 lobby *\n"),
        (
            "isc",
            "lease 192.0.2.60 {\n  binding state active;\n  hardware ethernet c0:74:ad:00:00:09;\n  client-hostname \"lobby\";\n}\n",
        ),
        (
            "kea",
            "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n\
             192.0.2.60,c0:74:ad:00:00:09,,3600,1715886720,1,0,0,lobby,0\n",
        ),
        (
            "file_sd",
            r#"[{"targets": ["192.0.2.60"], "labels": {"phone": "lobby", "mac": "c074ad000009"}}]"#,
        ),
    ] {
        let home = home();
        write(&home, "source", text);
        fs::remove_file(home.path().join("phones.csv")).expect("removed");
        let import = format!("phones import --from {format} source --into phones.csv --yes");
        shown(&home, &import);
        assert_eq!(
            read(&home, "phones.csv"),
            "name,address,mac,site\nlobby,192.0.2.60,c0:74:ad:00:00:09,\n",
            "{format}"
        );
        let listed = shown(&home, "phones lobby --config config.yaml");
        assert!(listed.contains("192.0.2.60"), "{format}: {listed}");
    }
}

#[test]
fn a_provisioning_directory_is_known_by_its_names_alone() {
    let home = home();
    let directory = home.path().join("tftp");
    fs::create_dir(&directory).expect("made");
    for name in ["cfg000b82000001.xml", "cfgC074AD000009", "cfggxv3370.xml"] {
        let path = directory.join(name);
        fs::write(&path, "<P34>c4n4ry</P34>").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("a mode");
    }
    let import = "phones import --from provisioning-dir tftp --into phones.csv --yes";
    let told = shown(&home, import);
    assert!(
        told.contains("0 new, 0 moved, 2 gone, 1 to check, 1 unchanged"),
        "{told}"
    );
    assert_eq!(read(&home, "phones.csv"), LIST, "no address, no row");

    let told = shown(
        &home,
        &format!("{import} --set address=gxv-{{mac}}.example.org --set name=new-{{mac}}"),
    );
    assert!(!told.contains("c4n4ry"), "{told}");
    let added = "new-c074ad000009,,gxv-c074ad000009.example.org,c0:74:ad:00:00:09,,\n";
    assert_eq!(read(&home, "phones.csv"), format!("{LIST}{added}"));
}

#[test]
fn what_cannot_be_understood_changes_nothing_and_says_why() {
    let home = home();
    for (arguments, status, reason) in [
        (
            "--from kea leases --into phones.csv",
            1,
            "no columns `address` and `hwaddr`",
        ),
        (
            "--from isc phones.csv --into phones.csv",
            1,
            "no device in it",
        ),
        ("--from csv missing.csv --into phones.csv", 1, "missing.csv"),
        ("--from dnsmasq leases --into leases", 2, "no column `name`"),
        (
            "--from dnsmasq leases --into phones.csv --set wing=a",
            2,
            "no column `wing`",
        ),
        (
            "--from dnsmasq leases --into phones.csv --oui 00",
            2,
            "six hex digits",
        ),
    ] {
        let ended = run(home.path(), &format!("phones import --yes {arguments}"));
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(status), "{arguments}: {told}");
        assert!(told.contains(reason), "{arguments}: {told}");
    }
    assert_eq!(read(&home, "phones.csv"), LIST);
    assert_eq!(read(&home, "leases"), LEASES);
}
