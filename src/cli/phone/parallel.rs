//! One job on many phones, so many at a time.
//!
//! Phones keep their order whatever the order in which they answer. Whoever wants to know of each as
//! it ends, for a bar or a record, is told.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::error::JobError;
use super::job::Job;
use super::result::CallResult;
use super::session::Session;

/// What became of one phone.
pub(super) struct JobOutcome {
    pub(super) name: String,
    pub(super) result: Result<CallResult, JobError>,
    /// `None` for a phone that could not be begun with.
    pub(super) session: Option<Session>,
}

impl JobOutcome {
    /// A phone that was not touched.
    pub(super) fn not_tried(session: Session, error: JobError) -> Self {
        Self {
            name: session.name().to_owned(),
            result: Err(error),
            session: Some(session),
        }
    }
}

/// Does the job on each phone, at most `jobs` at a time, and tells `each` as it ends.
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
        let ended = ended.expect("nobody cancels a job, and one that panics ends the program");
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
