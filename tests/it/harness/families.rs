//! Every metric family of the exporter, as its golden pages have it: whoever writes a family, this is
//! what a scraper sees.

use std::collections::{BTreeMap, BTreeSet};

/// One family.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    /// The name in queries; of a histogram without its suffixes.
    pub(crate) name: String,
    /// Its type in OpenMetrics: gauge, counter, info or histogram.
    pub(crate) kind: &'static str,
    /// Its HELP line, without the full stop.
    pub(crate) help: &'static str,
    /// The labels it can have, beyond those that every phone carries.
    pub(crate) labels: BTreeSet<String>,
}

/// The page of everything that can be said, and that of a daemon on simulated phones.
const GOLDEN: [&str; 2] = [
    include_str!(
        "../../../src/web/metrics/snapshots/grandstream_exporter__web__metrics__page__tests__openmetrics.snap"
    ),
    include_str!("../snapshots/it__golden__the_whole_page_in_openmetrics.snap"),
];

/// What every series of a phone carries: `floor` is a configured label of the golden pages.
const OF_EVERY_PHONE: [&str; 3] = ["phone", "site", "floor"];

/// All families, in the order of the page.
pub(crate) fn families() -> Vec<Family> {
    let labels = labels();
    let [page, _] = GOLDEN;
    let metadata = |line: &'static str, keyword| {
        let line = line.strip_prefix("# ")?.strip_prefix(keyword)?;
        line.strip_prefix(' ')?.split_once(' ')
    };
    let mut helps = page.lines().filter_map(|line| metadata(line, "HELP"));
    let types = page.lines().filter_map(|line| metadata(line, "TYPE"));
    types
        .map(|(name, kind)| {
            let (helped, help) = helps.next().expect("a family has a HELP line");
            assert_eq!(helped, name);
            let suffix = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            let name = format!("{name}{suffix}");
            Family {
                labels: labels.get(&name).cloned().unwrap_or_default(),
                name,
                kind,
                help: help.trim_end_matches('.'),
            }
        })
        .collect()
}

fn labels() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let lines = GOLDEN.iter().flat_map(|golden| golden.lines());
    for line in lines.filter(|line| !line.starts_with('#')) {
        let Some((name, rest)) = line.split_once('{') else {
            continue;
        };
        let own = rest
            .split("=\"")
            .filter_map(|before| before.rsplit(['{', ',', '"']).next())
            .filter(|label| {
                let is_name = label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                is_name && !label.is_empty() && !OF_EVERY_PHONE.contains(label)
            });
        let name = name.trim_end_matches("_bucket").to_owned();
        found
            .entry(name)
            .or_default()
            .extend(own.map(str::to_owned));
    }
    found
}
