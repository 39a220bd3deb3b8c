//! New credentials over a fleet: candidates, formats and the phones that go first share what they
//! learn, and nobody pays more than its budget.
//!
//! The clock stands still, so that a phone that is up was never told to wait for more than a poll.

use std::fmt::Write;

use grandstream_exporter::clock::Clock;
use grandstream_exporter::sim::behaviour::login::{Instead, Separator};
use grandstream_exporter::sim::{self, Behaviour};
use tempfile::TempDir;

use crate::harness::samples::Samples;
use crate::harness::{Daemon, QUICK};

/// What a phone of a fleet differs in.
#[derive(Clone, Copy)]
struct Kind {
    password: &'static str,
    separator: Separator,
    model: &'static str,
    instead: Option<Instead>,
}

const OLD: Kind = Kind {
    password: "old",
    separator: Separator::Colon,
    model: "GXV3370",
    instead: None,
};

const NEW: Kind = Kind {
    password: "new",
    ..OLD
};

const OLD_DOTTED: Kind = Kind {
    separator: Separator::Dot,
    ..OLD
};

async fn phones(kinds: impl IntoIterator<Item = Kind>) -> Vec<sim::Phone> {
    let mut phones = Vec::new();
    for kind in kinds {
        let mut behaviour = Behaviour::default();
        behaviour.login.separator = kind.separator;
        behaviour.login.instead = kind.instead;
        let spec = sim::Spec {
            admin: sim::User::new("gmiadmin", kind.password),
            model: kind.model.to_owned(),
            behaviour,
            ..sim::Spec::default()
        };
        phones.push(sim::Phone::start(spec).await);
    }
    phones
}

/// A configuration in which these phones share one credential of these candidates.
fn configure(directory: &TempDir, phones: &[sim::Phone], candidates: &[&str]) {
    let mut text = format!("{QUICK}\ncredentials: {{ hq: {{ password_files: [");
    for (n, candidate) in candidates.iter().enumerate() {
        std::fs::write(directory.path().join(format!("candidate{n}")), candidate).expect("written");
        write!(text, "candidate{n}, ").expect("text");
    }
    text += "] } }\ndefaults: { credential: hq }\nphones:\n";
    for (n, phone) in phones.iter().enumerate() {
        writeln!(text, "  - {{ name: p{n}, address: '{}' }}", phone.address()).expect("text");
    }
    std::fs::write(directory.path().join("config.yaml"), text).expect("written");
}

fn standing() -> Clock {
    Clock::manual("2026-01-01T00:00:00Z".parse().expect("a time"))
}

async fn start(phones: &[sim::Phone], candidates: &[&str]) -> Daemon {
    let directory = tempfile::tempdir().expect("a directory");
    configure(&directory, phones, candidates);
    Daemon::start_at(directory, standing()).await
}

async fn all_up(daemon: &Daemon, of: usize) -> Samples {
    let up = |samples: &Samples| samples.count("grandstream_up", 1.0) == of;
    daemon.wait_for(&format!("{of} phones up"), up).await
}

/// How often each phone refused a login, most first.
fn refusals(phones: &[sim::Phone]) -> Vec<u64> {
    let mut refusals: Vec<_> = phones.iter().map(sim::Phone::refusals).collect();
    refusals.sort_unstable_by(|a, b| b.cmp(a));
    refusals
}

fn spread(first: &[u64], of: usize) -> Vec<u64> {
    let mut expect = first.to_vec();
    expect.resize(of, 0);
    expect
}

#[tokio::test]
async fn a_rollout_that_has_reached_no_phone_yet_costs_one_refusal() {
    let phones = phones([OLD; 20]).await;
    let daemon = start(&phones, &["new", "old"]).await;
    let samples = all_up(&daemon, 20).await;
    assert_eq!(refusals(&phones), spread(&[1], 20));
    assert_eq!(samples.count("grandstream_login_candidate", 2.0), 20);
}

#[tokio::test]
async fn a_rollout_over_phones_that_join_by_dots_costs_the_first_two_refusals() {
    let phones = phones([OLD_DOTTED; 20]).await;
    let daemon = start(&phones, &["new", "old"]).await;
    // The first has spent its round and waits for the next.
    all_up(&daemon, 19).await;
    assert_eq!(refusals(&phones), spread(&[2, 1], 20));
}

