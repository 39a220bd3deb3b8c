//! The board against Prometheus: the same rules over the same random fleets fire the same alerts,
//! with the same labels, at every step.
//!
//! A fleet lives a few hours of random minutes. The board sees its polls; Prometheus, as promtool
//! runs it, sees the metrics of each minute and the exported rules. Compared is what both can
//! express: `min_polls: 1` and `on_unknown: resolve`. Time starts at the epoch, as promtool's does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::alerts::board::{Board, Rules};
use grandstream_exporter::alerts::self_monitoring::Health;
use grandstream_exporter::fleet::expect::{Expectation, Wanted};
use grandstream_exporter::fleet::guard::{Held, HeldBecause};
use grandstream_exporter::fleet::place::Scheme;
use grandstream_exporter::fleet::reading::{
    Account, Coarse, Line, LineState, Lines, PhoneStatus, PhoneTime, Registration, Uptime, Values,
};
use grandstream_exporter::fleet::report::Outcome;
use grandstream_exporter::fleet::{Failure, Fleet, Moment, Phone, Place, PollReport, Reason, Text};
use grandstream_exporter::rules::condition::{
    Comparison, Condition, Counted, EachCondition, Fraction, Grouping, Operator, PhoneCondition,
    Repeats, Take, Weakness,
};
use grandstream_exporter::rules::export::{self, Group};
use grandstream_exporter::rules::metric::{FAMILIES, Family, Mark};
use grandstream_exporter::rules::packs::RUNBOOKS;
use grandstream_exporter::rules::phone_selector::{Glob, Where};
use grandstream_exporter::rules::rule::{OnUnknown, Rule};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const MINUTE: Duration = Duration::from_secs(60);

/// How many random lives are compared.
const LIVES: u64 = 3;

/// How many minutes each lasts.
const STEPS: u32 = 150;

#[test]
fn the_board_and_prometheus_fire_the_same_alerts() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut arguments = Vec::new();
    let mut fired = BTreeMap::<String, usize>::new();
    for seed in 0..LIVES {
        let mut random = Random(seed);
        let rules = rules(&mut random);
        let group = Group {
            name: "rules".into(),
            rules: rules.clone(),
        };
        let life = live(&rules, &mut random);
        for firing in life.firing.iter().flatten() {
            *fired.entry(name_of(firing).to_owned()).or_default() += 1;
        }
        let file = |name: &str, text: String| {
            let path = directory.path().join(format!("{name}{seed}.yml"));
            fs::write(&path, text).expect("a file");
            path
        };
        file("rules", export::prometheus(&[group], RUNBOOKS));
        arguments.push(file("life", life.as_test(seed, &rules)));
    }
    for rule in rules(&mut Random(0)) {
        assert!(fired.contains_key(&*rule.name), "{} never fired", rule.name);
    }
    promtool(&arguments);
}

/// What was seen of a fleet in each minute.
#[derive(Default)]
struct Life {
    /// The series, each with its value in each minute.
    series: BTreeMap<String, Vec<Option<f64>>>,
    /// The labels of the alerts that fire in each minute, as `ALERTS` has them.
    firing: Vec<Vec<String>>,
}

impl Life {
    fn see(&mut self, step: usize, series: String, value: f64) {
        let values = self.series.entry(series).or_default();
        values.resize(step, None);
        values.push(Some(value));
    }

    fn as_test(&self, seed: u64, rules: &[Rule]) -> String {
        let mut test = format!(
            "rule_files: [rules{seed}.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n"
        );
        for (series, values) in &self.series {
            let values = notation(values, self.firing.len());
            writeln!(
                test,
                "      - series: '{series}'\n        values: '{values}'"
            )
            .expect("a string takes any text");
        }
        test.push_str("    promql_expr_test:\n");
        for (step, firing) in self.firing.iter().enumerate() {
            for rule in rules {
                let name = &rule.name;
                let expected: Vec<_> = firing
                    .iter()
                    .filter(|one| name_of(one) == &**name)
                    .collect();
                write!(
                    test,
                    "      - expr: ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}}\n        eval_time: {step}m\n        exp_samples:"
                )
                .expect("a string takes any text");
                if expected.is_empty() {
                    test.push_str(" []");
                }
                for labels in expected {
                    write!(
                        test,
                        "\n          - {{ labels: 'ALERTS{labels}', value: 1 }}"
                    )
                    .expect("a string takes any text");
                }
                test.push('\n');
            }
        }
        test
    }
}

