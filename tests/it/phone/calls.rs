//! Every call of the guide, each in the five ways it can go.
//!
//! One table: how it is written, what it sends, what it leaves behind. The rows are those of
//! docs/webapi.md, which a test below holds to the simulated phone's own list of endpoints.

use grandstream_exporter::sim::behaviour::session::Denial;
use grandstream_exporter::sim::state::phonebook::Contact;
use grandstream_exporter::sim::{Endpoint, Fault, State};

use super::Bench;

/// One call.
struct Row {
    endpoint: Endpoint,
    /// How it is written after the name of the phone.
    arguments: &'static [&'static str],
    /// Given on stdin.
    stdin: &'static str,
    /// Path and query below `/cgi-bin/` as the phone gets them.
    sent: &'static str,
    /// What stdout shows.
    shows: &'static str,
    /// What is so afterwards.
    leaves: fn(&State) -> bool,
    writes: bool,
    /// A way to write it wrong.
    wrong: &'static [&'static str],
}

const READ: Row = Row {
    endpoint: Endpoint::Accounts,
    arguments: &[],
    stdin: "",
    sent: "",
    shows: "",
    leaves: |_| true,
    writes: false,
    wrong: &[],
};

const WRITE: Row = Row {
    writes: true,
    shows: "done",
    ..READ
};

