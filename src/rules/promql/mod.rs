//! The same conditions in PromQL, over the metric names of `/metrics`.
//!
//! A condition is two vectors: where it is known, and where it holds; where it fails is the first
//! without the second. With these any combination is written as exactly as it is seen: a phone that
//! says nothing is in neither. Phones that a silence or window covers are left out at the end, since
//! Prometheus knows nothing of either. Only functions of Prometheus 2.42 are used.

mod many;

use std::time::Duration;

use crate::fleet::Reason;
use crate::fleet::reading::{Coarse, LineState};

use super::condition::{Comparison, Condition, EachCondition, PhoneCondition, Scope};
use super::escape::{quoted, regex_of};
use super::rule::Rule;

/// Leaves out phones that a silence or a window covers.
const NOT_MUTED: &str = "unless on (phone) grandstream_phone_muted == 1";
/// Leaves out phones that may be off or away.
const NOT_PORTABLE: &str = "unless on (phone) grandstream_phone_portable == 1";

/// Adds the SIP server of an account, which outages of the server are told by.
const WITH_SERVER: &str = "* ignoring (server, user) group_left (server) grandstream_account_info";

/// A condition of one phone as PromQL: `known` has a series for each phone of which it can be told,
/// `holds` for each of which it is true, both with the same labels.
struct Pair {
    known: String,
    holds: String,
}

/// The whole expression of a rule.
pub fn expression(rule: &Rule) -> String {
    let only = rule.only.selector();
    let of_phones = match &rule.when {
        Condition::Phone(condition) => holds(condition, &only),
        Condition::Each(condition) if condition.scope() == Scope::Account => {
            format!("({})\n{WITH_SERVER}", of_one(condition, &only))
        }
        Condition::Each(condition) => of_one(condition, &only),
        Condition::Fraction(fraction) => return many::share(fraction, &only),
        Condition::Own(own) => return many::of_daemon(*own),
    };
    format!("{}\n{NOT_MUTED}", grouped(&of_phones))
}

/// The codes of `grandstream_line_state_code` that make a coarse state; none for
/// [`Coarse::Other`], which unknown words belong to.
pub fn codes(state: Coarse) -> Vec<i8> {
    if state == Coarse::Other {
        return Vec::new();
    }
    let states = (-1..=13).map(LineState::from_code);
    states
        .filter(|one| one.coarse() == state)
        .filter_map(LineState::code)
        .collect()
}

/// A duration in the shortest form that PromQL reads.
pub fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    for (unit, name) in [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1000, "s"),
    ] {
        if millis >= unit && millis.is_multiple_of(unit) {
            return format!("{}{name}", millis / unit);
        }
    }
    format!("{millis}ms")
}

/// Where a condition of a phone as a whole holds.
fn holds(condition: &PhoneCondition, only: &str) -> String {
    if let PhoneCondition::AnyOf(parts) = condition {
        return joined(parts, "or", |part| holds(part, only));
    }
    if let PhoneCondition::AllOf(parts) = condition {
        return joined(parts, "and", |part| holds(part, only));
    }
    if let PhoneCondition::Not(part) = condition {
        return fails(part, only);
    }
    leaf(condition, only).holds
}

/// Where it is known not to hold.
fn fails(condition: &PhoneCondition, only: &str) -> String {
    if let PhoneCondition::AnyOf(parts) = condition {
        return joined(parts, "and", |part| fails(part, only));
    }
    if let PhoneCondition::AllOf(parts) = condition {
        return joined(parts, "or", |part| fails(part, only));
    }
    if let PhoneCondition::Not(part) = condition {
        return holds(part, only);
    }
    let Pair { known, holds } = leaf(condition, only);
    format!("{} unless {}", grouped(&known), grouped(&holds))
}

