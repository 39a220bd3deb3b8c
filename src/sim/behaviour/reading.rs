//! Knobs of the readings: how accounts, lines, status, time and P-values are told.
//!
//! What is told is in the [`State`](crate::sim::State); a knob never changes it. The defaults are
//! the guide's samples.

use std::collections::BTreeSet;

use serde::Deserialize;

/// How accounts, lines, status and time are told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Readings {
    /// How an account's registration is told.
    pub reg: RegStyle,
    /// Account slots without server and user are left out; else they are listed with blanks.
    pub hides_blank_accounts: bool,
    /// An account carries `auto_cfg` too.
    pub account_extras: bool,
    /// How the state of a line is told.
    pub line_state: LineState,
    /// Under which names the remote party is told.
    pub line_party: LineParty,
    /// How the account of a line is told.
    pub line_account: LineAccount,
    /// How `active` is told.
    pub line_active: LineActive,
    /// This word instead of the one that the accounts and lines imply.
    pub phone_status: Option<String>,
    /// The phone status carries `session_expiring` too.
    pub session_expiring: bool,
    /// The text of `uptime`.
    pub uptime: UptimeText,
    /// The order of the date.
    pub date: DateOrder,
    /// The clock of the time.
    pub hours: Hours,
    /// The whole answer of `api-get_time`.
    pub time: TimeBody,
}

/// How an account's registration is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegStyle {
    /// The raw code as a number: 0 or 1, on Android firmware up to 7.
    #[default]
    Number,
    /// The raw code as text.
    Text,
    /// `true` for the codes 1 to 6, else `false`.
    Bool,
    /// `Registered` or `Not Registered`.
    Words,
}

/// How the state of a line is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// The code as text: `"4"`.
    #[default]
    Digits,
    /// The code as a number.
    Number,
    /// A word: `connected`.
    Words,
}

/// Under which names the remote party is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineParty {
    /// `name` and `number`.
    #[default]
    NameNumber,
    /// `remotename` and `remotenumber`, with `conf` beside them.
    RemoteNameNumber,
}

/// How the account of a line is told. Its number counts from 0, as in `api-make_call`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineAccount {
    /// The number as text; empty on an idle line.
    #[default]
    Text,
    /// The number; empty text on an idle line.
    Number,
    /// Always empty text.
    Blank,
}

/// How `active` is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineActive {
    /// 1 on a line in call, else 0.
    #[default]
    Number,
    /// The same as text.
    Text,
    /// 0 on a line in call too.
    Zero,
}

/// The text of `uptime`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UptimeText {
    /// ` 21 days, 1 hour, 50 minutes, 23seconds`; leading units that are zero are left out.
    #[default]
    Guide,
    /// `17 minute(s)` in the first hour, ` 3:25` on the first day, then `4 day(s)`.
    Coarse,
    /// `21:06:47 up 22 days`, the clock before it; `up 3:25` or `up 17 min` below a day.
    Unix,
    /// The guide's form in German.
    Localised,
    /// This text, whatever the uptime is.
    Literal(String),
    /// The key is missing.
    Missing,
}

/// The order of the date in `api-get_time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// `Tue 08/30/2016`.
    #[default]
    MonthFirst,
    /// `Tue 30/08/2016`.
    DayFirst,
    /// `2016-08-30 Tue`.
    YearFirst,
}

/// The clock of the time in `api-get_time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hours {
    /// ` 11:30AM`, with the guide's leading blank.
    #[default]
    Twelve,
    /// `23:30`.
    TwentyFour,
}

/// The whole answer of `api-get_time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeBody {
    /// `date`, `time` and `uptime` without an envelope.
    #[default]
    Guide,
    /// The same in the usual envelope.
    Enveloped,
    /// `{"response":"success","body":{"time":"YYYY-MM-DD HH:MM:SS"}}`, no uptime.
    TimeOnly,
}

/// How P-values are read and written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Values {
    /// What an unknown key, or one that needs a login, answers.
    pub unknown: UnknownValue,
    /// Keys answered without a session, spelled without `P` ("limited return"). Empty: a read
    /// without a session is denied as a whole.
    pub open: BTreeSet<String>,
    /// A key of 64 bytes or more crashes the phone: no answer, and it reboots (CVE-2026-2329).
    pub long_key_crashes: bool,
    /// A write is acknowledged and forgotten.
    pub writes_ignored: bool,
}

impl Default for Values {
    fn default() -> Self {
        let open = ["67", "68", "phone_model", "vendor_name", "vendor_fullname"];
        Self {
            unknown: UnknownValue::default(),
            open: open.map(str::to_owned).into(),
            long_key_crashes: false,
            writes_ignored: false,
        }
    }
}

/// What an unknown key answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownValue {
    /// Empty text.
    #[default]
    Empty,
    /// Nothing: the key is not in the answer.
    Missing,
}
