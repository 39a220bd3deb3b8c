//! What alerts cost: 10,000 phones under 5 rules a phone and under every ready-made one, in peace and
//! in an outage.
//!
//! Prints microseconds a poll result (a look at the phones that were polled within a quarter of a
//! second, when each is polled every 10 s), milliseconds a tick (everything is looked at, off the
//! runtime's thread), and how much memory the board and its memories take.
//! `cargo bench --bench alerts`.

use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::alert_engine::engine::{Engine, Input};
use grandstream_exporter::alerting_config::Settings;
use grandstream_exporter::alerts::board::Rules;
use grandstream_exporter::clock::Clock;
use grandstream_exporter::fleet::place::Scheme;
use grandstream_exporter::fleet::reading::{
    Account, Line, LineState, Lines, PhoneTime, Registration, Uptime, Values,
};
use grandstream_exporter::fleet::report::Outcome;
use grandstream_exporter::fleet::{Failure, Fleet, Moment, Place, PollReport, Reason, Text};
use grandstream_exporter::rules::packs;
use grandstream_exporter::rules::rule::Rule;
use grandstream_exporter::store::Store;
use grandstream_exporter::web::metrics::Process;

const PHONES: usize = 10_000;
/// Phones polled between two looks.
const POLLED: usize = 250;
const LOOKS: usize = 40;
const TICKS: usize = 5;

/// What the phones are like.
#[derive(Clone, Copy, Debug)]
enum Weather {
    /// All is well.
    Peace,
    /// Every second phone is gone.
    Outage,
}

fn main() {
    let all: Vec<Rule> = packs::all()
        .into_iter()
        .flat_map(|pack| pack.rules)
        .collect();
    let core: Vec<Rule> = all.iter().take(8).cloned().collect();
    for rules in [core, all] {
        for weather in [Weather::Peace, Weather::Outage] {
            measure(&rules, weather);
        }
    }
}

fn measure(rules: &[Rule], weather: Weather) {
    let clock = Clock::real();
    let mut day = Day {
        now: clock.now(),
        weather,
        fleet: Fleet::new((0..PHONES).map(|n| Arc::new(place(n)))),
    };
    for n in 0..PHONES {
        day.poll(n);
    }
    let before = resident();
    let settings = Settings {
        enabled: true,
        rules: Arc::new(Rules::new(rules.iter().cloned())),
        ..Settings::default()
    };
    let (settings, fleet) = (Arc::new(settings), Arc::default());
    let mut clerk = Engine::open(settings, Store::open(None), fleet, day.now);
    let ticks = (0..TICKS).map(|_| {
        day.now = day.now.after(Duration::from_secs(15));
        day.time(&clock, &mut clerk, true)
    });
    let tick = median(ticks.collect());
    let looks = (0..LOOKS).map(|look| {
        day.now = day.now.after(Duration::from_millis(250));
        for n in 0..POLLED {
            day.poll(look * POLLED + n);
        }
        day.time(&clock, &mut clerk, false)
    });
    let look = median(looks.collect());
    let grown = resident().saturating_sub(before);
    report(rules.len(), weather, (look, tick, grown));
}

/// A fleet as time passes.
struct Day {
    now: Moment,
    weather: Weather,
    fleet: Fleet,
}

impl Day {
    fn poll(&mut self, n: usize) {
        let n = n % PHONES;
        let report = match self.weather {
            Weather::Outage if n.is_multiple_of(2) => failed_poll(self.now),
            Weather::Outage | Weather::Peace => good_poll(self.now),
        };
        self.fleet = self.fleet.with_report(&name(n), report);
    }

    /// Seconds of one turn.
    fn time(&self, clock: &Clock, clerk: &mut Engine, tick: bool) -> f64 {
        let turn = Input {
            now: self.now,
            fleet: Arc::new(self.fleet.clone()),
            tick,
            reload_failed: false,
            commands: Vec::new(),
            sent: Vec::new(),
            managers: Vec::new(),
        };
        let begun = clock.now();
        let outcome = clerk.turn(turn);
        let took = clock.now().since(begun);
        drop(outcome);
        took.as_secs_f64()
    }
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it found")]
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn report(rules: usize, weather: Weather, (look, tick, grown): (f64, f64, u64)) {
    println!(
        "{rules} rules, {weather:?}: {:.1} us a poll result, {:.1} ms a tick, {:.0} bytes a phone",
        look * 1e6 / POLLED as f64,
        tick * 1e3,
        grown as f64 / PHONES as f64
    );
}

fn resident() -> u64 {
    Process::look().map_or(0, |process| process.resident_bytes)
}

fn name(n: usize) -> String {
    format!("phone-{n:05}")
}

fn place(n: usize) -> Place {
    Place {
        name: name(n).into(),
        address: "192.0.2.1".into(),
        scheme: Scheme::Http,
        tls_verified: None,
        mac: None,
        site: Some(format!("site-{}", n % 50).into()),
        labels: Box::default(),
        portable: false,
        time_zone: None,
        expect: Box::default(),
        interval: Duration::from_secs(10),
        values_interval: Duration::from_secs(600),
        stale_after: Duration::from_secs(3600),
        values_stale_after: Duration::from_secs(3600),
    }
}

fn failed_poll(now: Moment) -> PollReport {
    let mut report = PollReport::new(now);
    report.failure = Some(Failure::new(Reason::Timeout, "no answer"));
    report
}

fn good_poll(now: Moment) -> PollReport {
    let mut report = PollReport::new(now);
    report.reached = true;
    report.session = true;
    let account = |id| Account {
        id,
        server: Text::clean("sip.example"),
        user: None,
        registration: Registration::Registered,
    };
    let line = |number| Line {
        number,
        state: LineState::Idle,
    };
    let time = PhoneTime {
        uptime: Uptime {
            length: Duration::from_secs(86_400),
            resolution: Duration::from_secs(86_400),
        },
        clock: None,
    };
    let values = [("68", "1.0.3.30"), ("phone_model", "GXV3370")];
    let values = values.map(|(key, value)| (key.into(), Text::clean(value)));
    let at = now;
    report.parts.accounts = Outcome::Read {
        at,
        value: (1..=3).map(account).collect(),
    };
    report.parts.lines = Outcome::Read {
        at,
        value: Lines::new((1..=6).map(line).collect()),
    };
    report.parts.time = Outcome::Read { at, value: time };
    report.parts.values = Outcome::Read {
        at,
        value: Values::new(values),
    };
    report
}
