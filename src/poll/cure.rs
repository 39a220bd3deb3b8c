//! How often a new login may be tried against a phone that does not accept its own sessions.
//!
//! An ended session is cured by one login. Where that did not help, another program may be logging
//! in with the same user, or the phone may be confused; logging in again and again would throw the
//! other out each time. So the next cure waits, longer each time, while the reads go on with the
//! session at hand. One good answer ends the wait.

use std::time::Duration;

use crate::fleet::Moment;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cure {
    failed: Option<(Moment, Duration)>,
}

const FIRST_WAIT: Duration = Duration::from_secs(10 * 60);
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

impl Cure {
    pub(super) fn may_log_in(self, now: Moment) -> bool {
        self.failed
            .is_none_or(|(since, wait)| now.since(since) >= wait)
    }

    /// A session was refused everywhere although it was new.
    pub(super) fn did_not_help(&mut self, now: Moment) {
        let wait = self
            .failed
            .map_or(FIRST_WAIT, |(_, wait)| (wait * 2).min(LONGEST_WAIT));
        self.failed = Some((now, wait));
    }

    /// The phone answered under the session.
    pub(super) fn is_over(&mut self) {
        self.failed = None;
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour_and_one_good_answer_ends_it() {
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
        assert_eq!(logins, [0, 10, 30, 70, 130, 190]);
        cure.is_over();
        assert!(cure.may_log_in(start));
    }
}
