//! What is wrong with a phone, in words: which parts of a combined condition hold at a moment.
//!
//! "reception cannot take calls" begs the question why; the condition knows. The words follow the
//! name of the phone: "(does not answer)". What looks back cannot be seen again here; such parts are
//! named if no other part explains the alert.

use humantime::format_duration;

use super::evaluate::{self, View};
use super::history::History;
use crate::fleet::{Moment, Phone, Reason, expect};
use crate::rules::condition::{Condition, EachCondition, PhoneCondition, Weakness};
use crate::rules::subject::Subject;
use crate::rules::tristate::Tristate;

/// Why the condition holds for what the alert speaks of; empty for groups and the daemon.
pub fn cause(when: &Condition, subject: &Subject, phone: &Phone, now: Moment) -> String {
    let view = View {
        phone,
        now,
        history: &History::default(),
    };
    match when {
        Condition::Phone(condition) => of_phone(condition, view),
        Condition::Each(condition) => of_each(condition, &[subject.number()]),
        Condition::Fraction(_) | Condition::Own(_) => String::new(),
    }
}

fn of_phone(condition: &PhoneCondition, view: View<'_>) -> String {
    match condition {
        PhoneCondition::Unreachable => "does not answer".into(),
        PhoneCondition::NotReadable => "does not let its state be read".into(),
        PhoneCondition::UnreachableRatio { above, .. } => {
            format!("misses more than {:.0} % of its polls", above * 100.0)
        }
        PhoneCondition::PollError { .. } => poll_error(view.phone),
        PhoneCondition::LoginBlocked => "holds logins back".into(),
        PhoneCondition::Rebooted { .. } => "has rebooted".into(),
        PhoneCondition::RebootLoop(_) => "reboots again and again".into(),
        PhoneCondition::FirmwareNot { .. } => firmware(view),
        PhoneCondition::PvalueDrift { only, except } => drift(only, except, view),
        PhoneCondition::Posture(Weakness::PlainHttp) => "is spoken to without TLS".into(),
        PhoneCondition::Posture(Weakness::TlsUnverified) => {
            "has a certificate that is not checked".into()
        }
        PhoneCondition::ClockOffset { over } => {
            format!(
                "has a clock that is off by more than {}",
                format_duration(*over)
            )
        }
        PhoneCondition::CertificateExpires { within } if within.is_zero() => {
            "has a certificate that has expired".into()
        }
        PhoneCondition::CertificateExpires { within } => {
            let within = format_duration(*within);
            format!("has a certificate that expires within {within}")
        }
        PhoneCondition::DataOlderThan { age } => {
            format!("was not read for {}", format_duration(*age))
        }
        PhoneCondition::NotSeenFor { age } => {
            format!("was not seen for {}", format_duration(*age))
        }
        PhoneCondition::Any(condition) => of_each(condition, &numbers(condition, view)),
        PhoneCondition::AnyOf(parts) => any_of(parts, view),
        PhoneCondition::AllOf(parts) => joined(parts, view, " and "),
        PhoneCondition::Not(part) => format!("not: {}", of_phone(part, view)),
    }
}

/// The parts that hold; if none is seen to, those that may.
fn any_of(parts: &[PhoneCondition], view: View<'_>) -> String {
    for (truth, between) in [(Tristate::Holds, " and "), (Tristate::Unknown, " or ")] {
        let found = parts
            .iter()
            .filter(|part| evaluate::whole(part, view) == truth);
        let found: Vec<_> = found.map(|part| of_phone(part, view)).collect();
        if !found.is_empty() {
            return found.join(between);
        }
    }
    joined(parts, view, " or ")
}

fn joined(parts: &[PhoneCondition], view: View<'_>, between: &str) -> String {
    let words: Vec<_> = parts.iter().map(|part| of_phone(part, view)).collect();
    words.join(between)
}

/// Of which accounts or lines it holds; if of none, of which it may.
fn numbers(condition: &EachCondition, view: View<'_>) -> Vec<u16> {
    let mut found = Vec::new();
    evaluate::each(condition, view, |number, truth| found.push((number, truth)));
    let with = |wanted: Tristate| {
        let those = found.iter().filter(|(_, truth)| *truth == wanted);
        those.map(|(number, _)| *number).collect::<Vec<_>>()
    };
    let holds = with(Tristate::Holds);
    if holds.is_empty() {
        return with(Tristate::Unknown);
    }
    holds
}

