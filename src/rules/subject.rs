//! What an alert speaks of, and the labels that follow from it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fleet::{Moment, Phone, Place};

use super::condition::Scope;
use super::labels::Pair;
use super::rule::Rule;

/// What an alert speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The daemon and all that it sees.
    Daemon,
    /// The phones or accounts with this value of a label.
    Group {
        /// The label; `server` and `receiver` are none of a phone.
        label: Box<str>,
        /// Its value.
        value: Box<str>,
    },
    /// A phone, by name.
    Phone(Box<str>),
    /// An account of a phone, by the phone's own id.
    Account(Box<str>, u16),
    /// A line of a phone, by the phone's own number.
    Line(Box<str>, u16),
}

/// The labels of an alert, sorted by name. They are set when the alert begins and stay, so that its
/// end reaches whoever was told of its beginning; only labels of its rule that change make another
/// alert of it.
pub type Labels = Arc<[Pair]>;

impl Subject {
    /// The phone it is or belongs to.
    pub fn phone(&self) -> Option<&str> {
        match self {
            Self::Daemon | Self::Group { .. } => None,
            Self::Phone(phone) | Self::Account(phone, _) | Self::Line(phone, _) => Some(phone),
        }
    }

    /// What kind of thing it is.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Daemon => Scope::Daemon,
            Self::Group { .. } => Scope::Group,
            Self::Phone(_) => Scope::Phone,
            Self::Account(..) => Scope::Account,
            Self::Line(..) => Scope::Line,
        }
    }

    /// The value of the label that makes its group; empty for other labels and subjects.
    pub fn group_value(&self, name: &str) -> &str {
        if let Self::Group { label, value } = self
            && **label == *name
        {
            return value;
        }
        ""
    }

    /// The number of the account or line; 0 for others.
    pub fn number(&self) -> u16 {
        match self {
            Self::Daemon | Self::Group { .. } | Self::Phone(_) => 0,
            Self::Account(_, number) | Self::Line(_, number) => *number,
        }
    }
}

/// The labels of an alert of the daemon or of a group.
pub fn labels_of(rule: &Rule, subject: &Subject) -> Labels {
    let mut labels = of_rule(rule);
    if let Subject::Group { label, value } = subject {
        labels.push((label.clone(), value.clone()));
    }
    sorted(labels)
}

/// The labels of an alert of a phone, its account or its line.
pub fn labels_of_phone(rule: &Rule, subject: &Subject, phone: &Phone, now: Moment) -> Labels {
    let mut labels = of_rule(rule);
    push_place(&mut labels, &phone.place);
    if let Subject::Account(_, id) = subject {
        labels.push(("account".into(), id.to_string().into()));
        let accounts = phone.accounts(now).into_iter().flatten();
        let server = accounts.filter(|account| account.id == *id);
        labels.extend(server.map(|account| ("server".into(), account.server.as_str().into())));
    }
    if let Subject::Line(_, number) = subject {
        labels.push(("line".into(), number.to_string().into()));
    }
    sorted(labels)
}

/// The same labels under another form of the rule that gave some of them.
pub fn relabelled(labels: &[Pair], before: &Rule, after: &Rule) -> Labels {
    let of_old = |name: &str| before.labels.iter().any(|(one, _)| **one == *name);
    let others = labels.iter().filter(|(name, _)| !of_old(name));
    let mut labels = of_rule(after);
    labels.extend(others.cloned());
    sorted(labels)
}

fn of_rule(rule: &Rule) -> Vec<Pair> {
    let mut labels = vec![("alertname".into(), rule.name.clone())];
    labels.extend(rule.labels.iter().cloned());
    labels
}

fn push_place(labels: &mut Vec<Pair>, place: &Place) {
    labels.push(("phone".into(), place.name.clone()));
    labels.extend(place.site.iter().map(|site| ("site".into(), site.clone())));
    labels.extend(place.labels.iter().cloned());
}

/// Sorted, without empty values; of a name said twice the rule's counts, which is first.
fn sorted(mut labels: Vec<Pair>) -> Labels {
    labels.retain(|(_, value)| !value.is_empty());
    labels.sort_by(|(left, _), (right, _)| left.cmp(right));
    labels.dedup_by(|(later, _), (first, _)| later == first);
    labels.into()
}
