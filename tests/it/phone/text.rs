//! Any text in any field survives being saved and read back.
//!
//! Through the client itself, so that many texts can be tried; the tests beside go through the
//! program.

use std::time::Duration;

use grandstream_exporter::fleet::guard::{Habits, LoginOutcome, SecretFormat};
use grandstream_exporter::sim;
use grandstream_exporter::sim::state::phonebook::Phonebook;
use grandstream_exporter::webapi::calls::get_contacts::Filter;
use grandstream_exporter::webapi::calls::post_values::NewValue;
use grandstream_exporter::webapi::calls::save_contact::Fields;
use grandstream_exporter::webapi::calls::values::{self, ValueKey};
use grandstream_exporter::webapi::calls::{
    add_group, delete_all_contacts, get_contacts, get_groups, post_values, save_contact,
};
use grandstream_exporter::webapi::{CallError, Client, Control, Target};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;
use tokio::time::Instant;

struct Bench {
    runtime: Runtime,
    phone: sim::Phone,
    client: Client,
}

impl Bench {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let phone = runtime.block_on(sim::Phone::start(sim::Spec::default()));
        let target = Target {
            host: "127.0.0.1".into(),
            port: phone.address().port(),
            tls: None,
            connect_timeout: Duration::from_secs(20),
            attempts: 2,
            keeps_connection: false,
        };
        let mut client = Client::new(target, Habits::default());
        let login = runtime.block_on(async {
            client.open(Instant::now() + Duration::from_secs(600));
            let realm = client.realm().await.expect("a realm");
            client
                .login(realm, "gmiadmin", &"admin".into(), SecretFormat::Colon)
                .await
        });
        assert_eq!(login.outcome, LoginOutcome::Accepted);
        Self {
            runtime,
            phone,
            client,
        }
    }

    fn send<T>(&mut self, call: &grandstream_exporter::webapi::Call<T>) -> Result<T, CallError> {
        self.runtime
            .block_on(Control::new(&mut self.client).send(call))
    }
}

/// Text of every kind: letters of all scripts, control characters, what JSON, XML, HTTP and URLs
/// find special.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,24}",
        "(?s).{0,24}",
        "[ +%&=#?/\\\\\"'<>:;,{}\\[\\]@\r\n\t\u{0}\u{FEFF}]{0,24}",
        Just("authentication required".to_owned()),
        Just("unauthorized".to_owned()),
        Just("&#10;%00%C3%28".to_owned()),
    ]
}

fn runner() -> TestRunner {
    TestRunner::new(Config {
        cases: 96,
        failure_persistence: None,
        ..Config::default()
    })
}

#[test]
fn any_text_in_any_field_of_a_contact_survives() {
    let bench = std::cell::RefCell::new(Bench::new());
    let fields = proptest::array::uniform7(text());
    let survives = |fields: [String; 7]| {
        let mut bench = bench.borrow_mut();
        let [first, last, work, home, mobile, fax, email] = fields;
        // A contact without any name is none.
        let first = format!("x{first}");
        let some = |text: &String| Some(text.clone());
        let saved = Fields {
            first: some(&first),
            last: some(&last),
            group: None,
            work: some(&work),
            home: some(&home),
            mobile: some(&mobile),
            fax: some(&fax),
            email: some(&email),
        };
        bench.send(&delete_all_contacts::call()).expect("emptied");
        bench
            .send(&save_contact::call(None, &saved))
            .expect("saved");
        let read = bench
            .send(&get_contacts::call(&Filter::default()))
            .expect("read");
        prop_assert_eq!(read.len(), 1);
        // The phone joins the names.
        let joined = format!("{first} {last}");
        prop_assert_eq!(&read[0].name, joined.trim());
        prop_assert_eq!(&read[0].work, &work);
        prop_assert_eq!(&read[0].home, &home);
        prop_assert_eq!(&read[0].mobile, &mobile);
        prop_assert_eq!(&read[0].fax, &fax);
        prop_assert_eq!(&read[0].email, &email);
        let kept = bench.phone.change(|state| state.phonebook.clone());
        let kept = kept.contacts.into_values().next().expect("a contact");
        prop_assert_eq!((kept.first, kept.last), (first, last));
        Ok(())
    };
    runner()
        .run(&fields, survives)
        .expect("every text survives");
}

#[test]
fn any_text_survives_as_a_value_and_as_the_name_of_a_group() {
    let bench = std::cell::RefCell::new(Bench::new());
    let key = ValueKey::parse("P1362").expect("a key");
    let survives = |text: String| {
        let mut bench = bench.borrow_mut();
        let value = NewValue::Open(text.clone());
        bench
            .send(&post_values::call(&[(key.clone(), value)]))
            .expect("written");
        let call = values::calls(std::slice::from_ref(&key))
            .next()
            .expect("a call");
        let read = bench.send(&call).expect("read");
        prop_assert_eq!(read, vec![("1362".to_owned(), text.clone())]);
        bench
            .phone
            .change(|state| state.phonebook = Phonebook::default());
        let name = format!("x{text}");
        bench.send(&add_group::call(&name)).expect("added");
        let groups = bench.send(&get_groups::call(None)).expect("read");
        prop_assert!(groups.iter().any(|group| group.name == name));
        Ok(())
    };
    runner()
        .run(&text(), survives)
        .expect("every text survives");
}

#[test]
fn text_that_no_phone_takes_is_refused_before_it_is_sent() {
    let mut bench = Bench::new();
    let long = add_group::call(&"ä".repeat(2_000));
    assert_eq!(bench.send(&long), Err(CallError::TooLong));
    let groups = bench.send(&get_groups::call(None)).expect("read");
    assert_eq!(groups.len(), 2);
}
