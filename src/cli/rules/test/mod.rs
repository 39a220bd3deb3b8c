//! `rules test`: tests of alert rules, like `promtool test rules`.
//!
//! A test file says what phones do and when, not which samples they have. The daemon's own evaluation
//! runs on it with a manual clock, so that a test that passes is what the daemon does.

mod phone;
mod runner;
mod test_file;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::rule_book;
use crate::alerting_config::RuleBook;
use crate::cli::{USAGE, exit_code};
use crate::config::Config;
use crate::rules::describe_rule::count;

use test_file::TestFile;

/// The largest test file.
const MAX_FILE: u64 = 4 << 20;

/// The result of a test file.
enum FileResult {
    /// The number of tests.
    Passed(usize),
    /// The differences, one a line.
    Failed(Vec<String>),
}

pub(super) fn run(paths: &[PathBuf], config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (config, book) = rule_book(config)?;
    let (mut all_passed, mut all_read) = (true, true);
    for path in paths {
        let file = path.display();
        match run_file(path, &book, config.as_ref()) {
            Ok(FileResult::Passed(tests)) => {
                println_line!("{file}: {} passed", count(tests, "test"))?;
            }
            Ok(FileResult::Failed(lines)) => {
                all_passed = false;
                for line in lines {
                    println_line!("{file}: {line}")?;
                }
            }
            Err(error) => {
                all_read = false;
                eprintln_line!("{file}: {error:#}");
            }
        }
    }
    if !all_read {
        return Ok(ExitCode::from(USAGE));
    }
    Ok(exit_code(all_passed))
}

fn run_file(path: &Path, book: &RuleBook, config: Option<&Config>) -> anyhow::Result<FileResult> {
    let file = TestFile::read(path, MAX_FILE)?;
    let mut lines = Vec::new();
    for case in &file.tests {
        let name = &case.name;
        let differences =
            runner::run_case(case, file.interval, book, config).with_context(|| name.clone())?;
        let differences = differences.into_iter();
        lines.extend(differences.map(|difference| format!("{name}: {difference}")));
    }
    if lines.is_empty() {
        return Ok(FileResult::Passed(file.tests.len()));
    }
    Ok(FileResult::Failed(lines))
}
