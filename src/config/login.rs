//! Which credential a phone logs in with.
//!
//! The nearest layer that says `credential` or a password decides. A credential brings its own user
//! name; beside an inline password the nearest `username` holds.

use secrecy::SecretString;

use super::credentials::{Credentials, Named, Operator, USERNAME};
use super::fault::{Fault, Wrong};
use super::layers::{Choice, Layer, Layers};
use super::nearest;
use super::phone_keys::PhoneKeys;
use super::secrets::Passwords;

/// How a phone is logged in to.
pub(super) struct Login<'a> {
    pub(super) username: Choice<'a, &'a str>,
    pub(super) source: Source<'a>,
}

/// Where the password comes from.
pub(super) enum Source<'a> {
    Named {
        name: Choice<'a, &'a str>,
        named: &'a Named,
    },
    Inline(Choice<'a, &'a Passwords>),
}

/// Why there is no login.
pub(super) enum NoLogin {
    /// The fault has been told already.
    Told,
    Fault(Fault),
}

impl<'a> Login<'a> {
    pub(super) fn passwords(&self) -> &'a [SecretString] {
        match &self.source {
            Source::Named { named, .. } => &named.passwords.candidates,
            Source::Inline(passwords) => &passwords.value.candidates,
        }
    }

    pub(super) fn operator(&self) -> Option<&'a Operator> {
        match &self.source {
            Source::Named { named, .. } => named.operator.as_ref(),
            Source::Inline(_) => None,
        }
    }
}

/// The login that the layers of a phone agree on.
pub(super) fn login<'a>(
    layers: &Layers<'a>,
    credentials: &'a Credentials<'a>,
) -> Result<Login<'a>, NoLogin> {
    let decides = |(_, keys): &(Layer, &PhoneKeys)| {
        let login = &keys.login;
        login.faulty || login.credential.is_some() || login.passwords.is_some()
    };
    let Some((layer, keys)) = layers.nearest_first().find(decides) else {
        return Err(NoLogin::Fault(no_password(layers.phone)));
    };
    if keys.login.faulty {
        return Err(NoLogin::Told);
    }
    let username = layers.text("username", |keys| &keys.login.username);
    if let Some(name) = layers.text("credential", |keys| &keys.login.credential)
        && keys.login.credential.is_some()
    {
        check_username(layer, username)?;
        return by_name(name, credentials);
    }
    let passwords = layers.given("password", |keys| &keys.login.passwords);
    let passwords = passwords.ok_or(NoLogin::Told)?;
    Ok(Login {
        username: username.unwrap_or(Choice {
            value: USERNAME,
            origin: None,
        }),
        source: Source::Inline(passwords.under(passwords.value.key)),
    })
}

/// A user name nearer to the phone than its credential does not belong to it.
fn check_username(layer: Layer, username: Option<Choice<'_, &str>>) -> Result<(), NoLogin> {
    match username.and_then(|username| username.origin) {
        Some(origin) if origin.layer > layer => {
            let what = "has no effect: the phone's credential brings its own";
            let wrong = Wrong::new(what, "remove it, or add a password beside it");
            Err(NoLogin::Fault(wrong.at(origin.spot())))
        }
        Some(_) | None => Ok(()),
    }
}

fn by_name<'a>(
    name: Choice<'a, &'a str>,
    credentials: &'a Credentials<'a>,
) -> Result<Login<'a>, NoLogin> {
    if let Some(named) = credentials.get(name.value) {
        let named = named.as_ref().ok_or(NoLogin::Told)?;
        let username = Choice {
            value: &*named.username,
            origin: name.origin,
        };
        let source = Source::Named { name, named };
        return Ok(Login { username, source });
    }
    let define = "define it under `credentials`";
    let mend = nearest::mend(name.value, credentials.keys().copied(), define);
    let origin = name.origin.ok_or(NoLogin::Told)?;
    let wrong = Wrong::new("is the name of no credential", mend);
    Err(NoLogin::Fault(wrong.at(origin.spot())))
}

fn no_password(phone: &PhoneKeys) -> Fault {
    let mend = "add `credential: …` or `password_file: …` here, to its group, or to defaults";
    Wrong::new("has no password", mend).at(phone.spot.clone())
}
