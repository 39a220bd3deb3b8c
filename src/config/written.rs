//! Everything that was written about phones, read and not yet resolved.

use std::collections::BTreeMap;
use std::path::Path;

use super::credentials::{self, Credentials};
use super::fault::{Findings, Spot};
use super::files::{Files, MAX_LIST};
use super::max_in_flight::MaxInFlight;
use super::phone_keys::PhoneKeys;
use super::poll_keys::top_poll;
use super::section::{Given, Section};
use super::tree::{self, Node, Value};
use super::{Metrics, PublishedValue, document, lists, pvalues};

/// What phones have in common and the phones themselves, as written.
pub(super) struct Written<'a> {
    /// Says only what the top-level `poll` says.
    pub(super) global: PhoneKeys,
    pub(super) defaults: PhoneKeys,
    /// `None` for a group with faults, which have been told.
    pub(super) groups: BTreeMap<&'a str, Option<PhoneKeys>>,
    pub(super) credentials: Credentials<'a>,
    pub(super) published: Vec<PublishedValue>,
    /// Where `pvalues` stands.
    pub(super) pvalues_at: Spot,
    pub(super) metrics: Metrics,
    /// Where `metrics` stands.
    pub(super) metrics_at: Spot,
    pub(super) max_in_flight: Option<Given<MaxInFlight>>,
    pub(super) phones: Vec<PhoneKeys>,
}

/// The tree of the configuration file; an empty file is an empty mapping.
pub(super) fn read_root(found: &mut Findings, files: &mut Files<'_>, path: &Path) -> Option<Node> {
    let spot = Spot::of_file(path);
    let text = found.keep(spot.clone(), files.read_text(path, MAX_LIST))?;
    root(found, &spot, &text)
}

/// The tree of a text that is a mapping; an empty text is an empty one.
pub(super) fn root(found: &mut Findings, spot: &Spot, text: &str) -> Option<Node> {
    match tree::parse(text) {
        Ok(Some(root)) => Some(root),
        Ok(None) => Some(Node {
            line: 1,
            value: Value::Map(Vec::new()),
        }),
        Err(syntax) => {
            found.fault(spot.on(syntax.line), syntax.wrong);
            None
        }
    }
}

impl<'a> Written<'a> {
    pub(super) fn read(found: &mut Findings, files: &mut Files<'_>, top: &Section<'a>) -> Self {
        let (poll, max_in_flight) = top_poll(found, top);
        let mut phones = document::phones(found, files, top);
        phones.extend(lists::phone_files(found, files, top));
        Self {
            global: PhoneKeys {
                poll,
                ..PhoneKeys::none(top.spot.clone())
            },
            defaults: document::defaults(found, files, top),
            groups: document::groups(found, files, top),
            credentials: credentials::credentials(found, files, top),
            published: pvalues::published(found, top),
            pvalues_at: top.spot_of("pvalues"),
            metrics: document::metrics(found, top),
            metrics_at: top.spot_of("metrics"),
            max_in_flight,
            phones,
        }
    }
}