/// Values as promtool reads them: a series that ends is marked stale, as a scrape does.
fn notation(values: &[Option<f64>], steps: usize) -> String {
    let mut text = String::new();
    let mut before = None;
    for step in 0..steps {
        let value = values.get(step).copied().flatten();
        match (before, value) {
            (_, Some(value)) => write!(text, "{value} ").expect("a string takes any text"),
            (Some(_), None) => text.push_str("stale "),
            (None, None) => text.push_str("_ "),
        }
        before = value;
    }
    text
}

fn name_of(labels: &str) -> &str {
    let (_, rest) = labels
        .split_once("alertname=\"")
        .expect("every alert has a name");
    rest.split_once('"').expect("the name ends").0
}

/// Lets a fleet live, and looks at it with the board and as `/metrics` does.
fn live(rules: &[Rule], random: &mut Random) -> Life {
    let mut board = Board::new(Arc::new(Rules::new(rules.iter().cloned())));
    let mut fleet = Fleet::new(places());
    let mut beings: Vec<_> = fleet
        .phones()
        .map(|phone| Being::new(phone, random))
        .collect();
    let mut life = Life::default();
    for step in 0..STEPS {
        let now = minute(step);
        for being in &mut beings {
            being.live(random);
            if step > 0 && being.name.starts_with('s') && random.one_in(6) {
                continue;
            }
            fleet = fleet.with_report(&being.name, being.report(now));
            let _told = board.after_poll(&fleet, &being.name, now);
        }
        let _told = board.after_tick(&fleet, &Health::default(), now);
        for phone in fleet.phones() {
            see(&mut life, step as usize, phone, now);
        }
        let firing = board.alerts().filter(|alert| alert.state.is_firing());
        let firing = firing.map(|alert| {
            let labels = alert.labels.iter();
            let labels: Vec<_> = labels
                .map(|(name, value)| format!("{name}=\"{value}\""))
                .collect();
            format!("{{alertstate=\"firing\",{}}}", labels.join(","))
        });
        life.firing.push(firing.collect());
    }
    life
}

/// The series of one phone, as `/metrics` has them.
fn see(life: &mut Life, step: usize, phone: &Phone, now: Moment) {
    let place = &phone.place;
    let mut labels = format!("phone=\"{}\"", place.name);
    if let Some(site) = &place.site {
        write!(labels, ",site=\"{site}\"").expect("a string takes any text");
    }
    for (name, value) in &place.labels {
        write!(labels, ",{name}=\"{value}\"").expect("a string takes any text");
    }
    for family in &FAMILIES {
        family.read(phone, now, |mark, value| {
            let own = match mark {
                Mark::None => String::new(),
                Mark::Number(number) => format!(
                    ",{}=\"{number}\"",
                    family.label.expect("a label of its own")
                ),
                Mark::Text(text) => {
                    format!(",{}=\"{text}\"", family.label.expect("a label of its own"))
                }
            };
            life.see(step, format!("{}{{{labels}{own}}}", family.name), value);
        });
    }
    for account in phone.accounts(now).into_iter().flatten() {
        let (id, server) = (account.id, account.server.as_str());
        let own = format!("account=\"{id}\",server=\"{server}\"");
        life.see(
            step,
            format!("grandstream_account_info{{{labels},{own}}}"),
            1.0,
        );
    }
    if let Some(values) = phone.values(now) {
        let text = |value: Option<&Text>| value.map_or("", Text::as_str).to_owned();
        let (model, firmware) = (text(values.model()), text(values.firmware()));
        let own = format!("model=\"{model}\",firmware=\"{firmware}\"");
        life.see(
            step,
            format!("grandstream_phone_info{{{labels},{own}}}"),
            1.0,
        );
    }
    if place.portable {
        life.see(step, format!("grandstream_phone_portable{{{labels}}}"), 1.0);
    }
}

/// Phones whose names begin with `s` sometimes miss a poll; those with `p` are portable.
fn places() -> Vec<Arc<Place>> {
    let names = ["w1", "w2", "w3", "w4", "s1", "s2", "s3", "p1", "p2"];
    let place = |(position, name): (usize, &str)| {
        let expectation = |pvalue: &str, wanted| Expectation {
            pvalue: pvalue.into(),
            model: None,
            wanted,
        };
        let right = Wanted::AnyOf(Box::new(["right".into()]));
        Arc::new(Place {
            name: name.into(),
            address: "192.0.2.1".into(),
            scheme: if position % 2 == 0 {
                Scheme::Http
            } else {
                Scheme::Https
            },
            tls_verified: (position % 2 == 1).then_some(position % 4 == 1),
            mac: None,
            site: ["hq", "lyon"].get(position % 3).map(|site| (*site).into()),
            labels: Box::new([("floor".into(), (position % 2).to_string().into())]),
            portable: name.starts_with('p'),
            time_zone: Some(TimeZone::UTC),
            expect: Box::new([
                expectation("68", Wanted::AtLeast("2".into())),
                expectation("64", right),
            ]),
            interval: MINUTE,
            values_interval: MINUTE,
            // What was not read in this minute is gone in it.
            stale_after: Duration::from_secs(50),
            values_stale_after: Duration::from_secs(50),
        })
    };
    names.into_iter().enumerate().map(place).collect()
}

