//! The truth about every phone: parts fail on their own, what is too old vanishes, one hanging phone
//! holds up no other, a reboot is a reboot.

use std::fmt::Write;
use std::time::Duration;

use grandstream_exporter::sim::{self, Behaviour, Endpoint, Fault};

use crate::harness::samples::Samples;
use crate::harness::{Daemon, PASSWORD, config_for, spec};

async fn phone() -> sim::Phone {
    sim::Phone::start(spec(Behaviour::default())).await
}

#[tokio::test]
async fn parts_fail_on_their_own_and_say_why() {
    for (fault, reason) in [
        // A login page in place of the answer, while others are answered.
        (Fault::Html, "forbidden"),
        (Fault::HalfJson, "parse"),
        (Fault::Empty, "parse"),
        (Fault::ServerError, "http_status"),
        (Fault::EndlessBody, "too_large"),
        (Fault::ResetInBody, "reset"),
        (Fault::NotHttp, "parse"),
    ] {
        let phone = phone().await;
        phone.change(|state| state.faults.at(Endpoint::Accounts, fault));
        let daemon = Daemon::start(&config_for(&[&phone])).await;
        let samples = daemon
            .wait("grandstream_endpoint_up", &[("endpoint", "lines")], 1.0)
            .await;
        assert_eq!(samples.value("grandstream_up", &[]), Some(1.0), "{fault:?}");
        let accounts = [("endpoint", "accounts")];
        assert_eq!(
            samples.value("grandstream_endpoint_up", &accounts),
            Some(0.0)
        );
        assert!(
            samples
                .all("grandstream_account_registered", &[])
                .is_empty()
        );
        let found = samples.label("grandstream_poll_error", &[], "reason");
        assert_eq!(found.as_deref(), Some(reason), "{fault:?}");
    }
}

#[tokio::test]
async fn a_phone_that_is_gone_keeps_its_health_and_loses_its_values() {
    let phone = phone().await;
    let config = config_for(&[&phone]).replace("stale_after: 60s", "stale_after: 1s");
    let daemon = Daemon::start(&config).await;
    daemon.wait("grandstream_up", &[], 1.0).await;
    phone.change(|state| state.faults.set(Fault::Refuse));
    // Each part vanishes by its own age, so that one page may still show the last of them.
    let values = [
        "grandstream_account_registered",
        "grandstream_lines",
        "grandstream_phone_status",
        "grandstream_boot_time_seconds",
    ];
    let samples = daemon
        .wait_for("the phone refusing and all values gone", |samples| {
            let shown = |name: &&str| !samples.all(name, &[]).is_empty();
            shown(&"grandstream_poll_error") && !values.iter().any(shown)
        })
        .await;
    assert_eq!(samples.value("grandstream_up", &[]), Some(0.0));
    assert_eq!(samples.value("grandstream_reachable", &[]), Some(0.0));
    assert_eq!(samples.all("grandstream_endpoint_up", &[]).len(), 5);
    assert!(
        samples
            .value("grandstream_poll_last_success_timestamp_seconds", &[])
            .is_some()
    );
    phone.change(|state| state.faults.clear());
    daemon
        .wait("grandstream_account_registered", &[("account", "1")], 1.0)
        .await;
}

#[tokio::test]
async fn one_phone_that_hangs_holds_up_no_other() {
    let mut phones = Vec::new();
    for _ in 0..20 {
        phones.push(phone().await);
    }
    phones[0].change(|state| state.faults.set(Fault::Stall));
    // Slow enough that a machine which does much else keeps up: what counts are polls beside polls.
    let config = config_for(&phones.iter().collect::<Vec<_>>())
        .replace("interval: 200ms", "interval: 500ms")
        .replace("timeout: 20s", "timeout: 6s");
    let daemon = Daemon::start(&config).await;
    let polls = |samples: &Samples, phone: &str| {
        samples.value("grandstream_polls_total", &[("phone", phone)])
    };
    let timeout = [("phone", "p0"), ("reason", "timeout")];
    let samples = daemon
        .wait_for("a timeout, and all others three polls ahead", |samples| {
            let hanging = polls(samples, "p0").unwrap_or_default();
            samples.value("grandstream_poll_error", &timeout) == Some(1.0)
                && (1..20).all(|n| polls(samples, &format!("p{n}")) >= Some(hanging + 3.0))
        })
        .await;
    for n in 0..20 {
        let phone = format!("p{n}");
        let up = samples.value("grandstream_up", &[("phone", &phone)]);
        assert_eq!(up, Some(f64::from(u8::from(n > 0))), "{phone}");
    }
    let skipped = [("reason", "running")];
    assert!(
        samples.value("grandstream_exporter_polls_skipped_total", &skipped) > Some(0.0),
        "late ticks are skipped and counted"
    );
}

