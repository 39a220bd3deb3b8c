//! What the polls of all phones add up to: the exporter's view of itself.

use std::time::Duration;

use super::failure::Reason;
use super::report::{DropReason, PollReport};

/// Counters over all phones since the start; raised by the keeper only.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// How long polls took.
    pub poll_duration: Histogram<12>,
    /// How late polls began against their schedule.
    pub schedule_lag: Histogram<10>,
    /// Polls under way when this was published.
    pub in_flight: usize,
    failures: [u64; Reason::ALL.len()],
    skipped: [u64; SkipReason::ALL.len()],
    dropped: [u64; DropReason::ALL.len()],
}

/// Why a poll did not take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The poll before was still running.
    Running,
    /// No place among `max_in_flight` came free in time.
    Saturated,
    /// This process did not run: it was stopped, or the machine slept.
    Paused,
}

/// A histogram with upper bounds in seconds; the last bucket of Prometheus, `+Inf`, is the count.
#[derive(Clone, Debug)]
pub struct Histogram<const N: usize> {
    /// Upper bounds, ascending.
    pub bounds: &'static [f64; N],
    /// How many observations fell into each bucket alone, not below it.
    pub buckets: [u64; N],
    /// All observations.
    pub count: u64,
    /// Their sum in seconds.
    pub sum: f64,
}

impl Default for Histogram<12> {
    /// Bounds from a fast poll on a LAN to the longest sensible timeout.
    fn default() -> Self {
        Self::new(&[
            0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0,
        ])
    }
}

impl Default for Histogram<10> {
    /// Bounds from a timer's grain to a whole missed interval.
    fn default() -> Self {
        Self::new(&[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0])
    }
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: &'static [f64; N]) -> Self {
        Self {
            bounds,
            buckets: [0; N],
            count: 0,
            sum: 0.0,
        }
    }

    fn observe(&mut self, value: Duration) {
        let value = value.as_secs_f64();
        self.count += 1;
        self.sum += value;
        if let Some(bucket) = self.bounds.iter().position(|bound| value <= *bound) {
            self.buckets[bucket] += 1;
        }
    }
}

impl Totals {
    /// Polls that failed for this reason; one that failed for two counts in both.
    pub fn failures(&self, reason: Reason) -> u64 {
        self.failures[reason as usize]
    }

    /// Polls that did not take place for this reason.
    pub fn skips(&self, reason: SkipReason) -> u64 {
        self.skipped[reason as usize]
    }

    /// What was left out of answers for this reason.
    pub fn drops(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    pub(super) fn count(&mut self, report: &PollReport) {
        self.poll_duration.observe(report.took);
        if let Some(lag) = report.lag {
            self.schedule_lag.observe(lag);
        }
        for reason in report.reasons().iter() {
            self.failures[reason as usize] += 1;
        }
        for reason in DropReason::ALL {
            self.dropped[reason as usize] += u64::from(report.dropped.get(reason));
        }
    }

    pub(super) fn skipped(&mut self, reason: SkipReason, times: u32) {
        self.skipped[reason as usize] += u64::from(times);
    }
}

impl SkipReason {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Running, Self::Saturated, Self::Paused];

    /// The value of the label `reason`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Saturated => "saturated",
            Self::Paused => "paused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observation_falls_into_the_first_bucket_that_holds_it() {
        let mut histogram = Histogram::<12>::default();
        for millis in [10, 11, 60_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        assert_eq!(histogram.buckets[..3], [1, 1, 0]);
        assert_eq!(histogram.count, 3);
    }
}
