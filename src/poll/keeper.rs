//! The only writer of the fleet.
//!
//! Reports of all phones arrive over one bounded channel, are folded into the snapshot and published
//! together; who asked for a poll is told after it can be seen. Changes of state are logged here,
//! once, where they become known.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::fleet::totals::SkipReason;
use crate::fleet::{Fleet, Phone, Place, PollReport};
use crate::telemetry::PollMetrics;

/// What the keeper is told.
#[derive(Debug)]
pub(super) enum Event {
    /// A poll ended; `done` are those who asked for it.
    Polled {
        name: Box<str>,
        report: Box<PollReport>,
        done: Vec<oneshot::Sender<()>>,
    },
    /// So many polls did not take place.
    Skipped(SkipReason, u32),
    /// The list changed.
    Places(Vec<Arc<Place>>),
    /// Somebody wants to know whether the keeper is alive.
    Ping(oneshot::Sender<()>),
}

/// How many events may wait for the keeper: a burst of all polls in flight fits.
pub(super) const MAX_EVENTS: usize = 1024;

/// How many events are published together at most.
const BATCH: usize = 64;

/// Folds events until all senders are gone.
pub(super) async fn run(
    mut events: mpsc::Receiver<Event>,
    published: watch::Sender<Arc<Fleet>>,
    metrics: PollMetrics,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while events.recv_many(&mut batch, BATCH).await > 0 {
        let mut fleet = Fleet::clone(&published.borrow());
        let mut answers = Vec::new();
        for event in batch.drain(..) {
            match event {
                Event::Polled { name, report, done } => {
                    metrics.count(&report);
                    let next = fleet.with_report(&name, *report);
                    tell_change(fleet.phone(&name), next.phone(&name));
                    fleet = next;
                    answers.extend(done);
                }
                Event::Skipped(reason, times) => fleet = fleet.with_skips(reason, times),
                Event::Places(places) => fleet = fleet.with_places(places),
                Event::Ping(answer) => answers.push(answer),
            }
        }
        published.send_replace(Arc::new(fleet));
        for answer in answers {
            // Whoever asked may have stopped waiting.
            let _gone = answer.send(());
        }
    }
}

fn tell_change(before: Option<&Arc<Phone>>, after: Option<&Arc<Phone>>) {
    let (Some(before), Some(after)) = (before, after) else {
        return;
    };
    let Some(now) = &after.last else { return };
    let was = before.last.as_ref();
    let name = &after.place.name;
    let failures = after.recent.front().map_or(&[][..], |poll| &poll.failures);
    tracing::debug!(phone = %name, up = now.up, took = ?now.took, ?failures, "Polled `{name}`");
    if was.is_some_and(|was| was.up == now.up && was.reasons == now.reasons) {
        return;
    }
    let first = failures.first().map(|(_, failure)| failure);
    match (now.up, first) {
        (true, None) => tracing::info!(phone = %name, "Phone `{name}` is up"),
        (true, Some(failure)) => {
            tracing::warn!(phone = %name, reason = failure.reason.label(), "Phone `{name}` is up, but {failure}");
        }
        (false, Some(failure)) => {
            tracing::warn!(phone = %name, reason = failure.reason.label(), "Phone `{name}` is not up: {failure}; {}", failure.reason.mend());
        }
        (false, None) => tracing::warn!(phone = %name, "Phone `{name}` is not up"),
    }
    if after.tally.reboots > before.tally.reboots {
        tracing::info!(phone = %name, "Phone `{name}` has rebooted");
    }
}
