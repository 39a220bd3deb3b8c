//! A small made-up fleet for the tests of this room.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use crate::config::{Metrics, PublishedValue, ValueKind};
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

use super::Settings;

/// 2024-05-01 09:00 UTC, an hour after the start.
pub(super) fn now() -> Moment {
    Moment {
        wall: Timestamp::from_second(1_714_554_000).expect("a time"),
        mono: Duration::from_secs(3600),
    }
}

/// Everything that is opt-in is on.
pub(super) fn settings() -> Settings {
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
        entrance: Arc::default(),
        reload: ReloadStatus {
            successful: true,
            last_success: now().wall,
        },
        ready_after: Duration::from_secs(45),
    }
}

/// A phone at the site `hq`, spoken to by plain HTTP.
pub(super) fn place(name: &str) -> Place {
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
pub(super) const HOSTILE_NAME: &str = "bar \"<b>&\\\n";

/// A text without what changes from version to version.
pub(super) fn without_version(page: &str) -> String {
    page.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

/// Four phones: one that tells all, one that refuses our password, a portable one that is away, and
/// one that was never polled.
pub(super) fn fleet() -> Fleet {
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
    Fleet::new(places.map(Arc::new))
        .with_report("reception", good_poll())
        .with_report(HOSTILE_NAME, refused_poll())
        .with_report("cordless", failed_poll())
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
