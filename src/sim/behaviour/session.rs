//! Knobs of a session: what carries it, when it ends, and how a request without one is denied.
//!
//! The guide says no more than that `api-get_phone_status` answers `unauthorized`. The forms of
//! [`Denial`] are all that were seen on the vendor's phones.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use crate::sim::{Endpoint, human};

/// What carries a session, when it ends, and how a request without one is denied.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// A session unused for this long has ended. A request with `update_session=false` is no use.
    #[serde(deserialize_with = "human::duration")]
    pub idle_limit: Duration,
    /// How many sessions one user may have.
    pub per_user: PerUser,
    /// The cookie that carries the session.
    pub cookie: Cookie,
    /// How a request without a valid session is denied.
    pub expired: Denial,
    /// The same for single endpoints, before `expired`.
    pub expired_at: BTreeMap<Endpoint, Denial>,
    /// Endpoints denied even under a fresh session, and how.
    pub forbidden: BTreeMap<Endpoint, Denial>,
    /// How the role `user` is denied what the guide keeps for admin.
    pub role_too_low: Denial,
    /// Endpoints of the guide that this firmware answers without any session.
    pub open: BTreeSet<Endpoint>,
    /// A request without a same-origin `Referer` is 403 in bare HTML, before anything else.
    pub referer_required: bool,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            idle_limit: Duration::from_mins(15),
            per_user: PerUser::default(),
            cookie: Cookie::default(),
            expired: Denial::default(),
            expired_at: BTreeMap::from([(Endpoint::PhoneStatus, Denial::Unauthorized)]),
            forbidden: BTreeMap::new(),
            role_too_low: Denial::default(),
            open: BTreeSet::new(),
            referer_required: false,
        }
    }
}

/// How many sessions one user may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerUser {
    /// Several at a time.
    #[default]
    Many,
    /// A login ends the session the user had before.
    One,
}

/// The cookie that carries the session.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cookie {
    /// Which answer sets it.
    pub given: Given,
    /// Its name; `phonecookie` is what the vendor's Android phones are known to use.
    pub name: String,
    /// The value stands in double quotes, and must come back in them.
    pub quoted: bool,
    /// What follows the value, as it stands: `Path=/; HttpOnly`, an `Expires` long past, …
    pub attributes: String,
    /// Further cookies of the login, by name; a request must bring them back too.
    pub companions: BTreeMap<String, String>,
    /// Length in bytes of one more cookie of the login, which nobody needs back. Zero: none.
    pub ballast: usize,
    /// Every read under the session sets a new value and ends the old one.
    pub renewed: bool,
}

impl Default for Cookie {
    fn default() -> Self {
        Self {
            given: Given::default(),
            name: "phonecookie".to_owned(),
            quoted: false,
            attributes: "Path=/".to_owned(),
            companions: BTreeMap::new(),
            ballast: 0,
            renewed: false,
        }
    }
}

/// Which answer sets the session's cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// The login.
    #[default]
    AtLogin,
    /// `loginrealm`; the login that uses its realm makes it valid.
    AtRealm,
    /// None: the session has only its id, or nothing at all.
    Never,
}

/// The forms in which the vendor's phones say "you may not", mostly "no or expired session".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// 401 in bare HTML.
    #[default]
    Status401,
    /// 403 in bare HTML.
    Status403,
    /// 200 `{"response":"success","body":"unauthorized"}`.
    Unauthorized,
    /// 200 `{"response":"error","body":{"status":"session-expired"}}`.
    SessionExpired,
    /// 200 with the lines `Response=Error` and `Message=Authentication Required`.
    AuthenticationRequired,
    /// 200 `{"res":"error","msg":"authentication required"}`.
    ResMsg,
    /// 200 `{"response":"error","body":{}}`.
    EmptyBody,
    /// 200 `{"response":"error","body":{"reason":"invalid session"}}`.
    InvalidSession,
    /// 200 with a login page.
    LoginPage,
    /// 302 to `/login`.
    RedirectToLogin,
}

impl Denial {
    /// Every form, for tests that go through all of them.
    pub const ALL: [Self; 10] = [
        Self::Status401,
        Self::Status403,
        Self::Unauthorized,
        Self::SessionExpired,
        Self::AuthenticationRequired,
        Self::ResMsg,
        Self::EmptyBody,
        Self::InvalidSession,
        Self::LoginPage,
        Self::RedirectToLogin,
    ];
}
