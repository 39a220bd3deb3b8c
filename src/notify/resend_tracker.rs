//! What one Alertmanager is to be told now: what changed, and what is due to be said again.
//!
//! An Alertmanager forgets what is not repeated, and forgets everything when it restarts; so what
//! fires is sent again every round, and what ended is sent for as long as the board keeps it. What
//! could not be sent is due at once: there is no queue beside the board, so what is sent is always
//! the present truth.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::alerts::board::{Alert, Board};
use crate::alerts::identity::Life;
use crate::fleet::Moment;

/// What one Alertmanager took, and when.
#[derive(Clone, Debug, Default)]
pub struct ResendTracker(BTreeMap<Life, Taken>);

#[derive(Clone, Copy, Debug)]
struct Taken {
    at: Moment,
    firing: bool,
    refused: bool,
}

impl ResendTracker {
    /// Alerts that are to be sent: those that began or ended since they were taken, and those taken
    /// longer than `every` ago; not what was refused. The end of what was never taken is told too:
    /// another process may have told of its beginning, and who never heard of it makes nothing of it.
    pub fn due<'a>(&self, board: &'a Board, every: Duration, now: Moment) -> Vec<&'a Alert> {
        let fired = board.alerts().filter(|alert| alert.fired_at.is_some());
        fired
            .filter(|alert| match self.0.get(&alert.life()) {
                None => true,
                Some(taken) if taken.refused => false,
                Some(taken) => {
                    taken.firing != alert.state.is_firing() || now.since(taken.at) >= every
                }
            })
            .collect()
    }

    /// Those of `due` were taken.
    pub fn taken<'a>(&mut self, alerts: impl IntoIterator<Item = &'a Alert>, now: Moment) {
        self.note(alerts, now, false);
    }

    /// Those of `due` were refused for what they are.
    pub fn refused<'a>(&mut self, alerts: impl IntoIterator<Item = &'a Alert>, now: Moment) {
        self.note(alerts, now, true);
    }

    fn note<'a>(
        &mut self,
        alerts: impl IntoIterator<Item = &'a Alert>,
        now: Moment,
        refused: bool,
    ) {
        for alert in alerts {
            let firing = alert.state.is_firing();
            let taken = Taken {
                at: now,
                firing,
                refused,
            };
            self.0.insert(alert.life(), taken);
        }
    }

    /// Forgets what is no longer on the board.
    pub fn forget(&mut self, board: &Board) {
        let lives: BTreeSet<_> = board.alerts().map(Alert::life).collect();
        self.0.retain(|life, _| lives.contains(life));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::alerts::board::Rules;
    use crate::alerts::self_monitoring::Health;
    use crate::fleet::sample::{Sample, fleet, minute};
    use crate::notify::resend_tracker::*;
    use crate::rules::condition::{Condition, PhoneCondition};
    use crate::rules::rule::Rule;

    const EVERY: Duration = Duration::from_secs(300);

    /// At which minutes the alert is due while the phone is down at these, if what is due is taken
    /// at the minutes that `open` names.
    fn due(down: &[u64], open: impl Fn(u64) -> bool, refused: bool) -> Vec<u64> {
        let rule = Rule {
            min_polls: 1,
            ..Rule::new("Down", Condition::Phone(PhoneCondition::Unreachable))
        };
        let mut board = Board::new(Arc::new(Rules::new([rule])));
        let mut rounds = ResendTracker::default();
        let minutes = 0..20;
        minutes
            .filter(|&n| {
                let sample = Sample::new("a").polled(minute(n));
                let sample = if down.contains(&n) {
                    sample.down()
                } else {
                    sample.up()
                };
                let fleet = fleet([sample]);
                let _told = board.after_tick(&fleet, &Health::default(), minute(n));
                let due = rounds.due(&board, EVERY, minute(n));
                let is_due = !due.is_empty();
                if open(n) && refused {
                    rounds.refused(due, minute(n));
                } else if open(n) {
                    rounds.taken(due, minute(n));
                }
                rounds.forget(&board);
                is_due
            })
            .collect()
    }

    #[test]
    fn a_change_is_due_at_once_and_the_rest_every_round() {
        let all_day: Vec<_> = (0..20).collect();
        assert_eq!(due(&all_day, |_| true, false), [0, 5, 10, 15]);
        // It ends at minute 2 and is told for a quarter of an hour.
        assert_eq!(due(&[0, 1], |_| true, false), [0, 2, 7, 12, 17]);
    }

    #[test]
    fn what_was_not_taken_stays_due() {
        let down = [0, 1, 2, 3];
        let late = due(&down, |n| n > 2, false);
        assert_eq!(late, [0, 1, 2, 3, 4, 9, 14, 19]);
        assert_eq!(due(&[0, 1], |n| n > 3, false), [0, 1, 2, 3, 4, 9, 14]);
    }

    #[test]
    fn what_was_refused_is_not_sent_again() {
        assert_eq!(due(&[0, 1, 2, 3], |_| true, true), [0]);
    }
}
