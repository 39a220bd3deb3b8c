//! The rooms of the house and who may import whom: the table of ARCHITECTURE.md, held.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, its row, and what it may import. A new edge is a design change: change this table and
/// ARCHITECTURE.md in the commit that adds it, and say why.
const ROOMS: [(&str, u8, &[&str]); 19] = [
    ("fleet", 0, &[]),
    ("local_files", 0, &[]),
    ("sim", 0, &[]),
    ("tls_client", 0, &[]),
    ("clock", 1, &["fleet"]),
    ("config", 1, &["fleet"]),
    ("webapi", 1, &["fleet", "tls_client"]),
    ("ledger", 1, &["fleet", "local_files"]),
    ("store", 1, &["fleet", "local_files"]),
    ("telemetry", 1, &["fleet"]),
    (
        "poll",
        2,
        &["fleet", "clock", "config", "webapi", "ledger", "telemetry"],
    ),
    ("rules", 2, &["fleet", "config"]),
    ("alerts", 3, &["fleet", "store", "clock", "config", "rules"]),
    (
        "notify",
        4,
        &["fleet", "tls_client", "config", "store", "rules", "alerts"],
    ),
    (
        "alerting_config",
        5,
        &["fleet", "config", "rules", "alerts", "notify"],
    ),
    (
        "alert_engine",
        6,
        &[
            "fleet",
            "clock",
            "config",
            "store",
            "rules",
            "alerts",
            "notify",
            "alerting_config",
        ],
    ),
    (
        "web",
        7,
        &[
            "fleet",
            "clock",
            "config",
            "telemetry",
            "rules",
            "alerts",
            "notify",
            "alerting_config",
            "alert_engine",
        ],
    ),
    (
        "app",
        8,
        &[
            "fleet",
            "local_files",
            "clock",
            "config",
            "webapi",
            "ledger",
            "store",
            "telemetry",
            "poll",
            "rules",
            "alerts",
            "notify",
            "alerting_config",
            "alert_engine",
            "web",
        ],
    ),
    (
        "cli",
        9,
        &[
            "fleet",
            "local_files",
            "sim",
            "tls_client",
            "clock",
            "config",
            "webapi",
            "ledger",
            "store",
            "telemetry",
            "poll",
            "rules",
            "alerts",
            "notify",
            "alerting_config",
            "alert_engine",
            "web",
            "app",
        ],
    ),
];

#[test]
fn imports_go_down_and_only_where_the_table_says() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let Some((_, _, allowed)) = ROOMS.iter().find(|(name, ..)| *name == room) else {
            wrong.push(format!(
                "{}: room `{room}` is not in the table",
                path.display()
            ));
            continue;
        };
        for import in imports(&text) {
            if import != room && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: `{room}` imports `{import}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_has_no_edge_sideways_or_up() {
    let row = |name: &str| ROOMS.iter().find(|(room, ..)| *room == name).map(|r| r.1);
    for (room, own, allowed) in ROOMS {
        for import in allowed {
            let other = row(import).expect("every import is a room");
            assert!(other < own, "`{room}` may not import `{import}`");
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no //! head: {silent:?}");
}

#[test]
fn the_root_is_a_map_and_re_exports_nothing() {
    let root = fs::read_to_string(src().join("lib.rs")).expect("lib.rs");
    assert!(
        !root.contains("use "),
        "lib.rs imports or re-exports something"
    );
    let listed: BTreeSet<_> = root
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let rooms: BTreeSet<_> = ROOMS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(listed, rooms);
}

#[test]
fn the_daemon_cannot_name_what_writes_to_phones() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if matches!(
            room_of(&path).as_str(),
            "sim" | "webapi" | "cli" | "main" | "lib"
        ) {
            continue;
        }
        // Whatever stands behind `webapi` up to the end of the statement: a path, a list, an alias.
        for rest in text.split("webapi").skip(1) {
            let statement = rest.split(';').next().unwrap_or_default();
            let names: Vec<_> = statement
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .collect();
            let is_renamed = statement.starts_with(" as ") || statement.starts_with("::*");
            let writes = |name: &&str| matches!(*name, "Control" | "Call" | "calls");
            if is_renamed || names.iter().any(writes) {
                wrong.push(format!("{}: webapi{statement}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_reads_the_environment() {
    for (path, text) in sources() {
        if !matches!(room_of(&path).as_str(), "cli" | "main") {
            assert!(!text.contains("env::var"), "{}", path.display());
            assert!(!text.contains("env::args"), "{}", path.display());
        }
    }
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, its path below `src`, and its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut directories = vec![src()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let below = path.strip_prefix(src()).expect("below src").to_owned();
                found.push((below, text));
            }
        }
    }
    found
}

fn room_of(path: &Path) -> String {
    let first = path.components().next().expect("a path");
    let name = Path::new(first.as_os_str()).file_stem().expect("a name");
    name.to_string_lossy().into_owned()
}

/// The rooms that `crate::…` paths in the code name, outside comments.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        for rest in line.split("crate::").skip(1) {
            if let Some(list) = rest.strip_prefix('{') {
                found.extend(list.split([',', '}']).map(first_name));
            } else {
                found.insert(first_name(rest));
            }
        }
    }
    found.remove("");
    found
}

fn first_name(path: &str) -> String {
    path.trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}
