//! What the five reads say, parsed: accounts, lines, phone status, time, P-values.
//!
//! Remote names and numbers are not here: the parser drops them. Bounds on how much a phone may say
//! are constants beside what they bound; what was dropped is counted in the report.

use std::borrow::Cow;
use std::time::Duration;

use jiff::civil;

use super::text::Text;

/// One SIP account slot that is in use (guide: Account Status object).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The phone's own id, from 1.
    pub id: u16,
    /// SIP server as configured on the phone; may be empty.
    pub server: Text,
    /// SIP user id; kept only where `metrics.sip_user` asks for it.
    pub user: Option<Text>,
    /// Registration as the phone tells it.
    pub registration: Registration,
}

/// State of an account's registration: raw codes 1 to 6 are registered, some of them in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Raw 0.
    Unregistered,
    /// Raw 1 to 6.
    Registered,
    /// Raw 7: on its way, not yet there.
    Registering,
}

/// The accounts of a phone, by id, each id once.
pub type Accounts = Box<[Account]>;

/// At most this many accounts a phone are kept: the GXV33xx has 16 slots.
pub const MAX_ACCOUNTS: usize = 16;

/// At most this many lines a phone are kept: twice what any model of the family lists.
pub const MAX_LINES: usize = 32;

/// At most this many P-values a phone are kept.
pub const MAX_VALUES: usize = 64;

/// The lines of a phone, as far as `metrics.lines` lets them be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// How many lines are in each coarse state, in the order of [`Coarse::ALL`].
    pub counts: [u8; Coarse::ALL.len()],
    /// Each line; empty where only counts are kept.
    pub each: Box<[Line]>,
}

/// One line (guide: Line Status object).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The phone's own number, from 1.
    pub number: u16,
    /// What the line is doing.
    pub state: LineState,
}

/// What a line is doing: the phone's whole scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the vendor's words")]
pub enum LineState {
    ReadFailed,
    Idle,
    Dialing,
    Ringing,
    Calling,
    InCall,
    Hold,
    Transferred,
    Ending,
    Failed,
    Transferring,
    Conference,
    Paging,
    Ringback,
    IpCall,
    /// A code or word outside the scale.
    Unknown,
}

/// The states that an operator tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Coarse {
    Idle,
    Ringing,
    Calling,
    InCall,
    Hold,
    Failed,
    Other,
}

/// What the phone says of itself as a whole (guide: Get Phone Status).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the vendor's words")]
pub enum PhoneStatus {
    Available,
    Unavailable,
    Ringing,
    Busy,
    /// Any other word.
    Other,
}

/// What the phone says of time (guide: Get System Time).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneTime {
    /// How long it has been up.
    pub uptime: Uptime,
    /// Its own clock, to the minute, where the date was understood.
    pub clock: Option<civil::DateTime>,
}

/// A duration as text told it, with the size of the smallest unit named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// The duration; the truth is at most one `resolution` longer.
    pub length: Duration,
    /// One second, minute, hour or day.
    pub resolution: Duration,
}

/// P-values and named values that were read and are not empty, sorted by key.
///
/// Every phone has the built-in keys: they are not kept anew for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Box<[(Cow<'static, str>, Text)]>);

/// How much of what a phone says is kept: enforced by the parser, before anything is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// How much of the lines.
    pub lines: LineDetail,
    /// Whether the SIP user of an account.
    pub sip_user: bool,
}

/// How much of the lines is kept: who phones when is personal data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineDetail {
    /// Each line.
    #[default]
    PerLine,
    /// Only how many are in which state.
    PerPhone,
    /// Nothing; lines are not even asked for.
    Off,
}

impl Registration {
    /// The word for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unregistered => "unregistered",
            Self::Registered => "registered",
            Self::Registering => "registering",
        }
    }
}

impl Lines {
    /// Counts these lines and keeps each.
    pub fn new(each: Box<[Line]>) -> Self {
        let mut counts = [0u8; Coarse::ALL.len()];
        for line in &each {
            let count = &mut counts[line.state.coarse() as usize];
            *count = count.saturating_add(1);
        }
        Self { counts, each }
    }

    /// The same without the single lines: who phones when is personal data.
    #[must_use]
    pub fn counts_only(self) -> Self {
        Self {
            counts: self.counts,
            each: Box::default(),
        }
    }

    /// How many lines are in this state.
    pub fn count(&self, state: Coarse) -> u8 {
        self.counts[state as usize]
    }
}

impl LineState {
    /// The state of this code; one outside the scale is unknown.
    pub fn from_code(code: i64) -> Self {
        match code {
            -1 => Self::ReadFailed,
            0 => Self::Idle,
            1 => Self::Dialing,
            2 => Self::Ringing,
            3 => Self::Calling,
            4 => Self::InCall,
            5 => Self::Hold,
            6 => Self::Transferred,
            7 => Self::Ending,
            8 => Self::Failed,
            9 => Self::Transferring,
            10 => Self::Conference,
            11 => Self::Paging,
            12 => Self::Ringback,
            13 => Self::IpCall,
            _ => Self::Unknown,
        }
    }

