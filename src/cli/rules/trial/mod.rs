//! `rules test`: stories of made-up phones, and which alerts they should make.
//!
//! The stories are lived through by the board itself on a clock moved by hand, so that what passes
//! here is what the daemon does. In the spirit of `promtool test rules`; a file says what phones do
//! and when, not which samples they give.

mod file;
mod life;
mod play;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::rule_book;
use crate::cli::{USAGE, complain, failed, say};

use file::File;

/// The largest file of stories.
const MAX_FILE: u64 = 4 << 20;

pub(super) fn run(paths: &[PathBuf], config: Option<&Path>) -> ExitCode {
    let (config, book) = match rule_book(config) {
        Ok(read) => read,
        Err(faults) => return failed(&faults.into()),
    };
    let mut worst = ExitCode::SUCCESS;
    let mut unreadable = false;
    for path in paths {
        let file = match File::read(path, MAX_FILE) {
            Ok(file) => file,
            Err(error) => {
                complain(format_args!("{}: {error:#}", path.display()));
                unreadable = true;
                continue;
            }
        };
        let mut wrong = Vec::new();
        for story in &file.tests {
            match play::play(story, file.interval, &book, config.as_ref()) {
                Ok(differences) => {
                    wrong.extend(differences.into_iter().map(|difference| {
                        format!("{}: {}: {difference}", path.display(), story.name)
                    }))
                }
                Err(error) => {
                    complain(format_args!(
                        "{}: {}: {error:#}",
                        path.display(),
                        story.name
                    ));
                    unreadable = true;
                }
            }
        }
        let told = if wrong.is_empty() {
            let count = file.tests.len();
            say(format_args!("{}: {count} tests, good", path.display()))
        } else {
            worst = ExitCode::FAILURE;
            wrong
                .iter()
                .try_for_each(|line| say(format_args!("{line}")))
        };
        if told.is_err() {
            return ExitCode::FAILURE;
        }
    }
    if unreadable {
        return ExitCode::from(USAGE);
    }
    worst
}
