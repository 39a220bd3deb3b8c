//! What holds for each phone, key by key, and where it was written.
//!
//! Asks [`Layers`] the same questions as resolving does, so that both agree. Of a secret it says
//! which key gives it, nothing more.

use std::path::Path;

use jiff::tz::TimeZone;

use crate::fleet::guard::SecretFormat;
use crate::fleet::place::Scheme;

use super::fault::{Faults, Findings, Spot};
use super::files::{Environment, Files, Secrets};
use super::layers::{Choice, Layers};
use super::login::{Login, Source};
use super::resolve::Resolver;
use super::section::Section;
use super::written::{Written, read_root};
use super::{duration, keys};

/// One value of one phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Name of the phone.
    pub phone: Box<str>,
    /// Key path below the phone, as `poll.timeout`.
    pub key: String,
    /// As text; of a secret only that there is one.
    pub value: String,
    /// Where it was written; `None` if it is built in.
    pub origin: Option<Spot>,
}

/// Every value of every phone of the list, enabled or not, in the order of the files. No secret is
/// read. Blocks on files, as [`load`](super::load()) does.
pub fn effective(path: &Path, environment: &Environment) -> Result<Vec<Effective>, Faults> {
    let mut found = Findings::default();
    let mut files = Files::around(path, environment, Secrets::Skip);
    let mut rows = Vec::new();
    if let Some(root) = read_root(&mut found, &mut files, path)
        && let Some(top) = Section::open(
            &mut found,
            Spot::of_file(path).on(root.line),
            &root,
            keys::TOP,
        )
    {
        let written = Written::read(&mut found, &mut files, &top);
        let resolver = Resolver::new(&written);
        for phone in &written.phones {
            let Some(layers) = resolver.layers(&mut found, phone) else {
                continue;
            };
            if let Some(login) = resolver.login(&mut found, &layers) {
                list(&mut rows, &layers, &login);
            }
        }
    }
    found.into_warnings()?;
    Ok(rows)
}

/// A value as text, and where it was written.
type Shown = (String, Option<Spot>);

fn list(rows: &mut Vec<Effective>, layers: &Layers<'_>, login: &Login<'_>) {
    let Some(name) = &layers.phone.name else {
        return;
    };
    let mut push = |key: &str, (value, origin): Shown| {
        rows.push(Effective {
            phone: name.value.clone(),
            key: key.to_owned(),
            value,
            origin,
        });
    };
    for (key, value) in identity(layers).into_iter().chain(transport(layers)) {
        if let Some(value) = value {
            push(key, value);
        }
    }
    for (key, value) in login_rows(login).into_iter().chain(times(layers)) {
        push(key, value);
    }
    for (label, (keys, written)) in layers.labels() {
        let key = format!("labels.{label}");
        let spot = keys.spot.below(&key, written.line);
        push(&key, (written.value.to_string(), Some(spot)));
    }
}

fn identity(layers: &Layers<'_>) -> [(&'static str, Option<Shown>); 8] {
    let text = |choice: Option<Choice<'_, &str>>| choice.map(|choice| shown(choice, |v| v));
    let address = layers.given("address", |keys| &keys.address);
    let zone = |zone: &TimeZone| zone.iana_name().unwrap_or_default().to_owned();
    [
        (
            "address",
            address.map(|choice| shown(choice, |address| &address.text)),
        ),
        ("mac", text(layers.text("mac", |keys| &keys.mac))),
        ("group", text(layers.group())),
        ("site", text(layers.site())),
        ("enabled", Some(shown(layers.enabled(), |v| v))),
        ("portable", Some(shown(layers.portable(), |v| v))),
        (
            "time_zone",
            layers.time_zone().map(|choice| shown(choice, zone)),
        ),
        (
            "expect",
            layers
                .expect()
                .map(|choice| shown(choice, |list| entries(list.len()))),
        ),
    ]
}

fn transport(layers: &Layers<'_>) -> [(&'static str, Option<Shown>); 5] {
    let ca_file = layers.ca_file();
    let fingerprints = layers.fingerprints();
    [
        ("scheme", Some(shown(layers.scheme(), Scheme::label))),
        (
            "tls.ca_file",
            ca_file.map(|choice| shown(choice, |ca| ca.path.display().to_string())),
        ),
        (
            "tls.fingerprints_sha256",
            fingerprints.map(|choice| shown(choice, |list| entries(list.len()))),
        ),
        (
            "tls.insecure_skip_verify",
            Some(shown(layers.insecure_skip_verify(), |v| v)),
        ),
        (
            "tls.server_name",
            layers.server_name().map(|choice| shown(choice, |v| v)),
        ),
    ]
    .map(|(key, value)| (key, value.filter(|_| key == "scheme" || https(layers))))
}

fn https(layers: &Layers<'_>) -> bool {
    layers.scheme().value == Scheme::Https
}

/// Who logs in, and which key gives the password.
fn login_rows(login: &Login<'_>) -> Vec<(&'static str, Shown)> {
    let username = ("username", shown(login.username, |v| v));
    match &login.source {
        Source::Named { name, .. } => vec![("credential", shown(*name, |v| v)), username],
        Source::Inline(passwords) => {
            let secret = shown(*passwords, |_| "(secret)");
            vec![username, (passwords.value.key, secret)]
        }
    }
}

fn times(layers: &Layers<'_>) -> [(&'static str, Shown); 7] {
    let length = |choice| shown(choice, duration::shown);
    let format = |format: Option<SecretFormat>| match format {
        None => "auto",
        Some(SecretFormat::Colon) => "colon",
        Some(SecretFormat::Dot) => "dot",
    };
    [
        ("secret_format", shown(layers.secret_format(), format)),
        ("poll.interval", length(layers.interval())),
        ("poll.values_interval", length(layers.values_interval())),
        ("poll.timeout", length(layers.timeout())),
        ("poll.connect_timeout", length(layers.connect_timeout())),
        ("poll.attempts", shown(layers.attempts(), |v| v)),
        ("poll.stale_after", length(layers.stale_after())),
    ]
}

fn shown<T, S: ToString>(choice: Choice<'_, T>, show: impl FnOnce(T) -> S) -> Shown {
    let origin = choice.origin.map(|origin| origin.spot());
    (show(choice.value).to_string(), origin)
}

fn entries(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        _ => format!("{count} entries"),
    }
}
