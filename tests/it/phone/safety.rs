//! What keeps an operator from harm: questions, secrets, roles, the login ledger, the right device.

use grandstream_exporter::sim::{self, Behaviour, Endpoint, Fault};

use super::Bench;
use crate::harness::{PASSWORD, spec};

#[tokio::test]
async fn what_asks_ends_with_2_where_nobody_can_be_asked() {
    let bench = Bench::one().await;
    bench.phone().change(|state| {
        state.phonebook.add_group("team");
    });
    let file = bench.file("book.csv", "first,last\nAnn,Lee\n");
    let writes: [&[&str]; 8] = [
        &["p0", "reboot"],
        &["p0", "factory-reset"],
        &["p0", "provision"],
        &["p0", "contacts", "delete-all"],
        &["p0", "contacts", "import", &file],
        &["p0", "groups", "delete", "team"],
        &["--all", "values", "set", "64=x"],
        &["--all", "contacts", "add", "--first", "Ann"],
    ];
    for arguments in writes {
        bench.run(arguments).await.ends_with(2).says("use --yes");
    }
    let written = bench.phone().requests().into_iter().any(|request| {
        !matches!(
            request.endpoint,
            Some(
                Endpoint::Realm
                    | Endpoint::Login
                    | Endpoint::Contacts
                    | Endpoint::Groups
                    | Endpoint::PhonebookDownload
            )
        )
    });
    assert!(!written);
    assert_eq!(bench.audit(), "");
}

#[tokio::test]
async fn secrets_do_not_travel_in_the_clear_unless_told_to() {
    let bench = Bench::one().await;
    let old = bench.file("old", PASSWORD);
    let new = bench.file("new", "sesame+&%=\n");
    let change = [
        "p0",
        "change-password",
        "--yes",
        "--old-file",
        &old,
        "--new-file",
        &new,
    ];
    bench.run(&change).await.ends_with(2).says("--clear-text");
    let set = format!("P34={new}");
    let set = ["p0", "values", "set", "--secret-file", &set];
    bench.run(&set).await.ends_with(2).says("--clear-text");
    assert!(bench.phone().requests().is_empty());

    let run = bench.run(&[&set[..], &["--clear-text"]].concat()).await;
    let shown = run.ends_with(0).shown();
    let run = bench.run(&[&change[..], &["--clear-text"]].concat()).await;
    let run = run.ends_with(0).says("config.yaml:5: password");
    assert_eq!(
        bench.phone().change(|state| state.admin.password.clone()),
        "sesame+&%="
    );
    let record = bench.audit();
    for secret in ["sesame", "correct"] {
        assert!(!run.shown().contains(secret), "{}", run.shown());
        assert!(
            !shown.contains(secret) && !record.contains(secret),
            "{record}"
        );
    }
    assert!(record.contains("oldadmin=(secret)&P2=(secret)"), "{record}");
}

#[tokio::test]
async fn secrets_are_neither_read_nor_taken_from_the_command_line() {
    let bench = Bench::one().await;
    for key in ["2", "P196", "p0034", "admin_password"] {
        bench
            .run(&["p0", "values", "get", key])
            .await
            .ends_with(2)
            .says("never read");
        let run = bench
            .run(&["p0", "values", "set", &format!("{key}=sesame")])
            .await;
        let run = run.ends_with(2).says("--secret-file");
        assert!(!run.shown().contains("sesame"));
    }
    assert!(bench.phone().requests().is_empty());
}

#[tokio::test]
async fn the_operator_logs_in_where_there_is_one() {
    let bench = Bench::one().await;
    bench.file("reader", "123");
    bench.file("operator", PASSWORD);
    let reader = "r: { username: user, password_file: reader";
    let entry = |bench: &Bench| {
        format!(
            "  - {{ name: p0, address: '{}', credential: r }}\n",
            bench.phone().address()
        )
    };
    bench.configure(&format!("credentials: {{ {reader} }} }}"), &entry(&bench));
    bench
        .run(&["p0", "provision", "--yes"])
        .await
        .ends_with(1)
        .says("forbidden")
        .says("role admin");
    let operator = "operator: { password_file: operator }";
    bench.configure(
        &format!("credentials: {{ {reader}, {operator} }} }}"),
        &entry(&bench),
    );
    bench.run(&["p0", "provision", "--yes"]).await.ends_with(0);
    let users: Vec<_> = bench
        .asked(Endpoint::Login)
        .iter()
        .filter_map(|request| request.param("Username").map(str::to_owned))
        .collect();
    assert_eq!(users, ["user", "gmiadmin"]);
}

#[tokio::test]
async fn commands_run_again_and_again_do_not_lock_a_phone() {
    let bench = Bench::one().await;
    bench
        .phone()
        .change(|state| state.admin.password = "another".to_owned());
    for call in [
        ["accounts"].as_slice(),
        &["groups", "add", "x"],
        &["lines"],
        &["time"],
        &["lines"],
    ] {
        bench
            .run(&[&["p0"], call].concat())
            .await
            .ends_with(1)
            .says("auth");
    }
    let refusals = bench.phone().refusals();
    assert!(refusals <= 2, "{refusals} refusals");
}

