//! The configuration file as written, without what belongs to single phones.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use crate::fleet::reading::LineDetail;

use super::fault::{Findings, Spot, Wrong, quoted};
use super::files::Files;
use super::labels;
use super::phone_keys::{Holder, PhoneKeys};
use super::section::{Section, items, word};
use super::shard::Shard;
use super::tree::Node;
use super::url::base_url;
use super::{Metrics, keys};

/// The port that the exporter is known by.
const LISTEN: &str = "[::]:15060";

/// The flag that replaces `external_url`.
const EXTERNAL_URL: &str = "--web.external-url";

/// `listen`: at least one address.
pub(super) fn listen(found: &mut Findings, top: &Section<'_>) -> Vec<SocketAddr> {
    let Some(list) = top.read(found, "listen", Node::list) else {
        return LISTEN.parse().into_iter().collect();
    };
    let spot = top.spot_of("listen");
    if list.value.is_empty() {
        let wrong = Wrong::new("is empty", format!("write [\"{LISTEN}\"]"));
        found.fault(spot.clone(), wrong);
    }
    let addresses = items(&spot, list.value).into_iter();
    addresses
        .filter_map(|(spot, node)| found.keep(spot, socket_address(node)))
        .collect()
}

fn socket_address(node: &Node) -> Result<SocketAddr, Wrong> {
    let text = node.text()?;
    text.parse().map_err(|_unparsed| {
        Wrong::new(
            format!("{} is no IP address with a port", quoted(text)),
            format!("write it as \"{LISTEN}\" or \"127.0.0.1:15060\""),
        )
    })
}

/// `external_url`, unless the flag says otherwise.
pub(super) fn external_url(found: &mut Findings, files: &Files<'_>, top: &Section<'_>) -> Box<str> {
    const HELP: &str = "remove them: people see this address";
    let written = top.read(found, "external_url", |node| base_url(node.text()?, HELP));
    let url = match &files.environment.flags.external_url {
        Some(flag) => found.keep(Spot::of_flag(EXTERNAL_URL), base_url(flag, HELP)),
        None => written.map(|written| written.value),
    };
    url.unwrap_or_default()
}

/// `external_labels`.
pub(super) fn external_labels(
    found: &mut Findings,
    top: &Section<'_>,
) -> Box<[(Box<str>, Box<str>)]> {
    let mut labels = Vec::new();
    for (spot, name, node) in top.named(found, "external_labels") {
        let label = labels::check_letters(name).and_then(|()| {
            if name == "alertname" {
                let what = "is the name of the alert's rule";
                return Err(Wrong::new(what, "choose another name"));
            }
            labels::text(node)
        });
        labels.extend(found.keep(spot, label).map(|label| (name.into(), label)));
    }
    labels.into()
}

/// The section `access`.
#[derive(Default)]
pub(super) struct Access {
    /// Names of users, each with its place.
    pub(super) operate: Vec<(Spot, Box<str>)>,
    /// Addresses and networks of proxies.
    pub(super) proxies: Vec<IpNet>,
}

/// Who may do more than read, and behind whom many read.
pub(super) fn access(found: &mut Findings, top: &Section<'_>) -> Access {
    let Some(access) = top.section(found, "access", keys::ACCESS) else {
        return Access::default();
    };
    let operate = access.items(found, "operate").unwrap_or_default();
    let proxies = access.items(found, "proxies").unwrap_or_default();
    Access {
        operate: operate
            .into_iter()
            .filter_map(|(spot, node)| Some((spot.clone(), found.keep(spot, labels::name(node))?)))
            .collect(),
        proxies: proxies
            .into_iter()
            .filter_map(|(spot, node)| found.keep(spot, network(node)))
            .collect(),
    }
}

fn network(node: &Node) -> Result<IpNet, Wrong> {
    let text = node.text()?;
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(single).ok_or_else(|| {
        let what = format!("{} is not an IP address or network", quoted(text));
        Wrong::new(what, "write it as \"192.0.2.10\" or \"192.0.2.0/24\"")
    })
}

