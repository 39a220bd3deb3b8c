//! The only reader of the machine's clocks.
//!
//! Pure code takes `now` as an argument; tasks and request handlers ask this clock for it. It is a
//! concrete type: the real clock, or one that tests move by hand. It never waits: waiting is
//! `tokio::time`'s business.
//!
//! The monotonic side of a [`Moment`] is time in which this process ran. A machine that sleeps, or a
//! process that is stopped, cannot ask phones anything; were that time counted, every reading would
//! be too old and every `for` over before the first poll. A [`Timeline`] counts all of it, for
//! schedules.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::fleet::Moment;

/// Tells the present moment; cheap to clone, all clones agree.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Real {
        start: Duration,
        /// Set where it is read often enough to notice pauses.
        running: Option<Arc<Mutex<Running>>>,
    },
    Manual(Arc<Mutex<Moment>>),
}

/// Time in which the process ran, as far as reading the clock shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Running {
    /// When the clock was last read.
    seen: Duration,
    /// All pauses together.
    paused: Duration,
    pauses: u64,
}

/// Time since it was started, with sleep of the machine and stops of the process.
#[derive(Clone, Copy, Debug)]
pub struct Timeline {
    start: Duration,
    timer: Instant,
}

/// A clock that notices pauses has to be read at least this often.
pub const READ_EVERY: Duration = Duration::from_secs(1);

/// Not to have been read for so long means that the process did not run. A machine under the
/// heaviest load holds a process up for fractions of that.
pub const PAUSE: Duration = Duration::from_secs(5);

impl Clock {
    /// The machine's clock; its monotonic side counts from this call.
    pub fn real() -> Self {
        Self(Source::Real {
            start: since_boot(),
            running: None,
        })
    }

    /// The machine's clock, whose monotonic side stands still while the process is paused. Somebody
    /// must read it every [`READ_EVERY`].
    pub fn noticing_pauses() -> Self {
        Self(Source::Real {
            start: since_boot(),
            running: Some(Arc::default()),
        })
    }

    /// A clock that stands at `wall` until [`Clock::advance`] moves it.
    pub fn manual(wall: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(Moment {
            wall,
            mono: Duration::ZERO,
        }))))
    }

    /// The present moment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::Real { start, running } => {
                let up = since_boot().saturating_sub(*start);
                let mono = match running {
                    Some(running) => lock(running).read(up),
                    None => up,
                };
                Moment {
                    wall: Timestamp::now(),
                    mono,
                }
            }
            Source::Manual(moment) => *lock(moment),
        }
    }

    /// How many pauses of the process were noticed so far.
    pub fn pauses(&self) -> u64 {
        self.now();
        match &self.0 {
            Source::Real {
                running: Some(running),
                ..
            } => lock(running).pauses,
            Source::Real { running: None, .. } | Source::Manual(_) => 0,
        }
    }

    /// Moves a manual clock forward; a real one is left as it is.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(moment) = &self.0 {
            let mut moment = lock(moment);
            *moment = moment.after(by);
        }
    }
}

impl Running {
    /// The clock is read when so much time has passed: how much of it the process ran.
    fn read(&mut self, up: Duration) -> Duration {
        let unseen = up.saturating_sub(self.seen);
        if unseen >= PAUSE {
            self.paused += unseen;
            self.pauses += 1;
        }
        self.seen = self.seen.max(up);
        // Never more paused than seen: what was paused passed.
        self.seen.saturating_sub(self.paused)
    }
}

impl Timeline {
    /// One that starts now.
    pub fn start() -> Self {
        Self {
            start: since_boot(),
            timer: Instant::now(),
        }
    }

    /// The time since its start.
    pub fn elapsed(&self) -> Duration {
        self.timer.elapsed() + self.asleep()
    }

    /// When a timer that is set now goes off at `at`. Timers do not run while the machine sleeps.
    pub fn deadline(&self, at: Duration) -> Instant {
        self.timer + at.saturating_sub(self.asleep())
    }

    /// How long the machine slept, in whole seconds: deadlines of one slot stay equal.
    fn asleep(&self) -> Duration {
        let all = since_boot().saturating_sub(self.start);
        Duration::from_secs(all.saturating_sub(self.timer.elapsed()).as_secs())
    }
}

/// The time since the machine started, its sleep included.
fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_for_all_its_clones() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let clone = clock.clone();
        clock.advance(Duration::from_secs(90));
        assert_eq!(clone.now().wall.as_second(), 90);
        assert_eq!(clone.now().mono, Duration::from_secs(90));
    }

    #[test]
    fn time_in_which_the_process_did_not_run_is_not_counted() {
        let mut running = Running::default();
        let mut seconds = |seconds: &[u64]| -> Vec<u64> {
            let read = seconds.iter();
            read.map(|at| running.read(Duration::from_secs(*at)).as_secs())
                .collect()
        };
        let seen = [1, 2, 3, 3, 603, 604, 608, 613, 614];
        assert_eq!(seconds(&seen), [1, 2, 3, 3, 3, 4, 8, 8, 9]);
        assert_eq!(running.pauses, 2);
    }

    #[test]
    fn a_real_clock_runs_on() {
        for clock in [Clock::real(), Clock::noticing_pauses()] {
            let before = clock.now();
            assert!(clock.now().mono >= before.mono);
            assert_eq!(clock.pauses(), 0);
        }
        let timeline = Timeline::start();
        let at = timeline.elapsed() + Duration::from_secs(3600);
        assert!(timeline.deadline(at) > Instant::now());
    }
}
