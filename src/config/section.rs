//! One mapping of the configuration, read key by key.
//!
//! [`Section::open`] holds a mapping against the table of its keys: an unknown key (with the known
//! one it resembles, or what took its place) and a key written twice are faults at once.
//! [`Section::read`] is the one way to take a value out; what is wrong with it becomes a fault and
//! reading goes on. A key with nothing behind it counts as left out.

use std::collections::HashMap;

use super::fault::{Findings, Spot, Wrong, quoted};
use super::key_table::Keys;
use super::nearest;
use super::tree::{Entry, Node};

/// A mapping whose keys were checked.
pub(crate) struct Section<'a> {
    /// Where the mapping stands.
    pub(crate) spot: Spot,
    entries: &'a [Entry],
    keys: Keys,
    /// The mend of a key that resembles none.
    otherwise: &'static str,
}

/// A value that was written, and the line of its key.
#[derive(Clone)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) line: u32,
}

impl<'a> Section<'a> {
    /// The mapping at `spot`, which knows `keys`; `None` if it is no mapping.
    pub(crate) fn open(
        found: &mut Findings,
        spot: Spot,
        node: &'a Node,
        keys: impl Into<Keys>,
    ) -> Option<Self> {
        Self::open_of(found, spot, node, keys, REMOVE)
    }

    /// The same in a file of another format, where `otherwise` is the mend of a key that resembles
    /// none of `keys`; it holds for the sections below too.
    pub(crate) fn open_of(
        found: &mut Findings,
        spot: Spot,
        node: &'a Node,
        keys: impl Into<Keys>,
        otherwise: &'static str,
    ) -> Option<Self> {
        let keys = keys.into();
        let entries = entries(found, &spot, node)?;
        for entry in entries.iter().filter(|e| !keys.knows(&e.key)) {
            let at = spot.below(&entry.key, entry.line);
            if keys.refuses(found, &at, entry) {
                continue;
            }
            let mend = if entry.key.contains(':') {
                "write a blank behind the colon".to_owned()
            } else if found.may_suggest() {
                nearest::mend(&entry.key, keys.known.iter().copied(), otherwise)
            } else {
                otherwise.to_owned()
            };
            found.fault(at, Wrong::new("is not a key known here", mend));
        }
        Some(Self {
            spot,
            entries,
            keys,
            otherwise,
        })
    }

    /// The value of `key` as `read` understands it; `None` if it is left out or wrong.
    pub(crate) fn read<T>(
        &self,
        found: &mut Findings,
        key: &'static str,
        read: impl FnOnce(&'a Node) -> Result<T, Wrong>,
    ) -> Option<Given<T>> {
        let entry = self.entry(key)?;
        let value = found.keep(self.spot.below(key, entry.line), read(&entry.value))?;
        Some(Given {
            value,
            line: entry.line,
        })
    }

    /// The mapping behind `key`, which knows `keys`.
    pub(crate) fn section(
        &self,
        found: &mut Findings,
        key: &'static str,
        keys: impl Into<Keys>,
    ) -> Option<Self> {
        let entry = self.entry(key)?;
        let spot = self.spot.below(key, entry.line);
        Self::open_of(found, spot, &entry.value, keys, self.otherwise)
    }

    /// The items of the list behind `key`, each with its place; `None` if it is left out or wrong.
    pub(crate) fn items(
        &self,
        found: &mut Findings,
        key: &'static str,
    ) -> Option<Vec<(Spot, &'a Node)>> {
        let list = self.read(found, key, Node::list)?;
        let spot = self.spot.below(key, list.line);
        Some(items(&spot, list.value))
    }

    /// The entries of the mapping behind `key`, whose keys are names of the operator's choice.
    pub(crate) fn named(
        &self,
        found: &mut Findings,
        key: &'static str,
    ) -> Vec<(Spot, &'a str, &'a Node)> {
        let Some(entry) = self.entry(key) else {
            return Vec::new();
        };
        let spot = self.spot.below(key, entry.line);
        let Some(entries) = entries(found, &spot, &entry.value) else {
            return Vec::new();
        };
        let named = |e: &'a Entry| (spot.below(&e.key, e.line), &*e.key, &e.value);
        entries.iter().map(named).collect()
    }

    /// Where `key` stands, or the section itself if it is left out.
    pub(crate) fn spot_of(&self, key: &'static str) -> Spot {
        match self.entry(key) {
            Some(entry) => self.spot.below(key, entry.line),
            None => self.spot.clone(),
        }
    }

    /// Notes the fault of a key that must be there and is not.
    pub(crate) fn require(&self, found: &mut Findings, key: &'static str) {
        if !self.has(key) {
            let wrong = Wrong::new(format!("has no `{key}`"), format!("add `{key}: …`"));
            found.fault(self.spot.clone(), wrong);
        }
    }

    /// Whether something stands behind `key`, right or wrong.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// Whether `key` may stand here.
    pub(crate) fn knows(&self, key: &'static str) -> bool {
        self.keys.knows(key)
    }

    fn entry(&self, key: &'static str) -> Option<&'a Entry> {
        debug_assert!(self.keys.knows(key), "{key} is missing in its table");
        let entry = self.entries.iter().find(|entry| *entry.key == *key)?;
        (!entry.value.is_null()).then_some(entry)
    }
}

/// The mend of a key that resembles none.
pub(crate) const REMOVE: &str = "remove it; config.example.yaml shows every key";

/// The items of a list that stands at `spot`, each with its place.
pub(crate) fn items<'a>(spot: &Spot, list: &'a [Node]) -> Vec<(Spot, &'a Node)> {
    let item = |(position, node): (usize, &'a Node)| (spot.item(position, node.line), node);
    list.iter().enumerate().map(item).collect()
}

/// The entries of a mapping; a key written twice is a fault of the second.
pub(crate) fn entries<'a>(
    found: &mut Findings,
    spot: &Spot,
    node: &'a Node,
) -> Option<&'a [Entry]> {
    let entries = found.keep(spot.clone(), node.map())?;
    let mut lines = HashMap::with_capacity(entries.len());
    for entry in entries {
        if let Some(first) = lines.insert(&*entry.key, entry.line) {
            let what = format!("stands here a second time (first on line {first})");
            let wrong = Wrong::new(what, "keep one of them");
            found.fault(spot.below(&entry.key, entry.line), wrong);
        }
    }
    Some(entries)
}

/// One of a closed set of words.
pub(crate) fn word<T: Copy>(node: &Node, words: &[(&str, T)]) -> Result<T, Wrong> {
    let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let mend = format!("write one of {}", all.join(", "));
    let text = node.text().map_err(|wrong| Wrong {
        mend: mend.clone(),
        ..wrong
    })?;
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Ok(*value),
        None => Err(Wrong::new(format!("{} is unknown", quoted(text)), mend)),
    }
}
