//! When a phone booted, from what it says of its uptime.
//!
//! Uptime text is coarse on some phones (whole days), so each reading bounds the boot from one side
//! only. A reboot is certain when the new uptime, even with its rounding, is shorter than the old
//! one plus the time that passed on our monotonic clock: steps of the wall clock are no reboots.
//! The published boot time moves on a reboot, or when the wall clock itself was corrected.

use std::time::Duration;

use jiff::Timestamp;

use super::moment::{self, Moment};
use super::reading::Uptime;

/// What is known of a phone's last boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// When it booted, on the wall clock; steady within the resolution of the text.
    pub at: Timestamp,
    /// The uptime last read.
    pub uptime: Uptime,
    /// The middle of the request that read it.
    pub read: Moment,
}

/// How far two readings of one boot may lie apart beyond their resolution: a slow answer.
const SLACK: Duration = Duration::from_secs(15);

impl Boot {
    /// The boot after reading `uptime` in a request whose middle was `read`, and whether the phone
    /// rebooted since `before`.
    pub fn after(before: Option<Self>, uptime: Uptime, read: Moment) -> (Self, bool) {
        let told = moment::earlier(read.wall, uptime.length);
        let now = |at| Self { at, uptime, read };
        let Some(before) = before else {
            return (now(told), false);
        };
        let expected = before.uptime.length + read.since(before.read);
        if uptime.length + uptime.resolution + SLACK < expected {
            return (now(told), true);
        }
        let coarsest = uptime.resolution.max(before.uptime.resolution);
        let moved = told.duration_since(before.at).unsigned_abs();
        if moved <= coarsest + SLACK {
            return (now(before.at), false);
        }
        (now(told), false)
    }

    /// How long ago it was: both times were told by the clock as it was at the reading.
    pub fn age(&self, now: Moment) -> Duration {
        let by_then = self.read.wall.duration_since(self.at);
        Duration::try_from(by_then).unwrap_or_default() + now.since(self.read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const MINUTE: Duration = Duration::from_secs(60);
    const SECOND: Duration = Duration::from_secs(1);

    fn moment(seconds: u64) -> Moment {
        Moment {
            wall: Timestamp::UNIX_EPOCH,
            mono: Duration::ZERO,
        }
        .after(Duration::from_secs(1_000_000 + seconds))
    }

    fn uptime(length: Duration, resolution: Duration) -> Uptime {
        Uptime { length, resolution }
    }

    #[test]
    fn a_steady_phone_keeps_its_boot_time_to_the_second() {
        let (first, _) = Boot::after(None, uptime(MINUTE, SECOND), moment(0));
        let (second, rebooted) = Boot::after(Some(first), uptime(119 * SECOND, SECOND), moment(60));
        assert_eq!((second.at, rebooted), (first.at, false));
    }

    #[test]
    fn whole_days_neither_move_the_boot_time_nor_look_like_a_reboot() {
        let (mut boot, _) = Boot::after(None, uptime(4 * DAY, DAY), moment(0));
        let first = boot.at;
        for hour in 1..24 {
            let (next, rebooted) =
                Boot::after(Some(boot), uptime(4 * DAY, DAY), moment(hour * 3600));
            assert_eq!((next.at, rebooted), (first, false), "after {hour} hours");
            boot = next;
        }
    }

    #[test]
    fn a_reboot_is_seen_even_when_the_text_gets_finer() {
        let (before, _) = Boot::after(None, uptime(DAY, DAY), moment(0));
        let (after, rebooted) = Boot::after(Some(before), uptime(3 * MINUTE, MINUTE), moment(300));
        assert!(rebooted);
        assert_eq!(after.at, moment(120).wall);
    }

    #[test]
    fn a_step_of_the_wall_clock_moves_the_boot_time_and_is_no_reboot() {
        let (before, _) = Boot::after(None, uptime(MINUTE, SECOND), moment(0));
        let mut later = moment(30);
        later.wall = moment(1_000_000).wall;
        let (after, rebooted) =
            Boot::after(Some(before), uptime(MINUTE + 30 * SECOND, SECOND), later);
        assert!(!rebooted);
        assert!(after.at > before.at);
        for boot in [before, after] {
            assert_eq!(boot.age(moment(60)), 2 * MINUTE);
        }
    }
}
