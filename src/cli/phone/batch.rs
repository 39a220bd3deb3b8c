//! Phones in batches: stops when too many fail, and can be resumed.
//!
//! Each phone that is done is appended to a file in the state directory, so that an interrupted run can
//! be resumed; the file is removed when all are done.

use std::collections::HashSet;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::args::Batch;
use super::auto_silence::AutoSilence;
use super::error::JobError;
use super::job::Job;
use super::parallel::{JobOutcome, run_on_all};
use super::session::Session;
use crate::local_files::{Access, StateDir};
use crate::rules::describe_rule::count;

/// The phones that this run, or the one it resumes, has done.
pub(super) struct ResumeFile {
    state_dir: PathBuf,
    /// Its name in the state directory.
    name: &'static str,
    done: HashSet<String>,
    /// Whether the first phone of this run replaces the file of an older one.
    replaces: bool,
}

impl ResumeFile {
    /// The file of an operation in the state directory: of the last run if it is to be `resumed`, else a
    /// new one.
    pub(super) fn open(
        state_dir: &Path,
        name: &'static str,
        resumed: bool,
    ) -> anyhow::Result<Self> {
        let failed = || format!("failed to use {}", state_dir.join(name).display());
        let mut text = String::new();
        match StateDir::open_or_make(state_dir)?.file(name, Access::Read) {
            Ok(mut file) => {
                file.read_to_string(&mut text).with_context(failed)?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(failed),
        }
        let lines = text.lines().filter(|_| resumed);
        // A line that is cut off is skipped: that phone is done again.
        let done = lines.filter_map(|line| serde_json::from_str(line).ok());
        Ok(Self {
            done: done.collect(),
            replaces: !resumed,
            state_dir: state_dir.to_owned(),
            name,
        })
    }

    /// Whether this phone is done.
    pub(super) fn has(&self, name: &str) -> bool {
        self.done.contains(name)
    }

    fn add(&mut self, name: &str) -> anyhow::Result<()> {
        let line = format!("{}\n", serde_json::to_string(name)?);
        let directory = StateDir::open(&self.state_dir)?;
        if self.replaces {
            directory.remove(self.name)?;
        }
        let mut file = directory.file_or_new(self.name)?;
        file.write_all(line.as_bytes())?;
        self.replaces = false;
        self.done.insert(name.to_owned());
        Ok(())
    }

    /// Removes the file: all phones are done.
    fn end(&self) {
        // There is no file if no phone was done.
        let directory = StateDir::open(&self.state_dir);
        let _none = directory.and_then(|directory| directory.remove(self.name));
    }
}

/// How a job runs on many phones.
pub(super) struct BatchOptions {
    pub(super) batch: Batch,
    /// Phones at the same time.
    pub(super) jobs: usize,
    /// Silences each batch before it begins.
    pub(super) auto_silence: Option<AutoSilence>,
}

/// Runs the job batch by batch.
pub(super) async fn in_batches(
    sessions: Vec<Session>,
    job: &Arc<Job>,
    BatchOptions {
        batch,
        jobs,
        mut auto_silence,
    }: BatchOptions,
    mut resume_file: Option<ResumeFile>,
    mut each: impl FnMut(&JobOutcome),
) -> Vec<JobOutcome> {
    let size = batch
        .size
        .map_or(sessions.len().max(1), std::num::NonZero::get);
    let may_fail = batch.stop_after.map_or(usize::MAX, std::num::NonZero::get);
    let mut waiting = sessions.into_iter();
    let mut outcomes: Vec<JobOutcome> = Vec::new();
    let mut failures = 0;
    while failures < may_fail {
        let next: Vec<Session> = waiting.by_ref().take(size).collect();
        if next.is_empty() {
            break;
        }
        if let Some(auto_silence) = &mut auto_silence {
            let names: Vec<_> = next.iter().map(Session::name).collect();
            auto_silence.add(&names).await;
        }
        let ended = run_on_all(next, job, jobs, |one| {
            if one.result.is_ok()
                && let Some(resume_file) = &mut resume_file
                && let Err(error) = resume_file.add(&one.name)
            {
                tracing::warn!(%error, phone = one.name, "Failed to record a finished phone; `--resume` would repeat it");
            }
            each(one);
        });
        let ended = ended.await;
        failures += ended.iter().filter(|one| is_failure(one)).count();
        outcomes.extend(ended);
    }
    outcomes.extend(waiting.map(|session| {
        let why = format!(
            "not tried: {} failed before it; see --resume",
            count(failures, "phone")
        );
        JobOutcome::not_tried(session, JobError::skipped(why))
    }));
    if let Some(resume_file) = &resume_file
        && outcomes.iter().all(|one| one.result.is_ok())
    {
        resume_file.end();
    }
    outcomes
}

/// Skipped phones, e.g. those in a call, are no failures.
fn is_failure(outcome: &JobOutcome) -> bool {
    matches!(&outcome.result, Err(error) if error.reason != "skipped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_run_is_resumed_and_a_new_one_starts_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("resume");
        let open = |resumed| ResumeFile::open(directory.path(), "resume", resumed).unwrap();
        let mut first = open(false);
        first.add("a \"b\"\n").unwrap();
        first.add("c").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}\"cut o")).unwrap();
        let resumed = open(true);
        assert!(resumed.has("a \"b\"\n") && resumed.has("c") && !resumed.has("cut o"));
        let mut new = open(false);
        assert!(!new.has("c"));
        assert!(open(true).has("c"), "no phone of the new run is done");
        new.add("d").unwrap();
        new.add("e").unwrap();
        let resumed = open(true);
        assert!(!resumed.has("c") && resumed.has("d") && resumed.has("e"));
    }
}
