//! A small made-up fleet, and the alerts it would raise, for the tests of this room.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use crate::alert_engine::command::{NewEntry, OutboxEntry};
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alert_engine::snapshot::{AlertmanagerCounters, Counters, Queue};
use crate::alerting_config;
use crate::alerts::board::Rules;
use crate::alerts::self_monitoring::Health;
use crate::alerts::silence::{Silence, Window};
use crate::alerts::suppress::Suppression;
use crate::config::{MaxInFlight, Metrics, PublishedValue, Shard, ValueKind};
use crate::fleet::command::ReloadStatus;
use crate::fleet::expect::{Expectation, Wanted};
use crate::fleet::guard::{Held, HeldBecause};
use crate::fleet::place::Scheme;
use crate::fleet::reading::{
    Account, Keep, Line, LineDetail, LineState, Lines, PhoneStatus, PhoneTime, Registration,
    Uptime, Values,
};
use crate::fleet::report::Outcome;
use crate::fleet::{Failure, Fleet, Moment, Place, PollReport, Reason, Text};
use crate::notify::channel::Heartbeat;
use crate::notify::channel::{Body, Channel, Receiver, Webhook};
use crate::notify::http_client::HttpClient;
use crate::notify::route::Route;
use crate::rules::condition::{Condition, EachCondition, Own, PhoneCondition};
use crate::rules::inhibit::InhibitRule;
use crate::rules::matcher::{Matcher, parse_list};
use crate::rules::rule::{Annotations, Rule};
use crate::rules::time_interval::{Part, Range, TimeInterval, TimeIntervals, TimeRange};

use crate::web::alerting::AlertContext;
use crate::web::streaming::{ChunkSource, Progress};
use crate::web::{ConfigSummary, Settings};

/// 2024-05-01 09:00 UTC, an hour after the start.
pub(in crate::web) fn now() -> Moment {
    Moment {
        wall: Timestamp::from_second(1_714_554_000).expect("a time"),
        mono: Duration::from_secs(3600),
    }
}

/// Everything that is opt-in is on.
pub(in crate::web) fn settings() -> Settings {
    let value = |pvalue: &str, kind| PublishedValue {
        pvalue: pvalue.into(),
        kind,
    };
    Settings {
        metrics: Metrics {
            keep: Keep {
                lines: LineDetail::PerLine,
                sip_user: true,
            },
            line_state: true,
            clock: true,
            mac_address: true,
        },
        values: [value("64", ValueKind::Info), value("33", ValueKind::Number)].into(),
        summary: Arc::new(ConfigSummary {
            listen: vec![([192, 0, 2, 1], 15060).into()],
            state_dir: Some("/var/lib/<state>".into()),
            shard: Shard { index: 1, count: 3 },
            max_in_flight: MaxInFlight::Auto,
            disabled: vec!["spare".into()],
            warnings: vec!["config.yaml:3: poll.interval: is <short>".to_owned()],
        }),
        server_config: Arc::default(),
        reload: ReloadStatus {
            successful: true,
            last_success: now(),
        },
        loss: None,
        ready_after: Duration::from_secs(45),
    }
}

/// A phone at the site `hq`, spoken to by plain HTTP.
pub(in crate::web) fn place(name: &str) -> Place {
    Place {
        name: name.into(),
        address: "192.0.2.21".into(),
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
        stale_after: Duration::from_secs(90),
        values_stale_after: Duration::from_secs(1800),
    }
}

/// A name that needs escaping everywhere.
pub(in crate::web) const HOSTILE_NAME: &str = "bar \"<b>&\\\n";

/// A page with a line per element and without the version, for snapshots.
pub(in crate::web) fn golden_page(page: &str) -> String {
    without_version(page).replace("><", ">\n<")
}

