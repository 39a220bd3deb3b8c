//! One command over many phones.

use std::time::Duration;

use grandstream_exporter::sim::{self, Behaviour, Endpoint, Fault};

use super::Bench;
use crate::harness::{PASSWORD, spec};

fn phone(reboot_takes: Duration) -> sim::Spec {
    let mut behaviour = Behaviour::default();
    behaviour.actions.reboot_takes = reboot_takes;
    spec(behaviour)
}

fn some(count: usize) -> Vec<sim::Spec> {
    (0..count)
        .map(|_| phone(Duration::from_millis(1)))
        .collect()
}

fn rebooted(bench: &Bench) -> Vec<usize> {
    let phones = bench.phones.iter().enumerate();
    phones
        .filter(|(_, phone)| phone.counters().reboots > 0)
        .map(|(n, _)| n)
        .collect()
}

#[tokio::test]
async fn of_200_phones_with_10_dead_190_are_rebooted_and_10_are_listed() {
    let specs = (0..200).map(|n| sim::Spec {
        fault: (n % 20 == 7).then_some(Fault::Refuse),
        remembered_requests: 16,
        ..phone(Duration::from_secs(60))
    });
    let bench = Bench::of(specs.collect()).await;
    let run = bench
        .run(&["--all", "reboot", "--yes", "--jobs", "32"])
        .await;
    let run = run.ends_with(1).says("190 of 200 phones done, 10 not");
    for n in (0..200).filter(|n| n % 20 == 7) {
        let listed = run.stderr.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(&*format!("p{n}")) && words.next() == Some("reset")
        });
        assert!(listed, "p{n} is not listed: {}", run.stderr);
    }
    assert_eq!(rebooted(&bench).len(), 190);
    for phone in &bench.phones {
        let requests = phone.requests();
        let sent = requests
            .iter()
            .filter(|request| request.endpoint == Some(Endpoint::SystemOperation));
        assert!(sent.count() <= 1, "nothing is sent twice");
    }
    let done = bench.audit().matches("\"result\":\"done\"").count();
    assert_eq!(done, 190);
}

#[tokio::test]
async fn labels_choose_and_a_table_and_json_tell_of_each() {
    let bench = Bench::of(some(4)).await;
    let entries: String = (0..4)
        .map(|n| {
            let more = format!(", site: s{}, labels: {{ floor: '{}' }}", n % 2, n / 2);
            bench.entry(n, &more)
        })
        .collect();
    bench.configure("", &entries);
    let run = bench
        .run(&["--label", "site=s1", "status"])
        .await
        .ends_with(0);
    assert_eq!(
        run.stdout,
        "PHONE  STATUS\np1     available\np3     available\n"
    );
    bench.phones[3].change(|state| state.faults.set(Fault::Refuse));
    let run = bench
        .run(&[
            "--label", "site=s1", "--label", "floor=1", "status", "--json",
        ])
        .await
        .ends_with(1);
    assert_eq!(run.json()["phone"], "p3");
    assert_eq!(run.json()["error"]["reason"], "reset");
    assert!(bench.phones[0].requests().is_empty());
}

#[tokio::test]
async fn phones_in_a_call_are_spared_unless_told_otherwise() {
    let bench = Bench::of(some(3)).await;
    bench.phones[1].change(|state| state.lines[2].ring("", "1"));
    let run = bench.run(&["--all", "reboot", "--yes"]).await.ends_with(1);
    run.says("2 of 3 phones done, 1 not")
        .says("in a call on line 3");
    assert_eq!(rebooted(&bench), [0, 2]);
    bench.run(&["p1", "provision", "--yes"]).await.ends_with(0);
    bench
        .run(&["--label", "site=x", "reboot", "--yes"])
        .await
        .ends_with(2);
    bench
        .run(&["--all", "reboot", "--yes", "--even-in-call"])
        .await
        .ends_with(0);
    assert_eq!(rebooted(&bench), [0, 1, 2]);
}

#[tokio::test]
async fn a_batch_waits_for_its_phones_and_too_many_failures_end_the_run_until_it_is_resumed() {
    let bench = Bench::of(some(6)).await;
    let password = |n: usize, password: &str| {
        bench.phones[n].change(|state| state.admin.password = password.to_owned());
    };
    password(2, "another");
    let reboot = [
        "--all",
        "reboot",
        "--yes",
        "--batch",
        "2",
        "--wait-up",
        "60s",
        "--stop-after",
        "1",
    ];
    let run = bench.run(&reboot).await.ends_with(1);
    run.says("3 of 6 phones done, 3 not")
        .says("not tried: 1 phone failed before it");
    assert_eq!(rebooted(&bench), [0, 1, 3]);

    password(2, PASSWORD);
    // Other credentials than those that were refused are free to be tried at once.
    bench.file("good", PASSWORD);
    bench.file("older", "old");
    let entry = bench
        .entry(2, "")
        .replace(&format!("password: '{PASSWORD}'"), "credential: c");
    let entries: String = (0..6)
        .map(|n| {
            if n == 2 {
                entry.clone()
            } else {
                bench.entry(n, "")
            }
        })
        .collect();
    bench.configure(
        "credentials: { c: { password_files: [good, older] } }",
        &entries,
    );
    let resumed = [&reboot[..], &["--resume"]].concat();
    let run = bench.run(&resumed).await.ends_with(0);
    run.says("3 phones done by the last run");
    assert_eq!(rebooted(&bench), [0, 1, 2, 3, 4, 5]);
    for phone in &bench.phones {
        assert_eq!(phone.counters().reboots, 1);
    }
    assert!(!bench.path().join("state/resume-reboot").exists());
}

#[tokio::test]
async fn a_phone_that_does_not_come_back_is_told_as_such() {
    let bench = Bench::of(vec![phone(Duration::from_secs(600))]).await;
    bench
        .run(&["p0", "reboot", "--yes", "--wait-up", "1500ms"])
        .await
        .ends_with(1)
        .says("not back within 1s 500ms");
}
