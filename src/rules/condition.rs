//! What a rule can look for: a closed list of typed conditions.
//!
//! There is no expression language: each condition can be checked when the configuration is read
//! and has a form in PromQL. A condition speaks of phones, of single accounts or lines, of groups of
//! phones, or of the daemon itself ([`Scope`]). Combinations speak of the phone as a whole, and so
//! does what stands in them: it holds if it holds for any of the phone's accounts or lines.
//!
//! How a condition is seen is in `observe` and `group`, its PromQL in `promql`. The names of its serde
//! form are saved as a hash (`canonical`): what is renamed there looks like another condition.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::fleet::Reason;
use crate::fleet::reading::Coarse;

use super::metric::{Family, Mark};

/// The whole condition of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Of a phone as a whole: one alert a phone.
    Phone(PhoneCondition),
    /// Of single accounts or lines: one alert each.
    Each(EachCondition),
    /// Of groups of phones: one alert a group.
    Fraction(Fraction),
    /// Of the daemon itself.
    Own(Own),
}

/// What can be told of a phone as a whole. Durations are compared as "longer than", unless a
/// variant says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneCondition {
    /// The last poll got no answer at all. Never of a `portable` phone.
    Unreachable,
    /// The phone answers, but neither accounts nor lines can be read under a session.
    NotReadable,
    /// Too many of the polls within a time got no answer: a half-dead Wi-Fi, where one good poll
    /// ends an outage before it is told. Never of a `portable` phone.
    UnreachableRatio {
        /// The time looked back.
        over: Duration,
        /// The share of unanswered polls, 0 to below 1, above which it holds.
        above: f64,
    },
    /// The last poll failed for one of these reasons, in any part.
    PollError {
        /// Not empty.
        #[serde(serialize_with = "labels")]
        reasons: Box<[Reason]>,
    },
    /// Logins are held back by the lockout guard.
    LoginBlocked,
    /// The phone booted within this time.
    Rebooted {
        /// The time looked back.
        within: Duration,
    },
    /// The phone booted repeatedly.
    RebootLoop(Repeats),
    /// The firmware is none of those wanted.
    FirmwareNot {
        /// Only phones of this model, in any case of letters.
        model: Option<Box<str>>,
        /// Every firmware that is right; not empty.
        targets: Box<[Box<str>]>,
    },
    /// A P-value is not as `expect` wants it.
    PvalueDrift {
        /// Only these P-values; empty: all.
        only: Box<[Box<str>]>,
        /// All but these.
        except: Box<[Box<str>]>,
    },
    /// How the phone is spoken to is weak.
    Posture(Weakness),
    /// The phone's clock is off by more than this. Needs `metrics.clock` and `time_zone`.
    ClockOffset {
        /// In either direction; more than a minute, the resolution of the reading.
        over: Duration,
    },
    /// The phone's certificate ends within this time, or has ended.
    CertificateExpires {
        /// The time looked ahead.
        within: Duration,
    },
    /// The last poll that found the phone up is older than this; not of `portable` phones. Unknown
    /// before the first.
    DataOlderThan {
        /// More than the longest poll interval.
        age: Duration,
    },
    /// A `portable` phone was not seen for this long. Unknown before it was first seen.
    NotSeenFor {
        /// Days rather than minutes.
        age: Duration,
    },
    /// It holds for any account, line or series; unknown if the phone tells of none.
    Any(EachCondition),
    /// At least one of these; not empty.
    AnyOf(Box<[Self]>),
    /// All of these; not empty.
    AllOf(Box<[Self]>),
    /// Not this; the opposite of the unknown is unknown.
    Not(Box<Self>),
}

/// What can be told of each account, line or series of a phone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EachCondition {
    /// An account that is in use is not registered, as the phone tells it: a phone goes on saying
    /// "registered" until its next REGISTER fails.
    AccountNotRegistered {
        /// Only this account, by the phone's own id from 1.
        account: Option<u16>,
    },
    /// The registration of an account comes and goes.
    RegistrationFlapping(Repeats),
    /// A line is in this state. Needs `metrics.lines: per_line`.
    LineState {
        /// Any but [`Coarse::Other`], which has no code of its own.
        #[serde(serialize_with = "label")]
        state: Coarse,
    },
    /// A number of the phone's own metrics.
    Metric(Comparison),
}

/// Some of a group is affected; what belongs to `portable` and muted phones does not count.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fraction {
    /// What is counted.
    pub of: Counted,
    /// What makes the groups.
    pub by: Grouping,
    /// The share, above 0 to 1, from which on it holds.
    pub at_least: f64,
    /// How many must be affected, so that one phone of a site of two is no outage; at least 1.
    pub min: u32,
}

/// What is counted in groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Phones, and those of them that are unreachable.
    Unreachable,
    /// Accounts, and those of them that are not registered.
    Unregistered,
}

/// What makes groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// All phones are one group.
    Fleet,
    /// The values of a label of phones, as `site`; phones without it are in no group.
    Label(Box<str>),
    /// The SIP servers of accounts; of accounts only.
    Server,
}