#[tokio::test]
async fn a_reboot_is_counted_once_and_moves_the_boot_time_once() {
    let phone = phone().await;
    phone.change(|state| state.behaviour.actions.reboot_takes = Duration::from_millis(300));
    let daemon = Daemon::start(&config_for(&[&phone])).await;
    let before = daemon
        .wait("grandstream_up", &[], 1.0)
        .await
        .value("grandstream_boot_time_seconds", &[])
        .expect("a boot time");
    phone.change(sim::State::reboot);
    let after = daemon.wait("grandstream_reboots_total", &[], 1.0).await;
    let boot = after
        .value("grandstream_boot_time_seconds", &[])
        .expect("a boot time");
    assert!(boot > before + 86_400.0, "{before} to {boot}");
    let polls = after
        .value("grandstream_polls_total", &[])
        .expect("a counter");
    let later = daemon
        .wait_for("three more polls", |samples| {
            samples.value("grandstream_polls_total", &[]) >= Some(polls + 3.0)
        })
        .await;
    assert_eq!(
        later.value("grandstream_boot_time_seconds", &[]),
        Some(boot)
    );
    assert_eq!(later.value("grandstream_reboots_total", &[]), Some(1.0));
    assert_eq!(phone.logins(), 2, "the reboot ended the session");
}

#[tokio::test]
async fn nothing_listens_there_and_no_such_name_are_told_apart() {
    let config = format!(
        "{}
phones:
  - {{ name: refused, address: '127.0.0.1:1', password: x }}
  - {{ name: unknown, address: 'no-such-phone.invalid', password: x }}
",
        crate::harness::QUICK
    );
    let daemon = Daemon::start(&config).await;
    for (phone, reason) in [("refused", "refused"), ("unknown", "dns")] {
        daemon
            .wait(
                "grandstream_poll_error",
                &[("phone", phone), ("reason", reason)],
                1.0,
            )
            .await;
    }
}

#[tokio::test]
async fn a_changed_list_is_taken_over_and_who_stayed_keeps_session_and_counters() {
    let (first, second) = (phone().await, phone().await);
    let directory = tempfile::tempdir().expect("a directory");
    let list = directory.path().join("phones.yaml");
    let entry = |name: &str, phone: &sim::Phone| {
        format!(
            "- {{ name: {name}, address: '{}', password: '{PASSWORD}' }}\n",
            phone.address()
        )
    };
    std::fs::write(&list, entry("a", &first)).expect("written");
    let config = format!("{}\nphone_files: [phones.yaml]\n", crate::harness::QUICK);
    std::fs::write(directory.path().join("config.yaml"), config).expect("written");
    let daemon = Daemon::start_in(directory).await;
    daemon.wait("grandstream_up", &[("phone", "a")], 1.0).await;

    std::fs::write(&list, entry("a", &first) + &entry("b", &second)).expect("written");
    let samples = daemon.wait("grandstream_up", &[("phone", "b")], 1.0).await;
    assert!(samples.value("grandstream_polls_total", &[("phone", "a")]) > Some(1.0));
    assert_eq!(first.logins(), 1);

    std::fs::write(&list, "- { name: b, adress: typo }\n").expect("written");
    let samples = daemon
        .wait(
            "grandstream_exporter_config_last_reload_successful",
            &[],
            0.0,
        )
        .await;
    assert_eq!(
        samples.all("grandstream_up", &[]).len(),
        2,
        "the last good one stays"
    );

    std::fs::write(&list, entry("b", &second)).expect("written");
    let samples = daemon
        .wait(
            "grandstream_exporter_config_last_reload_successful",
            &[],
            1.0,
        )
        .await;
    assert!(samples.all("grandstream_up", &[("phone", "a")]).is_empty());
    assert_eq!(second.logins(), 1);
}

#[tokio::test]
async fn a_thousand_hanging_phones_do_not_hold_up_the_end() {
    let phone = phone().await;
    phone.change(|state| state.faults.set(Fault::Stall));
    let mut config = config_for(&[]);
    for n in 0..1_000 {
        writeln!(
            config,
            "  - {{ name: p{n}, address: '{}', password: x }}",
            phone.address()
        )
        .expect("text");
    }
    let config = config.replace("timeout: 20s", "timeout: 1h");
    let daemon = Daemon::start(&config).await;
    daemon
        .wait_for("polls in flight", |samples| {
            samples.value("grandstream_exporter_polls_in_flight", &[]) > Some(200.0)
        })
        .await;
    let (_, ended) = daemon.stop().await;
    ended.expect("a clean end");
}
