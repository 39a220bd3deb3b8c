//! The configuration from the outside: whole files, their faults, precedence, lists, secrets.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use grandstream_exporter::config::{
    self, Config, Environment, Faults, Phone, Secrets, ValueKind, load,
};

/// Where the files with faults lie, as tests are started in the directory of the package.
const INVALID: &str = "tests/config/invalid";

/// What stands before an expected line of faults.
const EXPECTED: &str = "#! ";

fn no_environment() -> Environment {
    Environment::default()
}

/// The faults of a file, one a line, as an operator who stands in its directory sees them.
fn faults(path: &Path) -> String {
    match load(path, &no_environment(), Secrets::Read) {
        Ok(_) => String::new(),
        Err(faults) => faults.to_string().replace(&format!("{INVALID}/"), ""),
    }
}

#[test]
fn every_invalid_file_has_exactly_the_faults_that_it_names() {
    let mut checked = 0;
    let mut differing = String::new();
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
            differing += &format!("{path}\nexpected:\n{expected}\nfound:\n{found}\n\n");
        }
        checked += 1;
    }
    assert!(differing.is_empty(), "{differing}");
    assert!(checked > 50, "only {checked} files were found");
}
