//! What others ask of the alert task, as plain data with a way for the answer.
//!
//! Whoever asks says as whom: a login name or a user of the machine, never what somebody typed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::alerting_config::Settings;
use crate::alerts::silence::Silence;
use crate::rules::describe_rule::length;
use crate::rules::matcher::Matcher;
pub use crate::store::{Event, NewEntry, NewEvent, OutboxEntry};

/// How many commands may wait; beyond that the asker is refused.
pub const MAX_WAITING: usize = 32;

/// At most so many events are handed over at once.
pub const MOST_EVENTS: u32 = 10_000;

/// A question or an order; the answer is dropped if the daemon stops.
#[derive(Debug)]
pub enum Command {
    /// Make a silence.
    AddSilence {
        /// What is wanted.
        wanted: NewSilence,
        /// Who wants it.
        by: Box<str>,
        /// The silence as it was made.
        done: Answer<Silence>,
    },
    /// End a silence now.
    ExpireSilence {
        /// Which.
        id: u64,
        /// Who wants it.
        by: Box<str>,
        /// The silence as it ended.
        done: Answer<Silence>,
    },
    /// What happened to phones, newest first.
    Events {
        /// One phone, or all.
        phone: Option<Box<str>>,
        /// Not before.
        since: Timestamp,
        /// At most so many.
        most: u32,
        /// The events.
        done: Answer<Vec<Event>>,
    },
    /// Every message that waits or was given up, oldest first.
    Queue {
        /// The messages.
        done: Answer<Vec<OutboxEntry>>,
    },
    /// Try a message again that was given up.
    Retry {
        /// Which.
        id: i64,
        /// Who wants it.
        by: Box<str>,
        /// Nothing more to say.
        done: Answer<()>,
    },
    /// Throw a message away.
    Drop {
        /// Which.
        id: i64,
        /// Who wants it.
        by: Box<str>,
        /// Nothing more to say.
        done: Answer<()>,
    },
    /// Take over changed settings.
    Reload {
        /// The new ones.
        settings: Arc<Settings>,
        /// Told when they are in force.
        done: Answer<()>,
    },
}

impl Command {
    /// Whether its answer is read from what was written.
    pub fn reads_history(&self) -> bool {
        matches!(self, Self::Events { .. })
    }

    /// Whether it changes what the board makes of the fleet, so that everything is looked at anew.
    pub fn is_for_the_board(&self) -> bool {
        match self {
            Self::AddSilence { .. } | Self::ExpireSilence { .. } | Self::Reload { .. } => true,
            Self::Events { .. } | Self::Queue { .. } | Self::Retry { .. } | Self::Drop { .. } => {
                false
            }
        }
    }
}

/// The way for an answer.
pub type Answer<T> = oneshot::Sender<Result<T, Refusal>>;

/// An answer that waits to be given.
pub struct Reply(Box<dyn FnOnce() + Send>);

impl Reply {
    /// This answer on this way.
    pub fn new<T: Send + 'static>(way: Answer<T>, answer: Result<T, Refusal>) -> Self {
        Self(Box::new(move || {
            // Whoever asked may have stopped waiting.
            let _gone = way.send(answer);
        }))
    }

    /// Gives it.
    pub fn give(self) {
        (self.0)();
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

/// A silence to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSilence {
    /// All must match, and one must not match the empty text.
    pub matchers: Box<[Matcher]>,
    /// When it begins; now, if nothing is given or that has passed.
    pub starts_at: Option<Timestamp>,
    /// When it ends.
    pub ends: SilenceEnd,
    /// Why.
    pub comment: Box<str>,
}

/// When a new silence ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SilenceEnd {
    /// Then.
    At(Timestamp),
    /// So long after its beginning.
    After(Duration),
}

/// Why something is not done, with its mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A silence whose matchers match labels that are not there would silence nearly everything.
    #[error(
        "a silence needs at least one matcher that does not match the empty text; name a phone, a \
         site or an alert"
    )]
    Everything,
    /// It would end before it is made.
    #[error("a silence ends in the future; choose a later time")]
    Past,
    /// Longer than the configuration allows, or not at all.
    #[error("a silence lasts from 1s to {}, by `alerting.silences.max`; choose another time", length(*.0))]
    Lasting(Duration),
    /// Too many.
    #[error("there are {0} silences already; expire some")]
    Full(usize),
    /// No such thing.
    #[error("there is no {0} {1}; list them to see which there are")]
    Unknown(&'static str, i64),
    /// It is over.
    #[error("the silence {0} has ended already")]
    Over(u64),
    /// It was not given up.
    #[error("the message {0} is not given up: it waits, and is tried again by itself")]
    Waiting(i64),
    /// The database failed.
    #[error("{0}")]
    Store(#[from] crate::store::StoreFault),
}
