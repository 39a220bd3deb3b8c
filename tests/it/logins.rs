//! Logins without harm: the budget of refusals, over restarts and beside each other; a password that
//! changes behind our back; another program that throws us out.

use std::fmt::Write;
use std::time::Duration;

use grandstream_exporter::clock::Clock;
use grandstream_exporter::sim::behaviour::login::{LoginAnswer, RealmBody, Refusal};
use grandstream_exporter::sim::behaviour::session::{Denial, Given, PerUser};
use grandstream_exporter::sim::{self, Behaviour, Endpoint, Fault};

use crate::harness::samples::Samples;
use crate::harness::{Daemon, PASSWORD, QUICK, config_for, spec};

async fn phone() -> sim::Phone {
    sim::Phone::start(spec(Behaviour::default())).await
}

async fn polls(daemon: &Daemon, at_least: f64) -> Samples {
    daemon
        .wait_for(&format!("{at_least} polls"), |samples| {
            samples.value("grandstream_polls_total", &[]) >= Some(at_least)
        })
        .await
}

#[tokio::test]
async fn a_wrong_password_costs_two_refusals_and_polls_go_on_without_a_login() {
    let phone = phone().await;
    phone.change(|state| state.admin.password = "another".to_owned());
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    let samples = polls(&daemon, 10.0).await;
    assert_eq!(phone.refusals(), 2);
    assert_eq!(samples.value("grandstream_up", &[]), Some(0.0));
    assert_eq!(samples.value("grandstream_reachable", &[]), Some(1.0));
    assert_eq!(samples.value("grandstream_login_blocked", &[]), Some(1.0));
    assert_eq!(
        samples
            .label("grandstream_poll_error", &[], "reason")
            .as_deref(),
        Some("auth")
    );
    let firmware = samples.label("grandstream_phone_info", &[], "firmware");
    assert_eq!(
        firmware.as_deref(),
        Some("1.0.3.30"),
        "read without a login"
    );
}

#[tokio::test]
async fn refusals_are_remembered_over_restarts() {
    let phone = phone().await;
    phone.change(|state| state.admin.password = "another".to_owned());
    let mut daemon = Daemon::start(&config_for(&[&phone])).await;
    for _ in 0..4 {
        polls(&daemon, 2.0).await;
        daemon = Daemon::start_in(daemon.stop().await.0).await;
    }
    polls(&daemon, 2.0).await;
    assert_eq!(phone.refusals(), 2);
    assert!(!phone.is_locked());
}

#[tokio::test]
async fn a_password_changed_behind_our_back_is_put_right_by_its_file_without_a_restart() {
    let phone = phone().await;
    let directory = tempfile::tempdir().expect("a directory");
    let secret = directory.path().join("secret");
    std::fs::write(&secret, PASSWORD).expect("written");
    let config = format!(
        "{QUICK}\ndefaults: {{ password_file: secret }}\nphones: [{{ name: p0, address: '{}' }}]\n",
        phone.address()
    );
    std::fs::write(directory.path().join("config.yaml"), config).expect("written");
    let daemon = Daemon::start_in(directory).await;
    daemon.wait("grandstream_up", &[], 1.0).await;

    phone.change(|state| {
        state.admin.password = "changed".to_owned();
        state.end_sessions();
    });
    let samples = daemon.wait("grandstream_login_blocked", &[], 1.0).await;
    assert_eq!(samples.value("grandstream_up", &[]), Some(0.0));
    assert_eq!(
        phone.refusals(),
        1,
        "the format is known, so one attempt says it"
    );

    std::fs::write(&secret, "changed\n").expect("written");
    let samples = daemon.wait("grandstream_up", &[], 1.0).await;
    assert_eq!(samples.value("grandstream_login_blocked", &[]), Some(0.0));
    assert_eq!(phone.refusals(), 1);
}

#[tokio::test]
async fn a_password_changed_here_before_it_is_changed_there_goes_on_by_itself() {
    let phone = phone().await;
    let directory = tempfile::tempdir().expect("a directory");
    let secret = directory.path().join("secret");
    std::fs::write(&secret, PASSWORD).expect("written");
    let config = format!(
        "{QUICK}\ndefaults: {{ password_file: secret }}\nphones: [{{ name: p0, address: '{}' }}]\n",
        phone.address()
    );
    std::fs::write(directory.path().join("config.yaml"), config).expect("written");
    let clock = Clock::manual("2026-01-01T00:00:00Z".parse().expect("a time"));
    let daemon = Daemon::start_at(directory, clock.clone()).await;
    daemon.wait("grandstream_up", &[], 1.0).await;

    std::fs::write(&secret, "changed").expect("written");
    assert_eq!(daemon.reload().await.status, 200);
    phone.change(sim::State::end_sessions);
    let samples = daemon.wait("grandstream_login_blocked", &[], 1.0).await;
    let seen = samples.value("grandstream_polls_total", &[]);
    polls(&daemon, seen.expect("a count") + 4.0).await;
    assert_eq!(phone.refusals(), 1);

    phone.change(|state| state.admin.password = "changed".to_owned());
    clock.advance(Duration::from_secs(11 * 60));
    daemon.wait("grandstream_up", &[], 1.0).await;
    assert_eq!(phone.refusals(), 1);
}

