//! A wall clock that is set while the daemon runs, or between two runs of it: nobody is told anything
//! because of that, and what lasted so long is told to have lasted so long.

use crate::alert_engine::engine::tests::*;

/// Forward, as after a start without a battery, and back; small and large.
const STEPS: [i64; 4] = [-60 * 24 * 365 * 50, -120, 120, 60 * 24 * 365 * 56];

fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

/// For how many minutes the alerts that a message tells the end of lasted.
fn lasted(notification: &Notification) -> Vec<u64> {
    let over = notification.over.iter();
    let lasted = over.map(|said| said.lasted.expect("it is known").as_secs() / 60);
    lasted.collect()
}

/// The office with a phone of which it reads that it booted a minute before minute 0.
fn booted(office: &Office, n: u64) -> Sample {
    let sample = Sample::new("a").polled(office.moment(n));
    sample
        .account(1, "pbx", true)
        .uptime(MINUTE * (u32::try_from(n).expect("a few minutes") + 1))
}

#[test]
fn a_clock_that_is_set_while_something_fires_says_nothing_and_changes_no_duration() {
    for step in STEPS {
        let mut office = Office::new([down()]);
        office.minute(0, [at(0).down()]);
        office.set = minutes(step);
        for n in 1..=9 {
            office.minute(n, [Sample::new("a").polled(office.moment(n)).down()]);
        }
        office.minute(10, [Sample::new("a").polled(office.moment(10)).up()]);
        office.told(&["0: [Down a] []", "10: [] [Down a(cleared)]"]);
        let end = &office.notifications[1];
        assert_eq!(lasted(end), [10], "a step of {step} minutes");
        assert_eq!(end.over[0].since, office.moment(0).wall);
    }
}

#[test]
fn a_phone_that_booted_has_not_booted_again_because_the_clock_was_set() {
    let within = 15 * MINUTE;
    let rebooted = || {
        rule(
            "Rebooted",
            Condition::Phone(PhoneCondition::Rebooted { within }),
        )
    };
    for step in STEPS {
        let mut office = Office::new([rebooted()]);
        for n in 0..=5 {
            office.minute(n, [booted(&office, n)]);
        }
        office.set = minutes(step);
        // Nothing was read since the clock was set.
        let fleet = Arc::clone(&office.engine.fleet);
        let outcome = office.engine.turn(Input {
            fleet,
            tick: true,
            ..office.nothing(6)
        });
        office.deliver(6, outcome);
        for n in 7..=14 {
            office.minute(n, [booted(&office, n)]);
        }
        office.told(&["0: [Rebooted a] []", "14: [] [Rebooted a(cleared)]"]);
    }
}

#[test]
fn a_start_without_a_battery_says_nothing_twice_and_knows_how_long_it_has_lasted() {
    let mut office = Office::new([down()]);
    for n in 0..=5 {
        office.minute(n, [at(n).down()]);
    }
    office.set = minutes(-60 * 24 * 365 * 56);
    office.restart(6);
    for n in 6..=8 {
        office.minute(n, [Sample::new("a").polled(office.moment(n)).down()]);
    }
    // The time comes from the network, and the process dies again before it writes.
    office.set = SignedDuration::ZERO;
    office.restart(9);
    for n in 9..=11 {
        office.minute(n, [at(n).down()]);
    }
    office.minute(12, [at(12).up()]);
    office.told(&["0: [Down a] []", "12: [] [Down a(cleared)]"]);
    // What passed while nobody counted is not made up.
    let lasted = lasted(&office.notifications[1]);
    assert!((10..=12).contains(&lasted[0]), "{lasted:?}");
}

#[test]
fn what_waits_is_tried_as_far_ahead_as_it_was_and_is_no_older_than_it_is() {
    for step in STEPS {
        let mut office = Office::new([down()]);
        // It wants to be left alone for two minutes.
        office.door = Door::Closed;
        office.minute(0, [at(0).down()]);
        office.door = Door::Open;
        office.set = minutes(step);
        office.minute(1, [Sample::new("a").polled(office.moment(1)).down()]);
        office.told(&["0: [Down a] []"]);
        let oldest = office.engine.queues["desk"].oldest.expect("it waits");
        assert_eq!(oldest, office.moment(0).wall, "a step of {step} minutes");
        let listed = office.command(1, |done| Command::Queue { done });
        assert_eq!(listed.expect("letters")[0].created, office.moment(0).wall);
        office.minute(2, [Sample::new("a").polled(office.moment(2)).down()]);
        office.told(&["0: [Down a] []", "2: [Down a] []"]);
    }
}

#[test]
fn a_silence_that_was_made_before_the_clock_was_first_set_lasts_as_long_as_was_wanted() {
    let mut office = Office::new([down()]);
    office.set = minutes(-60 * 24 * 365 * 56);
    office.minute(0, [Sample::new("b").polled(office.moment(0)).up()]);
    office.silence(0, "a", 30);
    office.set = SignedDuration::ZERO;
    for n in 1..=31 {
        office.minute(n, [at(n).down()]);
        if n == 10 {
            office.restart(n);
        }
    }
    office.told(&["30: [Down a] []"]);
}
