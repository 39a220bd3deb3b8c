//! The way from a path to a [`Config`]: read all, resolve all, and only then give up.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::fleet::place::Scheme;

use super::credentials::{self, Credentials};
use super::fault::{Faults, Findings, Spot, Wrong, quoted};
use super::files::{Environment, Files, MAX_LIST, Secrets};
use super::layers::Layers;
use super::phone_keys::PhoneKeys;
use super::poll_keys::top_poll;
use super::resolve::{Resolver, Shared};
use super::section::Section;
use super::tree::{self, Node, Value};
use super::{Config, Metrics, PublishedValue, document, keys, lists, pvalues};

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

/// What phones have in common and the phones themselves, as written.
pub(super) struct Written<'a> {
    global: PhoneKeys,
    defaults: PhoneKeys,
    groups: BTreeMap<&'a str, Option<PhoneKeys>>,
    credentials: Credentials<'a>,
    published: Vec<PublishedValue>,
    pvalues_at: Spot,
    pub(super) metrics: Metrics,
    metrics_at: Spot,
    pub(super) max_in_flight: usize,
    pub(super) phones: Vec<PhoneKeys>,
}

/// The tree of the configuration file; an empty file is an empty mapping.
pub(super) fn read_root(found: &mut Findings, files: &mut Files<'_>, path: &Path) -> Option<Node> {
    let spot = Spot::of_file(path);
    let text = found.keep(spot.clone(), files.read_text(path, MAX_LIST))?;
    match tree::parse(&text) {
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

    pub(super) fn resolver(&self) -> Resolver<'_> {
        Resolver::new(Shared {
            global: &self.global,
            defaults: &self.defaults,
            groups: &self.groups,
            credentials: &self.credentials,
            published: &self.published,
            pvalues_at: self.pvalues_at.clone(),
            mac_address: self.metrics.mac_address,
        })
    }
}

fn config(
    found: &mut Findings,
    files: &mut Files<'_>,
    (spot, root): (Spot, &Node),
) -> Option<Config> {
    let top = Section::open(found, spot.on(root.line), root, keys::TOP)?;
    let written = Written::read(found, files, &top);
    document::alerting(found, &top);
    let mut config = Config {
        listen: document::listen(found, &top),
        web_config_file: document::web_config_file(found, files, &top),
        state_dir: document::state_dir(found, files, &top),
        shard: document::shard(found, &top),
        max_in_flight: written.max_in_flight,
        phones: Vec::new(),
        disabled: Vec::new(),
        values: written.published.clone().into(),
        metrics: written.metrics,
        operators: document::operators(found, &top),
        sources: Vec::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
    };
    resolve(found, &written, &mut config);
    Some(config)
}

fn resolve(found: &mut Findings, written: &Written<'_>, config: &mut Config) {
    let mut resolver = written.resolver();
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
            neighbours.check_address(found, &layers);
        }
        neighbours.https |= phone.place.scheme == Scheme::Https;
        match (config.shard.holds(&phone.place.name), enabled) {
            (true, true) => config.phones.push(phone.into()),
            (true, false) => config.disabled.push(phone.place.name.clone()),
            (false, _) => {}
        }
    }
    check_together(found, written, &neighbours);
}

/// What was seen of other phones.
#[derive(Default)]
struct Neighbours<'a> {
    names: HashMap<&'a str, &'a PhoneKeys>,
    addresses: HashMap<(&'a str, u16), &'a PhoneKeys>,
    https: bool,
}

impl<'a> Neighbours<'a> {
    fn check_name(&mut self, found: &mut Findings, keys: &'a PhoneKeys) {
        let Some(name) = &keys.name else {
            return;
        };
        if let Some(first) = self.names.get(&*name.value) {
            let first = spot_of_name(first).file_and_line();
            let what = format!(
                "{} is the name of another phone ({first})",
                quoted(&name.value)
            );
            found.fault(
                spot_of_name(keys),
                Wrong::new(what, "give each phone its own name"),
            );
            return;
        }
        self.names.insert(&name.value, keys);
    }

    fn check_address(&mut self, found: &mut Findings, layers: &Layers<'a>) {
        let keys = layers.phone;
        let Some(address) = &keys.address else {
            return;
        };
        let scheme = layers.scheme().value;
        let port = address.value.port.unwrap_or(scheme.default_port());
        let key = (&*address.value.host, port);
        if let Some(other) = self.addresses.get(&key) {
            let name = other.name.as_ref().map(|name| quoted(&name.value));
            let what = format!(
                "{} is also the address of {} ({})",
                quoted(&address.value.text),
                name.unwrap_or_default(),
                other.spot.file_and_line()
            );
            let spot = keys.spot.below("address", address.line);
            found.warn(
                spot,
                Wrong::new(what, "two polls at once end each other's sessions"),
            );
            return;
        }
        self.addresses.insert(key, keys);
    }
}

fn spot_of_name(keys: &PhoneKeys) -> Spot {
    match &keys.name {
        Some(name) => keys.spot.below("name", name.line),
        None => keys.spot.clone(),
    }
}

/// What can only be judged of all phones together.
fn check_together(found: &mut Findings, written: &Written<'_>, neighbours: &Neighbours<'_>) {
    let defaults = &written.defaults;
    if written.phones.is_empty() {
        let what = "lists no phone";
        let wrong = Wrong::new(what, "add some to `phones` or `phone_files`");
        found.warn(written.global.spot.clone(), wrong);
        return;
    }
    if !neighbours.https
        && let Some(line) = defaults.tls.first_line()
    {
        let wrong = Wrong::new("has no effect: no phone uses https", "set `scheme: https`");
        found.fault(defaults.spot.below("tls", line), wrong);
    }
    if written.metrics.clock && written.phones.iter().all(|phone| phone.time_zone.is_none()) {
        let shared = written
            .groups
            .values()
            .flatten()
            .any(|keys| keys.time_zone.is_some());
        if !shared && defaults.time_zone.is_none() {
            let what = "asks for the clocks of phones, and no phone has a time_zone";
            let wrong = Wrong::new(what, "add `time_zone: …` to defaults, a group, or phones");
            found.warn(written.metrics_at.clone(), wrong);
        }
    }
}
