//! What a sample of `/metrics` costs: 10,000 phones of about 80 series, plain and compressed.
//!
//! Prints nanoseconds a sample, the median of several scrapes. `cargo bench --bench metrics`.
//! Time goes into following pointers as much as into writing, so there are two fleets: one whose
//! phones were polled in the order of the list, and one polled in random order, whose readings lie
//! scattered as they do in a daemon that has run for a while.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::alert_engine::snapshot::AlertSnapshot;
use grandstream_exporter::clock::Clock;
use grandstream_exporter::config;
use grandstream_exporter::fleet::command::ReloadStatus;
use grandstream_exporter::fleet::place::Scheme;
use grandstream_exporter::fleet::reading::{
    Account, Line, LineState, Lines, PhoneStatus, PhoneTime, Registration, Uptime, Values,
};
use grandstream_exporter::fleet::report::Outcome;
use grandstream_exporter::fleet::{Fleet, Moment, Place, PollReport, Text};
use grandstream_exporter::web::Settings;
use grandstream_exporter::web::metrics::{Format, Page, Scrape};
use grandstream_exporter::web::streaming::{Coding, Encoder};

const PHONES: usize = 10_000;
const ACCOUNTS: u16 = 16;
const LINES: u16 = 15;
const ROUNDS: usize = 21;
/// How often each phone is polled: often enough that no reading lies where it first lay.
const POLLS: usize = 3;

/// In which order phones are polled.
#[derive(Clone, Copy, Debug)]
enum Order {
    Listed,
    Random,
}

fn main() {
    let clock = Clock::real();
    let now = clock.now();
    for order in [Order::Listed, Order::Random] {
        let fleet = fleet(now, order);
        for coding in [Coding::Identity, Coding::Gzip] {
            let mut nanos: Vec<f64> = (0..ROUNDS)
                .map(|_| measure(&clock, &fleet, now, coding))
                .collect();
            nanos.sort_by(f64::total_cmp);
            report(&format!("{order:?} order, {coding:?}"), nanos[ROUNDS / 2]);
        }
    }
}

/// Nanoseconds a sample of one scrape.
fn measure(clock: &Clock, fleet: &Fleet, now: Moment, coding: Coding) -> f64 {
    let begun = clock.now();
    let mut output = Encoder::new(Box::new(Page::new(scrape(fleet, now))), coding);
    let mut bytes = 0;
    while let Some(piece) = output.next_chunk() {
        bytes += black_box(piece).len();
    }
    let took = clock.now().since(begun);
    black_box(bytes);
    took.as_secs_f64() * 1e9 / samples(fleet, now)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn samples(fleet: &Fleet, now: Moment) -> f64 {
    use grandstream_exporter::web::streaming::ChunkSource as _;
    let one = fleet.phones().take(1).map(Arc::clone).collect();
    let mut page = Page::new(Scrape {
        phones: one,
        ..scrape(fleet, now)
    });
    page.fill(&mut Vec::new());
    (page.samples() * fleet.phones().len() as u64) as f64
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it found")]
fn report(what: &str, nanos: f64) {
    println!("{what}: {nanos:.1} ns a sample");
}

fn scrape(fleet: &Fleet, now: Moment) -> Scrape {
    Scrape {
        phones: fleet.phones().map(Arc::clone).collect(),
        now,
        settings: Arc::new(Settings {
            metrics: config::Metrics::default(),
            values: Arc::default(),
            summary: Arc::default(),
            server_config: Arc::default(),
            reload: ReloadStatus {
                successful: true,
                last_success: now,
            },
            loss: None,
            ready_after: Duration::ZERO,
        }),
        alerts: Arc::new(AlertSnapshot::new(Arc::default())),
        exporter: None,
        format: Format::Text,
    }
}

fn fleet(now: Moment, order: Order) -> Fleet {
    let mut names: Vec<String> = (0..PHONES).map(|n| format!("phone-{n:05}")).collect();
    let mut fleet = Fleet::new(names.iter().map(|name| Arc::new(place(name))));
    for round in 0..POLLS {
        if let Order::Random = order {
            names.sort_by_cached_key(|name| hash(round, name));
        }
        for name in &names {
            fleet = fleet.with_report(name, good_poll(now));
        }
    }
    fleet
}

fn hash(round: usize, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (round, name).hash(&mut hasher);
    hasher.finish()
}

fn place(name: &str) -> Place {
    Place {
        name: name.into(),
        address: "192.0.2.1".into(),
        scheme: Scheme::Http,
        tls_verified: None,
        mac: None,
        site: Some("hq".into()),
        labels: Box::default(),
        portable: false,
        time_zone: None,
        expect: Box::default(),
        interval: Duration::from_secs(30),
        values_interval: Duration::from_secs(600),
        stale_after: Duration::from_secs(90_000),
        values_stale_after: Duration::from_secs(90_000),
    }
}

fn good_poll(now: Moment) -> PollReport {
    let mut report = PollReport::new(now);
    report.took = Duration::from_millis(42);
    report.reached = true;
    report.session = true;
    report.candidate = Some(1);
    let accounts = (1..=ACCOUNTS).map(|id| Account {
        id,
        server: Text::clean("sip.example.com"),
        user: None,
        registration: Registration::Registered,
    });
    let lines = (1..=LINES).map(|number| Line {
        number,
        state: LineState::Idle,
    });
    let values = [
        ("68", "1.0.3.30"),
        ("hw_rev", "V1.2A"),
        ("phone_model", "GXV3370"),
        ("vendor_name", "Grandstream"),
    ];
    let values = values.map(|(key, value)| (key.into(), Text::clean(value)));
    let time = PhoneTime {
        uptime: Uptime {
            length: Duration::from_secs(1000),
            resolution: Duration::from_secs(1),
        },
        clock: None,
    };
    report.parts.accounts = read(now, accounts.collect());
    report.parts.lines = read(now, Lines::new(lines.collect()));
    report.parts.status = read(now, PhoneStatus::Available);
    report.parts.time = read(now, time);
    report.parts.values = read(now, Values::new(values));
    report
}

fn read<T>(at: Moment, value: T) -> Outcome<T> {
    Outcome::Read { at, value }
}
