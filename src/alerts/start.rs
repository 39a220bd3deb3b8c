//! When something began: counted on the monotonic clock, told by the wall clock as it is now.
//!
//! The wall clock steps: a machine without a battery starts in 1970 and learns the time a moment
//! later. Two of its times subtracted across a step tell a duration that never was. A [`Start`]
//! therefore keeps what the clock said at the beginning, which tells one beginning from another and
//! never changes; the same instant on the clock as it is now; and how long it lasted before this
//! process began to count. What a process saved is taken over with its [`Absence`].

use std::time::Duration;

use jiff::Timestamp;

use crate::fleet::Moment;
use crate::fleet::moment::earlier;

/// When something began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// As the wall clock told it then.
    pub first: Timestamp,
    /// As the wall clock tells it now; the same unless the clock was set meanwhile.
    pub wall: Timestamp,
    /// From then on this process counts.
    counted: Moment,
    /// How long it had lasted by then.
    before: Duration,
}

/// The time between the last write of one process and the start of the next.
#[derive(Clone, Copy, Debug)]
pub struct Absence {
    /// When the last state was written; `None` if that is not known.
    written: Option<Timestamp>,
    /// When it is taken over.
    now: Moment,
}

/// A wall clock that differs by less from what was counted was not set: it was slewed, or read a
/// moment later.
const SLACK: Duration = Duration::from_secs(10);

/// A clock that tells an earlier time was never set: this program is younger.
const NEVER_SET: Timestamp = Timestamp::constant(1_735_689_600, 0);

impl Start {
    /// It begins now.
    pub fn now(now: Moment) -> Self {
        Self {
            first: now.wall,
            wall: now.wall,
            counted: now,
            before: Duration::ZERO,
        }
    }

    /// What another process saved: `first` and `wall` as they were there.
    pub fn restored(first: Timestamp, wall: Timestamp, absence: Absence) -> Self {
        let before = absence.lasted_since(wall);
        let restored = Self {
            first,
            wall,
            counted: absence.now,
            before,
        };
        restored.told_at(absence.now)
    }

    /// Something of which only a time in the store is known, looked at for the first time.
    pub fn of_stored(at: Timestamp, now: Moment) -> Self {
        Self::restored(at, at, Absence::new(Some(at), now))
    }

    /// For how long it has lasted.
    pub fn lasted(&self, now: Moment) -> Duration {
        self.before + now.since(self.counted)
    }

    /// The same start, told by the wall clock as it is now.
    #[must_use]
    pub fn told_at(self, now: Moment) -> Self {
        let told = earlier(now.wall, self.lasted(now));
        let moved = told.duration_since(self.wall).unsigned_abs();
        let wall = if moved > SLACK { told } else { self.wall };
        Self { wall, ..self }
    }

    /// Whether a moment of this process lies before it.
    pub fn is_after(&self, moment: Moment) -> bool {
        moment.mono < self.counted.mono
    }
}

impl Absence {
    /// Between what was last written and `now`.
    pub fn new(written: Option<Timestamp>, now: Moment) -> Self {
        Self { written, now }
    }

    /// When it ends.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Up to when the other process is known to have counted.
    pub fn written(&self) -> Timestamp {
        self.written.unwrap_or(self.now.wall)
    }

    /// A moment of the other process: its age on the monotonic clock is lost, so it counts from now.
    pub fn moment(&self, at: Timestamp) -> Moment {
        Moment {
            wall: at,
            mono: self.now.mono,
        }
    }

    /// How long it took, as far as both clocks can be believed.
    fn length(&self) -> Duration {
        let written = self.written.filter(|written| was_set(*written));
        written.map_or(Duration::ZERO, |written| between(written, self.now.wall))
    }

    /// Whether it was longer than this.
    pub fn is_longer_than(&self, length: Duration) -> bool {
        self.length() > length
    }

    /// How long it is since then, of a time that the other process told.
    fn lasted_since(&self, at: Timestamp) -> Duration {
        match self.written {
            Some(written) => between(at, written) + self.length(),
            None if was_set(at) => between(at, self.now.wall),
            None => Duration::ZERO,
        }
    }
}

/// Whether a clock that tells this time was set.
pub fn was_set(at: Timestamp) -> bool {
    at >= NEVER_SET
}

/// From one time to a later one; nothing if it is not later.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::moment::later;

    const MINUTE: Duration = Duration::from_secs(60);

    /// So many minutes after a process began, while its clock shows so many minutes of 2026.
    fn moment(mono: u32, wall: i64) -> Moment {
        let day: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        Moment {
            wall: day + jiff::SignedDuration::from_mins(wall),
            mono: MINUTE * mono,
        }
    }

    /// The same on a clock that began in 1970.
    fn unset(mono: u32) -> Moment {
        Moment {
            wall: later(Timestamp::UNIX_EPOCH, MINUTE * mono),
            mono: MINUTE * mono,
        }
    }

    #[test]
    fn a_clock_that_is_set_moves_what_is_told_and_not_what_lasted() {
        for step in [-500_000, -30, 30, 500_000] {
            let start = Start::now(moment(5, 100));
            let now = moment(15, 110 + step);
            assert_eq!(start.lasted(now), 10 * MINUTE);
            let told = start.told_at(now);
            assert_eq!(told.wall, moment(5, 100 + step).wall);
            assert_eq!(told.first, moment(5, 100).wall);
        }
    }

    #[test]
    fn a_clock_that_is_slewed_moves_nothing() {
        let start = Start::now(moment(5, 100));
        let now = Moment {
            wall: later(moment(15, 110).wall, SLACK),
            ..moment(15, 110)
        };
        assert_eq!(start.told_at(now), start);
    }

    #[test]
    fn what_lasted_before_a_restart_and_the_restart_itself_count() {
        let at = moment(0, 10).wall;
        let absence = Absence::new(Some(moment(0, 30).wall), moment(1, 40));
        let start = Start::restored(at, at, absence);
        assert_eq!(start.lasted(moment(6, 45)), 35 * MINUTE);
        assert_eq!(start.told_at(moment(6, 45)).wall, at);
        assert!(absence.is_longer_than(9 * MINUTE) && !absence.is_longer_than(10 * MINUTE));
    }

    #[test]
    fn a_clock_that_was_not_set_tells_nothing_of_the_time_between() {
        let written = moment(0, 30).wall;
        let at = moment(0, 10).wall;
        // Started without a battery, and told the time a minute later.
        let start = Start::restored(at, at, Absence::new(Some(written), unset(1)));
        assert_eq!(start.lasted(unset(2)), 21 * MINUTE);
        assert_eq!(start.lasted(moment(3, 900)), 22 * MINUTE);
        assert_eq!(start.told_at(moment(3, 900)).wall, moment(0, 878).wall);
        // Saved while the clock was not set, and taken over when it was.
        let absence = Absence::new(Some(unset(9).wall), moment(0, 900));
        let start = Start::restored(unset(2).wall, unset(2).wall, absence);
        assert_eq!(start.lasted(moment(1, 901)), 8 * MINUTE);
        assert_eq!(start.wall, moment(0, 893).wall);
        assert!(!absence.is_longer_than(Duration::ZERO));
    }
}
