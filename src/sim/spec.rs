//! What a simulated phone is when it starts: plain data with a sensible default.
//!
//! A [`Spec`] knows nothing of time, sessions or calls; [`State`](super::State) is what becomes of
//! it. Every text may be anything and every list of any length, because phones are like that.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::behaviour::Behaviour;
use super::fault::Fault;
use super::state::line::Line;

/// How many account slots the vendor's Android phones have.
pub const ACCOUNT_SLOTS: u32 = 16;

/// What a simulated phone is when it starts. Its passwords guard nothing and are no secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// What its owner calls it; no answer tells it.
    pub name: String,
    /// Where it stands; no answer tells it.
    pub site: String,
    /// The login of the role admin.
    pub admin: User,
    /// The login of the role user.
    pub user: User,
    /// `phone_model`.
    pub model: String,
    /// P68, dotted.
    pub firmware: String,
    /// P67, upper-case hex without separators.
    pub mac: String,
    /// The account slots, blank ones included. Any number, any id, any text.
    pub accounts: Vec<Account>,
    /// The lines. Any number, any id.
    pub lines: Vec<Line>,
    /// P-values and named values, spelled without `P`. Those that follow from the rest of the
    /// phone, like 68 or an account's server, are not looked up here.
    pub values: BTreeMap<String, String>,
    /// How long the phone has been running when the simulation begins.
    pub uptime: Duration,
    /// How far the clock that `api-get_time` tells is ahead of UTC: its zone and its error.
    pub clock_ahead: SignedDuration,
    /// Its knobs.
    pub behaviour: Behaviour,
    /// What goes wrong from the start.
    pub fault: Option<Fault>,
    /// How many of the newest requests are remembered for
    /// [`Phone::requests`](super::Phone::requests).
    pub remembered_requests: usize,
}

impl Default for Spec {
    /// A healthy GXV3370: two accounts of 16 slots registered, four idle lines, the guide's
    /// passwords, three weeks up.
    fn default() -> Self {
        Self {
            name: "phone".to_owned(),
            site: String::new(),
            admin: User::new("gmiadmin", "admin"),
            user: User::new("user", "123"),
            model: "GXV3370".to_owned(),
            firmware: "1.0.3.30".to_owned(),
            mac: "000B82A1B2C3".to_owned(),
            accounts: accounts(2),
            lines: lines(4),
            values: factory_values(),
            uptime: Duration::from_hours(21 * 24) + Duration::from_secs(6623),
            clock_ahead: SignedDuration::ZERO,
            behaviour: Behaviour::default(),
            fault: None,
            remembered_requests: 256,
        }
    }
}

/// A login of the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What stands in `Username`.
    pub username: String,
    /// The password, P2 for the role admin and P196 for the role user.
    pub password: String,
}

impl User {
    /// A login with that name and password.
    pub fn new(username: &str, password: &str) -> Self {
        Self {
            username: username.to_owned(),
            password: password.to_owned(),
        }
    }
}

/// One account slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The phone's own number of it, from 1.
    pub id: u32,
    /// `sip_server`; empty in a blank slot.
    pub server: String,
    /// `sip_id`; empty in a blank slot.
    pub user: String,
    /// `name`.
    pub name: String,
    /// The raw code of `reg`: 0 and 7 are not registered, 1 to 6 are.
    pub reg: i64,
    /// P271 and its like; a slot that is switched off tells `reg` 0.
    pub active: bool,
}

impl Account {
    /// A slot that nobody has configured.
    pub fn blank(id: u32) -> Self {
        let empty = String::new;
        Self {
            id,
            server: empty(),
            user: empty(),
            name: empty(),
            reg: 0,
            active: false,
        }
    }

    /// A configured and registered account.
    pub fn registered(id: u32, server: &str, user: &str) -> Self {
        let (server, user) = (server.to_owned(), user.to_owned());
        Self {
            id,
            server,
            name: user.clone(),
            user,
            reg: 1,
            active: true,
        }
    }

    /// Whether server and user are both empty.
    pub fn is_blank(&self) -> bool {
        self.server.is_empty() && self.user.is_empty()
    }

    /// The code that is told.
    pub(super) fn told_reg(&self) -> i64 {
        if self.active { self.reg } else { 0 }
    }

    /// Whether the code that is told means registered.
    pub fn is_registered(&self) -> bool {
        (1..=6).contains(&self.told_reg())
    }
}

/// `configured` registered accounts and blank slots up to [`ACCOUNT_SLOTS`]. More than that
/// makes a phone with more accounts than there can be.
pub fn accounts(configured: u32) -> Vec<Account> {
    let account = |id| {
        if id <= configured {
            Account::registered(id, "pbx.example.com", &(698 + id).to_string())
        } else {
            Account::blank(id)
        }
    };
    (1..=configured.max(ACCOUNT_SLOTS)).map(account).collect()
}

/// That many idle lines.
pub fn lines(count: u32) -> Vec<Line> {
    (1..=count).map(Line::idle).collect()
}

/// What stands in a phone that leaves the factory; keys and meanings are the guide's and those
/// of the vendor's templates.
pub(super) fn factory_values() -> BTreeMap<String, String> {
    [
        ("vendor_name", "Grandstream"),
        ("vendor_fullname", "Grandstream Networks, Inc."),
        ("hw_rev", "V2.2A"),
        ("tp_fw_version", "22"),
        ("7033", "1.0.1.7"),
        ("69", "1.0.0.12"),
        ("70", "4.4.113"),
        ("and_rev", "7.0"),
        ("1561", "0"),
        ("64", "UTC"),
        ("30", "pool.ntp.org"),
        ("102", "2"),
        ("122", "1"),
        ("192", "fm.grandstream.com/gs"),
        ("6767", "2"),
        ("237", "fm.grandstream.com/gs"),
        ("212", "2"),
        ("145", "1"),
        ("193", "10080"),
        ("1362", "en"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}
