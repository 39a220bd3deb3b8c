//! What systemd is told while the daemon runs: that it is ready, how the fleet does, and the pings
//! of its watchdog.
//!
//! A ping is fed by the work itself: it is sent only when the keeper answers through the engine, and,
//! where there are phones, polls go on. A process whose scheduler is stuck sends none and is started
//! again. Times are those in which the process ran: one that was stopped is not stuck.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::notify_socket::NotifySocket;
use crate::clock::Clock;
use crate::fleet::totals::SkipReason;
use crate::fleet::{Fleet, Moment};
use crate::web::Settings;

/// What tells systemd, and what it looks at.
pub(super) struct Herald {
    pub(super) systemd: NotifySocket,
    pub(super) fleet: watch::Receiver<Arc<Fleet>>,
    pub(super) settings: watch::Receiver<Arc<Settings>>,
    pub(super) pings: mpsc::Sender<oneshot::Sender<()>>,
    pub(super) watchdog: Option<Duration>,
    pub(super) clock: Clock,
}

/// How often the fleet is summed up.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// How long engine and keeper may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

impl Herald {
    pub(super) async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        self.systemd.ready();
        let every = self
            .watchdog
            .map_or(TELL_EVERY, |limit| TELL_EVERY.min(limit / 3));
        let mut tick = tokio::time::interval(every);
        // One ping says as much as two.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = String::new();
        let mut progress = Progress::new(self.clock.now());
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = tick.tick() => {}
            }
            self.systemd.retry();
            let alive = self.is_answered().await;
            let fleet = Arc::clone(&self.fleet.borrow());
            let patience = 2 * self.settings.borrow().ready_after + TELL_EVERY;
            let events = events(&fleet);
            if alive && progress.goes_on(events, patience, self.clock.now()) {
                self.systemd.watchdog();
            } else {
                tracing::error!("Poll scheduler stalled; withholding the systemd watchdog ping");
            }
            let status = summary(&fleet);
            if status != told {
                self.systemd.status(&status);
                told = status;
            }
        }
    }

    async fn is_answered(&self) -> bool {
        let (ask, answer) = oneshot::channel();
        let exchange = async {
            self.pings.send(ask).await.ok()?;
            answer.await.ok()
        };
        matches!(
            tokio::time::timeout(ANSWER_WITHIN, exchange).await,
            Ok(Some(()))
        )
    }
}

/// When polls last ended or were skipped.
struct Progress {
    /// `None` where nothing is polled.
    events: Option<u64>,
    patience: Duration,
    at: Moment,
}

impl Progress {
    fn new(now: Moment) -> Self {
        Self {
            events: None,
            patience: Duration::ZERO,
            at: now,
        }
    }

    fn goes_on(&mut self, events: Option<u64>, patience: Duration, now: Moment) -> bool {
        // After a reload the polls to come are judged by the new intervals, not those before.
        if events != self.events || patience != self.patience || events.is_none() {
            self.events = events;
            self.patience = patience;
            self.at = now;
        }
        now.since(self.at) <= patience
    }
}

/// How many polls ended or were skipped; `None` where nothing is polled.
fn events(fleet: &Fleet) -> Option<u64> {
    let skipped: u64 = SkipReason::ALL
        .iter()
        .map(|reason| fleet.totals.skips(*reason))
        .sum();
    (fleet.phones().len() > 0).then(|| fleet.totals.polls + skipped)
}

fn summary(fleet: &Fleet) -> String {
    let up = fleet
        .phones()
        .filter(|phone| phone.last.as_ref().is_some_and(|last| last.up))
        .count();
    format!("{up} of {} phones up", fleet.phones().len())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const START: Moment = Moment {
        wall: Timestamp::UNIX_EPOCH,
        mono: Duration::ZERO,
    };

    #[test]
    fn a_shorter_patience_counts_from_when_it_begins() {
        let minute = Duration::from_secs(60);
        let mut progress = Progress::new(START);
        assert!(progress.goes_on(Some(7), 120 * minute, START));
        assert!(progress.goes_on(Some(7), 120 * minute, START.after(50 * minute)));
        for (at, expect) in [(51, true), (53, true), (54, false)] {
            let goes_on = progress.goes_on(Some(7), 2 * minute, START.after(at * minute));
            assert_eq!(goes_on, expect, "after {at} minutes");
        }
    }

    const PATIENCE: Duration = Duration::from_secs(60);

    /// Whether there is progress after each of these: seconds since the start, and events.
    fn goes_on(story: &[(u64, Option<u64>)]) -> Vec<bool> {
        let mut progress = Progress::new(START);
        story
            .iter()
            .map(|(seconds, events)| {
                let now = START.after(Duration::from_secs(*seconds));
                progress.goes_on(*events, PATIENCE, now)
            })
            .collect()
    }

    #[test]
    fn polls_that_end_or_are_skipped_are_progress() {
        let story = [(50, Some(1)), (100, Some(2)), (150, Some(3))];
        assert_eq!(goes_on(&story), [true, true, true]);
    }

    #[test]
    fn a_scheduler_that_stands_still_beyond_patience_is_no_progress_until_it_moves() {
        let story = [
            (10, Some(5)),
            (70, Some(5)),
            (71, Some(5)),
            (500, Some(5)),
            (501, Some(6)),
        ];
        assert_eq!(goes_on(&story), [true, true, false, false, true]);
    }

    #[test]
    fn without_phones_there_is_nothing_to_wait_for() {
        assert_eq!(goes_on(&[(1_000, None), (2_000, None)]), [true, true]);
        assert_eq!(goes_on(&[(1_000, None), (1_030, Some(0))]), [true, true]);
    }
}