#[tokio::test]
async fn a_rollout_that_is_half_done_costs_no_phone_more_than_one_refusal() {
    let phones = phones([[OLD; 10], [NEW; 10]].concat()).await;
    let daemon = start(&phones, &["new", "old"]).await;
    all_up(&daemon, 20).await;
    assert!(refusals(&phones)[0] <= 1, "{:?}", refusals(&phones));
}

#[tokio::test]
async fn three_phones_find_the_last_of_six_ways_to_log_in_for_all() {
    let phones = phones([OLD_DOTTED; 12]).await;
    let daemon = start(&phones, &["newest", "new", "old"]).await;
    all_up(&daemon, 10).await;
    assert_eq!(refusals(&phones), spread(&[2, 2, 1], 12));
}

#[tokio::test]
async fn a_typo_in_the_first_configuration_costs_three_phones_also_over_restarts() {
    let phones = phones([OLD; 12]).await;
    let mut daemon = start(&phones, &["a typo"]).await;
    for _ in 0..3 {
        daemon.more_polls(3.0).await;
        let found = refusals(&phones);
        assert_eq!(found, spread(&[2, 2, 2], 12));
        daemon = Daemon::start_at(daemon.stop().await.0, standing()).await;
    }
    daemon.more_polls(3.0).await;
    let samples = daemon.metrics().await;
    let auth = samples.all("grandstream_poll_error", &[("reason", "auth")]);
    assert_eq!(auth.len(), 12);

    std::fs::write(daemon.path().join("candidate0"), "old").expect("written");
    assert_eq!(daemon.reload().await.status, 200);
    all_up(&daemon, 12).await;
    assert_eq!(refusals(&phones), spread(&[2, 2, 2], 12));
}

#[tokio::test]
async fn phones_that_come_with_a_typo_of_their_own_cost_three_too() {
    let phones = phones([OLD; 10]).await;
    let directory = tempfile::tempdir().expect("a directory");
    configure(&directory, &phones[..1], &["old"]);
    let daemon = Daemon::start_at(directory, standing()).await;
    all_up(&daemon, 1).await;
    let mut text = std::fs::read_to_string(daemon.path().join("config.yaml")).expect("read");
    for (n, phone) in phones.iter().enumerate().skip(1) {
        writeln!(
            text,
            "  - {{ name: p{n}, address: '{}', credential: lyon }}",
            phone.address()
        )
        .expect("text");
    }
    let text = text.replace("credentials: {", "credentials: { lyon: { password: typo },");
    std::fs::write(daemon.path().join("config.yaml"), text).expect("written");
    assert_eq!(daemon.reload().await.status, 200);
    daemon.more_polls(4.0).await;
    assert_eq!(refusals(&phones), spread(&[2, 2, 2], 10));
}

#[tokio::test]
async fn a_phone_that_gives_no_verdict_is_replaced_by_the_next() {
    let silent = Kind {
        instead: Some(Instead::Unavailable),
        ..OLD
    };
    let phones = phones([[silent; 5], [OLD; 5]].concat()).await;
    let daemon = start(&phones, &["old"]).await;
    all_up(&daemon, 5).await;
    assert_eq!(refusals(&phones), spread(&[], 10));
}

#[tokio::test]
async fn the_format_that_works_on_a_model_is_tried_first_on_it() {
    let other = Kind {
        model: "WP820",
        ..OLD
    };
    let phones = phones([OLD_DOTTED, other, OLD_DOTTED, other, OLD_DOTTED, other]).await;
    let directory = tempfile::tempdir().expect("a directory");
    configure(&directory, &phones[..2], &["old"]);
    let daemon = Daemon::start_at(directory, standing()).await;
    all_up(&daemon, 2).await;
    daemon.more_polls(1.0).await;
    let before = refusals(&phones[..2]);
    assert!(before.iter().sum::<u64>() <= 2, "{before:?}");

    configure(&daemon.directory, &phones, &["old"]);
    assert_eq!(daemon.reload().await.status, 200);
    all_up(&daemon, 6).await;
    assert_eq!(refusals(&phones[..2]), before);
    assert_eq!(refusals(&phones[2..]), [0; 4]);
}
