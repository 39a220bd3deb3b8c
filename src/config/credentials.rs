//! How to log in: named credentials, the keys of a phone that say the same inline, and the tag that
//! tells one set from another.

use std::collections::HashMap;
use std::path::PathBuf;

use ring::digest;
use secrecy::ExposeSecret;

use super::fault::{Findings, Spot, Wrong};
use super::files::Files;
use super::secrets::{self, Passwords};
use super::section::{Given, Section};
use super::tree::Node;
use super::{Credential, keys};

/// Who the `phone` command logs in as, where that is not who the daemon reads as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// User name.
    pub username: Box<str>,
    /// Where the password stands; [`load`](super::load()) never opens it, nor checks that it is there.
    pub password_file: PathBuf,
}

/// One of `credentials`.
pub(super) struct Named {
    pub(super) username: Box<str>,
    pub(super) passwords: Passwords,
    pub(super) operator: Option<Operator>,
}

/// `credentials`, each with its name; `None` for one with faults, which have been told.
pub(super) type Credentials<'a> = HashMap<&'a str, Option<Named>>;

/// What a phone, a group or `defaults` says of logging in.
#[derive(Default)]
pub(super) struct LoginKeys {
    pub(super) credential: Option<Given<Box<str>>>,
    pub(super) username: Option<Given<Box<str>>>,
    pub(super) passwords: Option<Given<Passwords>>,
    /// Something was written here that has faults, so that nothing is missing.
    pub(super) faulty: bool,
}

/// The user name by default: unlike `admin`, its login does not end that of a person.
pub(super) const USERNAME: &str = "gmiadmin";

/// The section `credentials`.
pub(super) fn credentials<'a>(
    found: &mut Findings,
    files: &mut Files<'_>,
    top: &Section<'a>,
) -> Credentials<'a> {
    let named = top.named(found, "credentials").into_iter();
    named
        .map(|(spot, name, node)| (name, one(found, files, spot, node)))
        .collect()
}

fn one(found: &mut Findings, files: &mut Files<'_>, spot: Spot, node: &Node) -> Option<Named> {
    let section = Section::open(found, spot, node, keys::CREDENTIAL)?;
    let username = username(found, &section);
    let passwords = secrets::passwords(found, files, &section);
    if passwords.is_none() && !secrets::any(&section) {
        let what = "has no password";
        found.fault(
            section.spot.clone(),
            Wrong::new(what, "add `password_file: …`"),
        );
    }
    let operator = section.section(found, "operator", keys::OPERATOR);
    let operator = operator.and_then(|section| operator_of(found, files, &section));
    Some(Named {
        username: username.map_or_else(|| USERNAME.into(), |username| username.value),
        passwords: passwords?.value,
        operator,
    })
}

fn operator_of(found: &mut Findings, files: &Files<'_>, section: &Section<'_>) -> Option<Operator> {
    let username = username(found, section);
    section.require(found, "password_file");
    let path = |node: &Node| secrets::path(files, node);
    let password_file = section.read(found, "password_file", path)?;
    Some(Operator {
        username: username.map_or_else(|| USERNAME.into(), |username| username.value),
        password_file: password_file.value,
    })
}

/// The keys of a phone, a group or `defaults` that say how to log in.
pub(super) fn login_keys(
    found: &mut Findings,
    files: &mut Files<'_>,
    section: &Section<'_>,
) -> LoginKeys {
    let credential = section.read(found, "credential", |node| node.text().map(Into::into));
    let inline = secrets::any(section);
    for (key, beside) in [("password", inline), ("username", section.has("username"))] {
        if section.has("credential") && beside {
            let what = format!("stands beside a {key}");
            let mend = "keep either `credential`, or `username` and a password";
            found.fault(section.spot_of("credential"), Wrong::new(what, mend));
        }
    }
    let passwords = secrets::passwords(found, files, section);
    LoginKeys {
        faulty: (inline && passwords.is_none())
            || (section.has("credential") && credential.is_none()),
        credential,
        username: username(found, section),
        passwords,
    }
}

/// A user name; faults never repeat it.
fn username(found: &mut Findings, section: &Section<'_>) -> Option<Given<Box<str>>> {
    section.read(found, "username", |node| {
        let text = node.text()?;
        let usable = !text.is_empty() && text.len() <= MAX_USERNAME;
        if !usable || text.chars().any(char::is_control) {
            let mend = format!("write 1 to {MAX_USERNAME} bytes without control characters");
            return Err(Wrong::new("is no user name", mend));
        }
        Ok(text.into())
    })
}

/// The longest user name: it travels in a request line of at most 512 bytes.
const MAX_USERNAME: usize = 64;

impl Credential {
    /// Tells one set of credentials from another, their order included. Sixteen bits of a salted
    /// SHA-256: too short to verify a guessed password.
    pub fn tag(&self, salt: &[u8]) -> u16 {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut part = |bytes: &[u8]| {
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        };
        part(salt);
        part(self.username.as_bytes());
        for password in &self.passwords {
            part(password.expose_secret().as_bytes());
        }
        match *context.finish().as_ref() {
            [high, low, ..] => u16::from_be_bytes([high, low]),
            _ => unreachable!("a SHA-256 has 32 bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(username: &str, passwords: &[&str], salt: &[u8]) -> u16 {
        let passwords = passwords.iter().map(|p| (*p).into()).collect();
        let username = username.into();
        let format = None;
        Credential {
            username,
            passwords,
            format,
        }
        .tag(salt)
    }

    #[test]
    fn the_tag_follows_user_passwords_order_and_salt_and_nothing_else() {
        let first = tag("u", &["a", "b"], b"salt");
        assert_eq!(first, tag("u", &["a", "b"], b"salt"));
        for other in [
            tag("v", &["a", "b"], b"salt"),
            tag("u", &["b", "a"], b"salt"),
            tag("u", &["ab"], b"salt"),
            tag("u", &["a"], b"salt"),
            tag("u", &["a", "b"], b"salz"),
            tag("ua", &["b"], b"salt"),
        ] {
            assert_ne!(first, other);
        }
    }
}