impl Grouping {
    /// The label whose values are the groups; `None` of the fleet, which is one.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Fleet => None,
            Self::Label(label) => Some(label),
            Self::Server => Some("server"),
        }
    }
}

/// Something that happens repeatedly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Repeats {
    /// How often at least; 1 to [`Repeats::MOST`].
    pub count: u8,
    /// Within this time.
    pub within: Duration,
}

impl Repeats {
    /// Bounds the memory of an account: each change is remembered with its time.
    pub const MOST: u8 = 100;
}

/// What is weak in how a phone is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weakness {
    /// The password crosses the network as a digest without TLS around it.
    PlainHttp,
    /// The certificate of the phone is not checked.
    TlsUnverified,
}

impl Weakness {
    /// The value of the label `check`.
    pub fn label(self) -> &'static str {
        match self {
            Self::PlainHttp => "plain_http",
            Self::TlsUnverified => "tls_unverified",
        }
    }
}

/// A number of a metric against a number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Which metric.
    #[serde(serialize_with = "name")]
    pub family: &'static Family,
    /// The value of its own label, where it has one and only one series is meant.
    pub pick: Option<Box<str>>,
    /// How it is compared.
    pub is: Operator,
    /// With what.
    pub bound: f64,
    /// What is taken of the values of some time instead of the last one.
    pub over: Option<(Take, Duration)>,
}

/// How numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operator {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    NotEqual,
}

/// What is taken of several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Take {
    Min,
    Max,
    Average,
}

/// What can be wrong with the daemon itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// A poll was still running when its next was due, within this time.
    PollsOverrun {
        /// The time looked back.
        within: Duration,
    },
    /// The configuration on disk is not the one in use.
    ReloadFailed,
    /// A receiver fails and nothing got through for this long.
    NotifierFailing {
        /// The time looked back.
        within: Duration,
    },
    /// Messages were given up.
    DeadLetters,
    /// The state of alerts is not on disk.
    StateNotPersisted,
    /// Always: its absence tells that the daemon or the way of its messages is dead.
    Watchdog,
}

/// What a condition speaks of: each has alerts of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The daemon and what it sees as a whole.
    Daemon,
    /// A group of phones or accounts.
    Group,
    /// A phone.
    Phone,
    /// An account of a phone.
    Account,
    /// A line of a phone.
    Line,
}

impl Condition {
    /// What it speaks of.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Phone(_) => Scope::Phone,
            Self::Each(each) => each.scope(),
            Self::Fraction(fraction) if fraction.by == Grouping::Fleet => Scope::Daemon,
            Self::Fraction(_) | Self::Own(Own::NotifierFailing { .. }) => Scope::Group,
            Self::Own(_) => Scope::Daemon,
        }
    }

    /// A metric as the whole condition of a rule: one alert an account or line where the metric has
    /// one series each, else one a phone.
    pub fn metric(comparison: Comparison) -> Self {
        let each = EachCondition::Metric(comparison);
        if each.scope() == Scope::Phone {
            return Self::Phone(PhoneCondition::Any(each));
        }
        Self::Each(each)
    }
}

impl PhoneCondition {
    /// The parts of a combination, as written.
    pub fn parts(&self) -> &[Self] {
        if let Self::AnyOf(parts) | Self::AllOf(parts) = self {
            return parts;
        }
        if let Self::Not(part) = self {
            return std::slice::from_ref(part);
        }
        &[]
    }
}

impl EachCondition {
    /// What it speaks of; [`Scope::Phone`] for metrics without accounts or lines.
    pub fn scope(&self) -> Scope {
        match self {
            Self::AccountNotRegistered { .. } | Self::RegistrationFlapping(_) => Scope::Account,
            Self::LineState { .. } => Scope::Line,
            Self::Metric(comparison) => match comparison.family.label {
                Some("account") => Scope::Account,
                Some("line") => Scope::Line,
                Some(_) | None => Scope::Phone,
            },
        }
    }
}

impl Comparison {
    /// Whether it speaks of this series.
    pub fn picks(&self, mark: Mark<'_>) -> bool {
        self.pick.as_deref().is_none_or(|picked| mark.is(picked))
    }

    /// Whether the comparison holds for this value.
    #[expect(clippy::float_cmp, reason = "equality of samples is what `==` means")]
    pub fn holds(&self, value: f64) -> bool {
        match self.is {
            Operator::Above => value > self.bound,
            Operator::AtLeast => value >= self.bound,
            Operator::Below => value < self.bound,
            Operator::AtMost => value <= self.bound,
            Operator::Equal => value == self.bound,
            Operator::NotEqual => value != self.bound,
        }
    }
}

impl Operator {
    /// As PromQL and the configuration write it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }
}

impl Take {
    /// The function of PromQL that does it over a time.
    pub fn function(self) -> &'static str {
        match self {
            Self::Min => "min_over_time",
            Self::Max => "max_over_time",
            Self::Average => "avg_over_time",
        }
    }
}

fn labels<S: Serializer>(reasons: &[Reason], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(reasons.iter().map(|reason| reason.label()))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn label<S: Serializer>(state: &Coarse, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.label())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn name<S: Serializer>(family: &&'static Family, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(family.name)
}
