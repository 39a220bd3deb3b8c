//! Targets in Prometheus' `file_sd` format, as JSON: the label `phone` is the name, `site` the site,
//! `mac` the hardware address.

use std::collections::HashMap;

use anyhow::Context;
use serde::Deserialize;

use super::device::{Device, written_name};
use crate::cli::address;
use crate::fleet::place::mac_digits;

#[derive(Deserialize)]
struct Group {
    targets: Vec<String>,
    #[serde(default)]
    labels: HashMap<String, String>,
}

/// Reads every target of every group.
pub(super) fn devices(text: &str) -> anyhow::Result<Vec<Device>> {
    let groups: Vec<Group> = serde_json::from_str(text).context("not a JSON list of targets")?;
    Ok(groups.iter().flat_map(in_group).collect())
}

fn in_group(group: &Group) -> impl Iterator<Item = Device> {
    let label = |name: &str| group.labels.get(name).map(String::as_str);
    // Labels of several targets cannot identify one device.
    let own = |name: &str| label(name).filter(|_| group.targets.len() == 1);
    let device = Device {
        mac: own("mac").and_then(mac_digits),
        name: own("phone").and_then(written_name),
        address: None,
        site: label("site").and_then(written_name),
    };
    group.targets.iter().map(move |target| Device {
        address: address::usable(target),
        ..device.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_take_name_and_site_from_their_labels() {
        let text = r#"[
            {"targets": ["192.0.2.21:80", "192.0.2.22"], "labels": {"site": "hq", "phone": "both"}},
            {"targets": ["192.0.2.23"], "labels": {"phone": "lobby", "mac": "00:0B:82:12:34:56"}},
            {"targets": ["192.0.2.24"]}
        ]"#;
        let devices = devices(text).unwrap();
        let found: Vec<_> = devices
            .iter()
            .map(|d| (d.address.as_deref(), d.name.as_deref(), d.site.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                (Some("192.0.2.21:80"), None, Some("hq")),
                (Some("192.0.2.22"), None, Some("hq")),
                (Some("192.0.2.23"), Some("lobby"), None),
                (Some("192.0.2.24"), None, None),
            ]
        );
        assert_eq!(devices[2].mac.as_deref(), Some("000b82123456"));
    }

    #[test]
    fn another_format_is_an_error() {
        let error = format!("{:#}", devices("{}").unwrap_err());
        assert!(error.contains("targets"), "{error}");
    }
}
