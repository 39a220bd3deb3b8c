//! `webhook` of a receiver: where to, in which words, signed by which key.

use std::sync::Arc;

use super::http_client::{self, check_header};
use super::secret::{self, secret_file};
use crate::config::read::{Files, Findings, Kind, Section, Wrong, word};
use crate::notify::channel::{Body, Webhook};
use crate::notify::render;

const KEY: Kind = Kind {
    noun: "key",
    nouns: "keys",
    file: "hmac_file",
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

pub(super) fn webhook(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<Webhook> {
    let url = secret::url(found, files, section);
    let body = body(found, files, section);
    let hmac = secret_file(found, files, section, KEY);
    let client = http_client::http_config(found, files, section);
    let timeout = http_client::timeout(found, section);
    let url = url?;
    http_client::warn_of_plain(found, section.spot.clone(), &url, &client);
    Some(Webhook {
        url,
        body: body?,
        hmac,
        client,
        timeout,
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
