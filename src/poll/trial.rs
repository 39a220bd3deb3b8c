//! Changed credentials are tried on three phones before the rest follows.
//!
//! A typo in one password file would otherwise cost every phone of a site two refused logins. The
//! first phones that need a login after a change are the canaries; the others wait. One acceptance
//! frees all of them; if all canaries are refused, the rest waits for the next change. A canary
//! that could not be asked (unreachable, say) is none.

use std::sync::{Mutex, PoisonError};

/// The trial of one changed set of credentials, shared by the phones that it was changed for.
#[derive(Debug, Default)]
pub(super) struct Trial(Mutex<State>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    under_way: u8,
    refused: u8,
    accepted: bool,
}

/// What a phone of the trial may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entrance {
    /// Log in.
    Free,
    /// Wait for the canaries' outcome.
    Waits,
    /// The canaries were refused: wait for other credentials.
    Refused,
}

/// How many phones try first.
const CANARIES: u8 = 3;

impl Trial {
    /// Asks for entrance; whoever is let in tells the outcome.
    pub(super) fn enter(&self) -> Entrance {
        let mut state = self.state();
        if state.accepted {
            return Entrance::Free;
        }
        if state.refused >= CANARIES {
            return Entrance::Refused;
        }
        if state.under_way + state.refused >= CANARIES {
            return Entrance::Waits;
        }
        state.under_way += 1;
        Entrance::Free
    }

    /// Tells how a login ended: accepted, refused, or neither.
    pub(super) fn ended(&self, accepted: Option<bool>) {
        let mut state = self.state();
        state.under_way = state.under_way.saturating_sub(1);
        match accepted {
            Some(true) => state.accepted = true,
            Some(false) => state.refused = state.refused.saturating_add(1),
            None => {}
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_go_first_and_one_acceptance_frees_the_rest() {
        let trial = Trial::default();
        for _ in 0..3 {
            assert_eq!(trial.enter(), Entrance::Free);
        }
        assert_eq!(trial.enter(), Entrance::Waits);
        trial.ended(Some(false));
        trial.ended(Some(true));
        assert_eq!(trial.enter(), Entrance::Free);
    }

    #[test]
    fn three_refusals_hold_the_rest_back() {
        let trial = Trial::default();
        for _ in 0..3 {
            assert_eq!(trial.enter(), Entrance::Free);
            trial.ended(Some(false));
        }
        assert_eq!(trial.enter(), Entrance::Refused);
    }

    #[test]
    fn a_phone_that_could_not_be_asked_leaves_its_place_to_another() {
        let trial = Trial::default();
        for _ in 0..10 {
            assert_eq!(trial.enter(), Entrance::Free);
            trial.ended(None);
        }
    }
}
