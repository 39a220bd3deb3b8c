//! What a condition sees of one phone at a moment.
//!
//! [`whole`] speaks of the phone, [`each`] of its accounts or lines one by one. What is not fresh is
//! unknown, never false. The PromQL of the same condition in `promql` must see the same; the
//! differential test holds them together.

use std::time::Duration;

use jiff::SignedDuration;

use crate::fleet::phone::LastPoll;
use crate::fleet::reading::Registration;
use crate::fleet::{Moment, Phone, expect};

use super::history::History;
use crate::rules::condition::{Comparison, EachCondition, PhoneCondition};
use crate::rules::metric;
use crate::rules::tristate::Tristate;

/// A phone at a moment, with what is remembered of it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The phone.
    pub phone: &'a Phone,
    /// The moment.
    pub now: Moment,
    /// Up to and with the last poll.
    pub history: &'a History,
}

/// Whether the condition holds for the phone as a whole.
pub fn whole(condition: &PhoneCondition, view: View<'_>) -> Tristate {
    let View { phone, now, .. } = view;
    let last = phone.last.as_ref();
    let portable = phone.place.portable;
    match condition {
        PhoneCondition::Unreachable => {
            Tristate::of(last.map(|_| !portable && !phone.is_reachable(now)))
        }
        PhoneCondition::NotReadable => {
            Tristate::of(last.map(|_| phone.is_reachable(now) && !phone.is_up(now)))
        }
        PhoneCondition::UnreachableRatio { over, above } => {
            let answered = view.history.answered(*over, now);
            Tristate::of(answered.map(|answered| !portable && answered < 1.0 - above))
        }
        PhoneCondition::PollError { reasons } => {
            let failed = |last: &LastPoll| reasons.iter().any(|one| last.reasons.contains(*one));
            Tristate::of(last.map(failed))
        }
        PhoneCondition::LoginBlocked => {
            Tristate::of(last.map(|_| metric::login_blocked(phone, now)))
        }
        PhoneCondition::Rebooted { within } => {
            let booted = phone.booted_at(now);
            Tristate::of(booted.map(|at| shorter(now.wall.duration_since(at), *within)))
        }
        PhoneCondition::RebootLoop(repeats) => {
            let reboots = view.history.reboots(*repeats, now);
            Tristate::of(reboots.map(|reboots| reboots >= repeats.count.into()))
        }
        PhoneCondition::FirmwareNot { model, targets } => firmware(model.as_deref(), targets, view),
        PhoneCondition::PvalueDrift { only, except } => drift(only, except, view),
        PhoneCondition::Posture(weakness) => Tristate::of(Some(metric::weak(phone, *weakness))),
        PhoneCondition::ClockOffset { over } => {
            let offset = metric::time_offset(phone, now);
            Tristate::of(offset.map(|offset| offset.abs() > over.as_secs_f64()))
        }
        PhoneCondition::CertificateExpires { within } => {
            let expiry = phone.certificate_expiry;
            Tristate::of(expiry.map(|at| shorter(at.duration_since(now.wall), *within)))
        }
        PhoneCondition::DataOlderThan { age } => {
            let seen = phone.last_success;
            Tristate::of(seen.map(|seen| !portable && now.since(seen) > *age))
        }
        PhoneCondition::NotSeenFor { age } => {
            let seen = phone.last_success;
            Tristate::of(seen.map(|seen| portable && now.since(seen) > *age))
        }
        PhoneCondition::Any(condition) => any_of_each(condition, view),
        PhoneCondition::AnyOf(parts) => Tristate::any(parts.iter().map(|part| whole(part, view))),
        PhoneCondition::AllOf(parts) => Tristate::all(parts.iter().map(|part| whole(part, view))),
        PhoneCondition::Not(part) => whole(part, view).negated(),
    }
}

