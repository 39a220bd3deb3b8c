//! `/metrics`, pages and JSON: functions of a snapshot and the time.

mod clock_offset;
#[cfg(test)]
mod example;
mod health;
pub mod metrics;
pub mod pieces;
mod requests;

use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, PublishedValue};
use crate::fleet::command::ReloadStatus;

pub use requests::{Code, Handler, RequestCounts, Requests};

/// What of the configuration is shown, as of the last reload.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What may be shown of phones.
    pub metrics: config::Metrics,
    /// Which P-values are shown.
    pub values: Arc<[PublishedValue]>,
    /// How reading the configuration went.
    pub reload: ReloadStatus,
    /// After this time from the start the daemon is ready even if some phone was never tried: the
    /// largest interval plus the largest timeout.
    pub ready_after: Duration,
}
