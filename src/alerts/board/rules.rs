//! The rules a board follows, sorted by what they speak of.

use std::sync::Arc;

use super::super::self_monitoring;
use crate::rules::canonical;
use crate::rules::condition::{Condition, Own, Scope};
use crate::rules::labels::Pair;
use crate::rules::rule::Rule;
use crate::rules::subject::Subject;

/// The enabled rules, each with the hash of its condition.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Of phones, accounts and lines: looked at after each poll.
    pub(super) of_phones: Vec<Arc<KnownRule>>,
    /// Of groups and the daemon: looked at on ticks.
    pub(super) wide: Vec<Arc<KnownRule>>,
}

/// A rule with the hash of its condition. An alert hangs on the rule that last judged it.
#[derive(Clone, Debug)]
pub struct KnownRule {
    /// As written.
    pub rule: Rule,
    /// See [`canonical::hash`]; empty if it is not known.
    pub condition: Box<str>,
}

impl KnownRule {
    /// A rule as another process knew it, of which its name, labels and the hash of its condition are
    /// left.
    pub(super) fn of_old(name: &str, condition: Option<Box<str>>, labels: Vec<Pair>) -> Self {
        let rule = Rule {
            enabled: false,
            labels: labels.into(),
            ..Rule::new(name, Condition::Own(Own::Watchdog))
        };
        let condition = condition.unwrap_or_default();
        Self { rule, condition }
    }

    /// Whether it makes alerts of this kind of subject.
    fn makes(&self, subject: &Subject) -> bool {
        let same_groups = match subject {
            Subject::Group { label, .. } => self.group_label() == Some(label),
            Subject::Daemon | Subject::Phone(_) | Subject::Account(..) | Subject::Line(..) => true,
        };
        same_groups && self.rule.scope() == subject.scope()
    }

    /// The label that makes its groups.
    fn group_label(&self) -> Option<&str> {
        match &self.rule.when {
            Condition::Fraction(fraction) => fraction.by.label(),
            Condition::Own(Own::NotifierFailing { .. }) => Some(self_monitoring::RECEIVER),
            Condition::Phone(_) | Condition::Each(_) | Condition::Own(_) => None,
        }
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
                condition: canonical::hash(&rule.when),
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

    /// The rule that goes on with an alert of this rule name and subject.
    pub(crate) fn heir(&self, name: &str, subject: &Subject) -> Option<&Arc<KnownRule>> {
        self.iter()
            .find(|known| *known.rule.name == *name && known.makes(subject))
    }
}
