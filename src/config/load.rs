//! The way from a path to a [`Config`]: read all, resolve all, and only then give up.

use std::path::Path;

use super::fault::{Faults, Findings, Spot};
use super::files::{Environment, Files, Secrets};
use super::neighbours::Neighbours;
use super::resolve::Resolver;
use super::section::Section;
use super::tree::Node;
use super::written::{Written, read_root};
use super::{Config, document, keys, listener};

/// Reads everything that `serve` needs and resolves it. Names in the file are relative to its own
/// directory. Blocks on files: call it off the async threads.
pub fn load(path: &Path, environment: &Environment, secrets: Secrets) -> Result<Config, Faults> {
    let mut found = Findings::default();
    let mut files = Files::around(path, environment, secrets);
    let config = read_root(&mut found, &mut files, path)
        .and_then(|root| config(&mut found, &mut files, (Spot::of_file(path), &root)));
    let (warnings, notes) = found.into_warnings()?;
    let config = config.expect("what stops the reading is a fault");
    let mut sources = files.sources;
    sources.sort();
    sources.dedup();
    Ok(Config {
        sources,
        warnings,
        notes,
        ..config
    })
}

fn config(
    found: &mut Findings,
    files: &mut Files<'_>,
    (spot, root): (Spot, &Node),
) -> Option<Config> {
    let top = Section::open(found, spot.on(root.line), root, keys::TOP)?;
    let written = Written::read(found, files, &top);
    document::alerting(found, &top);
    let listen = document::listen(found, &top);
    let listener = listener::listener(found, files, &top, &listen);
    let operators = document::operators(found, &top);
    listener::check_operators(found, &listener, &operators);
    let mut config = Config {
        listen,
        listener,
        state_dir: document::state_dir(found, files, &top),
        shard: document::shard(found, &top),
        max_in_flight: written.max_in_flight,
        phones: Vec::new(),
        disabled: Vec::new(),
        values: written.published.clone().into(),
        metrics: written.metrics,
        operators: operators.into_iter().map(|(_, name)| name).collect(),
        sources: Vec::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
    };
    resolve(found, &written, &mut config);
    Some(config)
}

fn resolve(found: &mut Findings, written: &Written<'_>, config: &mut Config) {
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
            neighbours.check_address(found, keys, &phone);
        }
        neighbours.see(&phone);
        match (config.shard.holds(&phone.place.name), enabled) {
            (true, true) => config.phones.push(phone.into()),
            (true, false) => config.disabled.push(phone.place.name.clone()),
            (false, _) => {}
        }
    }
    neighbours.check_all(found, written);
}
