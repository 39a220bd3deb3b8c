//! What a rule looks for and where, in words for people: "a phone whose last poll got no answer".
//!
//! This is the rule as it was written, for `rules explain`; what is wrong with one phone now is told by
//! `cause`.

use std::time::Duration;

use jiff::Timestamp;

use super::condition::{
    Comparison, Condition, Counted, EachCondition, Fraction, Grouping, Own, PhoneCondition,
    Repeats, Take, Weakness,
};
use super::phone_selector::{Glob, Where};

/// A moment as people read it. Everybody who reads a message knows what UTC is to them; nobody knows
/// the zone of the machine that wrote it.
pub fn at(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A sentence without its end, as "a phone whose last poll got no answer".
pub fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Phone(condition) => format!("a phone {}", phone(condition)),
        Condition::Each(condition) => each(condition),
        Condition::Fraction(condition) => fraction(condition),
        Condition::Own(condition) => own(*condition),
    }
}

/// The phones that a rule speaks of.
pub fn phones(only: &Where) -> String {
    let said: Vec<_> = only
        .patterns()
        .map(|(name, globs)| {
            let globs: Vec<_> = globs.iter().map(Glob::as_str).collect();
            format!("{name} {}", globs.join(" or "))
        })
        .collect();
    if said.is_empty() {
        return "every phone".to_owned();
    }
    said.join(", ")
}

/// A length of time as the configuration writes it.
pub fn length(length: Duration) -> String {
    humantime::format_duration(length).to_string()
}

/// A count with its noun.
pub fn count(n: impl TryInto<u64>, noun: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

fn phone(condition: &PhoneCondition) -> String {
    match condition {
        PhoneCondition::Unreachable => "whose last poll got no answer".to_owned(),
        PhoneCondition::NotReadable => {
            "that answers and lets neither accounts nor lines be read".to_owned()
        }
        PhoneCondition::UnreachableRatio { over, above } => format!(
            "that left more than {} of its polls unanswered within {}",
            percent(*above),
            length(*over)
        ),
        PhoneCondition::PollError { reasons } => {
            let reasons: Vec<_> = reasons.iter().map(|reason| reason.label()).collect();
            format!("whose last poll failed for {}", reasons.join(" or "))
        }
        PhoneCondition::LoginBlocked => "to which logins are held back".to_owned(),
        PhoneCondition::Rebooted { within } => format!("that booted within {}", length(*within)),
        PhoneCondition::RebootLoop(repeats) => format!("that booted {}", often(*repeats)),
        PhoneCondition::FirmwareNot { model, targets } => {
            let of = model
                .as_ref()
                .map_or_else(String::new, |model| format!("of model {model} "));
            format!("{of}whose firmware is not {}", targets.join(" or "))
        }
        PhoneCondition::PvalueDrift { only, except } => drift(only, except),
        PhoneCondition::Posture(Weakness::PlainHttp) => "that is spoken to without TLS".to_owned(),
        PhoneCondition::Posture(Weakness::TlsUnverified) => {
            "whose certificate is not checked".to_owned()
        }
        PhoneCondition::ClockOffset { over } => {
            format!("whose clock is off by more than {}", length(*over))
        }
        PhoneCondition::CertificateExpires { within } if within.is_zero() => {
            "whose certificate has ended".to_owned()
        }
        PhoneCondition::CertificateExpires { within } => {
            format!("whose certificate ends within {}", length(*within))
        }
        PhoneCondition::DataOlderThan { age } => {
            format!("that was not up for {}", length(*age))
        }
        PhoneCondition::NotSeenFor { age } => {
            format!("that is portable and was not seen for {}", length(*age))
        }
        PhoneCondition::Any(condition) => format!("with {}", each(condition)),
        PhoneCondition::AnyOf(parts) => joined(parts, " or "),
        PhoneCondition::AllOf(parts) => joined(parts, " and "),
        PhoneCondition::Not(part) => format!("that is not one {}", phone(part)),
    }
}

fn joined(parts: &[PhoneCondition], between: &str) -> String {
    let parts: Vec<_> = parts.iter().map(phone).collect();
    format!("({})", parts.join(between))
}

fn drift(only: &[Box<str>], except: &[Box<str>]) -> String {
    let mut text = "with a P-value that is not as `expect` wants it".to_owned();
    for (word, list) in [("among", only), ("other than", except)] {
        if !list.is_empty() {
            text.extend([", ", word, " ", &list.join(", ")]);
        }
    }
    text
}

fn each(condition: &EachCondition) -> String {
    match condition {
        EachCondition::AccountNotRegistered { account: None } => {
            "an account that is not registered".to_owned()
        }
        EachCondition::AccountNotRegistered {
            account: Some(account),
        } => format!("account {account} not registered"),
        EachCondition::RegistrationFlapping(repeats) => format!(
            "an account whose registration came or went {}",
            often(*repeats)
        ),
        EachCondition::LineState { state } => format!("a line that is {}", state.label()),
        EachCondition::Metric(comparison) => metric(comparison),
    }
}

fn metric(comparison: &Comparison) -> String {
    let Comparison {
        family,
        pick,
        is,
        bound,
        over,
    } = comparison;
    let of = match (family.label, pick) {
        (Some(label), Some(pick)) => format!(" of {label} {pick}"),
        (Some(_) | None, _) => String::new(),
    };
    let over = over.map_or_else(String::new, |(take, over)| {
        let take = match take {
            Take::Min => "the least",
            Take::Max => "the most",
            Take::Average => "the average",
        };
        format!("{take} within {} of ", length(over))
    });
    format!("{over}{}{of} {} {bound}", family.name, is.symbol())
}

fn fraction(fraction: &Fraction) -> String {
    let Fraction {
        of,
        by,
        at_least,
        min,
    } = fraction;
    let (all, so) = match of {
        Counted::Unreachable => ("phones", "unreachable"),
        Counted::Unregistered => ("accounts", "not registered"),
    };
    let at = match by {
        Grouping::Fleet => "in the whole fleet".to_owned(),
        Grouping::Label(label) => format!("with the same {label}"),
        Grouping::Server => "at one SIP server".to_owned(),
    };
    let share = percent(*at_least);
    format!("{share} or more of the {all} {at}, at least {min}, {so}")
}

fn own(condition: Own) -> String {
    match condition {
        Own::PollsOverrun { within } => format!(
            "a poll that was still running when its next was due, within {}",
            length(within)
        ),
        Own::ReloadFailed => "a configuration on disk that is not the one in use".to_owned(),
        Own::NotifierFailing { within } => {
            format!(
                "a receiver to which nothing got through for {}",
                length(within)
            )
        }
        Own::DeadLetters => "messages that were given up".to_owned(),
        Own::StateNotPersisted => "a state of alerts that is not on disk".to_owned(),
        Own::Watchdog => "nothing: it always fires".to_owned(),
    }
}

fn often(repeats: Repeats) -> String {
    format!(
        "at least {} times within {}",
        repeats.count,
        length(repeats.within)
    )
}

/// To a thousandth, so that 0.07 is `7 %` and no crumb of binary more.
fn percent(share: f64) -> String {
    format!("{} %", (share * 100_000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use crate::rules::describe_rule::*;

    #[test]
    fn a_share_is_told_as_it_was_written() {
        for (share, words) in [
            (0.07, "7 %"),
            (0.29, "29 %"),
            (0.125, "12.5 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(percent(share), words);
        }
    }
}
