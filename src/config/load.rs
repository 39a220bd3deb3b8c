//! The way from a path to a [`Config`]: read all, resolve all, and only then give up.
//!
//! The section `alerting` belongs to a room above this one, which hands its reader in.

use std::path::Path;
use std::sync::Arc;

use crate::fleet::Place;

use super::fault::{Faults, Findings, Spot};
use super::files::{Environment, Files, Secrets};
use super::max_in_flight::MaxInFlight;
use super::neighbours::Neighbours;
use super::resolve::Resolver;
use super::section::Section;
use super::written::{Written, read_root};
use super::{Config, document, keys, listener};

/// What the reader of a section of a higher room may look at.
pub(crate) struct Around<'a> {
    /// The file as a whole.
    pub(crate) top: &'a Section<'a>,
    /// Everything else that it says, resolved.
    pub(crate) config: &'a Config,
    /// Every phone that is listed, in whatever shard, enabled or not; `None` if some have faults.
    pub(crate) listed: Option<&'a [Arc<Place>]>,
}

/// Reads everything that `serve` needs but `alerting`, and resolves it. Names in the file are
/// relative to its own directory. Blocks on files: call it off the async threads.
pub fn load(path: &Path, environment: &Environment, secrets: Secrets) -> Result<Config, Faults> {
    let (config, ()) = load_with(path, environment, secrets, |_, _, _| ())?;
    Ok(config)
}

/// The same together with what `read` makes of a section of its own.
pub(crate) fn load_with<T>(
    path: &Path,
    environment: &Environment,
    secrets: Secrets,
    read: impl FnOnce(&mut Findings, &mut Files<'_>, &Around<'_>) -> T,
) -> Result<(Config, T), Faults> {
    let mut found = Findings::default();
    let mut files = Files::around(path, environment, secrets);
    let loaded = read_root(&mut found, &mut files, path).and_then(|root| {
        let spot = Spot::of_file(path).on(root.line);
        let top = Section::open(&mut found, spot, &root, keys::TOP)?;
        let (config, listed) = config(&mut found, &mut files, &top);
        let around = Around {
            top: &top,
            config: &config,
            listed: listed.as_deref(),
        };
        let section = read(&mut found, &mut files, &around);
        Some((config, section))
    });
    let (warnings, notes) = found.into_warnings()?;
    let (config, section) = loaded.expect("what stops the reading is a fault");
    let mut sources = files.sources;
    sources.sort();
    sources.dedup();
    let config = Config {
        sources,
        warnings,
        notes,
        ..config
    };
    Ok((config, section))
}

/// The configuration, and every phone that is listed if all of them are right.
fn config(
    found: &mut Findings,
    files: &mut Files<'_>,
    top: &Section<'_>,
) -> (Config, Option<Vec<Arc<Place>>>) {
    let written = Written::read(found, files, top);
    let listen = document::listen(found, top);
    let listener = listener::listener(found, files, top, &listen);
    let access = document::access(found, top);
    listener::check_operators(found, &listener, &access.operate);
    let mut config = Config {
        listen,
        listener,
        external_url: document::external_url(found, files, top),
        external_labels: document::external_labels(found, top),
        state_dir: document::state_dir(found, files, top),
        shard: document::shard(found, top),
        max_in_flight: written
            .max_in_flight
            .as_ref()
            .map_or(MaxInFlight::Auto, |given| given.value),
        phones: Vec::new(),
        disabled: Vec::new(),
        values: written.published.clone().into(),
        metrics: written.metrics,
        operators: access.operate.into_iter().map(|(_, name)| name).collect(),
        proxies: access.proxies,
        sources: Vec::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
    };
    let places = resolve(found, &written, &mut config);
    let complete = places.len() == written.phones.len();
    (config, complete.then_some(places))
}

/// Resolves every phone into its place in the configuration; gives those without faults.
fn resolve(found: &mut Findings, written: &Written<'_>, config: &mut Config) -> Vec<Arc<Place>> {
    let mut listed = Vec::with_capacity(written.phones.len());
    let mut resolver = Resolver::new(written);
    let mut neighbours = Neighbours::default();
    for keys in &written.phones {
        neighbours.check_name(found, keys);
        let Some(layers) = resolver.layers(found, keys) else {
            continue;
        };
        let Some(phone) = resolver.phone(found, &layers) else {
            continue;
        };
        let enabled = layers.enabled().value;
        if enabled {
            neighbours.check_device(found, keys, &phone);
        }
        neighbours.see(&phone);
        listed.push(Arc::clone(&phone.place));
        match (config.shard.holds(&phone.place.name), enabled) {
            (true, true) => config.phones.push(phone.into()),
            (true, false) => config.disabled.push(phone.place.name.clone()),
            (false, _) => {}
        }
    }
    neighbours.check_all(found, written);
    if let Some(given) = &written.max_in_flight {
        let spot = written.global.spot.below("poll.max_in_flight", given.line);
        MaxInFlight::check(found, given, spot, &config.phones);
    }
    listed
}