fn of_each(condition: &EachCondition, numbers: &[u16]) -> String {
    let (what, one, many) = match condition {
        EachCondition::AccountNotRegistered { .. } => (
            "account",
            "is not registered".to_owned(),
            "are not registered".to_owned(),
        ),
        EachCondition::RegistrationFlapping(_) => (
            "account",
            "loses its registration again and again".to_owned(),
            "lose their registration again and again".to_owned(),
        ),
        EachCondition::LineState { state } => {
            let state = state.label();
            (
                "line",
                format!("has the state {state}"),
                format!("have the state {state}"),
            )
        }
        EachCondition::Metric(comparison) => {
            let (name, symbol) = (comparison.family.name, comparison.is.symbol());
            let words = format!("has {name} {symbol} {}", comparison.bound);
            (
                comparison.family.label.unwrap_or_default(),
                words.clone(),
                words,
            )
        }
    };
    // 0 stands for the phone itself.
    let known: Vec<_> = numbers.iter().filter(|number| **number > 0).collect();
    match known[..] {
        [] if numbers.is_empty() && !what.is_empty() => format!("{what} {one}"),
        [] => one,
        [number] => format!("{what} {number} {one}"),
        _ => {
            let listed: Vec<_> = known.iter().map(ToString::to_string).collect();
            format!("{what}s {} {many}", listed.join(", "))
        }
    }
}

fn poll_error(phone: &Phone) -> String {
    let reasons = phone.last.as_ref().map(|last| last.reasons);
    let reasons = reasons.iter().flat_map(|reasons| reasons.iter());
    let labels: Vec<_> = reasons.map(Reason::label).collect();
    format!("fails to be polled ({})", labels.join(", "))
}

fn firmware(view: View<'_>) -> String {
    let values = view.phone.values(view.now);
    let firmware = values.and_then(|values| values.firmware());
    firmware.map_or_else(
        || "does not run the wanted firmware".into(),
        |firmware| format!("runs firmware {firmware}"),
    )
}

fn drift(only: &[Box<str>], except: &[Box<str>], view: View<'_>) -> String {
    let listed = |list: &[Box<str>], pvalue: &str| list.iter().any(|one| **one == *pvalue);
    let values = view.phone.values(view.now);
    let matches = values.map(|values| expect::matches(&view.phone.place.expect, values));
    let wrong: Vec<_> = matches
        .iter()
        .flatten()
        .filter(|(pvalue, matches)| {
            !matches && (only.is_empty() || listed(only, pvalue)) && !listed(except, pvalue)
        })
        .map(|(pvalue, _)| format!("P{pvalue}"))
        .collect();
    if wrong.is_empty() {
        return "is not configured as wanted".into();
    }
    format!("is not configured as wanted: {}", wrong.join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::alerts::explain_condition::*;
    use crate::fleet::sample::{Sample, minute};
    use crate::rules::condition::Repeats;

    const UNREGISTERED: PhoneCondition =
        PhoneCondition::Any(EachCondition::AccountNotRegistered { account: None });

    #[track_caller]
    fn check(condition: PhoneCondition, sample: &Sample, expected: &str) {
        let subject = Subject::Phone("a".into());
        let condition = Condition::Phone(condition);
        let found = cause(&condition, &subject, &sample.phone(), minute(10));
        assert_eq!(found, expected);
    }

    fn polled() -> Sample {
        Sample::new("a").polled(minute(10))
    }

    fn reception() -> PhoneCondition {
        PhoneCondition::AnyOf(Box::new([PhoneCondition::Unreachable, UNREGISTERED]))
    }

    #[test]
    fn the_part_that_holds_is_named() {
        check(reception(), &polled().down(), "does not answer");
        let accounts = polled().account(1, "pbx", false).account(2, "pbx", true);
        check(reception(), &accounts, "account 1 is not registered");
        let both = accounts.account(3, "pbx", false);
        check(reception(), &both, "accounts 1, 3 are not registered");
    }

    #[test]
    fn what_cannot_be_seen_again_is_named_only_where_nothing_else_explains_it() {
        let repeats = Repeats {
            count: 3,
            within: Duration::from_secs(3600),
        };
        let parts = || {
            [
                PhoneCondition::RebootLoop(repeats),
                PhoneCondition::Unreachable,
            ]
        };
        let any = || PhoneCondition::AnyOf(Box::new(parts()));
        check(any(), &polled().up(), "reboots again and again");
        check(any(), &polled().down(), "does not answer");
        let all = PhoneCondition::AllOf(Box::new(parts()));
        check(
            all,
            &polled(),
            "reboots again and again and does not answer",
        );
    }

    #[test]
    fn words_name_what_the_phone_runs_and_what_its_poll_met() {
        let condition = PhoneCondition::FirmwareNot {
            model: None,
            targets: Box::new(["1.0.3.30".into()]),
        };
        let running = polled().values(&[("68", "1.0.3.3")]);
        check(condition, &running, "runs firmware 1.0.3.3");
        let condition = PhoneCondition::PollError {
            reasons: Box::new([Reason::Auth]),
        };
        let refused = polled().failed(Reason::Auth);
        check(condition, &refused, "fails to be polled (auth)");
    }

    #[test]
    fn an_alert_of_one_account_speaks_of_that_account() {
        let condition = Condition::Each(EachCondition::AccountNotRegistered { account: None });
        let phone = polled().account(1, "pbx", false).phone();
        let subject = Subject::Account("a".into(), 2);
        let found = cause(&condition, &subject, &phone, minute(10));
        assert_eq!(found, "account 2 is not registered");
    }
}
