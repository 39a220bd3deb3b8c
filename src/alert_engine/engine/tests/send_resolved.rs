//! A receiver with `send_resolved: false`: it is never notified of an end, whatever waited meanwhile.

use crate::alert_engine::engine::tests::*;

/// The same settings without resolved notifications.
fn silent(rules: impl IntoIterator<Item = Rule>) -> Settings {
    let mut settings = settings(rules);
    for receiver in &mut settings.receivers {
        let receiver = Arc::get_mut(receiver).expect("the only owner");
        receiver.route.send_resolved = false;
    }
    settings
}

fn polled(phone: &str, n: u64) -> Sample {
    Sample::new(phone).polled(minute(n))
}

/// Hands changed settings to the engine.
fn reload(office: &mut Office, n: u64, settings: Settings) {
    let settings = Arc::new(settings);
    let reloaded = office.command(n, |done| Command::Reload { settings, done });
    assert_eq!(reloaded, Ok(()));
}

#[test]
fn no_end_is_notified_and_what_fires_again_is_new() {
    let mut office = Office::of(silent([down()]));
    office.minute(0, [polled("a", 0).down(), polled("b", 0).down()]);
    office.minute(1, [polled("a", 1).up(), polled("b", 1).down()]);
    office.minute(2, [polled("a", 2).down(), polled("b", 2).down()]);
    office.minute(3, [polled("a", 3).up(), polled("b", 3).up()]);
    office.restart(4);
    office.minute(4, [polled("a", 4).up(), polled("b", 4).up()]);
    office.told(&["0: [Down a, Down b] []", "2: [Down a, Down b] []"]);
}

#[test]
fn what_waited_names_only_what_still_fires_and_nothing_is_left_where_nothing_does() {
    let mut office = Office::of(silent([down()]));
    office.door = Door::Closed;
    office.minute(0, [polled("a", 0).down(), polled("b", 0).down()]);
    office.door = Door::Open;
    office.minute(1, [polled("a", 1).up(), polled("b", 1).down()]);
    office.minute(3, [polled("a", 3).up(), polled("b", 3).down()]);
    let tried = "0: [Down a, Down b] []";
    office.told(&[tried, "3: [Down b] []"]);

    let mut office = Office::of(silent([down()]));
    office.door = Door::Closed;
    office.minute(0, [polled("a", 0).down(), polled("b", 0).down()]);
    office.door = Door::Open;
    office.minute(1, [polled("a", 1).up(), polled("b", 1).up()]);
    office.minute(3, [polled("a", 3).up(), polled("b", 3).up()]);
    office.told(&[tried]);
    assert_eq!(office.engine.store.letters().expect("they can be read"), []);
}

#[test]
fn what_was_given_up_is_sent_again_only_while_it_fires() {
    let mut office = Office::of(silent([down()]));
    office.door = Door::Shut;
    office.minute(0, [polled("a", 0).down()]);
    office.minute(1, [polled("a", 1).up()]);
    office.door = Door::Open;
    let letters = office.engine.store.letters().expect("they can be read");
    let id = letters[0].id;
    let by: Box<str> = "anna".into();
    let retried = office.command(2, |done| Command::Retry { id, by, done });
    assert_eq!(retried, Ok(()));
    office.told(&["0: [Down a] []"]);
    assert_eq!(office.engine.store.letters().expect("they can be read"), []);
}

#[test]
fn a_reload_decides_of_ends_that_are_still_to_come() {
    let mut office = Office::new([down()]);
    office.minute(0, [polled("a", 0).down()]);
    reload(&mut office, 1, silent([down()]));
    office.minute(2, [polled("a", 2).up()]);
    office.minute(3, [polled("a", 3).down()]);
    reload(&mut office, 4, settings([down()]));
    office.minute(5, [polled("a", 5).up()]);
    office.told(&[
        "0: [Down a] []",
        "3: [Down a] []",
        "5: [] [Down a(cleared)]",
    ]);
}
