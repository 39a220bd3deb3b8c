//! Secrets of receivers and Alertmanagers: each stands behind its key or in a file, exactly one.
//!
//! The address of a webhook is one of them: it often holds a token. No fault repeats one.

use secrecy::{ExposeSecret, SecretString};

use crate::config::read::{
    Files, Findings, Kind, Node, Section, Wrong, from_file, inline, web_url, without_login,
};

const ADDRESS: Kind = Kind {
    noun: "address",
    nouns: "addresses",
    file: "url_file",
};

/// `url` or `url_file`; one must be there. Empty where secrets are left alone.
pub(super) fn url(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<SecretString> {
    const HELP: &str = "move them to `basic_auth` of `http_config`";
    let check = |url: &str| without_login(&web_url(url)?, HELP);
    // One that stands here is checked even where secrets are left alone.
    if let Some(node) = section.read(found, "url", Ok::<&Node, Wrong>) {
        found.keep(section.spot_of("url"), node.value.text().and_then(check))?;
    }
    let url = secret(found, files, section, ("url", ADDRESS))?;
    if section.has("url_file") && !url.expose_secret().is_empty() {
        found.keep(section.spot_of("url_file"), check(url.expose_secret()))?;
    }
    Some(url)
}

/// A secret that stands behind a key or in the file that another names; one of them must be there.
/// Empty where secrets are left alone.
pub(super) fn secret(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
    (key, kind): (&'static str, Kind),
) -> Option<SecretString> {
    match (section.has(key), section.has(kind.file)) {
        (true, true) => {
            let wrong = Wrong::new(format!("stands beside `{key}`"), "keep one of them");
            found.fault(section.spot_of(kind.file), wrong);
        }
        (false, false) => {
            let what = format!("has no {}", kind.noun);
            let help = format!("add `{}: …`", kind.file);
            found.fault(section.spot.clone(), Wrong::new(what, help));
        }
        (true, false) | (false, true) => {}
    }
    match section.read(found, key, Ok) {
        Some(node) => inline(found, files, kind, (&section.spot_of(key), node.value)),
        None => secret_file(found, files, section, kind),
    }
}

/// The secret of this kind that stands in a file; empty where secrets are left alone.
pub(super) fn secret_file(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
    kind: Kind,
) -> Option<SecretString> {
    let node = section.read(found, kind.file, Ok)?.value;
    from_file(found, files, kind, (&section.spot_of(kind.file), node))
}
