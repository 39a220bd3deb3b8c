//! The knobs of a simulated phone: plain data, one field a behaviour.
//!
//! `Default` is the guide to the letter, with one exception: the separator of the login digest is
//! the colon of its later editions and of real phones; [`Behaviour::guide_2021`] has the dot.
//! Where the guide is silent the default is what most of its relatives do. Every knob can be set
//! from Rust, at run time through [`Phone::change`](super::Phone::change), and in a scenario file
//! under the same name. A new knob is a field with its default here, and the one place that obeys
//! it. Faults are not knobs: see [`Fault`](super::Fault).

pub mod login;
pub mod reading;
pub mod session;
pub mod transport;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use self::login::{Lockout, Login, Separator};
use self::reading::{Readings, Values};
use self::session::Session;
use self::transport::{Connection, Text};
use super::Endpoint;
use super::human;

/// How one phone behaves, by theme.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// The digest login: what is asked and what is answered.
    pub login: Login,
    /// When too many refused logins lock the phone.
    pub lockout: Lockout,
    /// What carries a session, when it ends, and how a request without one is denied.
    pub session: Session,
    /// Which endpoints exist, and under which name.
    pub paths: Paths,
    /// How answers are spelled: JSON, plain lines, their flaws.
    pub text: Text,
    /// How accounts, lines, status and time are told.
    pub readings: Readings,
    /// How P-values are read and written.
    pub values: Values,
    /// How calls and system operations go.
    pub actions: Actions,
    /// HTTP and the connection under it.
    pub connection: Connection,
}

impl Behaviour {
    /// The guide's edition of 2021 to the letter: the parts of the digest are joined by dots.
    pub fn guide_2021() -> Self {
        let mut behaviour = Self::default();
        behaviour.login.separator = Separator::Dot;
        behaviour
    }
}

/// Which endpoints exist, and under which name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paths {
    /// The name under which P-values are read.
    pub values: ValuesPath,
    /// Endpoints this firmware does not have.
    pub missing: BTreeSet<Endpoint>,
    /// What an unknown endpoint answers.
    pub not_found: NotFound,
}

/// The name under which P-values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValuesPath {
    /// `api-values.get`, as the guide has it.
    #[default]
    Dash,
    /// `api.values.get`, as every other line of the vendor has it.
    Dot,
    /// Both names.
    Both,
}

/// What an unknown endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFound {
    /// 404 with an HTML page whose markup is broken.
    #[default]
    Status404,
    /// 200 with `{"res":"error","msg":"command not found"}`.
    CommandNotFound,
}

/// How calls and system operations go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Actions {
    /// How long a dialled call is `calling` before it is `in call`. `None`: the first read shows
    /// `calling`, the next one `in call`, so that a test needs no clock.
    #[serde(deserialize_with = "human::some_duration")]
    pub answered_after: Option<Duration>,
    /// How long the phone is gone when it reboots.
    #[serde(deserialize_with = "human::duration")]
    pub reboot_takes: Duration,
    /// The body that acknowledges a system operation: `reset` in the guide, `savereboot` elsewhere.
    pub acknowledgement: String,
}

impl Default for Actions {
    fn default() -> Self {
        Self {
            answered_after: None,
            reboot_takes: Duration::from_mins(1),
            acknowledgement: "reset".to_owned(),
        }
    }
}
