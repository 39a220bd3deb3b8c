//! What the alert task publishes: the board, and how telling it goes. Everybody else reads this.
//!
//! A snapshot never changes once it is published; making the next one shares all that stayed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::alerting_config::Settings;
use crate::alerts::annotations::Rendered;
use crate::alerts::board::{Alert, Board};
use crate::alerts::identity::Life;
use crate::fleet::Moment;
use crate::notify::notification::NotificationReason;
use crate::notify::retry::FailureReason;

/// Alerts and how their telling goes, at one moment.
#[derive(Clone, Debug)]
pub struct AlertSnapshot {
    /// What the daemon was told of alerts.
    pub settings: Arc<Settings>,
    /// The alerts.
    pub board: Board,
    /// Texts of the alerts that fire or fired, by [`Alert::life`].
    pub texts: rpds::RedBlackTreeMapSync<Life, Arc<Rendered>>,
    /// Of each rule, how many phones it speaks of: 0 never fires.
    pub matched: Arc<BTreeMap<Box<str>, u32>>,
    /// When the rules were last looked at as a whole; `None` before the first time.
    pub evaluated: Option<Moment>,
    /// What was counted since the start.
    pub tallies: Arc<Counters>,
    /// Messages that wait or were given up, by receiver; every receiver is there.
    pub queues: Arc<BTreeMap<Box<str>, Queue>>,
    /// Where the state of alerts is kept.
    pub keeping: Persistence,
}

/// What was counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages that were taken, by receiver and reason.
    pub delivered: BTreeMap<(Box<str>, NotificationReason), u64>,
    /// Attempts that failed, by receiver and kind of trouble.
    pub failed: BTreeMap<(Box<str>, FailureReason), u64>,
    /// Alerts that fired and were kept back, by the label of what did; see [`SUPPRESSORS`].
    pub suppressed: BTreeMap<&'static str, u64>,
    /// By name of the Alertmanager.
    pub alertmanagers: BTreeMap<Box<str>, AlertmanagerCounters>,
    /// Texts of alerts that could not be rendered and were told as they are written.
    pub texts_failed: u64,
    /// Alerts that were taken back at the start, by what became of them.
    pub restored: BTreeMap<RestoreResult, u64>,
}

/// What was counted of one Alertmanager.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertmanagerCounters {
    /// Alerts that were taken.
    pub sent: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Alerts that were refused and are not sent again.
    pub dropped: u64,
    /// Alerts that wait to be taken.
    pub waiting: u64,
}

/// The messages of one receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Messages that wait.
    pub waiting: u64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
    /// Messages that were given up.
    pub dead: u64,
    /// For how long nothing gets through; `None` while all is well.
    pub failing: Option<Duration>,
}

/// Where the state of alerts is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Persistence {
    /// When it was last written.
    pub written: Option<Timestamp>,
    /// Why what should be on disk is in memory.
    pub fault: Option<Box<str>>,
}

/// The labels of what keeps alerts from being said, as
/// [`Visibility::label`](crate::alerts::suppress::Visibility::label) gives them.
pub const SUPPRESSORS: [&str; 5] = ["flapping", "inhibited", "settling", "silence", "window"];

/// What becomes of an alert that is taken back at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RestoreResult {
    /// It goes on.
    Continued,
    /// It had ended.
    Ended,
    /// Its rule is gone.
    RuleRemoved,
    /// It was kept for too long.
    TooOld,
}

impl RestoreResult {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Continued,
        Self::Ended,
        Self::RuleRemoved,
        Self::TooOld,
    ];

    /// The value of the label `result`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Continued => "continued",
            Self::Ended => "ended",
            Self::RuleRemoved => "rule_removed",
            Self::TooOld => "too_old",
        }
    }
}

impl AlertmanagerCounters {
    /// Adds what was counted since; how many wait is as it was seen last.
    pub(super) fn add(&mut self, more: Self) {
        self.sent += more.sent;
        self.errors += more.errors;
        self.dropped += more.dropped;
        self.waiting = more.waiting;
    }
}

impl AlertSnapshot {
    /// Before anything was looked at.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self {
            board: Board::new(Arc::clone(&settings.rules)),
            settings,
            texts: rpds::RedBlackTreeMapSync::new_sync(),
            matched: Arc::default(),
            evaluated: None,
            tallies: Arc::default(),
            queues: Arc::default(),
            keeping: Persistence::default(),
        }
    }

    /// The texts of an alert; none while it is pending.
    pub fn texts_of(&self, alert: &Alert) -> &[(Box<str>, Box<str>)] {
        self.texts.get(&alert.life()).map_or(&[], |texts| texts)
    }

    /// Alerts that fire and may be said.
    pub fn shown(&self) -> impl Iterator<Item = &Alert> {
        self.board.alerts().filter(|alert| alert.is_shown())
    }
}
