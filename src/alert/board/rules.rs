//! The rules a board follows, sorted by what they speak of.

use std::sync::Arc;

use super::super::condition::{Condition, Own, Scope};
use super::super::rule::Rule;
use super::super::subject::Subject;

/// The enabled rules, each with its fingerprint.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Of phones, accounts and lines: looked at after each poll.
    pub(super) of_phones: Vec<Arc<KnownRule>>,
    /// Of groups and the daemon: looked at on ticks.
    pub(super) wide: Vec<Arc<KnownRule>>,
}

/// A rule with what tells it from others.
#[derive(Clone, Debug)]
pub struct KnownRule {
    /// As written.
    pub rule: Rule,
    /// See [`Rule::fingerprint`].
    pub fingerprint: u64,
}

impl KnownRule {
    /// A rule that is gone and of which only the name is left.
    pub(super) fn gone(name: &str, fingerprint: u64) -> Self {
        let rule = Rule {
            enabled: false,
            ..Rule::new(name, Condition::Own(Own::Watchdog))
        };
        Self { rule, fingerprint }
    }

    /// What an alert of a rule of phones speaks of.
    pub(super) fn subject(&self, phone: &str, number: u16) -> Subject {
        match self.rule.scope() {
            Scope::Account => Subject::Account(phone.into(), number),
            Scope::Line => Subject::Line(phone.into(), number),
            Scope::Phone | Scope::Group | Scope::Daemon => Subject::Phone(phone.into()),
        }
    }
}

impl Rules {
    /// Sorts valid rules; disabled ones are left out.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut sorted = Self::default();
        for rule in rules.into_iter().filter(|rule| rule.enabled) {
            let known = Arc::new(KnownRule {
                fingerprint: rule.fingerprint(),
                rule,
            });
            match known.rule.scope() {
                Scope::Daemon | Scope::Group => sorted.wide.push(known),
                Scope::Phone | Scope::Account | Scope::Line => sorted.of_phones.push(known),
            }
        }
        sorted
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<KnownRule>> {
        self.wide.iter().chain(&self.of_phones)
    }

    /// The rule of this fingerprint.
    pub(super) fn find(&self, fingerprint: u64) -> Option<&Arc<KnownRule>> {
        self.iter().find(|rule| rule.fingerprint == fingerprint)
    }
}
