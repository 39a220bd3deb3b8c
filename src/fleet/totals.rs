//! What the polls of all phones add up to, as far as the daemon itself acts on it.
//!
//! What only the page of metrics shows is counted by `telemetry`.

/// Counters over all phones since the start; raised by the keeper only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Polls that ended.
    pub polls: u64,
    skipped: [u64; SkipReason::ALL.len()],
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

impl Totals {
    /// Polls that did not take place for this reason.
    pub fn skips(&self, reason: SkipReason) -> u64 {
        self.skipped[reason as usize]
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