/// A text without the version.
pub(in crate::web) fn without_version(page: &str) -> String {
    page.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

/// Four phones: one that tells all, one that refuses our password, a portable one that is away, and
/// one that was never polled.
pub(in crate::web) fn fleet() -> Fleet {
    let mut reception = place("reception");
    reception.time_zone = TimeZone::get("Europe/Paris").ok();
    reception.labels = Box::new([("floor".into(), "1".into())]);
    reception.expect = Box::new([Expectation {
        pvalue: "68".into(),
        model: None,
        wanted: Wanted::AtLeast("1.0.11.5".into()),
    }]);
    let mut bar = place(HOSTILE_NAME);
    bar.scheme = Scheme::Https;
    bar.tls_verified = Some(false);
    let mut cordless = place("cordless");
    cordless.portable = true;
    let mut lobby = place("lobby");
    lobby.site = None;
    let places = [reception, bar, cordless, lobby];
    let fleet = Fleet::new(places.map(Arc::new));
    let after = |fleet: Fleet, (name, report)| fleet.with_report(name, report);
    polls().into_iter().fold(fleet, after)
}

/// The polls that the fleet has seen.
pub(in crate::web) fn polls() -> [(&'static str, PollReport); 3] {
    [
        ("reception", good_poll()),
        (HOSTILE_NAME, refused_poll()),
        ("cordless", failed_poll()),
    ]
}

fn good_poll() -> PollReport {
    let mut report = PollReport::new(now());
    report.took = Duration::from_millis(42);
    report.lag = Some(Duration::from_millis(3));
    report.reached = true;
    report.session = true;
    report.candidate = Some(2);
    report.logins = 1;
    report.parts.accounts = read(Box::new([
        account(1, Registration::Registered),
        account(3, Registration::Registering),
    ]));
    report.parts.lines = read(Lines::new(Box::new([
        line(1, LineState::InCall),
        line(2, LineState::Idle),
        line(3, LineState::Unknown),
    ])));
    report.parts.status = read(PhoneStatus::Busy);
    report.parts.time = read(PhoneTime {
        uptime: Uptime {
            length: Duration::from_secs(21 * 86_400 + 6_600),
            resolution: Duration::from_secs(1),
        },
        clock: Some(civil::date(2024, 5, 1).at(11, 2, 0, 0)),
    });
    let values = [
        ("33", "5060"),
        ("64", "TZ \"<i>\\"),
        ("68", "1.0.11.6"),
        ("hw_rev", "V1.2A"),
        ("mac", "000b82123456"),
        ("phone_model", "GXV3370"),
        ("vendor_name", "Grandstream"),
    ];
    let values = values.map(|(key, value)| (key.into(), Text::clean(value)));
    report.parts.values = read(Values::new(values));
    report
}

fn refused_poll() -> PollReport {
    let mut report = PollReport::new(now());
    report.took = Duration::from_millis(1500);
    report.reached = true;
    report.logins = 2;
    report.login_failures = 2;
    report.held = Some(Held {
        until: now().after(Duration::from_secs(600)).wall,
        because: HeldBecause::Refused,
    });
    report.failure = Some(Failure::new(Reason::Auth, "the phone refused the password"));
    let unread = Failure::new(Reason::Session, "there is no session");
    report.parts.accounts = Outcome::Failed(unread.clone());
    report.parts.lines = Outcome::Failed(unread);
    report.parts.status = read(PhoneStatus::Available);
    report.certificate_expiry = Some(now().after(Duration::from_secs(86_400)).wall);
    report
}

fn failed_poll() -> PollReport {
    let mut report = PollReport::new(now());
    report.took = Duration::from_secs(5);
    report.failure = Some(Failure::new(Reason::Timeout, "no connection within 5 s"));
    report
}

fn account(id: u16, registration: Registration) -> Account {
    Account {
        id,
        server: Text::clean("sip.example.com"),
        user: Some(Text::clean("100")),
        registration,
    }
}

fn line(number: u16, state: LineState) -> Line {
    Line { number, state }
}

fn read<T>(value: T) -> Outcome<T> {
    Outcome::Read { at: now(), value }
}

/// What the alert task would publish of [`fleet`]: an alert that fires, one that a silence keeps back,
/// one that is pending, one of the daemon; a receiver and an Alertmanager.
pub(in crate::web) fn snapshot() -> AlertSnapshot {
    let settings = Arc::new(alert_settings());
    let mut snapshot = AlertSnapshot::new(Arc::clone(&settings));
    snapshot
        .board
        .with_suppression(Arc::clone(&settings.suppression));
    let over = |silence| Silence {
        ends_at: now().wall,
        ..silence
    };
    let hostile = Matcher::equal("phone", HOSTILE_NAME).to_string();
    snapshot
        .board
        .with_silences(vec![silence(7, &hostile), over(silence(8, "phone=lobby"))]);
    let fleet = fleet();
    let _told = snapshot.board.after_tick(&fleet, &Health::default(), now());
    let firing = snapshot.board.alerts();
    let firing: Vec<_> = firing
        .filter(|alert| alert.state.is_firing())
        .map(|alert| {
            (
                alert.life(),
                Arc::new(settings.texts.of(alert, None, now()).texts),
            )
        })
        .collect();
    for (key, texts) in firing {
        snapshot.texts.insert_mut(key, texts);
    }
    let matched = settings.rules.iter().map(|known| &known.rule.name);
    snapshot.matched = Arc::new(matched.map(|name| (name.clone(), 4)).collect());
    snapshot.evaluated = Some(now());
    let queue = Queue {
        waiting: 1,
        oldest: Some(now().wall),
        dead: 1,
        failing: Some(Duration::from_secs(1200)),
    };
    snapshot.queues = Arc::new([("push".into(), queue)].into());
    let tally = AlertmanagerCounters {
        sent: 5,
        ..AlertmanagerCounters::default()
    };
    snapshot.tallies = Arc::new(Counters {
        alertmanagers: [("am1:9093".into(), tally)].into(),
        ..Counters::default()
    });
    snapshot
}

/// What the API tells of this snapshot.
pub(in crate::web) fn context(snapshot: AlertSnapshot) -> AlertContext {
    AlertContext {
        snapshot: Arc::new(snapshot),
        fleet: Arc::new(fleet()),
        now: now(),
    }
}

/// A silence for another hour, with a comment that needs escaping.
pub(in crate::web) fn silence(id: u64, matchers: &str) -> Silence {
    Silence {
        id,
        matchers: parse_list(matchers).expect("matchers").into(),
        starts_at: now().wall,
        ends_at: now().after(Duration::from_secs(3600)).wall,
        updated_at: now().wall,
        created_by: "anna".into(),
        comment: "moving <b>house</b>".into(),
    }
}

/// A dead letter.
pub(in crate::web) fn dead_letter() -> OutboxEntry {
    OutboxEntry {
        id: 3,
        new: NewEntry {
            receiver: "push".into(),
            group_key: "hq".into(),
            body: "{\"reason\":\"new\",\"firing\":[],\"over\":[],\"fresh\":[],\"missed\":0}".into(),
            due: now().wall,
        },
        recipients: None,
        created: now().wall,
        attempts: 12,
        error: Some("answered with <status> 404".into()),
        dead: true,
    }
}

fn alert_settings() -> alerting_config::Settings {
    let rules = Rules::new(rules());
    alerting_config::Settings {
        enabled: true,
        external_url: "https://phones.example".into(),
        rules: Arc::new(rules),
        suppression: Arc::new(Suppression {
            inhibit_rules: Box::new([InhibitRule::of_names(
                &["Refused"],
                &["NotReadable"],
                &["phone"],
            )]),
            windows: Box::new([Window {
                name: "patch-night".into(),
                when: TimeIntervals(Box::new([tuesday_night()])),
                matching: Box::default(),
            }]),
            ..Suppression::default()
        }),
        receivers: vec![Arc::new(receiver())],
        heartbeat: Some(Heartbeat {
            url: SECRET_URL.into(),
            interval: Duration::from_secs(60),
            client: HttpClient::default(),
        }),
        ..alerting_config::Settings::default()
    }
}

fn tuesday_night() -> TimeInterval {
    TimeInterval {
        name: "tuesday-night".into(),
        parts: Box::new([Part {
            times: Box::new([TimeRange {
                start: 22 * 60,
                end: 23 * 60 + 30,
            }]),
            weekdays: Box::new([Range { first: 2, last: 2 }]),
            ..Part::always(TimeZone::UTC)
        }]),
    }
}

/// An address that must not be shown anywhere.
pub(in crate::web) const SECRET_URL: &str = "https://push.example/t0ken";

fn rules() -> [Rule; 4] {
    let severity = |severity: &str| -> Box<[(Box<str>, Box<str>)]> {
        Box::new([("severity".into(), severity.into())])
    };
    let texts = |summary: &str| Annotations {
        summary: summary.into(),
        impact: "Nobody can call.".into(),
        first_steps: "Look at it.".into(),
        runbook_url: "https://runbooks.example/one".into(),
        others: Box::default(),
    };
    let rule = |name, when| Rule {
        min_polls: 1,
        ..Rule::new(name, when)
    };
    let refused = PhoneCondition::PollError {
        reasons: Box::new([Reason::Auth]),
    };
    let unregistered = EachCondition::AccountNotRegistered { account: None };
    [
        Rule {
            labels: severity("critical"),
            annotations: texts("The password of <bar> is refused"),
            ..rule("Refused", Condition::Phone(refused))
        },
        Rule {
            labels: severity("warning"),
            annotations: texts("An account of \"reception\" is not registered"),
            ..rule("AccountUnregistered", Condition::Each(unregistered))
        },
        Rule {
            hold: Duration::from_secs(300),
            labels: severity("strange <i>"),
            annotations: texts("It cannot be read"),
            ..rule("NotReadable", Condition::Phone(PhoneCondition::NotReadable))
        },
        Rule {
            labels: severity("none"),
            annotations: texts("All is well"),
            ..rule("Watchdog", Condition::Own(Own::Watchdog))
        },
    ]
}

fn receiver() -> Receiver {
    Receiver {
        route: Route {
            group_by: Box::new(["site".into()]),
            ..Route::new("push")
        },
        max_listed_alerts: 10,
        channel: Channel::Webhook(Box::new(Webhook {
            url: SECRET_URL.into(),
            body: Body::Ntfy,
            hmac: None,
            client: HttpClient::default(),
            timeout: None,
        })),
    }
}

/// A text that is written chunk by chunk, as JSON.
pub(in crate::web) fn written(mut source: impl ChunkSource) -> serde_json::Value {
    let mut text = Vec::new();
    loop {
        let mut chunk = Vec::new();
        let filled = source.fill(&mut chunk);
        text.extend(chunk);
        if filled == Progress::Done {
            break;
        }
    }
    serde_json::from_slice(&text).expect("JSON")
}