/// Hands over whether the condition holds for each account or line, and tells what is known of
/// those that were not handed over: they are gone, or the phone does not say. What looks back speaks
/// only of what the phone tells of now.
pub fn each(
    condition: &EachCondition,
    view: View<'_>,
    mut found: impl FnMut(u16, Tristate),
) -> Tristate {
    let View { phone, now, .. } = view;
    let accounts = || phone.accounts(now).into_iter().flatten();
    match condition {
        EachCondition::AccountNotRegistered { account: wanted } => {
            for account in accounts() {
                if wanted.is_none_or(|wanted| wanted == account.id) {
                    let registered = account.registration == Registration::Registered;
                    found(account.id, Tristate::of(Some(!registered)));
                }
            }
            gone(phone.accounts(now))
        }
        EachCondition::RegistrationFlapping(repeats) => {
            for account in accounts() {
                let changes = view.history.registrations(*repeats, account.id, now);
                let often = changes.map(|changes| changes >= repeats.count.into());
                found(account.id, Tristate::of(often));
            }
            gone(phone.accounts(now))
        }
        EachCondition::LineState { state } => {
            for line in phone.lines(now).into_iter().flat_map(|lines| &lines.each) {
                found(
                    line.number,
                    Tristate::of(Some(line.state.coarse() == *state)),
                );
            }
            gone(phone.lines(now))
        }
        EachCondition::Metric(comparison) => each_sample(comparison, view, found),
    }
}

fn any_of_each(condition: &EachCondition, view: View<'_>) -> Tristate {
    let mut sum = None;
    each(condition, view, |_, truth| {
        sum = Some(Tristate::any([sum.unwrap_or(Tristate::Fails), truth]));
    });
    sum.unwrap_or(Tristate::Unknown)
}

fn each_sample(
    comparison: &Comparison,
    view: View<'_>,
    mut found: impl FnMut(u16, Tristate),
) -> Tristate {
    let mut any = false;
    comparison.family.read(view.phone, view.now, |mark, value| {
        any = true;
        if !comparison.picks(mark) {
            return;
        }
        let number = mark.number();
        let value = match comparison.over {
            None => Some(value),
            Some(_) => view.history.metric(comparison, number, view.now),
        };
        found(
            number,
            Tristate::of(value.map(|value| comparison.holds(value))),
        );
    });
    // Where the family tells of some, the others are gone.
    Tristate::of(any.then_some(false))
}

fn gone<T>(fresh: Option<T>) -> Tristate {
    Tristate::of(fresh.map(|_| false))
}

fn firmware(model: Option<&str>, targets: &[Box<str>], view: View<'_>) -> Tristate {
    let Some(values) = view.phone.values(view.now) else {
        return Tristate::Unknown;
    };
    let Some(firmware) = values.firmware() else {
        return Tristate::Unknown;
    };
    let found = values.model().map_or("", |model| model.as_str());
    if model.is_some_and(|model| !model.eq_ignore_ascii_case(found)) {
        return Tristate::Fails;
    }
    let right = targets.iter().any(|target| **target == *firmware.as_str());
    Tristate::of(Some(!right))
}

fn drift(only: &[Box<str>], except: &[Box<str>], view: View<'_>) -> Tristate {
    let Some(values) = view.phone.values(view.now) else {
        return Tristate::Unknown;
    };
    let listed = |list: &[Box<str>], pvalue: &str| list.iter().any(|one| **one == *pvalue);
    let matches = expect::matches(&view.phone.place.expect, values);
    let mut asked = matches
        .into_iter()
        .filter(|(pvalue, _)| only.is_empty() || listed(only, pvalue))
        .filter(|(pvalue, _)| !listed(except, pvalue))
        .peekable();
    if asked.peek().is_none() {
        return Tristate::Unknown;
    }
    Tristate::of(Some(asked.any(|(_, matches)| !matches)))
}