/// What goes on in one phone: each mood lasts a while and then changes.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that comes and goes"
)]
struct Being {
    name: Box<str>,
    reachable: bool,
    session: bool,
    reason: Option<Reason>,
    held: bool,
    registered: [bool; 3],
    accounts_answer: bool,
    lines: [u8; 2],
    booted: u32,
    minute: u32,
    firmware: u8,
    value_right: bool,
    values_answer: bool,
    clock_off: i8,
    certificate: u16,
}

impl Being {
    fn new(phone: &Phone, random: &mut Random) -> Self {
        let mut being = Self {
            name: phone.place.name.clone(),
            reachable: true,
            session: true,
            reason: None,
            held: false,
            registered: [true; 3],
            accounts_answer: true,
            lines: [0; 2],
            booted: 0,
            minute: 0,
            firmware: 2,
            value_right: true,
            values_answer: true,
            clock_off: 0,
            certificate: 120,
        };
        for _ in 0..20 {
            being.live(random);
        }
        being
    }

    fn live(&mut self, random: &mut Random) {
        self.minute += 1;
        random.flip(&mut self.reachable, 6);
        random.flip(&mut self.session, 9);
        random.flip(&mut self.held, 8);
        for registered in &mut self.registered {
            random.flip(registered, 5);
        }
        random.flip(&mut self.accounts_answer, 10);
        random.flip(&mut self.values_answer, 10);
        random.flip(&mut self.value_right, 8);
        if random.one_in(5) {
            self.reason = [None, Some(Reason::Auth), Some(Reason::Locked)][random.below(3)];
        }
        for line in &mut self.lines {
            if random.one_in(4) {
                *line = [0, 2, 4, 8, 10, 13][random.below(6)];
            }
        }
        if random.one_in(12) {
            self.booted = self.minute;
        }
        if random.one_in(10) {
            self.firmware = [1, 2, 3][random.below(3)];
        }
        if random.one_in(6) {
            self.clock_off = [-5, -1, 0, 1, 5][random.below(5)];
        }
        if random.one_in(30) {
            self.certificate = [60, 120, 180][random.below(3)];
        }
    }

    fn report(&self, now: Moment) -> PollReport {
        let mut report = PollReport::new(now);
        report.reached = self.reachable;
        report.session = self.reachable && self.session;
        report.held = self.held.then(|| Held {
            until: now.after(Duration::from_secs(30)).wall,
            because: HeldBecause::Refused,
        });
        if !self.reachable {
            report.failure = Some(Failure::new(Reason::Timeout, "no answer"));
            return report;
        }
        report.failure = self.reason.map(|reason| Failure::new(reason, "it failed"));
        report.certificate_expiry = Some(minute(self.certificate.into()).wall);
        let read = |answers| answers && self.session;
        if read(self.accounts_answer) {
            report.parts.accounts = outcome(now, self.accounts());
        }
        if read(true) {
            report.parts.lines = outcome(now, self.lines());
            report.parts.status = outcome(now, PhoneStatus::Available);
            report.parts.time = outcome(now, self.time(now));
        }
        if read(self.values_answer) {
            report.parts.values = outcome(now, self.values());
        }
        report
    }

    fn accounts(&self) -> Box<[Account]> {
        let account = |(id, &registered)| Account {
            id,
            server: Text::clean(if id == 2 { "backup" } else { "pbx" }),
            user: None,
            registration: if registered {
                Registration::Registered
            } else {
                Registration::Unregistered
            },
        };
        (1..).zip(&self.registered).map(account).collect()
    }

    fn lines(&self) -> Lines {
        let line = |(number, &code)| Line {
            number,
            state: LineState::from_code(i64::from(code)),
        };
        Lines::new((1..).zip(&self.lines).map(line).collect())
    }

