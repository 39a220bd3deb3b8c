//! The keys of a section: those that it knows, and those that it refuses with help of their own.
//!
//! A refused key is one that people write all the same: it is the key of an earlier version, or
//! another program of the Prometheus world has it. Its help names what to write instead. The keys
//! below it are refused one by one, so that each part of an old section says where it belongs now.

use super::fault::{Findings, Spot, Wrong};
use super::tree::{Entry, Node, Value};

/// The keys of a section.
#[derive(Clone, Copy)]
pub(crate) struct Keys {
    pub(crate) known: &'static [&'static str],
    pub(crate) refused: &'static [&'static [Refused]],
}

/// A key that is refused.
pub(crate) struct Refused {
    /// The key; [`ANY`] for every key of a mapping of names.
    pub(crate) key: &'static str,
    /// What is wrong with it.
    pub(crate) what: &'static str,
    /// What to write instead.
    pub(crate) help: &'static str,
    /// Keys of the mapping behind it, or of the mappings in the list behind it.
    pub(crate) below: &'static [Self],
}

/// Stands for every name in a mapping of names.
pub(crate) const ANY: &str = "NAME";

impl Refused {
    /// A key that something else replaces, or that has no effect here.
    pub(crate) const fn new(key: &'static str, what: &'static str, help: &'static str) -> Self {
        Self {
            key,
            what,
            help,
            below: &[],
        }
    }

    /// A key of an earlier version.
    pub(crate) const fn renamed(key: &'static str, help: &'static str) -> Self {
        Self::new(key, "is a key of an earlier version", help)
    }

    /// The same with the keys of the section behind it.
    pub(crate) const fn with(self, below: &'static [Self]) -> Self {
        Self { below, ..self }
    }

    /// Reports the key that stands at `spot` and those below it.
    fn report(&self, found: &mut Findings, spot: &Spot, node: &Node) {
        found.fault(spot.clone(), Wrong::new(self.what, self.help));
        self.report_below(found, spot, node);
    }

    fn report_below(&self, found: &mut Findings, spot: &Spot, node: &Node) {
        match &node.value {
            Value::Scalar(..) => {}
            Value::List(items) => {
                for (position, item) in items.iter().enumerate() {
                    self.report_below(found, &spot.item(position, item.line), item);
                }
            }
            Value::Map(entries) => {
                for Entry { key, line, value } in entries {
                    let spot = spot.below(key, *line);
                    match self.below {
                        [any] if any.key == ANY => any.report_below(found, &spot, value),
                        keys => {
                            if let Some(refused) = keys.iter().find(|one| *one.key == **key) {
                                refused.report(found, &spot, value);
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Keys {
    /// Whether `key` may stand in the section.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.known.contains(&key)
    }

    /// Reports `entry`, which stands at `spot`, if it is refused by name; whether it is.
    pub(crate) fn refuses(&self, found: &mut Findings, spot: &Spot, entry: &Entry) -> bool {
        let mut refused = self.refused.iter().copied().flatten();
        let Some(refused) = refused.find(|one| *one.key == *entry.key) else {
            return false;
        };
        refused.report(found, spot, &entry.value);
        true
    }
}

impl From<&'static [&'static str]> for Keys {
    fn from(known: &'static [&'static str]) -> Self {
        Self {
            known,
            refused: &[],
        }
    }
}
