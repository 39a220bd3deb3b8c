//! What readers of the fleet may ask of its writers, as plain data.

use jiff::Timestamp;
use tokio::sync::oneshot;

/// Poll this phone as soon as the rules allow.
#[derive(Debug)]
pub struct PollNow {
    /// Name of the phone.
    pub phone: Box<str>,
    /// Told after the outcome was published; dropped if there is no such phone or the daemon stops.
    pub done: oneshot::Sender<()>,
}

/// How many requests to poll now may wait; beyond that the asker is refused.
pub const MAX_WAITING_POLLS: usize = 256;

/// Read the configuration again and take it over if it is valid.
#[derive(Debug)]
pub struct Reload {
    /// Take it over even if it lists no phones or receivers any more.
    pub accept_loss: bool,
    /// Told the outcome: the faults, one a line, where the old configuration was kept.
    pub done: oneshot::Sender<Result<(), String>>,
}

/// How reading the configuration went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReloadStatus {
    /// The last attempt succeeded.
    pub successful: bool,
    /// When one last did.
    pub last_success: Timestamp,
}

impl ReloadStatus {
    /// It was read just now.
    pub fn good(now: Timestamp) -> Self {
        Self {
            successful: true,
            last_success: now,
        }
    }
}
