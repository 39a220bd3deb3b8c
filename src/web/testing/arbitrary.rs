//! Fleets of phones that answer anything, for property tests.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use crate::fleet::expect::{Expectation, Wanted};
use crate::fleet::reading::{
    Account, Accounts, Line, LineState, Lines, PhoneStatus, PhoneTime, Registration, Uptime, Values,
};
use crate::fleet::report::Outcome;
use crate::fleet::{Failure, Fleet, Place, PollReport, Reason, Text};

use super::fixture;

/// Up to four phones with any names, each after up to three polls that read anything.
pub(in crate::web) fn any_fleet() -> impl Strategy<Value = Fleet> {
    btree_set(any_text(), 0..4)
        .prop_flat_map(|names| {
            let phones: Vec<_> = names
                .into_iter()
                .map(|name| (any_place(name), vec(any_report(), 0..3)))
                .collect();
            phones
        })
        .prop_map(|phones| {
            let places = phones.iter().map(|(place, _)| Arc::new(place.clone()));
            let fleet = Fleet::new(places.collect::<Vec<_>>());
            phones.into_iter().fold(fleet, |fleet, (place, reports)| {
                let fold = |fleet: Fleet, report| fleet.with_report(&place.name, report);
                reports.into_iter().fold(fleet, fold)
            })
        })
}

/// Text with what formats dislike, and now and then 10,000 characters of it.
pub(in crate::web) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[\"\\\\\n{},=# ab\u{0}\r\u{202E}é]{0,12}",
        4 => any::<String>(),
        1 => Just("\"\\\n".repeat(3_400)),
    ]
}

fn any_place(name: String) -> impl Strategy<Value = Place> {
    let labels = btree_map("own_[a-z]{1,3}", any_text(), 0..3);
    let site = proptest::option::of(any_text());
    (site, labels, any_text()).prop_map(move |(site, labels, pvalue)| {
        let labels = labels.into_iter().map(|(k, v)| (k.into(), v.into()));
        let expect = [pvalue, "68".to_owned()].map(|pvalue| Expectation {
            pvalue: pvalue.into(),
            model: None,
            wanted: Wanted::AtLeast("1".into()),
        });
        Place {
            site: site.map(Into::into),
            labels: labels.collect(),
            expect: Box::new(expect),
            ..fixture::place(&name)
        }
    })
}

fn any_report() -> impl Strategy<Value = PollReport> {
    let parts = (
        any_outcome(any_accounts()),
        any_outcome(any_lines()),
        any_outcome(any_status()),
        any_outcome(any_time()),
        any_outcome(any_values()),
    );
    let failure = proptest::option::of(any_failure());
    (parts, failure, any::<bool>()).prop_map(|(parts, failure, session)| {
        let mut report = PollReport::new(fixture::now());
        report.session = session;
        report.failure = failure;
        report.candidate = session.then_some(1);
        report.parts.accounts = parts.0;
        report.parts.lines = parts.1;
        report.parts.status = parts.2;
        report.parts.time = parts.3;
        report.parts.values = parts.4;
        report
    })
}

fn any_outcome<T: std::fmt::Debug + Clone + 'static>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Outcome<T>> {
    prop_oneof![
        1 => Just(Outcome::NotDue),
        1 => any_failure().prop_map(Outcome::Failed),
        4 => value.prop_map(|value| Outcome::Read { at: fixture::now(), value }),
    ]
}

fn any_failure() -> impl Strategy<Value = Failure> {
    proptest::sample::select(Reason::ALL.to_vec())
        .prop_map(|reason| Failure::new(reason, "it failed"))
}

/// Ids come in any order and more than once.
fn any_accounts() -> impl Strategy<Value = Accounts> {
    let account = (0..6u16, any_text(), proptest::option::of(any_text()));
    vec(account, 0..20).prop_map(|accounts| {
        let accounts = accounts.into_iter().map(|(id, server, user)| Account {
            id,
            server: Text::clean(&server),
            user: user.map(|user| Text::clean(&user)),
            registration: Registration::Registered,
        });
        accounts.collect()
    })
}

fn any_lines() -> impl Strategy<Value = Lines> {
    vec((0..6u16, -3..16i64), 0..40).prop_map(|lines| {
        let lines = lines.into_iter().map(|(number, code)| Line {
            number,
            state: LineState::from_code(code),
        });
        Lines::new(lines.collect())
    })
}

fn any_status() -> impl Strategy<Value = PhoneStatus> {
    proptest::sample::select(PhoneStatus::ALL.to_vec())
}

fn any_time() -> impl Strategy<Value = PhoneTime> {
    any::<u32>().prop_map(|seconds| PhoneTime {
        uptime: Uptime {
            length: Duration::from_secs(seconds.into()),
            resolution: Duration::from_secs(1),
        },
        clock: None,
    })
}

fn any_values() -> impl Strategy<Value = Values> {
    let key = prop_oneof![
        Just("64".to_owned()),
        Just("33".to_owned()),
        Just("68".to_owned()),
        any_text()
    ];
    let text = prop_oneof![
        any_text(),
        any::<f64>().prop_map(|number| number.to_string())
    ];
    vec((key, text), 0..8).prop_map(|pairs| {
        let pairs = pairs.into_iter();
        Values::new(pairs.map(|(key, text)| (key.into(), Text::clean(&text))))
    })
}
