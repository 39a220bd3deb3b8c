//! Credentials without a success on record are tried on three phones before the rest follows.
//!
//! A typo in one password file would otherwise cost every phone of a site two refused logins. One
//! login of a trial is on its way at a time; a phone that is refused is a canary, and there are at
//! most three. They share the ways to log in: each begins with the first that none of them was
//! refused, so that three canaries cover six. One acceptance frees all phones. A canary goes on
//! under its own guard, because the phones may be told the new password after the exporter; the rest
//! waits for it or for the next change. A phone that gave no verdict is no canary: the next takes
//! its turn.
//!
//! Canaries are remembered over restarts by what the ledger knows of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::fleet::guard::{Attempt, Attempts};
use crate::ledger::Ledger;

/// The trials under way, by the tag of their credentials.
#[derive(Debug, Default)]
pub(super) struct Trials(HashMap<u16, Arc<Trial>>);

/// What the ledger knows of each set of credentials.
#[derive(Debug, Default)]
pub(super) struct Histories(HashMap<u16, History>);

#[derive(Debug, Default)]
struct History {
    accepted: bool,
    state: State,
}

/// The trial of one set of credentials, shared by the phones that wait for it.
#[derive(Debug, Default)]
pub(super) struct Trial {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Phones that were refused, by their keys in the ledger.
    canaries: HashSet<Arc<str>>,
    /// What any of them was refused.
    refused: Attempts,
    /// The phone whose login is on its way.
    trying: Option<Arc<str>>,
    accepted: bool,
}

/// What a phone of the trial may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entrance {
    /// Log in; these ways were refused by canaries.
    Free(Attempts),
    /// Wait until the login on its way has ended.
    Waits,
    /// The canaries were refused: wait until one of them is not, or for other credentials.
    Refused,
}

/// How a login of a trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Refused(Attempt),
    /// Nobody knows whether the password is right.
    Neither,
}

/// How many phones may be refused.
const CANARIES: usize = 3;

impl Histories {
    /// What the ledger knows of phones, told by their keys there and the tags of their credentials.
    pub(super) fn of<K: AsRef<str>>(
        ledger: &Ledger,
        phones: impl IntoIterator<Item = (K, u16)>,
    ) -> Self {
        let mut histories: HashMap<u16, History> = HashMap::new();
        for (key, tag) in phones {
            let key = key.as_ref();
            let record = ledger.record(key);
            let history = histories.entry(tag).or_default();
            history.accepted |= record.worked(tag).is_some();
            if let Some(refused) = record.refused(tag) {
                history.state.canaries.insert(key.into());
                history.state.refused.extend(refused);
            }
        }
        Self(histories)
    }
}

impl Trials {
    /// The trial that a phone which was not known before belongs to: none if its credentials have a
    /// success on record.
    pub(super) fn of_new(&mut self, tag: u16, histories: &mut Histories) -> Option<Arc<Trial>> {
        let history = histories.0.get(&tag);
        if !self.0.contains_key(&tag) && history.is_some_and(|history| history.accepted) {
            return None;
        }
        Some(self.of_changed(tag, histories))
    }

    /// The trial of a phone whose credentials were changed to these.
    pub(super) fn of_changed(&mut self, tag: u16, histories: &mut Histories) -> Arc<Trial> {
        let trial = self.0.entry(tag).or_insert_with(|| {
            let history = histories.0.remove(&tag).unwrap_or_default();
            Arc::new(Trial {
                state: Mutex::new(history.state),
                ..Trial::default()
            })
        });
        Arc::clone(trial)
    }
}

impl FromIterator<(u16, Arc<Trial>)> for Trials {
    /// Those of them that are still under way: a later change needs a trial of its own.
    fn from_iter<I: IntoIterator<Item = (u16, Arc<Trial>)>>(trials: I) -> Self {
        let trials = trials.into_iter();
        let under_way = trials.filter(|(_, trial)| !trial.state().accepted);
        Self(under_way.collect())
    }
}

impl Trial {
    /// What this phone may do, without doing it.
    pub(super) fn look(&self, phone: &str) -> Entrance {
        self.state().entrance(phone)
    }

    /// Asks for entrance; for a phone that is let in [`Trial::ended`] tells the outcome.
    pub(super) fn enter(&self, phone: &Arc<str>) -> Entrance {
        let mut state = self.state();
        let entrance = state.entrance(phone);
        if matches!(entrance, Entrance::Free(_)) && !state.accepted {
            state.trying = Some(Arc::clone(phone));
        }
        entrance
    }

