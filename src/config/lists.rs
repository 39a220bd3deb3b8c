//! `phone_files`: lists of phones in files of their own.
//!
//! A file ending in `.csv` is a table. Any other is YAML, or JSON, which YAML contains (but for
//! characters escaped as two surrogates, which are a fault): a list of phones, a mapping with such a
//! list under `phones`, or Prometheus' `file_sd` format. In the latter each target is a phone:
//! `phone` of its labels is the name (by default the target itself), `site` the site, labels
//! beginning with `__` are left out, the others are labels.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::fault::{Findings, Spot, Wrong, quoted};
use super::files::{Files, MAX_LIST};
use super::phone_keys::{Holder, PhoneKeys};
use super::section::{Section, items};
use super::table::{entry, map};
use super::tree::{self, Node, Value};
use super::{keys, table, watch};

/// How the name of a list may end.
const ENDINGS: [&str; 4] = ["yaml", "yml", "json", "csv"];

/// The phones of every file that `phone_files` names.
pub(super) fn phone_files(
    found: &mut Findings,
    files: &mut Files<'_>,
    top: &Section<'_>,
) -> Vec<PhoneKeys> {
    let mut paths = Vec::new();
    for (spot, node) in top.items(found, "phone_files").unwrap_or_default() {
        let Some(matching) = found.keep(spot.clone(), matching(files, node)) else {
            continue;
        };
        if matching.is_empty() {
            let wrong = Wrong::new("matches no file", "check the pattern, or remove it");
            found.warn(spot, wrong);
        }
        paths.extend(matching);
    }
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    let mut phones = Vec::new();
    for path in paths {
        phones.extend(one_file(found, files, &path));
    }
    phones
}

/// The files that a pattern matches. A name without wildcards must be there.
fn matching(files: &mut Files<'_>, node: &Node) -> Result<Vec<PathBuf>, Wrong> {
    let name = node.text()?;
    let ending = Path::new(name).extension().unwrap_or_default();
    if !ENDINGS.iter().any(|known| ending == *known) {
        let what = format!("{} does not end in a known way", quoted(name));
        return Err(Wrong::new(what, "end it in .yaml, .yml, .json or .csv"));
    }
    if !watch::is_pattern(name) {
        let path = files.path(name);
        files.expect(&path)?;
        return Ok(vec![path]);
    }
    let pattern = watch::pattern(files.base(), name);
    let matching = watch::expand(&pattern)?;
    files.sources.push(pattern.into());
    Ok(matching)
}

fn one_file(found: &mut Findings, files: &mut Files<'_>, path: &Path) -> Vec<PhoneKeys> {
    let spot = Spot::of_file(path);
    let Some(text) = found.keep(spot.clone(), files.read_text(path, MAX_LIST)) else {
        return Vec::new();
    };
    if path.extension().is_some_and(|ending| ending == "csv") {
        let rows = table::rows(found, &spot, &text);
        let row = |node: &Node| {
            let at = (spot.on(node.line), node);
            PhoneKeys::read(found, files, Holder::Phone, at)
        };
        return rows.iter().filter_map(row).collect();
    }
    match tree::parse(&text) {
        Ok(Some(root)) => list(found, files, &spot, &root),
        Ok(None) => Vec::new(),
        Err(syntax) => {
            found.fault(spot.on(syntax.line), syntax.wrong);
            Vec::new()
        }
    }
}

/// The phones of a YAML or JSON file.
fn list(found: &mut Findings, files: &mut Files<'_>, spot: &Spot, root: &Node) -> Vec<PhoneKeys> {
    let spot = spot.on(root.line);
    let items = match &root.value {
        Value::List(list) => items(&spot, list),
        Value::Map(_) => Section::open(found, spot, root, keys::PHONE_FILE)
            .and_then(|section| section.items(found, "phones"))
            .unwrap_or_default(),
        Value::Scalar(..) => {
            found.fault(
                spot,
                root.is_not("a list of phones", "write one `- name: …` a phone"),
            );
            Vec::new()
        }
    };
    let mut phones = Vec::with_capacity(items.len());
    for (spot, node) in items {
        if !is_targets(node) {
            phones.extend(PhoneKeys::read(found, files, Holder::Phone, (spot, node)));
            continue;
        }
        for (spot, node) in targets(found, spot, node) {
            phones.extend(PhoneKeys::read(found, files, Holder::Phone, (spot, &node)));
        }
    }
    phones
}

fn is_targets(node: &Node) -> bool {
    node.map()
        .is_ok_and(|entries| entries.iter().any(|entry| &*entry.key == "targets"))
}

/// The targets of a group in `file_sd` format, each as the phone it stands for.
fn targets(found: &mut Findings, spot: Spot, node: &Node) -> Vec<(Spot, Node)> {
    let Some(section) = Section::open(found, spot, node, keys::TARGETS) else {
        return Vec::new();
    };
    let labels = section.named(found, "labels");
    let mut phones = Vec::new();
    for (spot, target) in section.items(found, "targets").unwrap_or_default() {
        let Some(address) = found.keep(spot.clone(), target.text()) else {
            continue;
        };
        let mut entries = vec![entry("address", Node::cell(address, target.line))];
        let mut name = Node::cell(address, target.line);
        let mut own = Vec::new();
        for (spot, key, node) in &labels {
            let Some(value) = found.keep(spot.clone(), node.text()) else {
                continue;
            };
            let value = Node::cell(value, spot.line.unwrap_or(node.line));
            match *key {
                "phone" => name = value,
                "site" => entries.push(entry("site", value)),
                _ if key.starts_with("__") => {}
                _ => own.push(entry(key, value)),
            }
        }
        entries.push(entry("name", name));
        entries.push(entry("labels", map(own, target.line)));
        phones.push((spot, map(entries, target.line)));
    }
    phones
}
