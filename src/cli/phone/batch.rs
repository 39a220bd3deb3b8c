//! Phones in batches, with an end to it when too many fail, and a way to go on later.
//!
//! Which phones are done is kept in the state directory as it happens, so that a run that was cut
//! off can be resumed; the file goes when all are done.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;

use super::args::Batch;
use super::auto_silence::Quiet;
use super::error::JobError;
use super::job::Job;
use super::parallel::{JobOutcome, run_on_all};
use super::session::Session;

/// The phones that this run, or the one it resumes, has done.
pub(super) struct Progress {
    path: PathBuf,
    done: HashSet<String>,
    /// What an older run left gives way to the first phone of this one, not before.
    replaces: bool,
}

impl Progress {
    /// That of this operation in the state directory: what the last run left if it is to be
    /// `resumed`, else a new one.
    pub(super) fn open(path: PathBuf, resumed: bool) -> anyhow::Result<Self> {
        let failed = || format!("failed to use {}", path.display());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(failed),
        };
        let lines = text.lines().filter(|_| resumed);
        // A line that was cut off names no phone: that phone is done again.
        let done = lines.filter_map(|line| serde_json::from_str(line).ok());
        Ok(Self {
            done: done.collect(),
            replaces: !resumed,
            path,
        })
    }

    /// Whether this phone need not be done again.
    pub(super) fn has(&self, name: &str) -> bool {
        self.done.contains(name)
    }

    fn add(&mut self, name: &str) -> anyhow::Result<()> {
        let line = format!("{}\n", serde_json::to_string(name)?);
        let mut file = OpenOptions::new()
            .append(!self.replaces)
            .write(true)
            .truncate(self.replaces)
            .create(true)
            .mode(0o600)
            .open(&self.path)?;
        file.write_all(line.as_bytes())?;
        self.replaces = false;
        self.done.insert(name.to_owned());
        Ok(())
    }

    /// Forgets the run: all phones are done.
    fn end(&self) {
        // Nothing was written where no phone was done.
        let _none = std::fs::remove_file(&self.path);
    }
}

/// How a job goes over many phones.
pub(super) struct BatchOptions {
    pub(super) batch: Batch,
    /// How many phones at the same time.
    pub(super) jobs: usize,
    /// What is asked for before each batch, so that nobody is told of what it does.
    pub(super) quiet: Option<Quiet>,
}

/// Does the job batch by batch.
pub(super) async fn in_batches(
    sessions: Vec<Session>,
    job: &Arc<Job>,
    BatchOptions {
        batch,
        jobs,
        mut quiet,
    }: BatchOptions,
    mut progress: Option<Progress>,
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
        if let Some(quiet) = &mut quiet {
            let names: Vec<_> = next.iter().map(Session::name).collect();
            quiet.ask_for(&names).await;
        }
        let ended = run_on_all(next, job, jobs, |one| {
            if one.result.is_ok()
                && let Some(progress) = &mut progress
                && let Err(error) = progress.add(&one.name)
            {
                tracing::warn!(%error, phone = one.name, "`--resume` will not know of this phone");
            }
            each(one);
        });
        let ended = ended.await;
        failures += ended.iter().filter(|one| is_failure(one)).count();
        outcomes.extend(ended);
    }
    outcomes.extend(waiting.map(|session| {
        let why = format!("not tried: {failures} phones before it failed; see --resume");
        JobOutcome::not_tried(session, JobError::skipped(why))
    }));
    if let Some(progress) = &progress
        && outcomes.iter().all(|one| one.result.is_ok())
    {
        progress.end();
    }
    outcomes
}

/// A phone that is in a call is no failure of the operation.
fn is_failure(outcome: &JobOutcome) -> bool {
    matches!(&outcome.result, Err(error) if error.reason != "skipped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_cut_off_is_resumed_and_a_new_one_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("resume");
        let open = |resumed| Progress::open(path.clone(), resumed).unwrap();
        let mut first = open(false);
        first.add("a \"b\"\n").unwrap();
        first.add("c").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}\"cut o")).unwrap();
        let resumed = open(true);
        assert!(resumed.has("a \"b\"\n") && resumed.has("c") && !resumed.has("cut o"));
        let mut new = open(false);
        assert!(!new.has("c"));
        assert!(open(true).has("c"), "nothing was done yet");
        new.add("d").unwrap();
        new.add("e").unwrap();
        let resumed = open(true);
        assert!(!resumed.has("c") && resumed.has("d") && resumed.has("e"));
    }
}
