//! `rules test`: stories of made-up phones, and which alerts they should make.
//!
//! The stories are lived through by the board itself on a clock moved by hand, so that what passes
//! here is what the daemon does. In the spirit of `promtool test rules`; a file says what phones do
//! and when, not which samples they give.

mod phone;
mod runner;
mod test_file;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::rule_book;
use crate::alert::settings::RuleBook;
use crate::cli::{USAGE, eprintln_line, failed, println_line};
use crate::config::Config;

use test_file::TestFile;

/// The largest file of stories.
const MAX_FILE: u64 = 4 << 20;

/// How the stories of a file went.
enum FileResult {
    /// All as expected: how many there are.
    Passed(usize),
    /// What differs, a line each.
    Failed(Vec<String>),
}

pub(super) fn run(paths: &[PathBuf], config: Option<&Path>) -> ExitCode {
    let (config, book) = match rule_book(config) {
        Ok(read) => read,
        Err(faults) => return failed(&faults.into()),
    };
    let (mut differs, mut unreadable) = (false, false);
    for path in paths {
        let name = path.display();
        let printed = match run_file(path, &book, config.as_ref()) {
            Ok(FileResult::Passed(count)) => {
                println_line(format_args!("{name}: {count} tests, good"))
            }
            Ok(FileResult::Failed(lines)) => {
                differs = true;
                let mut lines = lines.into_iter();
                lines.try_for_each(|line| println_line(format_args!("{name}: {line}")))
            }
            Err(error) => {
                unreadable = true;
                eprintln_line(format_args!("{name}: {error:#}"));
                Ok(())
            }
        };
        if printed.is_err() {
            return ExitCode::FAILURE;
        }
    }
    match (unreadable, differs) {
        (true, _) => ExitCode::from(USAGE),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    }
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