#[tokio::test]
async fn a_typo_in_a_shared_password_file_costs_three_phones_and_no_more() {
    let mut phones = Vec::new();
    for _ in 0..8 {
        phones.push(phone().await);
    }
    let directory = tempfile::tempdir().expect("a directory");
    let secret = directory.path().join("secret");
    std::fs::write(&secret, PASSWORD).expect("written");
    let mut config = format!("{QUICK}\ndefaults: {{ password_file: secret }}\nphones:\n");
    for (n, phone) in phones.iter().enumerate() {
        writeln!(
            config,
            "  - {{ name: p{n}, address: '{}' }}",
            phone.address()
        )
        .expect("text");
    }
    std::fs::write(directory.path().join("config.yaml"), config).expect("written");
    let daemon = Daemon::start_in(directory).await;
    let all_up = |samples: &Samples| samples.count("grandstream_up", 1.0) == 8;
    daemon.wait_for("all phones up", all_up).await;

    std::fs::write(&secret, "a typo").expect("written");
    daemon.reload().await;
    for phone in &phones {
        phone.change(sim::State::end_sessions);
    }
    let blocked = |samples: &Samples| samples.count("grandstream_up", 0.0) == 8;
    let samples = daemon
        .wait_for("all phones without a session", blocked)
        .await;
    let so_far = samples
        .value("grandstream_polls_total", &[("phone", "p0")])
        .unwrap_or_default();
    daemon
        .wait_for("three more rounds", |samples| {
            samples.value("grandstream_polls_total", &[("phone", "p0")]) >= Some(so_far + 3.0)
        })
        .await;
    let refusals: Vec<_> = phones.iter().map(sim::Phone::refusals).collect();
    assert_eq!(refusals.iter().sum::<u64>(), 3, "{refusals:?}");

    std::fs::write(&secret, PASSWORD).expect("written");
    daemon.reload().await;
    daemon.wait_for("all phones up again", all_up).await;
    assert_eq!(phones.iter().map(sim::Phone::refusals).sum::<u64>(), 3);
}

#[tokio::test]
async fn a_locked_phone_is_left_alone() {
    let phone = phone().await;
    phone.change(|state| {
        state.behaviour.lockout.after = 1;
        state.admin.password = "another".to_owned();
    });
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    let samples = polls(&daemon, 10.0).await;
    assert_eq!(phone.refusals(), 1);
    assert_eq!(
        samples
            .label("grandstream_poll_error", &[], "reason")
            .as_deref(),
        Some("locked")
    );
}

#[tokio::test]
async fn a_login_answered_by_a_cookie_that_opens_nothing_is_a_refusal() {
    let mut behaviour = Behaviour::default();
    behaviour.login.refusal = Refusal::Empty;
    behaviour.session.cookie.given = Given::AtRealm;
    let phone = sim::Phone::start(spec(behaviour)).await;
    phone.change(|state| state.admin.password = "another".to_owned());
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    polls(&daemon, 10.0).await;
    assert!(phone.refusals() <= 2, "{} refusals", phone.refusals());
}

#[tokio::test]
async fn a_phone_without_a_realm_is_never_sent_a_digest() {
    for realm in [RealmBody::Html, RealmBody::Error, RealmBody::Empty] {
        let mut behaviour = Behaviour::default();
        behaviour.login.realm = realm;
        let phone = sim::Phone::start(spec(behaviour)).await;
        let daemon = Daemon::start(&config_for(&[&phone])).await;
        polls(&daemon, 3.0).await;
        assert_eq!(phone.logins() + phone.refusals(), 0, "{realm:?}");
        assert!(
            !phone
                .requests()
                .iter()
                .any(|request| request.path.ends_with("/login")),
            "{realm:?}"
        );
    }
}

#[tokio::test]
async fn a_lost_answer_of_a_password_that_worked_is_tried_again_and_counts_as_nothing() {
    let phone = phone().await;
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    daemon.wait("grandstream_up", &[], 1.0).await;
    phone.change(|state| {
        state.end_sessions();
        state.faults.once(Endpoint::Login, Fault::LoseAnswer);
    });
    let samples = daemon
        .wait("grandstream_login_failures_total", &[], 1.0)
        .await;
    assert_eq!(samples.value("grandstream_login_blocked", &[]), Some(0.0));
    daemon.wait("grandstream_up", &[], 1.0).await;
    assert_eq!(phone.refusals(), 0);
}

