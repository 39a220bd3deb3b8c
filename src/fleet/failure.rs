//! What can go wrong in a poll: a closed list of reasons.
//!
//! A [`Reason`] is what an operator can act on and the only thing of a failure that becomes a
//! label. The detail of a [`Failure`] is our own words for a person, never a body or a secret.

use std::fmt;

/// One of the five reads that make a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `api-get_accounts` (guide: Get Account Status).
    Accounts,
    /// `api-get_line_status` (guide: Get Line Status).
    Lines,
    /// `api-get_phone_status` (guide: Get Phone Status).
    Status,
    /// `api-get_time` (guide: Get System Time).
    Time,
    /// `api-values.get` (guide: Return Values Request).
    Values,
}

impl Endpoint {
    /// All of them, in the order in which they are asked and shown.
    pub const ALL: [Self; 5] = [
        Self::Accounts,
        Self::Lines,
        Self::Status,
        Self::Time,
        Self::Values,
    ];

    /// The value of the label `endpoint`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Lines => "lines",
            Self::Status => "status",
            Self::Time => "time",
            Self::Values => "values",
        }
    }
}

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The TCP connection was refused.
    Refused,
    /// No route, or nothing answered the connection attempt.
    Unreachable,
    /// A time limit ran out.
    Timeout,
    /// The name of the phone did not resolve.
    Dns,
    /// The TLS handshake or the check of the certificate failed.
    Tls,
    /// The phone refused the password.
    Auth,
    /// The phone has locked logins after too many refusals.
    Locked,
    /// A valid session may not read this endpoint.
    Forbidden,
    /// The phone does not accept the session, and a new login did not help.
    Session,
    /// Another device answers at this address.
    Identity,
    /// An HTTP status that fits no other reason.
    HttpStatus,
    /// The answer was not understood.
    Parse,
    /// The answer was larger than allowed.
    TooLarge,
    /// The connection was cut in the middle of an exchange.
    Reset,
    /// No session could be opened, and nothing says that the password is wrong.
    Login,
    /// The phone speaks no known dialect of the Web API.
    Unsupported,
    /// Another login took the session again and again.
    Evicted,
}

impl Reason {
    /// All reasons, in the order in which they are shown.
    pub const ALL: [Self; 17] = [
        Self::Refused,
        Self::Unreachable,
        Self::Timeout,
        Self::Dns,
        Self::Tls,
        Self::Auth,
        Self::Locked,
        Self::Forbidden,
        Self::Session,
        Self::Identity,
        Self::HttpStatus,
        Self::Parse,
        Self::TooLarge,
        Self::Reset,
        Self::Login,
        Self::Unsupported,
        Self::Evicted,
    ];

    /// The value of the label `reason`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Locked => "locked",
            Self::Forbidden => "forbidden",
            Self::Session => "session",
            Self::Identity => "identity",
            Self::HttpStatus => "http_status",
            Self::Parse => "parse",
            Self::TooLarge => "too_large",
            Self::Reset => "reset",
            Self::Login => "login",
            Self::Unsupported => "unsupported",
            Self::Evicted => "evicted",
        }
    }

    /// Whether it is about reaching the phone, and may be over the next moment.
    pub fn is_of_the_network(self) -> bool {
        match self {
            Self::Refused | Self::Unreachable | Self::Timeout | Self::Dns | Self::Reset => true,
            Self::Tls
            | Self::Auth
            | Self::Locked
            | Self::Forbidden
            | Self::Session
            | Self::Identity
            | Self::HttpStatus
            | Self::Parse
            | Self::TooLarge
            | Self::Login
            | Self::Unsupported
            | Self::Evicted => false,
        }
    }

    /// What an operator does about it, as one sentence without a full stop.
    pub fn mend(self) -> &'static str {
        match self {
            Self::Refused => {
                "check scheme and port: the phone serves either HTTP or HTTPS, and may have web access off"
            }
            Self::Unreachable => "check power, cable, VLAN, and the address",
            Self::Timeout => "check the network path; on Wi-Fi raise poll.timeout",
            Self::Dns => "check the name and the resolver of this machine",
            Self::Tls => "set tls.ca_file or tls.fingerprints_sha256 to what the phone presents",
            Self::Auth => "correct the password file; logins are held back until then",
            Self::Locked => "wait until the lock of the phone ends, or reboot the phone",
            Self::Forbidden => "use a credential whose role may read this endpoint",
            Self::Session => "look for another program that logs in with the same user",
            Self::Identity => "correct mac or address: another device answers there",
            Self::HttpStatus => "run `probe` on the phone to see what it answers",
            Self::Parse => "run `probe --raw` on the phone and report what it answers",
            Self::TooLarge => "run `probe` on the phone: an answer is beyond all bounds",
            Self::Reset => "check the network path and whether the phone restarts",
            Self::Login => {
                "wait a minute: the login is tried again; if this stays, run `probe` on the phone"
            }
            Self::Unsupported => {
                "check the model; run `probe --raw` on the phone and report what it answers"
            }
            Self::Evicted => "give the exporter a user of its own on the phone",
        }
    }
}

/// A set of reasons: several can hold at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasons(u32);

impl Reasons {
    /// Adds one.
    pub fn insert(&mut self, reason: Reason) {
        self.0 |= 1 << reason as u32;
    }

    /// Whether it is among them.
    pub fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u32) != 0
    }

    /// Whether nothing failed.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that hold, in the order of [`Reason::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL
            .into_iter()
            .filter(move |reason| self.contains(*reason))
    }
}

impl FromIterator<Reason> for Reasons {
    fn from_iter<I: IntoIterator<Item = Reason>>(reasons: I) -> Self {
        let mut set = Self::default();
        for reason in reasons {
            set.insert(reason);
        }
        set
    }
}

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class an operator acts on.
    pub reason: Reason,
    /// What happened, in our own words: a lowercase fragment without full stop, without secrets and
    /// without text of the phone.
    pub detail: Box<str>,
}

impl Failure {
    /// A failure of this class.
    pub fn new(reason: Reason, detail: impl Into<Box<str>>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.label(), self.detail)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_every_reason() {
        let all: Reasons = Reason::ALL.into_iter().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), Reason::ALL);
        for reason in Reason::ALL {
            let one: Reasons = [reason].into_iter().collect();
            assert_eq!(one.iter().collect::<Vec<_>>(), [reason]);
        }
    }
}
