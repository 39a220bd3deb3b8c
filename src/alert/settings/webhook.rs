//! `webhook` of a receiver: where to, in which words, with which proofs.

use std::sync::Arc;

use hyper::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};

use super::web::{self, check_header, secret_file};
use crate::alert::notify::channel::{Body, Webhook};
use crate::alert::notify::render;
use crate::config::read::{
    Files, Findings, Kind, Node, Section, Spot, Wrong, from_file, inline, word,
};

const KEY: Kind = Kind {
    noun: "key",
    nouns: "keys",
    file: "hmac_file",
};
const HEADER: Kind = Kind {
    noun: "header",
    nouns: "headers",
    file: "header_files",
};

/// Makes the body that a preset stands for.
type Preset = fn() -> Body;

/// The ready-made words, as [`Body::word`] names them.
const PRESETS: &[(&str, Preset)] = &[
    ("alertmanager_v4", || Body::AlertmanagerV4),
    ("generic", || Body::Generic),
    ("ntfy", || Body::Ntfy),
    ("slack", || Body::Slack),
    ("teams_workflow", || Body::Teams),
];

/// The largest template.
const MAX_TEMPLATE: u64 = 64 << 10;

/// Headers that the exchange itself needs, or that have keys of their own.
const OURS: [&str; 7] = [
    "host",
    "content-length",
    "content-type",
    "connection",
    "transfer-encoding",
    "idempotency-key",
    "x-signature-256",
];

pub(super) fn webhook(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<Webhook> {
    let url = web::url(found, files, section);
    let body = body(found, files, section);
    let headers = headers(found, files, section);
    let auth = web::auth(found, files, section);
    let hmac = secret_file(found, files, section, KEY);
    let access = web::access(found, files, section);
    if section.has("auth")
        && let Some((spot, ..)) = headers
            .iter()
            .find(|(_, name, _)| name.eq_ignore_ascii_case("authorization"))
    {
        let wrong = Wrong::new("stands beside `auth`", "keep one of them");
        found.fault(spot.clone(), wrong);
    }
    let url = url?;
    web::warn_of_plain(found, section.spot.clone(), &url, &auth);
    let headers = headers.into_iter();
    Some(Webhook {
        url,
        body: body?,
        headers: headers.map(|(_, name, value)| (name, value)).collect(),
        auth,
        hmac,
        access,
    })
}

/// `preset`, or `template` or `template_file` with its `content_type`.
fn body(found: &mut Findings, files: &mut Files<'_>, section: &Section<'_>) -> Option<Body> {
    let mut given = ["preset", "template", "template_file"]
        .into_iter()
        .filter(|key| section.has(key));
    let first = given.next();
    for other in given {
        let what = format!("stands beside `{}`", first.unwrap_or_default());
        found.fault(section.spot_of(other), Wrong::new(what, "keep one of them"));
    }
    let content_type = section.read(found, "content_type", |node| {
        let text = node.text()?;
        check_header(text)?;
        match text.split_once('/') {
            Some((kind, rest)) if !kind.is_empty() && !rest.is_empty() => Ok(text.into()),
            Some(_) | None => Err(Wrong::new("is no media type", "write one, as text/plain")),
        }
    });
    let own = matches!(first, Some("template" | "template_file"));
    if section.has("content_type") && !own {
        let what = "has no effect: a preset brings its own";
        let wrong = Wrong::new(what, "remove it, or write a template");
        found.fault(section.spot_of("content_type"), wrong);
    }
    let preset = section.read(found, "preset", |node| word(node, PRESETS));
    let media: Box<str> = content_type.map_or(JSON.into(), |given| given.value);
    let text = section.read(found, "template", |node| template(node.text()?, &media));
    let of_file = section.read(found, "template_file", |node| {
        let path = files.path(node.text()?);
        template(&files.read_text(&path, MAX_TEMPLATE)?, &media)
    });
    if own {
        return Some(Body::Own {
            template: text.or(of_file)?.value,
            content_type: media,
        });
    }
    match preset {
        Some(preset) => Some((preset.value)()),
        // A wrong one has been told.
        None if section.has("preset") => None,
        None => Some(Body::AlertmanagerV4),
    }
}

/// What a template makes where nothing else is said.
const JSON: &str = "application/json";

/// A template that can be filled, tried on messages of each kind.
fn template(text: &str, media: &str) -> Result<Arc<str>, Wrong> {
    let mend = "correct it; docs/receivers.md shows templates and what they may name";
    render::check(text, media)
        .map_err(|what| Wrong::new(format!("is no template: {what}"), mend))?;
    Ok(text.into())
}

/// `headers` and `header_files`, each with its place.
fn headers(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Vec<(Spot, Box<str>, SecretString)> {
    let mut headers: Vec<(Spot, Box<str>, SecretString)> = Vec::new();
    for key in ["headers", "header_files"] {
        for (spot, name, node) in section.named(found, key) {
            if let Err(wrong) = check_name(name) {
                found.fault(spot, wrong);
                continue;
            }
            if headers
                .iter()
                .any(|(_, one, _)| one.eq_ignore_ascii_case(name))
            {
                found.fault(spot, Wrong::new("is a header twice", "keep one of them"));
                continue;
            }
            let value = value(found, files, key, (&spot, node));
            headers.extend(value.map(|value| (spot, name.into(), value)));
        }
    }
    headers
}

fn value(
    found: &mut Findings,
    files: &mut Files<'_>,
    key: &str,
    (spot, node): (&Spot, &Node),
) -> Option<SecretString> {
    let value = match key {
        "headers" => inline(found, files, HEADER, (spot, node))?,
        _ => from_file(found, files, HEADER, (spot, node))?,
    };
    found.keep(spot.clone(), check_header(value.expose_secret()))?;
    Some(value)
}

fn check_name(name: &str) -> Result<(), Wrong> {
    if HeaderName::try_from(name).is_err() {
        return Err(Wrong::new(
            "is no name of a header",
            "use letters, digits and `-`",
        ));
    }
    if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
        let what = "is a header that the daemon sets itself";
        return Err(Wrong::new(what, "remove it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_is_named_as_it_is_written() {
        for (word, body) in PRESETS {
            assert_eq!(body().word(), *word);
        }
    }
}
