//! What the program is made of: licences, sources, and crates that must not come in.
//!
//! Read from `cargo metadata` of the locked graph, so it needs no network. Known vulnerabilities are
//! looked up by `make release-checks`, which does.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Licences under which the program may be given away, as crates state them. A new wording is read
/// by a person before it is added.
const LICENCES: [&str; 19] = [
    "(MIT OR Apache-2.0) AND Unicode-3.0",
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 AND ISC",
    "Apache-2.0 OR BSL-1.0",
    "Apache-2.0 OR ISC OR MIT",
    "Apache-2.0 OR MIT",
    "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
    "Apache-2.0 / MIT",
    "Apache-2.0/MIT",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT OR Apache-2.0",
    "MIT/Apache-2.0",
    "Unicode-3.0",
    "Unlicense OR MIT",
    "Unlicense/MIT",
    "Zlib",
];

/// Crates that do what another one here does already, and why they stay out.
const BANNED: [(&str, &str); 5] = [
    ("openssl-sys", "TLS is rustls'"),
    ("native-tls", "TLS is rustls'"),
    ("aws-lc-rs", "the provider of rustls is ring"),
    ("aws-lc-sys", "the provider of rustls is ring"),
    ("serde_yaml", "unmaintained; yaml_serde bears its name here"),
];

/// Crates of which one version is enough to keep two secrets or two clocks apart.
const ONCE: [&str; 6] = ["hyper", "jiff", "ring", "rustls", "serde", "tokio"];

fn packages() -> Vec<Value> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let listed = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version=1"])
        .args(["--filter-platform", &target])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    assert!(listed.status.success(), "{listed:?}");
    let graph: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let packages = graph["packages"].as_array().expect("a list").clone();
    assert!(packages.len() > 50, "{}", packages.len());
    packages
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a name")
}

#[test]
fn every_licence_is_one_that_was_read() {
    let unknown: BTreeSet<_> = packages()
        .iter()
        .map(|package| (name(package).to_owned(), package["license"].as_str()))
        .filter(|(_, licence)| !licence.is_some_and(|licence| LICENCES.contains(&licence)))
        .map(|(name, licence)| format!("{name}: {licence:?}"))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn everything_comes_from_the_registry() {
    let elsewhere: Vec<_> = packages()
        .iter()
        .filter(|package| name(package) != env!("CARGO_PKG_NAME"))
        .filter(|package| {
            package["source"] != "registry+https://github.com/rust-lang/crates.io-index"
        })
        .map(|package| package["id"].to_string())
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
fn one_tls_one_clock_one_runtime() {
    let packages = packages();
    for (banned, why) in BANNED {
        let found = packages.iter().any(|package| name(package) == banned);
        assert!(!found, "{banned} came in: {why}");
    }
    for once in ONCE {
        let versions = packages.iter().filter(|package| name(package) == once);
        assert_eq!(versions.count(), 1, "{once}");
    }
}
