//! Importing and exporting contacts.

use grandstream_exporter::sim::state::phonebook::Contact;
use grandstream_exporter::sim::{Endpoint, Fault};

use super::Bench;

const BOOK: &str = "first,last,group,work,home,mobile,fax,email\n\
                    Ann,Lee,,9,,,,\n\
                    Zoë & Söhne,#1,Team <1>,1,2,+3,4,z@x\n";

async fn bench() -> Bench {
    let bench = Bench::one().await;
    bench.phone().change(|state| {
        for (first, last, work) in [("Ann", "Lee", "1"), ("Bob", "", "2")] {
            let contact = Contact {
                first: first.to_owned(),
                last: last.to_owned(),
                work: work.to_owned(),
                ..Contact::default()
            };
            state.phonebook.add(contact).expect("there is room");
        }
    });
    bench
}

#[tokio::test]
async fn an_import_shows_the_difference_and_a_second_one_has_nothing_to_do() {
    let bench = bench().await;
    let file = bench.file("book.csv", BOOK);
    let import = ["p0", "contacts", "import", &file];
    let run = bench.run(&import).await.ends_with(2);
    run.says("change  Ann Lee")
        .says("work 1 -> 9")
        .says("add     Zoë & Söhne #1")
        .says("group Team <1>, work 1, home 2, mobile +3")
        .says("keep    0 equal, 1 only on the phone")
        .says("use --yes");
    assert!(bench.asked(Endpoint::SaveContact).is_empty());

    bench
        .run(&["p0", "contacts", "import", &file, "--yes"])
        .await
        .ends_with(0);
    let book = bench.phone().change(|state| state.phonebook.clone());
    assert_eq!(book.contacts.len(), 3);
    assert_eq!(
        (&*book.contacts[&0].work, &*book.contacts[&1].work),
        ("9", "2")
    );
    let zoe = &book.contacts[&2];
    assert_eq!(
        (&*zoe.first, &*zoe.last, &*zoe.mobile),
        ("Zoë & Söhne", "#1", "+3")
    );
    assert_eq!(book.groups[&zoe.group], "Team <1>");

    bench
        .run(&["p0", "contacts", "import", &file, "--yes"])
        .await
        .ends_with(0)
        .says("2 equal, 1 only on the phone");
    assert_eq!(bench.asked(Endpoint::SaveContact).len(), 2);
}

#[tokio::test]
async fn what_one_phone_exports_another_imports() {
    for format in ["csv", "xml"] {
        let from = bench().await;
        let file = from.file("book.csv", BOOK);
        from.run(&["p0", "contacts", "import", &file, "--yes"])
            .await
            .ends_with(0);
        let out = from.file("out", "");
        from.run(&["p0", "contacts", "export", "--format", format, "-o", &out])
            .await
            .ends_with(0);
        let to = Bench::one().await;
        to.run(&["p0", "contacts", "import", &out, "--yes"])
            .await
            .ends_with(0);
        let contacts = |bench: &Bench| {
            let book = bench.phone().change(|state| state.phonebook.clone());
            let groups = book.groups;
            let named = |contact: Contact| {
                (
                    groups[&contact.group].clone(),
                    Contact {
                        group: 0,
                        ..contact
                    },
                )
            };
            book.contacts.into_values().map(named).collect::<Vec<_>>()
        };
        assert_eq!(contacts(&to), contacts(&from), "{format}");
    }
}

#[tokio::test]
async fn an_import_that_loses_an_answer_stops_and_can_be_run_again() {
    let bench = bench().await;
    let file = bench.file("book.csv", BOOK);
    bench
        .phone()
        .change(|state| state.faults.once(Endpoint::SaveContact, Fault::LoseAnswer));
    let import = ["p0", "contacts", "import", &file, "--yes"];
    bench
        .run(&import)
        .await
        .ends_with(1)
        .says("sent, answer lost");
    assert_eq!(bench.asked(Endpoint::SaveContact).len(), 1);
    bench.run(&import).await.ends_with(0);
    let contacts = bench.phone().change(|state| state.phonebook.contacts.len());
    assert_eq!(contacts, 3, "nothing was added twice");
}

#[tokio::test]
async fn a_file_that_is_no_phonebook_is_refused_before_any_phone_is_asked() {
    let bench = bench().await;
    for text in ["first,phone\nAnn,1\n", "<html></html>", "first,last\nAnn\n"] {
        let file = bench.file("book", text);
        bench
            .run(&["p0", "contacts", "import", &file, "--yes"])
            .await
            .ends_with(2);
    }
    assert!(bench.phone().requests().is_empty());
}
