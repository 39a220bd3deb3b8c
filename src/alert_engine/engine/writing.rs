//! When the engine writes, and its way back to a disk that failed.
//!
//! A message, an order and what follows from them are written at once, together with everything else
//! that changed. What no message tells of yet waits for that, or for [`WRITE_EVERY`].

use std::time::Duration;

use jiff::Timestamp;

use super::Engine;
use crate::fleet::Moment;
use crate::fleet::moment::later;
use crate::store::Batch;

/// How often the way back to a disk that failed is tried.
const RETURN_EVERY: Duration = Duration::from_secs(60);

/// How long a change that no message tells of may wait to be written: what a crash may cost of the
/// clocks of pending alerts and of the history.
const WRITE_EVERY: Duration = Duration::from_secs(60);

impl Engine {
    /// Writes what is not written yet, before the process ends.
    pub fn close(&mut self, now: Moment) {
        if self.unsaved.is_some() {
            self.write(now);
        }
    }

    /// Goes back to a disk that failed, if it works again.
    pub(super) fn return_to_disk(&mut self, now: Moment) {
        if self.store.fault().is_none()
            || self.returned.is_some_and(|at| now.since(at) < RETURN_EVERY)
        {
            return;
        }
        self.returned = Some(now);
        if self.store.try_return() {
            tracing::info!("The state of alerts is on disk again");
            self.come_back(now);
            self.unsaved.get_or_insert(now);
        }
    }

    /// Whether what changed is written now: with every message and order, and from time to time.
    pub(super) fn is_to_be_written(&self, now: Moment) -> bool {
        let waited = self.unsaved.map(|since| now.since(since));
        !self.unwritten.letters.is_empty()
            || !self.unwritten.documents.is_empty()
            || waited.is_some_and(|waited| waited >= WRITE_EVERY)
    }

    /// When what waits is written at the latest.
    pub(super) fn writes_at(&self) -> Option<Timestamp> {
        self.unsaved.map(|since| later(since.wall, WRITE_EVERY))
    }

    /// Writes what changed; what cannot be written stays for the next time.
    pub(super) fn write(&mut self, now: Moment) {
        self.keep_alerts();
        self.keep_told();
        let batch = std::mem::take(&mut self.unwritten);
        if self.store_batch(&batch, now) {
            self.reasons.clear();
            self.unsaved = None;
        } else {
            self.unwritten = batch;
        }
    }

    /// Whether a batch is in the store, be it in memory.
    pub(super) fn store_batch(&mut self, batch: &Batch, now: Moment) -> bool {
        let sound = self.store.fault().is_none();
        let at = self.time_of_writing(now.wall);
        let written = self.store.write(batch, at);
        if let Some(fault) = self.store.fault().filter(|_| sound) {
            tracing::error!(
                "The state of alerts is kept in memory only: {fault}; see to state_dir"
            );
        }
        match written {
            Ok(()) => {
                self.written = Some(at);
                true
            }
            Err(fault) => {
                tracing::error!("The state of alerts cannot be kept at all: {fault}");
                false
            }
        }
    }

    /// No two batches are of one millisecond, since messages are told apart by when they were written.
    fn time_of_writing(&self, now: Timestamp) -> Timestamp {
        /// A batch that seems to be of later than this was written before the clock was put back.
        const HASTE: Duration = Duration::from_secs(1);
        let next = self
            .written
            .map(|last| later(last, Duration::from_millis(1)));
        let next = next.filter(|next| *next <= later(now, HASTE));
        next.map_or(now, |next| next.max(now))
    }
}
