//! What explains outlives what it explains.
//!
//! When an outage ends, most of what lies below it was last seen before that: on the way back from
//! losing everything a site still looks lost when the first phone of another one answers. So an alert
//! that has ended goes on explaining what was read before its end, until that is read again. It is
//! forgotten with the alert, a quarter of an hour later.

use super::super::phase::Phase;
use super::Alert;
use crate::fleet::Moment;

/// Which observations an alert explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explains {
    /// None.
    Nothing,
    /// All: it fires.
    Everything,
    /// Those whose poll began before this: it fired then.
    Before(Moment),
}

impl Explains {
    /// Whether it explains what was seen in a poll that began then.
    pub fn covers(self, read: Option<Moment>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Before(ended) => read.is_some_and(|read| read.mono < ended.mono),
        }
    }

    /// Of two, the one that explains more.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
            (Self::Nothing, other) => other,
            (one, Self::Nothing) => one,
            (Self::Before(one), Self::Before(other)) if one.mono < other.mono => {
                Self::Before(other)
            }
            (Self::Before(one), Self::Before(_)) => Self::Before(one),
        }
    }
}

impl Alert {
    /// Which observations of others can be its doing. What explains outlives what it explains.
    ///
    /// An alert of a phone ends by a poll of that phone, in which everything else of the phone was
    /// read as well; one of a group ends by the first polls that differ, long before the last.
    pub fn explains(&self) -> Explains {
        match self.state.phase {
            Phase::Pending { .. } => Explains::Nothing,
            Phase::Firing | Phase::KeepFiring { .. } => Explains::Everything,
            Phase::Resolved { at, .. } if self.subject.phone().is_none() => Explains::Before(at),
            Phase::Resolved { .. } => self.state.read.map_or(Explains::Nothing, Explains::Before),
        }
    }

    /// Up to when it was an outage; `None` if it is none.
    pub(super) fn outage_until(&self, now: Moment) -> Option<Moment> {
        let until = match self.state.phase {
            Phase::Pending { .. } => None,
            Phase::Firing | Phase::KeepFiring { .. } => Some(now),
            Phase::Resolved { at, .. } => Some(at),
        };
        until.filter(|_| self.rule().inhibits_below)
    }

    /// Whether it is an outage that explains such an observation of what lies below.
    pub(super) fn is_outage(&self, read: Option<Moment>) -> bool {
        self.rule.rule.inhibits_below && self.explains().covers(read)
    }
}
