//! Changed credentials are tried on three phones before the rest follows.
//!
//! A typo in one password file would otherwise cost every phone of a site two refused logins. The
//! first phones that need a login after a change are the canaries; the others wait. One acceptance
//! frees all of them. A canary that was refused stays one and goes on under its own guard, because
//! the phones may be told the new password after the exporter; the rest waits for it or for the
//! next change. A canary that could not be asked (unreachable, say, or held back) is none.

use std::sync::{Mutex, PoisonError};

/// The trial of one changed set of credentials, shared by the phones that it was changed for.
#[derive(Debug, Default)]
pub(super) struct Trial(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// At most [`CANARIES`].
    canaries: Vec<Canary>,
    accepted: bool,
}

#[derive(Debug)]
struct Canary {
    /// The phone, by its key in the ledger.
    phone: Box<str>,
    refused: bool,
}

/// What a phone of the trial may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entrance {
    /// Log in.
    Free,
    /// Wait for the canaries' outcome.
    Waits,
    /// The canaries were refused: wait until one of them is not, or for other credentials.
    Refused,
}

/// How many phones try first.
const CANARIES: usize = 3;

impl Trial {
    /// Asks for entrance; for whoever is let in [`Trial::ended`] tells the outcome.
    pub(super) fn enter(&self, phone: &str) -> Entrance {
        let mut state = self.state();
        if state.accepted || state.canaries.iter().any(|canary| *canary.phone == *phone) {
            return Entrance::Free;
        }
        if state.canaries.len() < CANARIES {
            state.canaries.push(Canary {
                phone: phone.into(),
                refused: false,
            });
            return Entrance::Free;
        }
        if state.canaries.iter().all(|canary| canary.refused) {
            return Entrance::Refused;
        }
        Entrance::Waits
    }

    /// Tells how a login ended: accepted, refused, or neither.
    pub(super) fn ended(&self, phone: &str, accepted: Option<bool>) {
        let mut state = self.state();
        match accepted {
            Some(true) => state.accepted = true,
            Some(false) => {
                let canary = state.canaries.iter_mut().find(|c| *c.phone == *phone);
                if let Some(canary) = canary {
                    canary.refused = true;
                }
            }
            None => state
                .canaries
                .retain(|canary| canary.refused || *canary.phone != *phone),
        }
    }

    /// A phone that is no longer listed leaves its place to another.
    pub(super) fn leave(&self, phone: &str) {
        self.state()
            .canaries
            .retain(|canary| *canary.phone != *phone);
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
        for phone in ["a", "b", "c"] {
            assert_eq!(trial.enter(phone), Entrance::Free);
        }
        assert_eq!(trial.enter("d"), Entrance::Waits);
        trial.ended("a", Some(false));
        trial.ended("b", Some(true));
        assert_eq!(trial.enter("d"), Entrance::Free);
    }

    #[test]
    fn three_refusals_hold_the_rest_back_until_a_canary_is_accepted() {
        let trial = Trial::default();
        for phone in ["a", "b", "c"] {
            assert_eq!(trial.enter(phone), Entrance::Free);
            trial.ended(phone, Some(false));
        }
        assert_eq!(trial.enter("d"), Entrance::Refused);
        assert_eq!(trial.enter("b"), Entrance::Free, "under its own guard");
        trial.ended("b", None);
        assert_eq!(trial.enter("d"), Entrance::Refused, "held back is no news");
        trial.ended("b", Some(true));
        assert_eq!(trial.enter("d"), Entrance::Free);
    }

    #[test]
    fn a_phone_that_could_not_be_asked_or_has_gone_leaves_its_place_to_another() {
        let trial = Trial::default();
        for n in 0..10 {
            let phone = n.to_string();
            assert_eq!(trial.enter(&phone), Entrance::Free);
            trial.ended(&phone, None);
        }
        for phone in ["a", "b", "c"] {
            assert_eq!(trial.enter(phone), Entrance::Free);
        }
        trial.ended("a", Some(false));
        trial.leave("a");
        trial.leave("b");
        assert_eq!(trial.enter("d"), Entrance::Free);
        assert_eq!(trial.enter("e"), Entrance::Free);
        assert_eq!(trial.enter("f"), Entrance::Waits);
    }
}
