//! What is known while the section is read: the phones that are listed, and later the rules.
//!
//! What is said of phones and alerts is held against it, so that nothing waits for what can never
//! come. Where phones have faults of their own nothing is said: they may be the ones that are meant.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::Config;
use crate::config::read::{Findings, Spot, Wrong, mend, quoted};
use crate::fleet::Place;
use crate::rules::phone_selector::{self, Glob, Where};
use crate::rules::rule::Rule;

/// The phones of the whole list, in whatever shard, enabled or not.
pub(super) struct KnownLabels<'a> {
    /// `None` where nothing can be said.
    places: Option<&'a [Arc<Place>]>,
    /// The configuration around.
    pub(super) config: &'a Config,
}

/// The label of a phone's name.
pub(super) const PHONE: &str = "phone";

impl<'a> KnownLabels<'a> {
    pub(super) fn new(places: Option<&'a [Arc<Place>]>, config: &'a Config) -> Self {
        Self {
            places: places.filter(|places| !places.is_empty()),
            config,
        }
    }

    /// Every phone; `None` where nothing can be said.
    pub(super) fn places(&self) -> Option<impl Iterator<Item = &'a Place>> {
        Some(self.places?.iter().map(|place| &**place))
    }

    /// The phones that a rule speaks of; `None` where nothing can be said.
    pub(super) fn matching(&self, only: &Where) -> Option<impl Iterator<Item = &'a Place>> {
        Some(self.places()?.filter(|place| only.matches(place)))
    }

    /// The names of labels that phones have, `phone` and `site` included.
    pub(super) fn labels(&self) -> BTreeSet<&'a str> {
        let places = self.places.unwrap_or_default().iter();
        let own = places.flat_map(|place| place.labels.iter().map(|(name, _)| &**name));
        own.chain([PHONE, "site"]).collect()
    }

    /// Whether some phone has this label.
    pub(super) fn has_label(&self, name: &str) -> bool {
        let has = |place: &Place| !phone_selector::label(place, name).is_empty();
        self.places().is_none_or(|mut places| places.any(has))
    }

    /// The values of a label that phones have, empty where one lacks it; `None` where nothing can be
    /// said.
    pub(super) fn values(&self, label: &str) -> Option<BTreeSet<&'a str>> {
        let places = self.places?.iter();
        Some(
            places
                .map(|place| phone_selector::label(place, label))
                .collect(),
        )
    }

    /// Tells that no phone has such a value of a label: a fault where it is named outright, a
    /// warning of a pattern. Gives whether some phone has it.
    pub(super) fn check(
        &self,
        found: &mut Findings,
        label: &str,
        (spot, glob): (&Spot, &Glob),
    ) -> bool {
        let Some(values) = self.values(label) else {
            return true;
        };
        if values.iter().any(|value| glob.matches(value)) {
            return true;
        }
        let whose = match label {
            PHONE => "is the name of no phone".to_owned(),
            _ => format!("is the {label} of no phone"),
        };
        match glob.literal() {
            Some(literal) => {
                let known = values.into_iter().filter(|value| !value.is_empty());
                let mend = mend(literal, known, "correct or remove it");
                found.fault(
                    spot.clone(),
                    Wrong::new(format!("{} {whose}", quoted(literal)), mend),
                );
            }
            None => found.warn(
                spot.clone(),
                Wrong::new(whose, "correct the pattern, or remove it"),
            ),
        }
        false
    }
}

/// The rule of this name.
pub(super) fn named<'r>(rules: impl IntoIterator<Item = &'r Rule>, name: &str) -> Option<&'r Rule> {
    rules.into_iter().find(|rule| *rule.name == *name)
}
