//! Changed credentials are tried on three phones before the rest follows.
//!
//! A typo in one password file would otherwise cost every phone of a site two refused logins. The
//! first phones that need a login after a change are the canaries; the others wait. One acceptance
//! frees all of them. If all canaries are refused, the rest waits for the next change, or until one
//! of the three, which go on within their own budget, is accepted: the phones may be changed after
//! the file. A canary that could not be asked (unreachable, say) is none, and one phone counts once.

use std::sync::{Mutex, PoisonError};

/// The trial of one changed set of credentials, shared by the phones that it was changed for.
#[derive(Debug, Default)]
pub(super) struct Trial(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    under_way: usize,
    /// At most [`CANARIES`].
    refused: Vec<Box<str>>,
    accepted: bool,
}

/// What a phone of the trial may do.
#[derive(Debug)]
pub(super) enum Entrance<'a> {
    /// Log in, and tell how that ended.
    Free(Turn<'a>),
    /// Wait for the canaries' outcome.
    Waits,
    /// The canaries were refused: wait for other credentials.
    Refused,
}

/// A phone's turn. One that is dropped without an outcome counts as not asked.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    trial: &'a Trial,
    phone: &'a str,
}

/// How many phones try first.
const CANARIES: usize = 3;

impl Trial {
    /// Asks for entrance for the phone that the ledger knows by this key.
    pub(super) fn enter<'a>(&'a self, phone: &'a str) -> Entrance<'a> {
        let mut state = self.state();
        let is_canary = state.refused.iter().any(|refused| **refused == *phone);
        if !state.accepted && !is_canary {
            if state.refused.len() >= CANARIES {
                return Entrance::Refused;
            }
            if state.under_way + state.refused.len() >= CANARIES {
                return Entrance::Waits;
            }
        }
        state.under_way += 1;
        Entrance::Free(Turn { trial: self, phone })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The phone let us in.
    pub(super) fn accepted(self) {
        self.trial.state().accepted = true;
    }

    /// The phone was asked and refused.
    pub(super) fn refused(self) {
        let mut state = self.trial.state();
        let known = state.refused.iter().any(|refused| **refused == *self.phone);
        if !known && state.refused.len() < CANARIES {
            state.refused.push(self.phone.into());
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.trial.state().under_way -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn<'a>(trial: &'a Trial, phone: &'a str) -> Turn<'a> {
        match trial.enter(phone) {
            Entrance::Free(turn) => turn,
            other @ (Entrance::Waits | Entrance::Refused) => panic!("{phone}: {other:?}"),
        }
    }

    #[test]
    fn three_go_first_and_one_acceptance_frees_the_rest() {
        let trial = Trial::default();
        let turns = ["a", "b", "c"].map(|phone| turn(&trial, phone));
        assert!(matches!(trial.enter("d"), Entrance::Waits));
        let [a, b, _] = turns;
        a.refused();
        b.accepted();
        turn(&trial, "d").refused();
        turn(&trial, "e");
    }

    #[test]
    fn three_refusals_hold_the_rest_back_until_one_of_the_three_is_accepted() {
        let trial = Trial::default();
        for phone in ["a", "b", "c"] {
            turn(&trial, phone).refused();
        }
        assert!(matches!(trial.enter("d"), Entrance::Refused));
        turn(&trial, "b").accepted();
        turn(&trial, "d");
    }

    #[test]
    fn one_phone_that_is_refused_again_and_again_counts_once() {
        let trial = Trial::default();
        for _ in 0..10 {
            turn(&trial, "a").refused();
        }
        turn(&trial, "b");
    }

    #[test]
    fn a_phone_that_could_not_be_asked_leaves_its_place_to_another() {
        let trial = Trial::default();
        for phone in 0..10 {
            turn(&trial, &phone.to_string());
        }
    }
}