    fn time(&self, now: Moment) -> PhoneTime {
        let shown = now.wall + jiff::SignedDuration::from_mins(self.clock_off.into());
        PhoneTime {
            uptime: Uptime {
                length: MINUTE * (self.minute - self.booted),
                resolution: Duration::from_secs(1),
            },
            clock: Some(TimeZone::UTC.to_datetime(shown)),
        }
    }

    fn values(&self) -> Values {
        let firmware = format!("{}.0", self.firmware);
        let value = if self.value_right { "right" } else { "wrong" };
        Values::new([
            ("68".into(), Text::clean(&firmware)),
            ("64".into(), Text::clean(value)),
            ("phone_model".into(), Text::clean("GXV3370")),
        ])
    }
}

fn outcome<T>(at: Moment, value: T) -> Outcome<T> {
    Outcome::Read { at, value }
}

/// Every condition there is, alone and combined, with random patience.
fn rules(random: &mut Random) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut add = |name: &str, when: Condition, only: Where| {
        rules.push(Rule {
            only,
            hold: MINUTE * random.small(4),
            keep_firing_for: MINUTE * random.small(3),
            min_polls: 1,
            on_unknown: OnUnknown::Resolve,
            labels: Box::new([("severity".into(), "warning".into())]),
            ..Rule::new(name, when)
        });
    };
    for (name, condition) in of_phones() {
        add(name, Condition::Phone(condition), Where::default());
    }
    for (name, condition) in combinations() {
        add(name, Condition::Phone(condition), Where::default());
    }
    // What looks back at every poll agrees only where every scrape is a poll.
    for (name, condition) in looking_back() {
        add(name, condition, named("w*"));
    }
    for (name, condition) in of_each() {
        add(name, Condition::Each(condition), Where::default());
    }
    for (name, of, by, at_least) in of_groups() {
        let fraction = Fraction {
            of,
            by,
            at_least,
            min: 2,
        };
        add(name, Condition::Fraction(fraction), Where::default());
    }
    rules
}

fn of_phones() -> Vec<(&'static str, PhoneCondition)> {
    let list = |list: &[&str]| list.iter().map(|one| (*one).into()).collect();
    vec![
        ("Unreachable", PhoneCondition::Unreachable),
        ("NotReadable", PhoneCondition::NotReadable),
        (
            "PollError",
            PhoneCondition::PollError {
                reasons: Box::new([Reason::Auth, Reason::Locked]),
            },
        ),
        ("LoginBlocked", PhoneCondition::LoginBlocked),
        ("Rebooted", PhoneCondition::Rebooted { within: 5 * MINUTE }),
        (
            "FirmwareNot",
            PhoneCondition::FirmwareNot {
                model: Some("gxv3370".into()),
                targets: list(&["2.0", "3.0"]),
            },
        ),
        (
            "AnyDrift",
            PhoneCondition::PvalueDrift {
                only: Box::default(),
                except: Box::default(),
            },
        ),
        (
            "OneDrift",
            PhoneCondition::PvalueDrift {
                only: list(&["68"]),
                except: Box::default(),
            },
        ),
        ("PlainHttp", PhoneCondition::Posture(Weakness::PlainHttp)),
        (
            "Unverified",
            PhoneCondition::Posture(Weakness::TlsUnverified),
        ),
        (
            "ClockOffset",
            PhoneCondition::ClockOffset { over: 3 * MINUTE },
        ),
        (
            "Certificate",
            PhoneCondition::CertificateExpires {
                within: 20 * MINUTE,
            },
        ),
        ("Old", PhoneCondition::DataOlderThan { age: 2 * MINUTE }),
        ("NotSeen", PhoneCondition::NotSeenFor { age: 3 * MINUTE }),
        (
            "AnyAccount",
            PhoneCondition::Any(EachCondition::AccountNotRegistered { account: None }),
        ),
        (
            "AnyInCall",
            PhoneCondition::Any(EachCondition::LineState {
                state: Coarse::InCall,
            }),
        ),
    ]
}

fn combinations() -> Vec<(&'static str, PhoneCondition)> {
    let account = |account| PhoneCondition::Any(EachCondition::AccountNotRegistered { account });
    let not = |condition| PhoneCondition::Not(Box::new(condition));
    let any = |parts: [PhoneCondition; 2]| PhoneCondition::AnyOf(Box::new(parts));
    let all = |parts: [PhoneCondition; 2]| PhoneCondition::AllOf(Box::new(parts));
    vec![
        (
            "CannotTakeCalls",
            any([PhoneCondition::Unreachable, account(Some(1))]),
        ),
        ("Both", all([account(Some(1)), account(Some(2))])),
        ("NoneMissing", not(account(None))),
        (
            "NotBoth",
            not(all([account(Some(1)), PhoneCondition::LoginBlocked])),
        ),
        (
            "Nested",
            any([
                all([not(PhoneCondition::Unreachable), account(Some(3))]),
                not(any([account(Some(1)), PhoneCondition::NotReadable])),
            ]),
        ),
        (
            "Steady",
            not(PhoneCondition::Any(EachCondition::RegistrationFlapping(
                Repeats {
                    count: 3,
                    within: 10 * MINUTE,
                },
            ))),
        ),
        (
            "OldOrLate",
            any([
                not(PhoneCondition::DataOlderThan { age: 4 * MINUTE }),
                not(PhoneCondition::ClockOffset { over: MINUTE }),
            ]),
        ),
    ]
}