fn shorter(span: SignedDuration, than: Duration) -> bool {
    span.as_secs_f64() < than.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::Tristate::{Fails, Holds, Unknown};
    use crate::alerts::evaluate::*;
    use crate::fleet::Reason;
    use crate::fleet::expect::{Expectation, Wanted};
    use crate::fleet::reading::{Coarse, LineState};
    use crate::fleet::sample::{Sample, minute};
    use crate::rules::condition::{Operator, Repeats, Take, Weakness};
    use crate::rules::metric::Family;

    const MINUTE: Duration = Duration::from_secs(60);

    /// What is seen of the phone at minute 10, having looked at each of its polls.
    fn seen(condition: &PhoneCondition, sample: &Sample) -> Tristate {
        let (phone, history) = remembered(condition, sample);
        let view = View {
            phone: &phone,
            now: minute(10),
            history: &history,
        };
        whole(condition, view)
    }

    fn remembered(condition: &PhoneCondition, sample: &Sample) -> (Phone, History) {
        let mut history = History::default();
        let mut last = None;
        for phone in sample.steps() {
            let at = phone.last.as_ref().expect("it was polled").began;
            history.note(condition, &phone, at);
            last = Some(phone);
        }
        (last.unwrap_or_else(|| sample.phone()), history)
    }

    #[track_caller]
    fn check(condition: &PhoneCondition, cases: &[(Sample, Tristate)]) {
        for (sample, truth) in cases {
            assert_eq!(seen(condition, sample), *truth, "{condition:?} {sample:?}");
        }
    }

    fn at(n: u64) -> Sample {
        Sample::new("a").polled(minute(n))
    }

    #[test]
    fn a_phone_is_unreachable_once_a_poll_says_so_or_none_is_believable() {
        let cases = [
            (Sample::new("a"), Unknown),
            (at(10).up(), Fails),
            (at(10).down(), Holds),
            (at(5).up(), Holds),
            (at(10).down().portable(), Fails),
        ];
        check(&PhoneCondition::Unreachable, &cases);
    }

    #[test]
    fn a_phone_that_answers_and_tells_nothing_is_not_readable() {
        let refused = at(10).failed(Reason::Auth);
        let cases = [
            (at(10).up(), Fails),
            (refused.clone(), Holds),
            (at(10).down(), Fails),
        ];
        check(&PhoneCondition::NotReadable, &cases);
        let reasons = Box::new([Reason::Auth, Reason::Locked]);
        let cases = [
            (refused, Holds),
            (at(10).down(), Fails),
            (Sample::new("a"), Unknown),
        ];
        check(&PhoneCondition::PollError { reasons }, &cases);
    }

    #[test]
    fn accounts_of_a_phone_that_does_not_answer_are_unknown() {
        let any = PhoneCondition::Any(EachCondition::AccountNotRegistered { account: None });
        let cases = [
            (at(10).account(1, "pbx", true), Fails),
            (
                at(10).account(1, "pbx", true).account(2, "pbx", false),
                Holds,
            ),
            (
                at(5).account(1, "pbx", false).polled(minute(10)).down(),
                Unknown,
            ),
            (at(10).up(), Unknown),
        ];
        check(&any, &cases);
        let second = PhoneCondition::Any(EachCondition::AccountNotRegistered { account: Some(2) });
        check(&second, &[(at(10).account(1, "pbx", false), Unknown)]);
    }

    #[test]
    fn an_account_that_is_no_longer_listed_is_gone_and_not_unknown() {
        let condition = EachCondition::AccountNotRegistered { account: None };
        let of_others = |sample: Sample| {
            let phone = sample.phone();
            let history = History::default();
            let view = View {
                phone: &phone,
                now: minute(10),
                history: &history,
            };
            each(&condition, view, |_, _| {})
        };
        assert_eq!(of_others(at(10).account(1, "pbx", true)), Fails);
        assert_eq!(of_others(at(10).up()), Unknown);
    }

    #[test]
    fn lines_hold_by_their_coarse_state() {
        let condition = PhoneCondition::Any(EachCondition::LineState {
            state: Coarse::InCall,
        });
        let cases = [
            (
                at(10).lines(&[LineState::Idle, LineState::Conference]),
                Holds,
            ),
            (at(10).lines(&[LineState::Idle, LineState::Unknown]), Fails),
            (at(10).down(), Unknown),
        ];
        check(&condition, &cases);
    }

    #[test]
    fn reboots_are_seen_by_boot_time_and_counted_by_change() {
        let within = 5 * MINUTE;
        let cases = [
            (at(10).uptime(4 * MINUTE), Holds),
            (at(10).uptime(6 * MINUTE), Fails),
            (at(10).up(), Unknown),
        ];
        check(&PhoneCondition::Rebooted { within }, &cases);
        let up = |sample: Sample, n: u64| sample.polled(minute(n)).uptime(MINUTE);
        let loops = up(up(at(0).uptime(100 * MINUTE), 3), 8);
        let repeats = |count| {
            PhoneCondition::RebootLoop(Repeats {
                count,
                within: 60 * MINUTE,
            })
        };
        check(&repeats(2), &[(loops.clone(), Holds)]);
        check(&repeats(3), &[(loops, Fails)]);
    }

    #[test]
    fn firmware_is_wrong_only_for_the_model_that_is_spoken_of() {
        let condition = PhoneCondition::FirmwareNot {
            model: Some("gxv3370".into()),
            targets: Box::new(["1.0.3.30".into()]),
        };
        let running = |firmware| at(10).values(&[("68", firmware), ("phone_model", "GXV3370")]);
        let cases = [
            (running("1.0.3.30"), Fails),
            (running("1.0.3.3"), Holds),
            (
                at(10).values(&[("68", "1"), ("phone_model", "WP820")]),
                Fails,
            ),
            (at(10).values(&[("phone_model", "GXV3370")]), Unknown),
        ];
        check(&condition, &cases);
    }

    #[test]
    fn drift_speaks_of_the_values_that_were_read_and_asked_for() {
        let expecting = |found: &'static str| {
            let expectation = Expectation {
                pvalue: "64".into(),
                model: None,
                wanted: Wanted::AnyOf(Box::new(["1".into()])),
            };
            let sample = at(10).values(&[("64", found)]);
            sample.with(|place| place.expect = Box::new([expectation]))
        };
        let drift = |only: &[&str], except: &[&str]| PhoneCondition::PvalueDrift {
            only: only.iter().map(|one| (*one).into()).collect(),
            except: except.iter().map(|one| (*one).into()).collect(),
        };
        let cases = [(expecting("1"), Fails), (expecting("2"), Holds)];
        check(&drift(&[], &[]), &cases);
        check(&drift(&["68"], &[]), &[(expecting("2"), Unknown)]);
        check(&drift(&[], &["64"]), &[(expecting("2"), Unknown)]);
    }

    #[test]
    fn absence_of_a_portable_phone_is_told_after_days_and_of_others_after_minutes() {
        let age = 5 * MINUTE;
        let old = at(1).up().polled(minute(10)).down();
        let cases = [
            (old.clone(), Holds),
            (old.clone().portable(), Fails),
            (at(10).up(), Fails),
            (at(10).down(), Unknown),
        ];
        check(&PhoneCondition::DataOlderThan { age }, &cases);
        let cases = [(old.clone(), Fails), (old.portable(), Holds)];
        check(&PhoneCondition::NotSeenFor { age }, &cases);
    }

    #[test]
    fn half_of_the_polls_may_fail_and_no_more() {
        let condition = PhoneCondition::UnreachableRatio {
            over: 30 * MINUTE,
            above: 0.5,
        };
        let half = at(7).down().polled(minute(8)).up().polled(minute(9)).down();
        let cases = [
            (half.clone().polled(minute(10)).up(), Fails),
            (half.polled(minute(10)).down(), Holds),
        ];
        check(&condition, &cases);
    }

    #[test]
    fn metrics_are_compared_by_name_now_or_over_some_time() {
        let comparison = |over| {
            PhoneCondition::Any(EachCondition::Metric(Comparison {
                family: Family::named("grandstream_poll_duration_seconds").expect("a metric"),
                pick: None,
                is: Operator::AtLeast,
                bound: 3.0,
                over,
            }))
        };
        let took = |sample: Sample, seconds| {
            sample.edit(|report| report.took = Duration::from_secs(seconds))
        };
        let sample = took(took(at(9), 9).polled(minute(10)), 1);
        check(&comparison(None), &[(sample.clone(), Fails)]);
        let over = |take| comparison(Some((take, 5 * MINUTE)));
        check(&over(Take::Max), &[(sample.clone(), Holds)]);
        check(&over(Take::Average), &[(sample.clone(), Holds)]);
        check(&over(Take::Min), &[(sample, Fails)]);
        assert_eq!(Family::named("grandstream_nothing"), None);
    }

    #[test]
    fn combinations_follow_from_their_parts() {
        let parts = || {
            [
                PhoneCondition::Unreachable,
                PhoneCondition::Any(EachCondition::AccountNotRegistered { account: None }),
            ]
        };
        let any = PhoneCondition::AnyOf(Box::new(parts()));
        let all = PhoneCondition::AllOf(Box::new(parts()));
        let down = at(10).down();
        check(&any, &[(down.clone(), Holds)]);
        check(&all, &[(down.clone(), Unknown)]);
        check(&PhoneCondition::Not(Box::new(all)), &[(down, Unknown)]);
        let plain = PhoneCondition::Posture(Weakness::PlainHttp);
        check(&PhoneCondition::Not(Box::new(plain)), &[(at(10), Fails)]);
    }
}
