//! What follows from a wall clock that was set while the daemon runs.
//!
//! What lasts is counted on the monotonic clock and needs nothing. What lies ahead was written down as
//! a time of the wall clock: the next attempt of a message, and the end of a silence that was made
//! while the clock had never been set. Both are moved by as much as the clock was, and stay as far
//! ahead as they were.

use jiff::SignedDuration;

use super::Engine;
use crate::alerts::silence::Silence;
use crate::alerts::start::was_set;
use crate::fleet::Moment;

impl Engine {
    /// Notices that the clock was set since the last turn.
    pub(super) fn follow_clock(&mut self, now: Moment) {
        let told = self.begun.told_at(now);
        let by = told.wall.duration_since(self.begun.wall);
        let had_never_been_set = !was_set(self.begun.wall);
        self.begun = told;
        if by.is_zero() {
            return;
        }
        tracing::info!("The wall clock was set by {by:#}; what lasts is not counted by it");
        if let Err(fault) = self.store.move_due(by) {
            tracing::error!("Messages that wait are tried at another time: {fault}");
        }
        if had_never_been_set {
            self.move_silences(by);
        }
    }

    fn move_silences(&mut self, by: SignedDuration) {
        let mut silences = self.board.silences().to_vec();
        let made = |silence: &&mut Silence| !was_set(silence.starts_at);
        let moved: Vec<_> = silences
            .iter_mut()
            .filter(made)
            .map(|silence| {
                let times = [
                    &mut silence.starts_at,
                    &mut silence.ends_at,
                    &mut silence.updated_at,
                ];
                for at in times {
                    *at = at.saturating_add(by).unwrap_or(*at);
                }
                silence.clone()
            })
            .collect();
        for silence in &moved {
            self.keep_silence(silence);
        }
        if !moved.is_empty() {
            self.board.with_silences(silences);
        }
    }
}
