//! How often a new login may be tried against a phone that does not accept its own sessions.
//!
//! An ended session is cured by one login. Where that did not help, the phone may be starting: its
//! sessions are lost as they are opened until all of it is up, so the first tries come quickly. After
//! those another program may be logging in with the same user, or the phone may be confused; logging
//! in again and again would throw the other out each time. So the next cure waits, longer each time,
//! while the reads go on with the session at hand. One good answer ends the wait.

use std::time::Duration;

use crate::fleet::Moment;
use crate::fleet::guard::BRIEFLY;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cure {
    /// Sessions in a row that were lost as they were opened, and when the last one was.
    lost: usize,
    since: Option<Moment>,
}

/// The waits after the first, second, third … lost session; the last one repeats. The brief ones
/// cover what a phone takes to start.
const WAITS: [Duration; 8] = [
    Duration::ZERO,
    BRIEFLY,
    BRIEFLY,
    BRIEFLY,
    minutes(10),
    minutes(20),
    minutes(40),
    minutes(60),
];

impl Cure {
    pub(super) fn may_log_in(self, now: Moment) -> bool {
        let nth = self.lost.saturating_sub(1).min(WAITS.len() - 1);
        self.since
            .is_none_or(|since| now.since(since) >= WAITS[nth])
    }

    /// A session was refused everywhere although it was new.
    pub(super) fn did_not_help(&mut self, now: Moment) {
        self.lost = self.lost.saturating_add(1);
        self.since = Some(now);
    }

    /// The phone answered under the session.
    pub(super) fn is_over(&mut self) {
        *self = Self::default();
    }
}

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_starting_phone_is_tried_each_minute_then_the_wait_doubles_up_to_an_hour() {
        let start = Moment {
            wall: Timestamp::UNIX_EPOCH,
            mono: Duration::ZERO,
        };
        let mut cure = Cure::default();
        let mut logins = Vec::new();
        for minute in 0..200 {
            let now = start.after(Duration::from_secs(60 * minute));
            if cure.may_log_in(now) {
                logins.push(minute);
                cure.did_not_help(now);
            }
        }
        assert_eq!(logins, [0, 1, 2, 3, 4, 14, 34, 74, 134, 194]);
        cure.is_over();
        assert!(cure.may_log_in(start), "one good answer ends the wait");
    }
}