#[tokio::test]
async fn a_wrong_password_of_the_operator_leaves_the_reader_alone() {
    let bench = Bench::one().await;
    bench.file("reader", PASSWORD);
    bench.file("operator", "wrong");
    let operator = "operator: { username: user, password_file: operator }";
    let credentials =
        |operator: &str| format!("credentials: {{ r: {{ password_file: reader {operator} }} }}");
    let address = bench.phone().address();
    let entry = format!("  - {{ name: p0, address: '{address}', credential: r }}\n");
    bench.configure(&credentials(&format!(", {operator}")), &entry);
    for _ in 0..4 {
        bench.run(&["p0", "lines"]).await.ends_with(1).says("auth");
    }
    let refusals = bench.phone().refusals();
    assert!(refusals <= 2, "{refusals} refusals");
    bench.configure(&credentials(""), &entry);
    bench.run(&["p0", "lines"]).await.ends_with(0);

    // A lock that the reader met holds the operator too.
    bench.phone().change(|state| {
        state.behaviour.lockout.after = 1;
        state.admin.password = "another".to_owned();
        state.end_sessions();
    });
    for _ in 0..2 {
        bench.run(&["p0", "lines"]).await.ends_with(1);
    }
    bench.file("operator", "123");
    bench.configure(&credentials(&format!(", {operator}")), &entry);
    let before = bench.phone().requests().len();
    bench
        .run(&["p0", "lines"])
        .await
        .ends_with(1)
        .says("locked");
    assert_eq!(bench.phone().requests().len(), before);
}

#[tokio::test]
async fn another_device_gets_neither_password_nor_write() {
    let bench = Bench::one().await;
    bench.configure("", &bench.entry(0, ", mac: '00:0b:82:00:00:01'"));
    bench
        .run(&["p0", "groups", "add", "x"])
        .await
        .ends_with(1)
        .says("identity");
    assert!(bench.asked(Endpoint::Login).is_empty());
    assert!(bench.asked(Endpoint::AddGroup).is_empty());
    bench.configure("", &bench.entry(0, ", mac: '00:0b:82:a1:b2:c3'"));
    bench.run(&["p0", "groups", "add", "x"]).await.ends_with(0);
}

#[tokio::test]
async fn a_device_that_cannot_be_asked_who_it_is_gets_no_write() {
    let bench = Bench::one().await;
    bench.configure("", &bench.entry(0, ", mac: '00:0b:82:a1:b2:c3'"));
    let fail = |state: &mut sim::State| state.faults.at(Endpoint::Values, Fault::ServerError);
    bench.phone().change(fail);
    bench
        .run(&["p0", "groups", "add", "x"])
        .await
        .ends_with(1)
        .says("http_status");
    assert!(bench.asked(Endpoint::AddGroup).is_empty());
}

#[tokio::test]
async fn a_write_that_cannot_be_recorded_is_not_sent() {
    let bench = Bench::one().await;
    bench.file("state", "a file where a directory should be");
    bench.run(&["p0", "groups", "add", "x"]).await.ends_with(1);
    assert!(bench.phone().requests().is_empty());
}

#[tokio::test]
async fn what_the_phone_cannot_do_is_told_as_rejected() {
    let bench = Bench::one().await;
    let rejected: [&[&str]; 4] = [
        &["p0", "call", "1", "--account", "9"],
        &["p0", "line", "accept", "1"],
        &["p0", "line", "end", "99"],
        &["p0", "contacts", "edit", "77", "--work", "1"],
    ];
    for arguments in rejected {
        bench.run(arguments).await.ends_with(1).says("rejected");
    }
    let missing: [&[&str]; 3] = [
        &["p0", "contacts", "delete", "77", "--yes"],
        &["p0", "groups", "delete", "crew", "--yes"],
        &["p0", "contacts", "add", "--first", "Ann", "--group", "crew"],
    ];
    for arguments in missing {
        bench.run(arguments).await.ends_with(1).says("no_such");
    }
}

#[tokio::test]
async fn a_wrong_phone_or_choice_ends_with_2() {
    let bench = Bench::one().await;
    let wrong: [&[&str]; 5] = [
        &["nobody", "status"],
        &["status"],
        &["p0", "--all", "status"],
        &["--label", "site=nowhere", "status"],
        &["p0"],
    ];
    for arguments in wrong {
        bench.run(arguments).await.ends_with(2);
    }
}

#[tokio::test]
async fn a_phone_that_is_dead_is_told_with_its_mend() {
    let bench = Bench::of(vec![sim::Spec {
        fault: Some(Fault::Refuse),
        ..spec(Behaviour::default())
    }])
    .await;
    bench
        .run(&["p0", "status"])
        .await
        .ends_with(1)
        .says("p0: reset: ")
        .says("check the network path");
}

#[tokio::test]
async fn a_typo_costs_three_phones_also_where_a_command_goes_over_all() {
    let specs = (0..8).map(|_| spec(Behaviour::default()));
    let bench = Bench::of(specs.collect()).await;
    let entries = (0..8).map(|n| bench.entry(n, "").replace(PASSWORD, "a typo"));
    bench.configure("", &entries.collect::<String>());
    let over_all: [&[&str]; 3] = [
        &["phone", "--all", "accounts"],
        &["probe", "--all"],
        &["phone", "--all", "status"],
    ];
    for arguments in over_all {
        let run = bench.program(arguments, "").await;
        run.ends_with(1).says("auth");
        let mut refusals: Vec<_> = bench.phones.iter().map(sim::Phone::refusals).collect();
        refusals.sort_unstable();
        assert_eq!(refusals, [0, 0, 0, 0, 0, 2, 2, 2], "{arguments:?}");
    }

    let entries = (0..8).map(|n| bench.entry(n, ""));
    bench.configure("", &entries.collect::<String>());
    bench.program(&["probe", "--all"], "").await.ends_with(0);
}
