//! The way from the key `web_config_file` to a [`Listener`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::config::fault::{Findings, Spot, Wrong, quoted};
use crate::config::files::Files;
use crate::config::nearest;
use crate::config::section::Section;
use crate::config::tree::Node;
use crate::config::written;

use super::{Listener, http, tls, users};

/// The file as a whole.
const TOP: &[&str] = &[
    "tls_server_config",
    "http_server_config",
    "basic_auth_users",
    "rate_limit",
];

/// The mend of a key that resembles none.
const REMOVE: &str = "remove it; docs/listener.md shows every key";

/// The flag that replaces `web_config_file`.
const FLAG: &str = "--web.config.file";

/// The largest `web_config_file`, certificates within it included.
const MAX_FILE: u64 = 1 << 20;

/// `web_config_file` of the configuration, which listens on `listen`.
pub(in crate::config) fn listener(
    found: &mut Findings,
    files: &mut Files<'_>,
    top: &Section<'_>,
    listen: &[SocketAddr],
) -> Listener {
    let Some((path, text)) = file(found, files, top) else {
        return Listener::default();
    };
    let mut near = files.near(&path);
    let listener = of_text(found, &mut near, &path, &text);
    files.sources.append(&mut near.sources);
    if listener.tls.is_none() && !listener.users.is_empty() {
        warn_of_plain_passwords(found, &path, listen);
    }
    listener
}

/// The file of the flag, or else of the key.
fn file(
    found: &mut Findings,
    files: &mut Files<'_>,
    top: &Section<'_>,
) -> Option<(PathBuf, String)> {
    if let Some(path) = files.environment.flags.web_config_file.clone() {
        let mut here = files.near(Path::new("."));
        let text = here.read_text(&path, MAX_FILE);
        files.sources.append(&mut here.sources);
        return Some((path, found.keep(Spot::of_flag(FLAG), text)?));
    }
    let given = top.read(found, "web_config_file", |node| {
        let path = files.path(node.text()?);
        let text = files.read_text(&path, MAX_FILE)?;
        Ok((path, text))
    });
    given.map(|given| given.value)
}

fn of_text(found: &mut Findings, files: &mut Files<'_>, path: &Path, text: &str) -> Listener {
    let spot = Spot::of_file(path);
    let Some(root) = written::root(found, &spot, text) else {
        return Listener::default();
    };
    let at = spot.on(root.line);
    let Some(top) = Section::open_of(found, at, &root, TOP, REMOVE) else {
        return Listener::default();
    };
    if let Some(limit) = top.read(found, "rate_limit", Ok::<&Node, Wrong>) {
        let what = "is not known to this program, whose connections and answers are bounded anyway";
        found.fault(
            spot.below("rate_limit", limit.line),
            Wrong::new(what, "remove it"),
        );
    }
    Listener {
        tls: tls::tls(found, files, &top),
        headers: http::headers(found, &top).into(),
        users: users::users(found, &top).into(),
    }
}

/// A loopback address is what a proxy on the same machine comes by.
fn warn_of_plain_passwords(found: &mut Findings, path: &Path, listen: &[SocketAddr]) {
    if listen.iter().all(|address| address.ip().is_loopback()) {
        return;
    }
    let what = "lets users log in over plain HTTP, where their passwords can be read on the way";
    let mend = "add tls_server_config, or listen on 127.0.0.1 behind a proxy";
    found.warn(Spot::of_file(path), Wrong::new(what, mend));
}

/// Names in `access.operate` that are no users: worth a warning and no fault, since a user who is
/// taken out of the file must lose access at the next reload, not keep the whole file from it.
pub(in crate::config) fn check_operators(
    found: &mut Findings,
    listener: &Listener,
    operators: &[(Spot, Box<str>)],
) {
    for (spot, operator) in operators {
        let mut names = listener.users.iter().map(|user| &*user.name);
        if names.clone().any(|name| *name == **operator) {
            continue;
        }
        let what = format!("{} is no user of web_config_file", quoted(operator));
        let mend = nearest::mend(operator, names.by_ref(), "add it to basic_auth_users there");
        found.warn(spot.clone(), Wrong::new(what, mend));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Secrets, load};

    const DOCUMENT: &str = include_str!("../../../docs/listener.md");

    /// Each table, the text that leads to its section (`@` is where keys go), and its key path.
    const SECTIONS: &[(&[&str], &str, &str)] = &[
        (TOP, "@", ""),
        (tls::TLS, "tls_server_config: { @ }", "tls_server_config."),
        (
            http::HTTP,
            "http_server_config: { @ }",
            "http_server_config.",
        ),
        (
            http::HEADERS,
            "http_server_config: { headers: { @ } }",
            "http_server_config.headers.",
        ),
    ];

    #[test]
    fn every_key_is_read_so_that_nonsense_behind_it_is_a_fault() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.yaml");
        std::fs::write(&file, "web_config_file: web.yaml").unwrap();
        for (keys, around, path) in SECTIONS {
            for key in *keys {
                let text = around.replace('@', &format!("{key}: [[]]"));
                std::fs::write(directory.path().join("web.yaml"), &text).unwrap();
                let faults = load(&file, &Environment::default(), Secrets::Read).unwrap_err();
                let spot = format!("{path}{key}");
                let told = faults.iter().any(|fault| {
                    fault.spot.key.starts_with(&spot) && !fault.what.contains("not a key")
                });
                assert!(told, "{text} only told\n{faults}");
            }
        }
    }

    #[test]
    fn every_key_stands_in_the_document() {
        for key in SECTIONS.iter().flat_map(|(keys, _, _)| *keys) {
            assert!(DOCUMENT.contains(&format!("`{key}`")), "{key} is missing");
        }
    }
}
