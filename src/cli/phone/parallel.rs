//! One job on many phones, with a limit at a time.
//!
//! Outcomes are in the order of the phones. A callback gets each one as it ends.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::error::JobError;
use super::job::Job;
use super::result::JobResult;
use super::session::Session;

/// The outcome of the job on one phone.
pub(super) struct JobOutcome {
    pub(super) name: String,
    pub(super) result: JobResult,
    /// `None` if the session could not be prepared.
    pub(super) session: Option<Session>,
}

impl JobOutcome {
    /// A phone that got no request.
    pub(super) fn not_tried(session: Session, error: JobError) -> Self {
        Self {
            name: session.name().to_owned(),
            result: Err(error),
            session: Some(session),
        }
    }
}

/// Runs the job on each phone, at most `jobs` at a time, and calls `each` with each outcome.
pub(super) async fn run_on_all(
    sessions: Vec<Session>,
    job: &Arc<Job>,
    jobs: usize,
    mut each: impl FnMut(&JobOutcome),
) -> Vec<JobOutcome> {
    let mut waiting = sessions.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut outcomes: Vec<(usize, JobOutcome)> = Vec::new();
    loop {
        while running.len() < jobs
            && let Some((position, session)) = waiting.next()
        {
            let job = Arc::clone(job);
            running.spawn(async move { (position, one(session, &job).await) });
        }
        let Some(ended) = running.join_next().await else {
            break;
        };
        let ended = ended.expect("no job is cancelled, and a panic ends the program");
        each(&ended.1);
        outcomes.push(ended);
    }
    outcomes.sort_by_key(|(position, _)| *position);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn one(mut session: Session, job: &Job) -> JobOutcome {
    let result = job.perform(&mut session).await;
    JobOutcome {
        name: session.name().to_owned(),
        result,
        session: Some(session),
    }
}
