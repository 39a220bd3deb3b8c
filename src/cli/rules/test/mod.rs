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
use crate::cli::{USAGE, complain, failed, say};
use crate::config::Config;

use test_file::File;

/// The largest file of stories.
const MAX_FILE: u64 = 4 << 20;

/// How the stories of a file went.
enum Outcome {
    /// All as expected: how many there are.
    Good(usize),
    /// What differs, a line each.
    Differs(Vec<String>),
}

pub(super) fn run(paths: &[PathBuf], config: Option<&Path>) -> ExitCode {
    let (config, book) = match rule_book(config) {
        Ok(read) => read,
        Err(faults) => return failed(&faults.into()),
    };
    let (mut differs, mut unreadable) = (false, false);
    for path in paths {
        let name = path.display();
        let told = match play_all(path, &book, config.as_ref()) {
            Ok(Outcome::Good(count)) => say(format_args!("{name}: {count} tests, good")),
            Ok(Outcome::Differs(lines)) => {
                differs = true;
                let mut lines = lines.into_iter();
                lines.try_for_each(|line| say(format_args!("{name}: {line}")))
            }
            Err(error) => {
                unreadable = true;
                complain(format_args!("{name}: {error:#}"));
                Ok(())
            }
        };
        if told.is_err() {
            return ExitCode::FAILURE;
        }
    }
    match (unreadable, differs) {
        (true, _) => ExitCode::from(USAGE),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    }
}

fn play_all(path: &Path, book: &RuleBook, config: Option<&Config>) -> anyhow::Result<Outcome> {
    let file = File::read(path, MAX_FILE)?;
    let mut lines = Vec::new();
    for story in &file.tests {
        let name = &story.name;
        let differences =
            runner::play(story, file.interval, book, config).with_context(|| name.clone())?;
        let differences = differences.into_iter();
        lines.extend(differences.map(|difference| format!("{name}: {difference}")));
    }
    if lines.is_empty() {
        return Ok(Outcome::Good(file.tests.len()));
    }
    Ok(Outcome::Differs(lines))
}
