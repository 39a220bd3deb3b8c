//! What readers of the fleet may ask of its writers, as plain data.

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
