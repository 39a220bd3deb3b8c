//! Passwords and other secrets: where they come from, and reading them.
//!
//! A password stands in the configuration, in a file, or in an environment variable. No fault here
//! names a file or variable: whoever mistook the key wrote the password there, and line and key
//! path say enough.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::fleet::guard::Attempts;

use super::fault::{Findings, Spot, Wrong};
use super::files::{Files, MAX_SECRET, Secrets};
use super::section::{Given, Section, items};
use super::tree::Node;

/// What a secret is, in the words of faults, and the key that should hold it.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// As `password`.
    pub(crate) noun: &'static str,
    /// Several of it.
    pub(crate) nouns: &'static str,
    /// As `password_file`.
    pub(crate) file: &'static str,
}

const PASSWORD: Kind = Kind {
    noun: "password",
    nouns: "passwords",
    file: "password_file",
};

/// The passwords of one place, in the order in which they are tried; at least one.
pub(super) struct Passwords {
    /// The key that gave them.
    pub(super) key: &'static str,
    pub(super) candidates: Vec<SecretString>,
}

/// The keys of which a place may have one.
const SOURCES: [&str; 4] = [
    "password",
    "password_file",
    "password_files",
    "password_env",
];

/// How many candidates one credential may have: each that is wrong costs a refusal on a phone that
/// locks itself after five.
const MAX_CANDIDATES: usize = Attempts::CANDIDATES as usize;

/// The beginning of a file name that systemd's `LoadCredential=` resolves.
const SYSTEMD: &str = "${CREDENTIALS_DIRECTORY}/";

/// Whether a section says anything of a password, right or wrong.
pub(super) fn any(section: &Section<'_>) -> bool {
    SOURCES
        .into_iter()
        .any(|key| section.knows(key) && section.has(key))
}