/// `state_dir`, by default the first of systemd's `StateDirectory=`.
pub(super) fn state_dir(
    found: &mut Findings,
    files: &Files<'_>,
    top: &Section<'_>,
) -> Option<PathBuf> {
    let written = top.read(found, "state_dir", |node| match node.text()? {
        "" => Err(Wrong::new(
            "is empty",
            "name a directory, or remove the key",
        )),
        name => Ok(files.path(name)),
    });
    if let Some(written) = written {
        return Some(written.value);
    }
    let from_systemd = files
        .environment
        .get("STATE_DIRECTORY")?
        .split(':')
        .next()?;
    (!from_systemd.is_empty()).then(|| from_systemd.into())
}

/// `shard`.
pub(super) fn shard(found: &mut Findings, top: &Section<'_>) -> Shard {
    /// Far more parts than a fleet needs processes.
    const MOST: u32 = 1024;
    let whole = Shard::default();
    let Some(shard) = top.section(found, "shard", keys::SHARD) else {
        return whole;
    };
    let count = match shard.read(found, "count", |node| node.number(1, MOST)) {
        Some(count) => count.value,
        // A wrong count has been told; it says nothing of the index.
        None if shard.has("count") => MOST,
        None => whole.count,
    };
    let index = shard.read(found, "index", |node| node.number(0, count - 1));
    let index = index.map_or(whole.index, |index| index.value);
    Shard { index, count }
}

/// `groups`, by name.
pub(super) fn groups<'a>(
    found: &mut Findings,
    files: &mut Files<'_>,
    top: &Section<'a>,
) -> BTreeMap<&'a str, Option<PhoneKeys>> {
    let mut groups = BTreeMap::new();
    for (spot, name, node) in top.named(found, "groups") {
        let keys = PhoneKeys::read(found, files, Holder::Group, (spot, node));
        groups.insert(name, keys);
    }
    groups
}

/// `defaults`.
pub(super) fn defaults(
    found: &mut Findings,
    files: &mut Files<'_>,
    top: &Section<'_>,
) -> PhoneKeys {
    let node = top.read(found, "defaults", Ok);
    let keys = node.and_then(|node| {
        let at = (top.spot_of("defaults"), node.value);
        PhoneKeys::read(found, files, Holder::Defaults, at)
    });
    keys.unwrap_or_else(|| PhoneKeys::none(top.spot.clone()))
}

/// `phones`.
pub(super) fn phones(
    found: &mut Findings,
    files: &mut Files<'_>,
    top: &Section<'_>,
) -> Vec<PhoneKeys> {
    let listed = top.items(found, "phones").unwrap_or_default().into_iter();
    listed
        .filter_map(|at| PhoneKeys::read(found, files, Holder::Phone, at))
        .collect()
}

/// `metrics`.
pub(super) fn metrics(found: &mut Findings, top: &Section<'_>) -> Metrics {
    const DETAILS: &[(&str, LineDetail)] = &[
        ("per_line", LineDetail::PerLine),
        ("per_phone", LineDetail::PerPhone),
        ("off", LineDetail::Off),
    ];
    let mut metrics = Metrics::default();
    let Some(section) = top.section(found, "metrics", keys::METRICS) else {
        return metrics;
    };
    if let Some(lines) = section.read(found, "lines", |node| word(node, DETAILS)) {
        metrics.keep.lines = lines.value;
    }
    let mut flag = |key| {
        section
            .read(found, key, Node::flag)
            .is_some_and(|flag| flag.value)
    };
    metrics.line_state = flag("line_state");
    metrics.clock = flag("clock");
    metrics.keep.sip_user = flag("sip_user");
    metrics.mac_address = flag("mac_address");
    if metrics.line_state && metrics.keep.lines != LineDetail::PerLine {
        let wrong = Wrong::new("has no effect", "set `lines: per_line`, or remove it");
        found.warn(section.spot_of("line_state"), wrong);
    }
    metrics
}