#[tokio::test]
async fn a_phone_that_answers_logins_with_an_error_is_not_sent_one_at_each_poll() {
    let phone = phone().await;
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    daemon.wait("grandstream_up", &[], 1.0).await;
    phone.change(|state| {
        state.end_sessions();
        state.faults.at(Endpoint::Login, Fault::ServerError);
    });
    let samples = daemon.wait("grandstream_login_blocked", &[], 1.0).await;
    let seen = samples.value("grandstream_polls_total", &[]);
    polls(&daemon, seen.expect("a count") + 5.0).await;
    let asked = phone.requests();
    let logins = asked.iter().filter(|r| r.path.ends_with("/login"));
    assert_eq!(logins.count(), 1 + 2);
}

#[tokio::test]
async fn who_is_thrown_out_again_and_again_does_not_fight_back() {
    let mut behaviour = Behaviour::default();
    behaviour.session.per_user = PerUser::One;
    behaviour.session.forbidden = [
        (Endpoint::Accounts, Denial::Status401),
        (Endpoint::Lines, Denial::Status401),
        (Endpoint::Time, Denial::Status401),
        (Endpoint::PhoneStatus, Denial::Unauthorized),
    ]
    .into();
    let phone = sim::Phone::start(spec(behaviour)).await;
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    let samples = polls(&daemon, 10.0).await;
    assert!(phone.logins() <= 2, "{} logins", phone.logins());
    assert_eq!(
        samples
            .label("grandstream_poll_error", &[], "reason")
            .as_deref(),
        Some("session")
    );
    phone.change(|state| state.behaviour.session.forbidden.clear());
    daemon.wait("grandstream_up", &[], 1.0).await;
    assert!(
        phone.logins() <= 2,
        "one good answer ends the wait without a login"
    );
}

#[tokio::test]
async fn a_session_lives_as_long_as_the_phone_lets_it() {
    let phone = phone().await;
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    polls(&daemon, 10.0).await;
    assert_eq!(phone.logins(), 1);
    assert_eq!(
        phone.counters().connections_open_at_most,
        1,
        "one connection at a time"
    );
}

#[tokio::test]
async fn the_daemon_sends_nothing_but_reads() {
    let mut behaviour = Behaviour::default();
    behaviour.login.answer = LoginAnswer::Lines;
    let phone = sim::Phone::start(spec(behaviour)).await;
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    polls(&daemon, 5.0).await;
    let allowed = [
        "/cgi-bin/loginrealm",
        "/cgi-bin/login",
        "/cgi-bin/api-get_accounts",
        "/cgi-bin/api-get_line_status",
        "/cgi-bin/api-get_phone_status",
        "/cgi-bin/api-get_time",
        "/cgi-bin/api-values.get",
    ];
    for request in phone.requests() {
        assert_eq!(request.method, "GET");
        assert!(allowed.contains(&request.path.as_str()), "{}", request.path);
        let agent = request.header("user-agent").unwrap_or_default();
        assert!(agent.starts_with("grandstream-exporter/"), "{agent}");
        let referer = request.header("referer").unwrap_or_default();
        assert!(
            referer.starts_with(&format!("http://{}/", phone.address())),
            "{referer}"
        );
        assert!(!request.target.contains("%3A"));
    }
}

#[tokio::test]
async fn the_daemon_sends_nothing_but_reads_whatever_the_configuration() {
    let phone = phone().await;
    // The operator's password is not even there to be opened.
    let config = format!(
        "{QUICK}
credentials:
  hq:
    password_files: [one, two]
    operator: {{ username: admin, password_file: none }}
defaults: {{ credential: hq, secret_format: auto }}
phones:
  - {{ name: p0, address: '{}', expect: [{{ pvalue: '64', any_of: [UTC] }}] }}
pvalues: [{{ pvalue: '30' }}, {{ pvalue: '1561', as: number }}]
metrics: {{ lines: per_line, line_state: true, clock: true, sip_user: true, mac_address: true }}
",
        phone.address()
    );
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in [
        ("config.yaml", config.as_str()),
        ("one", "wrong"),
        ("two", PASSWORD),
    ] {
        std::fs::write(directory.path().join(name), text).expect("written");
    }
    let daemon = Daemon::start_in(directory).await;
    polls(&daemon, 3.0).await;
    let reads = [
        Endpoint::Realm,
        Endpoint::Login,
        Endpoint::Values,
        Endpoint::Accounts,
        Endpoint::Lines,
        Endpoint::PhoneStatus,
        Endpoint::Time,
    ];
    for request in phone.requests() {
        let endpoint = request.endpoint.expect("a known endpoint");
        assert!(reads.contains(&endpoint), "{}", request.target);
        assert_ne!(request.param("Username"), Some("admin"));
    }
}