/// The passwords of a section, whichever of the keys gives them. `None` if there are none, or if
/// they are wrong; [`any`] tells which.
pub(super) fn passwords(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> Option<Given<Passwords>> {
    let mut written = SOURCES
        .into_iter()
        .filter(|key| section.knows(key) && section.has(key));
    let key = written.next()?;
    for other in written {
        let wrong = Wrong::new(format!("stands beside `{key}`"), "keep one of them");
        found.fault(section.spot_of(other), wrong);
    }
    let given = match key {
        "password" => section.read(found, key, Ok),
        "password_files" => section.read(found, key, |node| node.list().map(|_| node)),
        _ => section.read(found, key, |node| node.text().map(|_| node)),
    }?;
    let spot = section.spot_of(key);
    let (node, line) = (given.value, given.line);
    let candidates = match key {
        "password" => vec![inline(found, files, PASSWORD, (&spot, node))?],
        "password_file" => vec![from_file(found, files, PASSWORD, (&spot, node))?],
        "password_env" => vec![from_variable(found, files, &spot, node)?],
        _ => from_files(found, files, &spot, node)?,
    };
    let value = Passwords { key, candidates };
    Some(Given { value, line })
}

/// The path of a password file, whether it is there or not; as written where it is one of systemd's
/// credentials and systemd did not start us.
pub(super) fn path(files: &Files<'_>, node: &Node) -> Result<PathBuf, Wrong> {
    let name = node.text()?;
    if name.is_empty() {
        return Err(Wrong::new("is empty", "name a file"));
    }
    let credential = name.strip_prefix(SYSTEMD);
    let directory = files.environment.get("CREDENTIALS_DIRECTORY");
    Ok(match (credential, directory) {
        (Some(credential), Some(directory)) => Path::new(directory).join(credential),
        (Some(_), None) => name.into(),
        (None, _) => files.path(name),
    })
}

/// Why a file gives no secret.
#[derive(Debug, thiserror::Error)]
pub enum NoSecret {
    /// It cannot be read.
    #[error("failed to read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is empty, longer than 4 KiB, or no text.
    #[error("{} holds no password: write one line of text there", .0.display())]
    Unusable(PathBuf),
}

/// The secret that stands in a file, without the newline at its end. Blocks on the disk.
pub fn read_secret(path: &Path) -> Result<SecretString, NoSecret> {
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(MAX_SECRET + 1).read_to_string(&mut text));
    let unusable = || NoSecret::Unusable(path.to_owned());
    match read {
        Ok(length) if length as u64 > MAX_SECRET => return Err(unusable()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(unusable()),
        Err(source) => {
            let path = path.to_owned();
            return Err(NoSecret::Unreadable { path, source });
        }
    }
    match without_newline(&text) {
        "" => Err(unusable()),
        secret => Ok(secret.into()),
    }
}

/// A secret that stands in the configuration itself; empty where secrets are left alone.
pub(crate) fn inline(
    found: &mut Findings,
    files: &Files<'_>,
    kind: Kind,
    (spot, node): (&Spot, &Node),
) -> Option<SecretString> {
    let text = node.text().and_then(|text| not_empty(text, kind));
    let password = found.keep(spot.clone(), text)?;
    let Kind { noun, file, .. } = kind;
    let mend = format!("write the {noun} itself, or use {file}");
    warn_of_variable(found, spot, password, mend);
    if files.secrets == Secrets::Skip {
        return Some(SecretString::default());
    }
    if files.is_world_readable(&spot.file) {
        let Kind { nouns, file, .. } = kind;
        let what = format!("holds {nouns}, and everybody on this machine may read it");
        let wrong = Wrong::new(what, format!("chmod o-r it, or use {file}"));
        found.warn(Spot::of_file(&spot.file), wrong);
    }
    Some(password.into())
}

fn from_variable(
    found: &mut Findings,
    files: &Files<'_>,
    spot: &Spot,
    node: &Node,
) -> Option<SecretString> {
    let name = found.keep(spot.clone(), node.text())?;
    if files.secrets == Secrets::Skip {
        return Some(SecretString::default());
    }
    let Some(password) = files.environment.get(name) else {
        let what = "names an environment variable that is not set";
        found.fault(
            spot.clone(),
            Wrong::new(what, "set it, or use password_file"),
        );
        return None;
    };
    let password = found.keep(spot.clone(), not_empty(password, PASSWORD))?;
    warn_of_variable(found, spot, password, "set it to the password itself");
    found.note(
        spot.clone(),
        Wrong::new("is fixed at the start", "restart to change it"),
    );
    Some(password.into())
}

fn from_files(
    found: &mut Findings,
    files: &mut Files<'_>,
    spot: &Spot,
    node: &Node,
) -> Option<Vec<SecretString>> {
    let list = node.list().unwrap_or_default();
    if !(1..=MAX_CANDIDATES).contains(&list.len()) {
        let mend = format!("list one to {MAX_CANDIDATES}");
        let wrong = Wrong::new(format!("lists {} files", list.len()), mend);
        found.fault(spot.clone(), wrong);
        return None;
    }
    let read = |(spot, node): (Spot, &Node)| from_file(found, files, PASSWORD, (&spot, node));
    let read: Vec<_> = items(spot, list).into_iter().map(read).collect();
    read.into_iter().collect()
}

/// The secret in a file that is named here; empty where secrets are left alone.
pub(crate) fn from_file(
    found: &mut Findings,
    files: &mut Files<'_>,
    kind: Kind,
    (spot, node): (&Spot, &Node),
) -> Option<SecretString> {
    let path = found.keep(spot.clone(), path(files, node))?;
    if files.secrets == Secrets::Skip {
        return Some(SecretString::default());
    }
    if path.starts_with(SYSTEMD) {
        let what = "needs CREDENTIALS_DIRECTORY, which is not set";
        let mend = "start under systemd with LoadCredential=, or name the file itself";
        found.fault(spot.clone(), Wrong::new(what, mend));
        return None;
    }
    let text = found.keep(spot.clone(), files.read_text(&path, MAX_SECRET))?;
    if files.is_world_readable(&path) {
        let what = "names a file that everybody on this machine may read";
        found.warn(spot.clone(), Wrong::new(what, "chmod o-r that file"));
    }
    let password = found.keep(spot.clone(), not_empty(without_newline(&text), kind))?;
    let mend = format!("write the {} itself into that file", kind.noun);
    warn_of_variable(found, spot, password, mend);
    if password.contains(['\n', '\r']) {
        let noun = kind.noun;
        let what = format!("names a file of more than one line, all of which is the {noun}");
        found.warn(spot.clone(), Wrong::new(what, "keep one line"));
    }
    if node.text().is_ok_and(|name| name.starts_with(SYSTEMD)) {
        let what = "is a credential of systemd, fixed until the service restarts";
        found.note(spot.clone(), Wrong::new(what, "restart to change it"));
    }
    Some(password.into())
}

/// Warns of a secret that a shell or a template was to fill in.
fn warn_of_variable(found: &mut Findings, spot: &Spot, secret: &str, mend: impl Into<String>) {
    if names_variable(secret) {
        let what = "gives `${…}` as it stands: variables are not expanded";
        found.warn(spot.clone(), Wrong::new(what, mend));
    }
}

/// Whether a text holds `${…}`, as a shell or a template names a variable.
pub fn names_variable(text: &str) -> bool {
    let mut named = text.split("${").skip(1);
    named.any(|rest| rest.find('}').is_some_and(|end| end > 0))
}

fn not_empty(password: &str, Kind { noun, .. }: Kind) -> Result<&str, Wrong> {
    if password.is_empty() {
        let mend = format!("write the {noun} there");
        return Err(Wrong::new(format!("gives an empty {noun}"), mend));
    }
    Ok(password)
}

/// Without the newline that editors put at the end, and only that: blanks may be meant.
fn without_newline(text: &str) -> &str {
    let Some(text) = text.strip_suffix('\n') else {
        return text;
    };
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_a_name_between_braces() {
        for (text, expect) in [
            ("${PW}", true),
            ("a${PW}b", true),
            ("${a", false),
            ("${}", false),
            ("$PW", false),
            ("}${", false),
            ("", false),
        ] {
            assert_eq!(names_variable(text), expect, "{text:?}");
        }
    }

    #[test]
    fn one_newline_at_the_end_is_not_part_of_the_password() {
        for (text, expect) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a", "a"),
            ("a\n\n", "a\n"),
            (" a ", " a "),
            ("a\r", "a\r"),
        ] {
            assert_eq!(without_newline(text), expect, "{text:?}");
        }
    }
}
