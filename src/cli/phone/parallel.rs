//! One job on many phones, so many at a time.
//!
//! Phones keep their order whatever the order in which they answer. Whoever wants to know of each as
//! it ends, for a bar or a record, is told.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::error::Trouble;
use super::job::Job;
use super::result::Told;
use super::session::Hand;

/// What became of one phone.
pub(super) struct Done {
    pub(super) name: String,
    pub(super) result: Result<Told, Trouble>,
    /// `None` for a phone that could not be begun with.
    pub(super) hand: Option<Hand>,
}

impl Done {
    /// A phone that was not touched.
    pub(super) fn not_tried(hand: Hand, trouble: Trouble) -> Self {
        Self {
            name: hand.name().to_owned(),
            result: Err(trouble),
            hand: Some(hand),
        }
    }
}

/// Does the job on each phone, at most `jobs` at a time, and tells `each` as it ends.
pub(super) async fn over(
    hands: Vec<Hand>,
    job: &Arc<Job>,
    jobs: usize,
    mut each: impl FnMut(&Done),
) -> Vec<Done> {
    let mut waiting = hands.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut done: Vec<(usize, Done)> = Vec::new();
    loop {
        while running.len() < jobs
            && let Some((position, hand)) = waiting.next()
        {
            let job = Arc::clone(job);
            running.spawn(async move { (position, one(hand, &job).await) });
        }
        let Some(ended) = running.join_next().await else {
            break;
        };
        let ended = ended.expect("nobody cancels a job, and one that panics ends the program");
        each(&ended.1);
        done.push(ended);
    }
    done.sort_by_key(|(position, _)| *position);
    done.into_iter().map(|(_, done)| done).collect()
}

async fn one(mut hand: Hand, job: &Job) -> Done {
    let result = job.perform(&mut hand).await;
    Done {
        name: hand.name().to_owned(),
        result,
        hand: Some(hand),
    }
}
