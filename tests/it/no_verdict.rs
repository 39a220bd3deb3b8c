//! A login that is answered by something that refuses no password: the phone is right again at the
//! next poll, or within a minute, and nobody is told that the password is wrong.

use std::time::Duration;

use grandstream_exporter::clock::Clock;
use grandstream_exporter::sim::behaviour::login::{Instead, Refusal};
use grandstream_exporter::sim::{self, Behaviour, State};

use crate::harness::samples::Samples;
use crate::harness::{Daemon, config_for, spec};

const FORMS: usize = Instead::ALL.len();

/// A phone for each answer without a verdict, which it gives so often; zero is always.
async fn phones(instead_times: u64) -> Vec<sim::Phone> {
    let mut phones = Vec::new();
    for instead in Instead::ALL {
        let mut behaviour = Behaviour::default();
        behaviour.login.instead = Some(instead);
        behaviour.login.instead_times = instead_times;
        phones.push(sim::Phone::start(spec(behaviour)).await);
    }
    phones
}

/// A daemon on these phones whose clock is moved by hand.
async fn start(phones: &[sim::Phone]) -> (Daemon, Clock) {
    let clock = Clock::manual("2026-01-01T00:00:00Z".parse().expect("a time"));
    let directory = tempfile::tempdir().expect("a directory");
    let config = config_for(&phones.iter().collect::<Vec<_>>());
    std::fs::write(directory.path().join("config.yaml"), config).expect("written");
    (Daemon::start_at(directory, clock.clone()).await, clock)
}

async fn all_up(daemon: &Daemon) -> Samples {
    let up = |samples: &Samples| samples.count("grandstream_up", 1.0) == FORMS;
    daemon.wait_for("all phones up", up).await
}

fn is_any(samples: &Samples, reason: &str) -> bool {
    let found = samples.all("grandstream_poll_error", &[("reason", reason)]);
    !found.is_empty()
}

#[tokio::test]
async fn a_phone_that_is_starting_is_right_at_the_next_poll() {
    let phones = phones(1).await;
    let (daemon, _clock) = start(&phones).await;
    all_up(&daemon).await;
    for (phone, form) in phones.iter().zip(Instead::ALL) {
        assert_eq!(phone.counters().unjudged, 1, "{form:?}");
        // Where nothing at all was said the other format may have been tried.
        assert!(phone.refusals() <= 1, "{form:?}: {}", phone.refusals());
        phone.change(|state| {
            state.counters.unjudged = 0;
            state.end_sessions();
        });
    }
    let before: Vec<_> = phones.iter().map(sim::Phone::refusals).collect();
    for (phone, form) in phones.iter().zip(Instead::ALL) {
        let limit = Duration::from_secs(30);
        let logged_in = |state: &State| state.counters.unjudged == 1;
        assert!(phone.wait_until(limit, logged_in).await, "{form:?}");
    }
    all_up(&daemon).await;
    let after: Vec<_> = phones.iter().map(sim::Phone::refusals).collect();
    assert_eq!(before, after, "the password is known to work");
}

#[tokio::test]
async fn a_phone_that_stays_so_is_asked_each_minute_and_its_password_is_not_called_wrong() {
    let phones = phones(1).await;
    let (daemon, clock) = start(&phones).await;
    all_up(&daemon).await;
    for phone in &phones {
        phone.change(|state| {
            state.behaviour.login.instead_times = 0;
            state.counters.unjudged = 0;
            state.end_sessions();
        });
    }
    for minute in 1..4 {
        for (phone, form) in phones.iter().zip(Instead::ALL) {
            let limit = Duration::from_secs(30);
            let asked = |state: &State| state.counters.unjudged > minute;
            assert!(phone.wait_until(limit, asked).await, "{form:?} {minute}");
        }
        // What the last answer led to is decided when the next poll has begun.
        let samples = daemon.more_polls(2.0).await;
        assert_eq!(samples.count("grandstream_up", 0.0), FORMS);
        assert!(is_any(&samples, "login"));
        assert!(!is_any(&samples, "auth"));
        clock.advance(Duration::from_secs(60));
    }
    for (phone, form) in phones.iter().zip(Instead::ALL) {
        let sent = phone.counters().unjudged;
        assert!(sent <= 5, "{form:?}: {sent} logins in three minutes");
        phone.change(|state| state.behaviour.login.instead = None);
    }
    clock.advance(Duration::from_secs(60));
    all_up(&daemon).await;
}

#[tokio::test]
async fn a_password_that_is_refused_without_a_word_never_locks_a_phone() {
    let mut phones = Vec::new();
    for refusal in [Refusal::Empty, Refusal::LoginPage] {
        let mut behaviour = Behaviour::default();
        behaviour.login.refusal = refusal;
        let phone = sim::Phone::start(spec(behaviour)).await;
        phone.change(|state| state.admin.password = "another".to_owned());
        phones.push(phone);
    }
    let (daemon, clock) = start(&phones).await;
    for _ in 0..12 {
        daemon.more_polls(2.0).await;
        clock.advance(Duration::from_secs(10 * 60));
    }
    for phone in &phones {
        assert!((3..5).contains(&phone.refusals()), "{}", phone.refusals());
        assert!(!phone.is_locked());
    }
}