    /// Tells how a login ended.
    pub(super) fn ended(&self, phone: &Arc<str>, verdict: Verdict) {
        let mut state = self.state();
        state.leave(phone);
        match verdict {
            Verdict::Accepted => state.accepted = true,
            Verdict::Refused(attempt) if !state.accepted => {
                state.canaries.insert(Arc::clone(phone));
                state.refused.insert(attempt);
            }
            Verdict::Refused(_) | Verdict::Neither => {}
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// A phone that is no longer listed leaves its place to another.
    pub(super) fn leave(&self, phone: &str) {
        let mut state = self.state();
        state.leave(phone);
        state.canaries.remove(phone);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until this phone need not wait for another, or until `limit`.
    pub(super) async fn wait(&self, phone: &str, limit: Instant) {
        loop {
            let changed = self.changed.notified();
            if self.look(phone) != Entrance::Waits {
                return;
            }
            if timeout_at(limit, changed).await.is_err() {
                return;
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn entrance(&self, phone: &str) -> Entrance {
        if self.accepted {
            return Entrance::Free(Attempts::default());
        }
        if !self.canaries.contains(phone) && self.canaries.len() >= CANARIES {
            return Entrance::Refused;
        }
        match &self.trying {
            Some(other) if **other != *phone => Entrance::Waits,
            Some(_) | None => Entrance::Free(self.refused),
        }
    }

    fn leave(&mut self, phone: &str) {
        self.trying.take_if(|trying| **trying == *phone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::guard::SecretFormat;

    const FREE: Entrance = Entrance::Free(Attempts::NONE);

    fn key(phone: &str) -> Arc<str> {
        phone.into()
    }

    fn nth(candidate: u8) -> Attempt {
        Attempt {
            candidate,
            format: SecretFormat::Colon,
        }
    }

    fn refused(candidates: &[u8]) -> Entrance {
        Entrance::Free(candidates.iter().map(|candidate| nth(*candidate)).collect())
    }

    /// Lets a phone in and refuses it.
    fn refuse(trial: &Trial, phone: &str, candidate: u8) {
        assert!(
            matches!(trial.enter(&key(phone)), Entrance::Free(_)),
            "{phone}"
        );
        trial.ended(&key(phone), Verdict::Refused(nth(candidate)));
    }

    #[test]
    fn one_goes_first_and_one_acceptance_frees_the_rest() {
        let trial = Trial::default();
        assert_eq!(trial.enter(&key("a")), FREE);
        assert_eq!(trial.enter(&key("b")), Entrance::Waits);
        assert_eq!(trial.enter(&key("a")), FREE, "its own turn");
        trial.ended(&key("a"), Verdict::Accepted);
        for phone in ["b", "c"] {
            assert_eq!(trial.enter(&key(phone)), FREE);
        }
    }

    #[test]
    fn a_canary_begins_with_what_no_other_was_refused() {
        let trial = Trial::default();
        refuse(&trial, "a", 0);
        refuse(&trial, "a", 1);
        assert_eq!(trial.enter(&key("b")), refused(&[0, 1]));
        trial.ended(&key("b"), Verdict::Refused(nth(2)));
        assert_eq!(trial.enter(&key("c")), refused(&[0, 1, 2]));
    }

    #[test]
    fn three_refusals_hold_the_rest_back_until_a_canary_is_accepted() {
        let trial = Trial::default();
        for phone in ["a", "b", "c"] {
            refuse(&trial, phone, 0);
        }
        assert_eq!(trial.enter(&key("d")), Entrance::Refused);
        assert_eq!(trial.enter(&key("b")), refused(&[0]), "under its own guard");
        trial.ended(&key("b"), Verdict::Neither);
        assert_eq!(
            trial.enter(&key("d")),
            Entrance::Refused,
            "held back is no news"
        );
        assert_eq!(trial.enter(&key("b")), refused(&[0]));
        trial.ended(&key("b"), Verdict::Accepted);
        assert_eq!(trial.enter(&key("d")), FREE);
    }

    #[test]
    fn a_phone_without_a_verdict_or_that_has_gone_leaves_its_place_to_another() {
        let trial = Trial::default();
        for n in 0..10 {
            let phone = key(&n.to_string());
            assert_eq!(trial.enter(&phone), FREE);
            trial.ended(&phone, Verdict::Neither);
        }
        for phone in ["a", "b", "c"] {
            refuse(&trial, phone, 0);
        }
        trial.leave("a");
        assert_eq!(trial.enter(&key("d")), refused(&[0]));
        assert_eq!(trial.enter(&key("b")), Entrance::Waits);
        trial.leave("d");
        assert_eq!(trial.enter(&key("b")), refused(&[0]));
    }

    #[tokio::test]
    async fn a_phone_that_waits_goes_on_when_the_login_before_it_has_ended() {
        let trial = Arc::new(Trial::default());
        assert_eq!(trial.enter(&key("a")), FREE);
        let until = Instant::now() + std::time::Duration::from_secs(60);
        let waiting = trial.wait("b", until);
        tokio::pin!(waiting);
        let early = std::time::Duration::from_millis(1);
        tokio::time::timeout(early, &mut waiting)
            .await
            .expect_err("the other is on its way");
        trial.ended(&key("a"), Verdict::Neither);
        waiting.await;
        assert_eq!(trial.enter(&key("b")), FREE);
    }

    #[test]
    fn credentials_with_a_success_on_record_need_no_trial_but_after_a_change() {
        let mut trials = Trials::default();
        let mut histories = Histories::default();
        histories.0.entry(7).or_default().accepted = true;
        assert!(trials.of_new(7, &mut histories).is_none());
        assert!(trials.of_new(8, &mut histories).is_some());
        let changed = trials.of_changed(7, &mut histories);
        let later = trials.of_new(7, &mut histories).expect("it joins");
        assert!(Arc::ptr_eq(&changed, &later));
        changed.ended(&key("a"), Verdict::Accepted);
        let open = trials.of_changed(8, &mut histories);
        let under_way: Trials = [(7, changed), (8, open)].into_iter().collect();
        assert!(!under_way.0.contains_key(&7) && under_way.0.contains_key(&8));
    }
}
