//! One line of a phone and the calls on it.
//!
//! A line turns from one state to another only where a real call could; setting
//! [`Line::state`] makes any other state of the vendor's fourteen. Nobody is on the other end.

use std::time::Duration;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The phone's own number of it, from 1.
    pub id: u32,
    /// The vendor's code, -1 to 13; the guide names those that are constants here.
    pub state: i64,
    /// The account in use, counted from 0 as in `api-make_call`.
    pub account: Option<u32>,
    /// The remote party's name.
    pub name: String,
    /// The remote party's number.
    pub number: String,
    /// When a dialled call is answered.
    pub(in crate::sim) answered: Option<Answered>,
}

/// When a dialled call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Answered {
    At(Duration),
    /// After this many more reads of the line.
    AfterReads(u8),
}

impl Line {
    /// No call.
    pub const IDLE: i64 = 0;
    /// A call comes in.
    pub const RINGING: i64 = 2;
    /// A call goes out and is not answered yet.
    pub const CALLING: i64 = 3;
    /// A call.
    pub const IN_CALL: i64 = 4;
    /// A call on hold.
    pub const HOLD: i64 = 5;
    /// A call that failed.
    pub const FAILED: i64 = 8;

    /// A line without a call.
    pub fn idle(id: u32) -> Self {
        let (name, number) = (String::new(), String::new());
        Self {
            id,
            state: Self::IDLE,
            account: None,
            name,
            number,
            answered: None,
        }
    }

    /// Someone calls.
    pub fn ring(&mut self, name: &str, number: &str) {
        self.state = Self::RINGING;
        self.account = Some(0);
        name.clone_into(&mut self.name);
        number.clone_into(&mut self.number);
        self.answered = None;
    }

    /// A call goes out on that account, counted from 0.
    pub(in crate::sim) fn dial(&mut self, account: u32, number: &str, answered: Answered) {
        *self = Self {
            state: Self::CALLING,
            account: Some(account),
            number: number.to_owned(),
            answered: Some(answered),
            ..Self::idle(self.id)
        };
    }

    /// The call is accepted; `false` if none rings.
    pub fn accept(&mut self) -> bool {
        self.turn(Self::RINGING, Self::IN_CALL)
    }

    /// The call is put on hold; `false` if there is none.
    pub fn hold(&mut self) -> bool {
        self.turn(Self::IN_CALL, Self::HOLD)
    }

    /// The call is rejected; `false` if none rings.
    pub fn reject(&mut self) -> bool {
        self.state == Self::RINGING && self.end()
    }

    /// Whatever call there is ends; `false` if there is none.
    pub fn end(&mut self) -> bool {
        let had_call = self.state != Self::IDLE;
        *self = Self::idle(self.id);
        had_call
    }

    /// Answers a dialled call whose moment has come.
    pub(in crate::sim) fn settle(&mut self, now: Duration) {
        let is_due = match self.answered {
            Some(Answered::At(due)) => due <= now,
            Some(Answered::AfterReads(left)) => left == 0,
            None => false,
        };
        if is_due {
            self.answered = None;
            self.turn(Self::CALLING, Self::IN_CALL);
        }
    }

    /// Notes that the line was told to a client.
    pub(in crate::sim) fn was_read(&mut self) {
        if let Some(Answered::AfterReads(left)) = &mut self.answered {
            *left = left.saturating_sub(1);
        }
    }

    fn turn(&mut self, from: i64, to: i64) -> bool {
        let turns = self.state == from;
        if turns {
            self.state = to;
        }
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_only_where_its_state_lets_it() {
        let mut line = Line::idle(1);
        assert!(!line.accept() && !line.hold() && !line.reject() && !line.end());
        line.ring("Ann", "12");
        assert!(!line.hold() && line.accept());
        assert!(!line.reject() && line.hold());
        assert_eq!((line.state, line.number.as_str()), (Line::HOLD, "12"));
        assert!(line.end());
        assert_eq!(line, Line::idle(1));
    }

    #[test]
    fn a_dialled_call_is_answered_by_time_or_by_reads() {
        let second = Duration::from_secs(1);
        let mut line = Line::idle(1);
        line.dial(0, "7", Answered::At(second));
        line.settle(Duration::ZERO);
        assert_eq!(line.state, Line::CALLING);
        line.settle(second);
        assert_eq!(line.state, Line::IN_CALL);

        line.dial(0, "7", Answered::AfterReads(1));
        line.settle(second);
        assert_eq!(line.state, Line::CALLING);
        line.was_read();
        line.settle(second);
        assert_eq!(line.state, Line::IN_CALL);
    }

    #[test]
    fn a_call_that_ended_is_not_answered_later() {
        let mut line = Line::idle(1);
        line.dial(0, "7", Answered::At(Duration::ZERO));
        line.end();
        line.settle(Duration::ZERO);
        assert_eq!(line.state, Line::IDLE);
    }
}
