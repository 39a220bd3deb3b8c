//! `alertmanagers`: each gets every alert.

use std::sync::Arc;

use super::{http_client, keys};
use crate::config::read::{Files, Findings, Section, Wrong, base_url, quoted, web_url};
use crate::notify::channel::Alertmanager;

/// The section `alertmanagers`.
pub(super) fn alertmanagers(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Vec<Arc<Alertmanager>> {
    let mut all: Vec<Arc<Alertmanager>> = Vec::new();
    for (spot, node) in section.items(found, "alertmanagers").unwrap_or_default() {
        let Some(section) = Section::open(found, spot, node, keys::ALERTMANAGER) else {
            continue;
        };
        section.require(found, "url");
        let address = section.read(found, "url", |node| base(node.text()?));
        let client = http_client::client(found, files, &section);
        let timeout = http_client::timeout(found, &section);
        let Some((name, url)) = address.map(|address| address.value) else {
            continue;
        };
        let url = url.into();
        http_client::warn_of_plain(found, section.spot.clone(), &url, &client);
        if all.iter().any(|other| other.name == name) {
            let what = format!("{} is listed twice", quoted(&name));
            let help = "list each Alertmanager once, by host and port";
            found.fault(section.spot_of("url"), Wrong::new(what, help));
            continue;
        }
        all.push(Arc::new(Alertmanager {
            name,
            url,
            client,
            timeout,
        }));
    }
    all
}

/// Host and port, and where the API begins.
fn base(text: &str) -> Result<(Box<str>, Box<str>), Wrong> {
    let base = base_url(text, "move them to `basic_auth`")?;
    let url = web_url(&base)?;
    if url.path().contains("/api/v") {
        let what = "names the API, whose path is added here";
        return Err(Wrong::new(what, "remove /api/… from its end"));
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    Ok((format!("{host}:{port}").into(), base))
}
