//! How much is written while a large fleet goes down, counted in bytes handed to the disk.
//!
//! A reader that looks on from before keeps SQLite's log from beginning anew, so that its length is all
//! that was written; beside it the database is written once in a while, when the log is brought in.

use rusqlite::Connection;

use crate::alert_engine::engine::tests::*;
use crate::fleet::reading::Lines;
use crate::fleet::report::Outcome as Part;
use crate::fleet::{Fleet, Moment, PollReport};
use crate::rules::packs;

/// A fifth of the fleet that the bound is for, so that the test takes seconds.
const PHONES: usize = 2_000;
const SITES: usize = 10;
/// Each phone is polled once in so many seconds, a part of them in each.
const INTERVAL: usize = 30;
/// How long the outage is looked at.
const SECONDS: u64 = 330;
/// An outage of 10,000 phones may write 30 MB: of a fifth of that this is two thirds, the rest is the
/// database itself.
const MOST: u64 = 4_000_000;

struct Night {
    office: Office,
    fleet: Fleet,
    onlooker: Connection,
}

/// Seconds after the fleet was first seen.
fn second(n: u64) -> Moment {
    minute(0).after(Duration::from_secs(n))
}

impl Night {
    fn new() -> Self {
        let on = packs::all().into_iter();
        let on = on.filter(|pack| packs::ON_BY_DEFAULT.contains(&pack.name));
        let mut settings = settings(on.flat_map(|pack| pack.rules));
        let receiver = Receiver {
            route: Route::new("desk"),
            max_listed_alerts: 10,
            channel: Channel::Webhook(Box::new(webhook())),
        };
        settings.receivers = vec![Arc::new(receiver)];
        let office = Office::of(settings);
        let places = (0..PHONES).map(|n| {
            let sample = Sample::new(&format!("phone-{n:05}"));
            let sample = sample.site(&format!("site-{}", n % SITES));
            Arc::clone(&sample.phone().place)
        });
        let onlooker = Connection::open(database(&office)).expect("it can be opened");
        onlooker
            .execute_batch("BEGIN; SELECT count(*) FROM documents")
            .expect("it looks on");
        Self {
            fleet: Fleet::new(places),
            office,
            onlooker,
        }
    }

    /// A second, in which its part of the phones is polled; those that `answers` says answer.
    fn second(&mut self, n: u64, answers: impl Fn(usize) -> bool) {
        let now = second(n);
        let part = usize::try_from(n).expect("few") % INTERVAL;
        for phone in (part..PHONES).step_by(INTERVAL) {
            let report = if answers(phone) {
                up(now)
            } else {
                PollReport::new(now)
            };
            self.fleet = self.fleet.with_report(&format!("phone-{phone:05}"), report);
        }
        let turn = Input {
            now,
            fleet: Arc::new(self.fleet.clone()),
            tick: n.is_multiple_of(15),
            ..self.office.nothing(0)
        };
        let outcome = self.office.engine.turn(turn);
        self.deliver(n, outcome);
    }

    fn deliver(&mut self, n: u64, mut outcome: Effects) {
        while !outcome.sends.is_empty() {
            let sent = outcome.sends.drain(..).map(|outgoing| Sent {
                message: outgoing.delivery.id,
                receiver: outgoing.receiver,
                recipients: outgoing.recipients,
                attempt: attempt(DeliveryResult::Delivered, &[]),
            });
            let sent = sent.collect();
            let turn = Input {
                now: second(n),
                sent,
                fleet: Arc::new(self.fleet.clone()),
                ..self.office.nothing(0)
            };
            outcome = self.office.engine.turn(turn);
        }
    }

    /// How many bytes were written by now.
    fn written(&self) -> u64 {
        let log = database(&self.office).with_extension("sqlite-wal");
        std::fs::metadata(log).expect("there is a log").len()
    }
}

fn database(office: &Office) -> std::path::PathBuf {
    office.directory.path().join("alerts.sqlite")
}

fn up(now: Moment) -> PollReport {
    let mut report = PollReport::new(now);
    report.reached = true;
    report.session = true;
    report.parts.lines = Part::Read {
        at: now,
        value: Lines::new(Box::default()),
    };
    report
}

fn outage(is_down: impl Fn(usize) -> bool) -> u64 {
    let mut night = Night::new();
    for n in 0..60 {
        night.second(n, |_| true);
    }
    let before = night.written();
    for n in 60..60 + SECONDS + 30 {
        night.second(n, |phone| !is_down(phone));
    }
    assert!(!night.onlooker.is_autocommit(), "it still looks on");
    night.written() - before
}

#[test]
fn an_outage_of_all_phones_writes_what_changed() {
    let written = outage(|_| true);
    assert!((1..=MOST).contains(&written), "{written} bytes");
}

#[test]
fn phones_that_are_down_everywhere_and_are_told_of_write_what_changed() {
    let written = outage(|phone| phone / SITES % 10 < 4);
    assert!((1..=MOST).contains(&written), "{written} bytes");
}
