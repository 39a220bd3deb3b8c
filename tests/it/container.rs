//! The image and the compose example, as far as they can be checked without a container engine:
//! paths, ports, arguments and users agree with each other and with the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process::program;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/container")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(directory().join(name)).expect("a file")
}

fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&read(name)).expect("YAML")
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter()
        .map(|item| item.as_str().expect("text"))
        .collect()
}

/// The words of the last instruction of this kind, continued lines joined.
fn instruction(kind: &str) -> String {
    read("Dockerfile")
        .replace("\\\n", " ")
        .lines()
        .filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))
        .next_back()
        .unwrap_or_else(|| panic!("no {kind}"))
        .to_owned()
}

#[test]
fn the_image_copies_what_exists_and_runs_what_the_program_understands() {
    let file = read("Dockerfile").replace("\\\n", " ");
    for line in file.lines().filter_map(|line| line.strip_prefix("COPY ")) {
        if line.starts_with("--from") {
            continue;
        }
        let mut words: Vec<_> = line.split_whitespace().collect();
        words.pop();
        for source in words {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
            assert!(path.exists(), "{source}");
        }
    }
    let entry: Vec<String> = serde_json::from_str(&instruction("ENTRYPOINT")).expect("a list");
    assert!(file.contains(&format!("/release/grandstream-exporter {}\n", entry[0])));
    let (_, check) = file.split_once("HEALTHCHECK ").expect("a health check");
    let (_, check) = check.split_once("CMD ").expect("a command");
    let check: Vec<String> =
        serde_json::from_str(check.lines().next().expect("a line")).expect("a list");
    assert_eq!(check[0], entry[0]);
    understood(&check[1..]);
    let run: Vec<String> = serde_json::from_str(&instruction("CMD")).expect("a list");
    understood(&run);
    let user = instruction("USER");
    assert!(!user.starts_with('0') && user.contains(':'), "{user}");
    assert!(file.contains(&format!("--chown={user} /root-of-image/ /")));
    let rust = env!("CARGO_PKG_RUST_VERSION");
    assert!(
        file.contains(&format!("rust:{rust}-")),
        "builds with {rust}"
    );
}

/// The program knows these arguments.
fn understood(arguments: &[String]) {
    let helped = program().args(arguments).arg("--help").output();
    let helped = helped.expect("it runs");
    assert!(helped.status.success(), "{arguments:?}: {helped:?}");
}

#[test]
fn the_compose_example_mounts_what_exists_where_it_is_looked_for() {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_object().expect("services");
    for (name, service) in services {
        for volume in texts(&service["volumes"]) {
            let from = volume.split(':').next().expect("a source");
            let is_named = compose["volumes"].get(from).is_some();
            let is_there = directory().join(from).exists();
            assert!(is_named || is_there, "{name}: {volume}");
        }
    }
    let exporter = &services["exporter"];
    let arguments: Vec<_> = texts(&exporter["command"])
        .iter()
        .map(ToString::to_string)
        .collect();
    understood(&arguments);
    let config = arguments.last().expect("a configuration");
    let mounted = texts(&exporter["volumes"]);
    assert!(mounted.contains(&&*format!("./config.yaml:{config}:ro")));
    let state = instruction("VOLUME");
    assert!(mounted.contains(&&*format!("state:{state}")));
    let build = &exporter["build"];
    let context = directory().join(build["context"].as_str().expect("a context"));
    assert!(
        context
            .join(build["dockerfile"].as_str().expect("a file"))
            .exists()
    );
    assert!(texts(&exporter["tmpfs"])[0].starts_with("/run/grandstream-exporter:uid=65532"));
}

#[test]
fn ports_agree_from_the_listener_to_the_scrape() {
    let compose = yaml("compose.yaml");
    let listen = yaml("config.yaml")["listen"][0].as_str().map(str::to_owned);
    let port = listen
        .expect("an address")
        .rsplit(':')
        .next()
        .map(str::to_owned);
    let port = port.expect("a port");
    assert_eq!(instruction("EXPOSE"), port);
    assert_eq!(
        texts(&compose["services"]["exporter"]["ports"]),
        [format!("{port}:{port}")]
    );
    let scrape = &yaml("prometheus.yml")["scrape_configs"][0];
    let targets = &scrape["static_configs"][0]["targets"];
    assert_eq!(texts(targets), [format!("exporter:{port}")]);
    let rules = yaml("prometheus.yml")["rule_files"][0]
        .as_str()
        .map(str::to_owned);
    let rules = rules.expect("rules");
    let (rules, _) = rules.rsplit_once('/').expect("a directory");
    let mounted = texts(&compose["services"]["prometheus"]["volumes"]).join("\n");
    assert!(mounted.contains(&format!(":{rules}:ro")), "{mounted}");
}

#[test]
fn the_examples_are_good_by_the_tools_that_read_them() {
    let config = directory().join("config.yaml");
    let checked = program()
        .args(["check-config", "--without-secrets"])
        .arg(config)
        .output()
        .expect("it runs");
    assert!(checked.status.success(), "{checked:?}");
    let checked = Command::new("promtool")
        .args(["check", "config", "--syntax-only"])
        .arg(directory().join("prometheus.yml"))
        .output()
        .expect("promtool; scripts/test-tools installs it");
    assert!(checked.status.success(), "{checked:?}");
}
