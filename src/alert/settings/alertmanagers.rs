//! `alertmanagers`: each gets every alert.

use std::sync::Arc;

use secrecy::SecretString;

use super::{keys, web};
use crate::alert::notify::channel::Alertmanager;
use crate::config::read::{Files, Findings, Section, Wrong, quoted};

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
        let auth = web::auth(found, files, &section);
        let access = web::access(found, files, &section);
        let Some((name, url)) = address.map(|address| address.value) else {
            continue;
        };
        web::warn_of_plain(found, section.spot.clone(), &url, &auth);
        if all.iter().any(|other| other.name == name) {
            let what = format!("{} is listed twice", quoted(&name));
            let mend = "list each Alertmanager once, by host and port";
            found.fault(section.spot_of("url"), Wrong::new(what, mend));
            continue;
        }
        all.push(Arc::new(Alertmanager {
            name,
            url,
            auth,
            access,
        }));
    }
    all
}

/// Host and port, and where the API begins.
fn base(text: &str) -> Result<(Box<str>, SecretString), Wrong> {
    let url = web::parsed(text)?;
    web::without_login(&url, "move them to `auth`")?;
    if url.path().contains("/api/v") {
        let what = "names the API, whose path is added here";
        return Err(Wrong::new(what, "remove /api/… from its end"));
    }
    if url.query().is_some() {
        return Err(Wrong::new("holds a `?`", "remove what follows it"));
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let base = url.as_str().trim_end_matches('/');
    Ok((format!("{host}:{port}").into(), base.into()))
}
