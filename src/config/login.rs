//! Which credential a phone logs in with.
//!
//! The nearest layer that says `credential` or a password decides. A credential brings its own user
//! name; beside an inline password the nearest `username` holds.

use secrecy::SecretString;

use super::credentials::{Credentials, LoginKeys, Named, Operator, USERNAME};
use super::fault::{Fault, Wrong, quoted};
use super::layers::{Choice, Layers};
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
    let decides =
        |login: &LoginKeys| login.faulty || login.credential.is_some() || login.passwords.is_some();
    let Some((_, keys)) = layers
        .nearest_first()
        .find(|(_, keys)| decides(&keys.login))
    else {
        return Err(NoLogin::Fault(no_password(layers.phone)));
    };
    if keys.login.faulty {
        return Err(NoLogin::Told);
    }
    let username = layers.text("username", |keys| &keys.login.username);
    if keys.login.credential.is_none() {
        let passwords = layers.given("password", |keys| &keys.login.passwords);
        let passwords = passwords.map(|choice| choice.under(choice.value.key));
        let built_in = Choice {
            value: USERNAME,
            origin: None,
        };
        return Ok(Login {
            username: username.map_or(built_in, |username| Choice {
                value: username.value,
                origin: username.origin,
            }),
            source: Source::Inline(passwords.ok_or(NoLogin::Told)?),
        });
    }
    let name = layers.text("credential", |keys| &keys.login.credential);
    let name = name.ok_or(NoLogin::Told)?;
    let layer = |origin: Option<super::layers::Origin<'a>>| origin.map(|origin| origin.layer);
    if let Some(username) = username
        && layer(username.origin) > layer(name.origin)
        && let Some(origin) = username.origin
    {
        let what = format!(
            "has no effect: credential {} brings its own",
            quoted(name.value)
        );
        let wrong = Wrong::new(what, "remove it, or add a password beside it");
        return Err(NoLogin::Fault(wrong.at(origin.spot())));
    }
    let named = find(&name, credentials)?;
    Ok(Login {
        username: Choice {
            value: &named.username,
            origin: name.origin,
        },
        source: Source::Named { name, named },
    })
}

fn find<'a>(
    name: &Choice<'a, &'a str>,
    credentials: &'a Credentials<'a>,
) -> Result<&'a Named, NoLogin> {
    match credentials.get(name.value) {
        Some(Some(named)) => Ok(named),
        Some(None) => Err(NoLogin::Told),
        None => {
            let what = "is the name of no credential";
            let define = "define it under `credentials`";
            let mend = nearest::mend(name.value, credentials.keys().copied(), define);
            let wrong = Wrong::new(what, mend);
            let origin = name.origin.as_ref().map(super::layers::Origin::spot);
            Err(origin.map_or(NoLogin::Told, |spot| NoLogin::Fault(wrong.at(spot))))
        }
    }
}

fn no_password(phone: &PhoneKeys) -> Fault {
    let mend = "add `credential: …` or `password_file: …` here, to its group, or to defaults";
    Wrong::new("has no password", mend).at(phone.spot.clone())
}