    /// The phone's code, -1 to 13; none for an unknown word.
    pub fn code(self) -> Option<i8> {
        match self {
            Self::ReadFailed => Some(-1),
            Self::Idle => Some(0),
            Self::Dialing => Some(1),
            Self::Ringing => Some(2),
            Self::Calling => Some(3),
            Self::InCall => Some(4),
            Self::Hold => Some(5),
            Self::Transferred => Some(6),
            Self::Ending => Some(7),
            Self::Failed => Some(8),
            Self::Transferring => Some(9),
            Self::Conference => Some(10),
            Self::Paging => Some(11),
            Self::Ringback => Some(12),
            Self::IpCall => Some(13),
            Self::Unknown => None,
        }
    }

    /// The state as an operator tells it apart.
    pub fn coarse(self) -> Coarse {
        match self {
            Self::Idle => Coarse::Idle,
            Self::Ringing => Coarse::Ringing,
            Self::Dialing | Self::Calling | Self::Ringback => Coarse::Calling,
            Self::InCall | Self::Conference | Self::Paging | Self::IpCall => Coarse::InCall,
            Self::Hold => Coarse::Hold,
            Self::Failed => Coarse::Failed,
            Self::ReadFailed
            | Self::Transferred
            | Self::Ending
            | Self::Transferring
            | Self::Unknown => Coarse::Other,
        }
    }
}

impl Coarse {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Idle,
        Self::Ringing,
        Self::Calling,
        Self::InCall,
        Self::Hold,
        Self::Failed,
        Self::Other,
    ];

    /// The value of the label `state`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Ringing => "ringing",
            Self::Calling => "calling",
            Self::InCall => "in_call",
            Self::Hold => "hold",
            Self::Failed => "failed",
            Self::Other => "other",
        }
    }
}

impl PhoneStatus {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Available,
        Self::Unavailable,
        Self::Ringing,
        Self::Busy,
        Self::Other,
    ];

    /// The value of the label `status`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Unavailable => "unavailable",
            Self::Ringing => "ringing",
            Self::Busy => "busy",
            Self::Other => "other",
        }
    }
}

impl Values {
    /// Keeps what is not empty; of a key said twice the first counts.
    pub fn new(pairs: impl IntoIterator<Item = (Box<str>, Text)>) -> Self {
        let mut pairs: Vec<_> = pairs
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(key, text)| (shared(key), text))
            .collect();
        pairs.sort_by(|(left, _), (right, _)| left.cmp(right));
        pairs.dedup_by(|(later, _), (first, _)| later == first);
        Self(pairs.into_boxed_slice())
    }

    /// The value of a key, if it was read and is not empty.
    pub fn get(&self, key: &str) -> Option<&Text> {
        let position = self
            .0
            .binary_search_by(|(candidate, _)| (**candidate).cmp(key))
            .ok()?;
        self.0.get(position).map(|(_, text)| text)
    }

    /// Key and value of each, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Text)> {
        self.0.iter().map(|(key, text)| (&**key, text))
    }

    /// The vendor's name.
    pub fn vendor(&self) -> Option<&Text> {
        self.get("vendor_name")
    }

    /// The model, from whichever key this phone knows.
    pub fn model(&self) -> Option<&Text> {
        MODEL_VALUES.iter().find_map(|key| self.get(key))
    }

    /// The firmware: P68, the program version.
    pub fn firmware(&self) -> Option<&Text> {
        self.get("68")
    }

    /// The hardware revision.
    pub fn hardware(&self) -> Option<&Text> {
        self.get("hw_rev")
    }

    /// The hardware address; read only where something asks for it.
    pub fn mac(&self) -> Option<&Text> {
        MAC_VALUES.iter().find_map(|key| self.get(key))
    }
}

fn shared(key: Box<str>) -> Cow<'static, str> {
    match BUILT_IN_VALUES.into_iter().find(|known| **known == *key) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(key.into_string()),
    }
}

/// What is always read: what [`Values`] has a method for.
pub const BUILT_IN_VALUES: [&str; 5] = [
    "68",
    "hw_rev",
    "phone_model",
    "product_model",
    "vendor_name",
];

/// The keys under which phones of the family tell their model.
pub const MODEL_VALUES: [&str; 2] = ["phone_model", "product_model"];

/// The keys under which phones of the family tell their hardware address.
pub const MAC_VALUES: [&str; 3] = ["mac", "67", "mac_display"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_scale_survives_and_others_are_unknown() {
        for code in -1..=13 {
            assert_eq!(LineState::from_code(code).code().map(i64::from), Some(code));
        }
        assert_eq!(LineState::from_code(14), LineState::Unknown);
        assert_eq!(LineState::Unknown.coarse(), Coarse::Other);
    }

    #[test]
    fn lines_are_counted_by_coarse_state_also_when_they_are_not_kept() {
        let line = |number, state| Line { number, state };
        let lines = Lines::new(Box::new([
            line(1, LineState::InCall),
            line(2, LineState::Conference),
            line(3, LineState::Idle),
        ]));
        let lines = lines.counts_only();
        assert_eq!(lines.count(Coarse::InCall), 2);
        assert_eq!(lines.count(Coarse::Idle), 1);
        assert!(lines.each.is_empty());
    }

    #[test]
    fn empty_values_are_absent_and_the_first_of_a_key_counts() {
        let values = Values::new([
            ("b".into(), Text::clean("1")),
            ("a".into(), Text::clean(" ")),
            ("b".into(), Text::clean("2")),
        ]);
        assert_eq!(values.get("b").map(Text::as_str), Some("1"));
        assert_eq!(values.get("a"), None);
    }
}