/// A condition that is no combination.
fn leaf(condition: &PhoneCondition, only: &str) -> Pair {
    let of = |metric: &str| series(metric, only, "");
    let seconds = |duration: &Duration| number(duration.as_secs_f64());
    match condition {
        PhoneCondition::Unreachable => {
            let known = of("grandstream_reachable");
            let holds = format!("{known} == 0 {NOT_PORTABLE}");
            Pair { known, holds }
        }
        PhoneCondition::NotReadable => {
            let (known, reachable) = (of("grandstream_up"), of("grandstream_reachable"));
            let holds = format!("{known} == 0 and {reachable} == 1");
            Pair { known, holds }
        }
        PhoneCondition::UnreachableRatio { over, above } => {
            let known = of("grandstream_reachable");
            let (over, least) = (duration(*over), number(1.0 - above));
            let holds = format!("avg_over_time({known}[{over}]) < {least} {NOT_PORTABLE}");
            Pair { known, holds }
        }
        PhoneCondition::PollError { reasons } => poll_error(reasons, only),
        PhoneCondition::LoginBlocked => compared(of("grandstream_login_blocked"), "== 1"),
        PhoneCondition::Rebooted { within } => {
            let known = of("grandstream_boot_time_seconds");
            let holds = format!("time() - {known} < {}", seconds(within));
            Pair { known, holds }
        }
        PhoneCondition::RebootLoop(repeats) => {
            let known = of("grandstream_reboots_total");
            let within = duration(repeats.within);
            let holds = format!("changes({known}[{within}]) >= {}", repeats.count);
            Pair { known, holds }
        }
        PhoneCondition::FirmwareNot { model, targets } => firmware(model.as_deref(), targets, only),
        PhoneCondition::PvalueDrift {
            only: these,
            except,
        } => {
            let choice = [
                chosen("pvalue", "=~", these),
                chosen("pvalue", "!~", except),
            ];
            let series = series("grandstream_pvalue_matches", only, &listed(&choice));
            compared(format!("min without (pvalue) ({series})"), "== 0")
        }
        PhoneCondition::Posture(weakness) => {
            let check = format!("check={}", quoted(weakness.label()));
            let series = series("grandstream_phone_posture", only, &check);
            compared(format!("max without (check) ({series})"), "== 1")
        }
        PhoneCondition::ClockOffset { over } => {
            let known = of("grandstream_time_offset_seconds");
            let holds = format!("abs({known}) > {}", seconds(over));
            Pair { known, holds }
        }
        PhoneCondition::CertificateExpires { within } => {
            let known = of("grandstream_tls_certificate_expiry_timestamp_seconds");
            let holds = format!("{known} - time() < {}", seconds(within));
            Pair { known, holds }
        }
        PhoneCondition::DataOlderThan { age } => not_seen(*age, NOT_PORTABLE, only),
        PhoneCondition::NotSeenFor { age } => {
            not_seen(*age, "and on (phone) grandstream_phone_portable == 1", only)
        }
        PhoneCondition::Any(condition) => any_of_each(condition, only),
        PhoneCondition::AnyOf(_) | PhoneCondition::AllOf(_) | PhoneCondition::Not(_) => Pair {
            known: fails(condition, only),
            holds: holds(condition, only),
        },
    }
}

fn not_seen(age: Duration, which: &str, only: &str) -> Pair {
    let known = series("grandstream_poll_last_success_timestamp_seconds", only, "");
    let age = number(age.as_secs_f64());
    let holds = format!("time() - {known} > {age} {which}");
    Pair { known, holds }
}

/// Where a condition holds for single accounts, lines or series. What looks back speaks only of what
/// is there now.
fn of_one(condition: &EachCondition, only: &str) -> String {
    let all = all_of(condition, only);
    match condition {
        EachCondition::AccountNotRegistered { .. } => format!("{all} == 0"),
        EachCondition::RegistrationFlapping(repeats) => {
            let within = duration(repeats.within);
            format!("changes({all}[{within}]) >= {} and {all}", repeats.count)
        }
        EachCondition::LineState { state } => {
            let is = codes(*state).into_iter().map(|n| format!("{all} == {n}"));
            is.collect::<Vec<_>>().join("\nor ")
        }
        EachCondition::Metric(comparison) => {
            let (is, bound) = (comparison.is.symbol(), number(comparison.bound));
            match comparison.over {
                Some((take, over)) => {
                    let (function, over) = (take.function(), duration(over));
                    format!("{function}({all}[{over}]) {is} {bound} and {all}")
                }
                None => format!("{all} {is} {bound}"),
            }
        }
    }
}