/// Averages are compared with what no count of polls can make exactly: Prometheus rounds on its way.
fn looking_back() -> Vec<(&'static str, Condition)> {
    let over = |name, pick: Option<&str>, (is, bound), over| {
        Condition::metric(Comparison {
            family: Family::named(name).expect("a metric"),
            pick: pick.map(Into::into),
            is,
            bound,
            over: Some(over),
        })
    };
    vec![
        (
            "Ratio",
            Condition::Phone(PhoneCondition::UnreachableRatio {
                over: 30 * MINUTE,
                above: 0.41,
            }),
        ),
        (
            "RebootLoop",
            Condition::Phone(PhoneCondition::RebootLoop(Repeats {
                count: 2,
                within: 20 * MINUTE,
            })),
        ),
        (
            "AlwaysUp",
            over(
                "grandstream_up",
                None,
                (Operator::Equal, 0.0),
                (Take::Max, 30 * MINUTE / 10),
            ),
        ),
        (
            "Busy",
            over(
                "grandstream_lines",
                Some("in_call"),
                (Operator::AtLeast, 0.91),
                (Take::Average, 30 * MINUTE),
            ),
        ),
        (
            "RarelyRegistered",
            over(
                "grandstream_account_registered",
                None,
                (Operator::Below, 0.47),
                (Take::Average, 30 * MINUTE),
            ),
        ),
    ]
}

fn of_each() -> Vec<(&'static str, EachCondition)> {
    vec![
        (
            "Account",
            EachCondition::AccountNotRegistered { account: None },
        ),
        (
            "SecondAccount",
            EachCondition::AccountNotRegistered { account: Some(2) },
        ),
        (
            "Flapping",
            EachCondition::RegistrationFlapping(Repeats {
                count: 4,
                within: 15 * MINUTE,
            }),
        ),
        (
            "InCall",
            EachCondition::LineState {
                state: Coarse::InCall,
            },
        ),
        (
            "Code",
            EachCondition::Metric(Comparison {
                family: Family::named("grandstream_line_state_code").expect("a metric"),
                pick: Some("2".into()),
                is: Operator::Above,
                bound: 4.0,
                over: None,
            }),
        ),
    ]
}

fn of_groups() -> Vec<(&'static str, Counted, Grouping, f64)> {
    let label = |name: &str| Grouping::Label(name.into());
    vec![
        ("SiteDown", Counted::Unreachable, label("site"), 0.6),
        ("FloorDown", Counted::Unreachable, label("floor"), 0.4),
        ("FleetDown", Counted::Unreachable, Grouping::Fleet, 0.5),
        ("ServerDown", Counted::Unregistered, Grouping::Server, 0.5),
        ("SiteLost", Counted::Unregistered, label("site"), 0.7),
        ("FleetLost", Counted::Unregistered, Grouping::Fleet, 0.5),
    ]
}

fn named(pattern: &str) -> Where {
    Where {
        phones: Box::new([Glob::new(pattern)]),
        ..Where::default()
    }
}

fn minute(n: u32) -> Moment {
    Moment {
        wall: Timestamp::UNIX_EPOCH,
        mono: Duration::ZERO,
    }
    .after(MINUTE * n)
}

/// The same numbers for a seed on every machine (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    fn small(&mut self, bound: usize) -> u32 {
        u32::try_from(self.below(bound)).expect("the bound is small")
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn flip(&mut self, mood: &mut bool, one_in: usize) {
        *mood ^= self.one_in(one_in);
    }
}

fn promtool(tests: &[impl AsRef<Path>]) {
    let output = Command::new("promtool")
        .args(["test", "rules"])
        .args(tests.iter().map(AsRef::as_ref))
        .output()
        .expect("promtool is installed; see scripts/test-tools");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let beginning: String = text.chars().take(4000).collect();
    assert!(output.status.success(), "{beginning}");
}