const ROWS: &[Row] = &[
    Row {
        endpoint: Endpoint::Values,
        arguments: &["values", "get", "P68", "vendor_name", "none"],
        sent: "api-values.get?request=68:vendor_name:none",
        shows: "68           1.0.3.30\nvendor_name  Grandstream\nnone",
        wrong: &["values", "get", "68&P2=x"],
        ..READ
    },
    Row {
        endpoint: Endpoint::PostValues,
        arguments: &["values", "set", "64=Europe/Zürich & #1+%"],
        sent: "api-values.post?P64=Europe%2FZ%C3%BCrich%20%26%20%231%2B%25",
        leaves: |state| state.value("64").as_deref() == Some("Europe/Zürich & #1+%"),
        wrong: &["values", "set", "P2=x"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::ChangePassword,
        arguments: &[
            "change-password",
            "--yes",
            "--clear-text",
            "--old-file",
            "-",
            "--new-file",
            "-",
        ],
        stdin: "correct horse\nnew+%&= word\n",
        sent: "api-change_password?oldadmin=correct%20horse&P2=new%2B%25%26%3D%20word",
        leaves: |state| state.admin.password == "new+%&= word",
        wrong: &[
            "change-password",
            "--yes",
            "--clear-text",
            "--old-file",
            "/none",
        ],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::ChangePassword,
        arguments: &[
            "change-password",
            "--role",
            "user",
            "--yes",
            "--clear-text",
            "--old-file",
            "-",
            "--new-file",
            "-",
        ],
        stdin: "123\n456\n",
        sent: "api-change_password?olduser=123&P196=456",
        leaves: |state| state.user.password == "456",
        wrong: &["change-password", "--role", "guest"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::Contacts,
        arguments: &["contacts", "list"],
        sent: "api-get_contacts",
        shows: "0   Ann Lee  0      1     2     3       4    a@b",
        wrong: &["contacts", "list", "--id", "x"],
        ..READ
    },
    Row {
        endpoint: Endpoint::Contacts,
        arguments: &["contacts", "list", "--id", "0"],
        sent: "api-get_contacts?contactid=0",
        shows: "Ann Lee",
        wrong: &["contacts", "list", "--id", "-1"],
        ..READ
    },
    Row {
        endpoint: Endpoint::Contacts,
        arguments: &["contacts", "list", "--name", "nn L"],
        sent: "api-get_contacts?contactname=nn%20L",
        shows: "Ann Lee",
        wrong: &["contacts", "list", "--name"],
        ..READ
    },
    Row {
        endpoint: Endpoint::Contacts,
        arguments: &["contacts", "list", "--group", "default"],
        sent: "api-get_contacts?groupid=0",
        shows: "Ann Lee",
        wrong: &["contacts", "list", "--group"],
        ..READ
    },
    Row {
        endpoint: Endpoint::SaveContact,
        arguments: &[
            "contacts",
            "add",
            "--first",
            "Zoë & Söhne",
            "--last",
            "#1",
            "--group",
            "team",
            "--work",
            "1",
            "--home",
            "2",
            "--mobile",
            "+3",
            "--fax",
            "4",
            "--email",
            "z@x",
        ],
        sent: "api-save_edit_contact?firstname=Zo%C3%AB%20%26%20S%C3%B6hne&lastname=%231&group=1\
               &newphone1=1&newphone2=2&newphone3=%2B3&newphone4=4&email=z%40x",
        shows: "1",
        leaves: |state| {
            let contact = state.phonebook.contacts.get(&1);
            contact.is_some_and(|contact| {
                contact.name() == "Zoë & Söhne #1" && contact.mobile == "+3" && contact.group == 1
            })
        },
        wrong: &["contacts", "add", "--work", "1"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::SaveContact,
        arguments: &["contacts", "edit", "0", "--home", "77"],
        sent: "api-save_edit_contact?id=0&newphone2=77",
        shows: "0",
        leaves: |state| {
            let contact = state.phonebook.contacts.get(&0);
            contact.is_some_and(|contact| contact.home == "77" && contact.work == "1")
        },
        wrong: &["contacts", "edit", "x"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::DeleteContact,
        arguments: &["contacts", "delete", "0", "--yes"],
        sent: "api-delete_contact?id=0",
        leaves: |state| state.phonebook.contacts.is_empty(),
        wrong: &["contacts", "delete", "x", "--yes"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::DeleteAllContacts,
        arguments: &["contacts", "delete-all", "--yes"],
        sent: "api-delete_all_contact",
        leaves: |state| state.phonebook.contacts.is_empty(),
        wrong: &["contacts", "delete-all", "0", "--yes"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::AddGroup,
        arguments: &["groups", "add", "Zoë & Söhne #1"],
        sent: "api-add_group?name=Zo%C3%AB%20%26%20S%C3%B6hne%20%231",
        shows: "2",
        leaves: |state| {
            state
                .phonebook
                .groups
                .get(&2)
                .is_some_and(|name| name == "Zoë & Söhne #1")
        },
        wrong: &["groups", "add", " "],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::Groups,
        arguments: &["groups", "list"],
        sent: "api-get_groups",
        shows: "0    default\n1    team\n100  blacklist",
        wrong: &["groups", "list", "--id", "team"],
        ..READ
    },
    Row {
        endpoint: Endpoint::Groups,
        arguments: &["groups", "list", "--id", "1"],
        sent: "api-get_groups?id=1",
        shows: "1   team",
        wrong: &["groups", "list", "--id", "-1"],
        ..READ
    },
    Row {
        endpoint: Endpoint::EditGroup,
        arguments: &["groups", "rename", "team", "crew"],
        sent: "api-edit_delete_group?id=1&name=crew",
        leaves: |state| {
            state
                .phonebook
                .groups
                .get(&1)
                .is_some_and(|name| name == "crew")
        },
        wrong: &["groups", "rename", "team", ""],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::EditGroup,
        arguments: &["groups", "delete", "team", "--yes"],
        sent: "api-edit_delete_group?id=1&name=",
        leaves: |state| !state.phonebook.groups.contains_key(&1),
        wrong: &["groups", "delete", "--yes"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::Accounts,
        arguments: &["accounts"],
        sent: "api-get_accounts",
        shows: "1        registered  pbx.example.com  699",
        wrong: &["accounts", "1"],
        ..READ
    },
    Row {
        endpoint: Endpoint::Accounts,
        arguments: &["accounts", "--registered"],
        sent: "api-get_accounts?registered=true",
        shows: "699",
        wrong: &["accounts", "--registered=maybe"],
        ..READ
    },
    Row {
        endpoint: Endpoint::Lines,
        arguments: &["lines"],
        sent: "api-get_line_status",
        shows: "4     idle     0",
        wrong: &["lines", "x"],
        ..READ
    },
    Row {
        endpoint: Endpoint::Lines,
        arguments: &["lines", "2"],
        sent: "api-get_line_status?line=1",
        shows: "2     ringing  2",
        wrong: &["lines", "0"],
        ..READ
    },
    Row {
        endpoint: Endpoint::PhoneStatus,
        arguments: &["status"],
        sent: "api-get_phone_status",
        shows: "ringing",
        wrong: &["status", "x"],
        ..READ
    },
    Row {
        endpoint: Endpoint::Time,
        arguments: &["time"],
        sent: "api-get_time",
        shows: "21d 1h",
        wrong: &["time", "x"],
        ..READ
    },
    Row {
        endpoint: Endpoint::MakeCall,
        arguments: &["call", "+49 123#4", "--account", "2"],
        sent: "api-make_call?phonenumber=%2B49%20123%234&account=1",
        leaves: |state| state.lines[0].number == "+49 123#4" && state.lines[0].account == Some(1),
        wrong: &["call", "1", "--account", "0"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::PhoneOperation,
        arguments: &["line", "end", "3"],
        sent: "api-phone_operation?cmd=endcall&line=2",
        leaves: |state| state.lines[2].state == 0,
        wrong: &["line", "end", "0"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::PhoneOperation,
        arguments: &["line", "hold", "3"],
        sent: "api-phone_operation?cmd=holdcall&line=2",
        leaves: |state| state.lines[2].state == 5,
        wrong: &["line", "hold"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::PhoneOperation,
        arguments: &["line", "accept", "2"],
        sent: "api-phone_operation?cmd=acceptcall&line=1",
        leaves: |state| state.lines[1].state == 4,
        wrong: &["line", "accept", "x"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::PhoneOperation,
        arguments: &["line", "reject", "2"],
        sent: "api-phone_operation?cmd=rejectcall&line=1",
        leaves: |state| state.lines[1].state == 0,
        wrong: &["line", "dance", "2"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::SystemOperation,
        arguments: &["reboot", "--yes"],
        sent: "api-sys_operation?request=REBOOT",
        leaves: |state| state.counters.reboots == 1,
        wrong: &["reboot"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::SystemOperation,
        arguments: &["factory-reset", "--yes"],
        sent: "api-sys_operation?request=RESET",
        leaves: |state| state.phonebook.contacts.is_empty() && state.admin.password == "admin",
        wrong: &["factory-reset"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::SystemOperation,
        arguments: &["provision", "--yes"],
        sent: "api-sys_operation?request=PROV",
        leaves: |state| state.value("64").as_deref() == Some("CET"),
        wrong: &["provision"],
        ..WRITE
    },
    Row {
        endpoint: Endpoint::PhonebookDownload,
        arguments: &["phonebook", "download"],
        sent: "phonebook_download",
        shows: "<FirstName>Ann</FirstName>",
        wrong: &["phonebook", "upload"],
        ..READ
    },
];

impl Row {
    /// A phone on which everything in the table can be done.
    async fn bench(&self) -> Bench {
        let bench = Bench::one().await;
        bench.phone().change(|state| {
            state.phonebook.add(Contact {
                first: "Ann".to_owned(),
                last: "Lee".to_owned(),
                group: 0,
                work: "1".to_owned(),
                home: "2".to_owned(),
                mobile: "3".to_owned(),
                fax: "4".to_owned(),
                email: "a@b".to_owned(),
            });
            state.phonebook.add_group("team");
            state.lines[1].ring("Secret Name", "5550100");
            state.lines[2].ring("", "1");
            state.lines[2].accept();
            state.staged.values.insert("64".into(), "CET".into());
        });
        bench
    }

    async fn run(&self, bench: &Bench, more: &[&str]) -> super::Run {
        let arguments = [&["p0"], self.arguments, more].concat();
        bench.run_with(&arguments, self.stdin).await
    }

    fn is_done(&self, bench: &Bench) -> bool {
        bench.phone().change(|state| (self.leaves)(state))
    }
}

/// Runs `check` for each row.
async fn each(rows: impl Iterator<Item = &'static Row>, check: impl AsyncFn(&Row)) {
    for row in rows {
        check(row).await;
    }
}

#[tokio::test]
async fn it_does_what_the_guide_says() {
    each(ROWS.iter(), async |row| {
        let bench = row.bench().await;
        let run = row.run(&bench, &[]).await.ends_with(0).says(row.shows);
        assert!(!run.shown().contains("Secret Name"), "{}", run.shown());
        let sent = bench.asked(row.endpoint);
        let sent: Vec<_> = sent.iter().map(|request| request.target.as_str()).collect();
        let expect = format!("/cgi-bin/{}", row.sent);
        assert!(sent.contains(&&*expect), "{expect} not in {sent:?}");
        assert!(row.is_done(&bench), "{}", row.sent);
        let record = bench.audit();
        assert_eq!(record.contains("\"done\""), row.writes, "{record}");
    })
    .await;
}

#[tokio::test]
async fn json_says_the_same_for_programs() {
    each(ROWS.iter(), async |row| {
        let bench = row.bench().await;
        let run = row.run(&bench, &["--json"]).await.ends_with(0);
        assert!(!run.json().is_null(), "{}", run.shown());
    })
    .await;
}

#[tokio::test]
async fn a_role_that_may_not_is_told_so_and_logs_in_once() {
    each(ROWS.iter(), async |row| {
        let bench = row.bench().await;
        bench.phone().change(|state| {
            let session = &mut state.behaviour.session;
            session.forbidden.insert(row.endpoint, Denial::Status401);
        });
        let run = row.run(&bench, &[]).await.ends_with(1);
        // Where the refused read is itself what proves a session, another one proves it.
        run.says("forbidden");
        assert_eq!(bench.phone().logins(), 1, "{}", row.sent);
        assert!(!row.writes || !row.is_done(&bench), "{}", row.sent);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_argument_ends_with_2_and_reaches_no_phone() {
    each(ROWS.iter(), async |row| {
        let bench = row.bench().await;
        let arguments = [&["p0"], row.wrong].concat();
        bench.run(&arguments).await.ends_with(2);
        assert_eq!(bench.asked(row.endpoint).len(), 0, "{arguments:?}");
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_is_renewed_once() {
    each(ROWS.iter(), async |row| {
        let bench = row.bench().await;
        bench
            .phone()
            .change(|state| state.faults.once(row.endpoint, Fault::EndSessions));
        row.run(&bench, &[]).await.ends_with(0).says(row.shows);
        assert_eq!(bench.phone().logins(), 2, "{}", row.sent);
        assert!(row.is_done(&bench), "{}", row.sent);
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_of_a_write_is_told_and_the_write_is_not_sent_again() {
    each(ROWS.iter().filter(|row| row.writes), async |row| {
        let bench = row.bench().await;
        bench
            .phone()
            .change(|state| state.faults.once(row.endpoint, Fault::LoseAnswer));
        let run = row.run(&bench, &[]).await.ends_with(1);
        run.says("sent, answer lost");
        assert_eq!(bench.asked(row.endpoint).len(), 1, "{}", row.sent);
        assert!(row.is_done(&bench), "{}", row.sent);
        assert!(bench.audit().contains("\"lost\""), "{}", bench.audit());
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_sends_no_write_and_shows_it_masked() {
    each(ROWS.iter().filter(|row| row.writes), async |row| {
        let bench = row.bench().await;
        let before = bench.phone().change(|state| state.phonebook.clone());
        let run = row.run(&bench, &["--dry-run"]).await.ends_with(0);
        assert_eq!(bench.asked(row.endpoint).len(), 0, "{}", row.sent);
        assert_eq!(
            bench.phone().change(|state| state.phonebook.clone()),
            before
        );
        let path = format!("GET http://{}/cgi-bin/", bench.phone().address());
        let run = run.says(&path).says(row.endpoint.name());
        // A port may have the digits of a password.
        let shown = run.shown().replace(&path, "");
        for secret in row.stdin.lines() {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert_eq!(bench.audit(), "");
    })
    .await;
}

#[test]
fn every_endpoint_of_the_guide_has_its_rows_here_and_in_the_docs() {
    let docs = include_str!("../../../docs/webapi.md");
    for endpoint in Endpoint::ALL {
        if matches!(endpoint, Endpoint::Realm | Endpoint::Login) {
            continue;
        }
        assert!(
            ROWS.iter().any(|row| row.endpoint == *endpoint),
            "{endpoint:?} has no row"
        );
    }
    for row in ROWS {
        let query = row.sent.split_once('?').map_or("", |(_, query)| query);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, _) = pair.split_once('=').expect("a pair");
            let line = docs.lines().find(|line| {
                line.contains(&format!("`{}`", row.endpoint.name()))
                    && line.contains(&format!("`{name}`"))
            });
            let is_value = row.endpoint == Endpoint::PostValues;
            assert!(is_value || line.is_some(), "docs: {} {name}", row.sent);
        }
        let command = row.arguments[0];
        let line = docs.lines().find(|line| {
            line.contains(&format!("`{}`", row.endpoint.name()))
                && line.contains(&format!("`{command}"))
        });
        assert!(line.is_some(), "docs: {} `{command}`", row.endpoint.name());
    }
    for line in docs.lines().filter(|line| line.starts_with("| `")) {
        let name = line.split('`').nth(1).expect("a name");
        assert!(
            Endpoint::ALL.iter().any(|endpoint| endpoint.name() == name),
            "docs: there is no endpoint {name}"
        );
        // Spellings that the guide has and nobody sends, and the login, which has its own tests.
        let unsent = ["Id", "Line", "P…", "Username", "Secret"];
        let parameters = line.split('|').nth(2).expect("a column");
        for parameter in parameters.split('`').skip(1).step_by(2) {
            let is_sent = ROWS.iter().any(|row| {
                row.endpoint.name() == name
                    && row
                        .sent
                        .split(['?', '&'])
                        .any(|pair| pair.split('=').next() == Some(parameter))
            });
            assert!(
                is_sent || unsent.contains(&parameter),
                "docs: `{name}` is never sent `{parameter}`"
            );
        }
    }
}