/// What such a condition looks at.
fn all_of(condition: &EachCondition, only: &str) -> String {
    match condition {
        EachCondition::AccountNotRegistered { account: Some(id) } => {
            let account = format!("account=\"{id}\"");
            series("grandstream_account_registered", only, &account)
        }
        EachCondition::AccountNotRegistered { account: None }
        | EachCondition::RegistrationFlapping(_) => {
            series("grandstream_account_registered", only, "")
        }
        EachCondition::LineState { .. } => series("grandstream_line_state_code", only, ""),
        EachCondition::Metric(comparison) => compared_series(comparison, only),
    }
}

/// Collapsed to the phone: it holds if any does.
fn any_of_each(condition: &EachCondition, only: &str) -> Pair {
    let label = match condition {
        EachCondition::AccountNotRegistered { .. } | EachCondition::RegistrationFlapping(_) => {
            Some("account")
        }
        EachCondition::LineState { .. } => Some("line"),
        EachCondition::Metric(comparison) => comparison.family.label,
    };
    let collapsed = |vector: String| match label {
        Some(label) => format!("max without ({label}) ({vector})"),
        None => vector,
    };
    Pair {
        known: collapsed(all_of(condition, only)),
        holds: collapsed(of_one(condition, only)),
    }
}

fn poll_error(reasons: &[Reason], only: &str) -> Pair {
    let known = series("grandstream_up", only, "");
    let labels: Vec<_> = reasons.iter().map(|reason| reason.label()).collect();
    let reason = format!("reason=~{}", quoted(&labels.join("|")));
    let errors = series("grandstream_poll_error", only, &reason);
    let holds = format!("{known} and on (phone) {errors} == 1");
    Pair { known, holds }
}

fn firmware(model: Option<&str>, targets: &[Box<str>], only: &str) -> Pair {
    let of = |labels: &[String]| {
        let info = series("grandstream_phone_info", only, &listed(labels));
        let up = series("grandstream_up", only, "");
        format!("{up} and on (phone) {info}")
    };
    let read = r#"firmware!="""#.to_owned();
    let model =
        model.map(|model| format!("model=~{}", quoted(&format!("(?i){}", regex_of(model)))));
    let wrong = [
        read.clone(),
        chosen("firmware", "!~", targets),
        model.unwrap_or_default(),
    ];
    Pair {
        known: of(&[read]),
        holds: of(&wrong),
    }
}

fn compared(known: String, with: &str) -> Pair {
    let holds = format!("{known} {with}");
    Pair { known, holds }
}

/// The series that a comparison looks at.
fn compared_series(comparison: &Comparison, only: &str) -> String {
    let label = comparison.family.label.unwrap_or_default();
    let pick = comparison.pick.as_deref();
    let pick = pick.map(|pick| format!("{label}={}", quoted(pick)));
    series(comparison.family.name, only, &pick.unwrap_or_default())
}

/// A selector; `only` and `extra` are matchers without braces, possibly none.
pub(super) fn series(metric: &str, only: &str, extra: &str) -> String {
    let matchers = listed(&[only.to_owned(), extra.to_owned()]);
    if matchers.is_empty() {
        return metric.to_owned();
    }
    format!("{metric}{{{matchers}}}")
}

fn listed(matchers: &[String]) -> String {
    let some: Vec<_> = matchers
        .iter()
        .filter(|matcher| !matcher.is_empty())
        .map(String::as_str)
        .collect();
    some.join(",")
}

/// A matcher of a label against a list of texts; none for an empty list.
fn chosen(label: &str, operator: &str, texts: &[Box<str>]) -> String {
    if texts.is_empty() {
        return String::new();
    }
    let texts: Vec<_> = texts.iter().map(|text| regex_of(text)).collect();
    format!("{label}{operator}{}", quoted(&texts.join("|")))
}

fn joined(
    parts: &[PhoneCondition],
    word: &str,
    form: impl Fn(&PhoneCondition) -> String,
) -> String {
    let parts: Vec<_> = parts.iter().map(|part| grouped(&form(part))).collect();
    parts.join(&format!("\n{word} "))
}

/// In parentheses, if a set operator could take part of it.
fn grouped(expression: &str) -> String {
    let words = ["and", "or", "unless"];
    if expression
        .split_whitespace()
        .any(|word| words.contains(&word))
    {
        return format!("({expression})");
    }
    expression.to_owned()
}

/// A number as PromQL and people write it.
pub(super) fn number(value: f64) -> String {
    format!("{value}")
}
