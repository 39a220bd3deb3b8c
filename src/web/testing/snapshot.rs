//! A made-up snapshot of alerts over any fleet, for tests: it has every family of alerts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alert_engine::snapshot::{
    AlertmanagerCounters, Counters, Persistence, Queue, RestoreResult,
};
use crate::alerting_config::Settings;
use crate::alerts::board::{Board, KnownRule, Rules};
use crate::alerts::self_monitoring::{Health, Sending};
use crate::alerts::silence::{Silence, Window};
use crate::alerts::suppress::Suppression;
use crate::fleet::Fleet;
use crate::fleet::moment::later;
use crate::notify::channel::{Alertmanager, Body, Channel, Receiver, Webhook};
use crate::notify::http_client::HttpClient;
use crate::notify::notification::NotificationReason;
use crate::notify::retry::FailureReason;
use crate::notify::route::Route;
use crate::rules::condition::Condition;
use crate::rules::matcher::Matcher;
use crate::rules::packs;
use crate::rules::time_interval::{Part, TimeInterval, TimeIntervals};

use super::fixture;

/// The rules of the example: of accounts, of phones, of a receiver, of the daemon, and one that has
/// nothing to say.
const RULES: [&str; 5] = [
    "AccountUnregistered",
    "PhoneAuthRejected",
    "NotifierFailing",
    "Watchdog",
    "ConfigReloadFailed",
];

/// A phone that refuses our password is silenced, a site-less phone is in a window, a receiver takes
/// nothing, and so does an Alertmanager.
pub(in crate::web) fn of(fleet: &Fleet) -> AlertSnapshot {
    let settings = Arc::new(settings());
    let mut board = Board::new(Arc::clone(&settings.rules));
    board.with_silences(vec![
        silence(1, fixture::HOSTILE_NAME, 0, 3600),
        silence(2, "reception", 3600, 7200),
    ]);
    board.with_suppression(Arc::clone(&settings.suppression));
    let health = Health {
        receivers: Box::new([("push".into(), Sending::FailsFor(Duration::from_secs(3600)))]),
        ..Health::default()
    };
    // The first tick covers, the second judges what fires.
    let _told = board.after_tick(fleet, &health, fixture::now());
    let _told = board.after_tick(fleet, &health, fixture::now());
    let of_phones = |rule: &&Arc<KnownRule>| !matches!(rule.rule.when, Condition::Own(_));
    let rules = settings.rules.iter().filter(of_phones);
    let matched = rules.map(|known| (known.rule.name.clone(), 4));
    AlertSnapshot {
        board,
        matched: Arc::new(matched.collect()),
        evaluated: Some(fixture::now()),
        tallies: Arc::new(tallies()),
        queues: Arc::new(queues()),
        keeping: Persistence {
            written: Some(fixture::now().wall),
            fault: None,
        },
        ..AlertSnapshot::new(settings)
    }
}

fn settings() -> Settings {
    let rules = packs::all().into_iter().flat_map(|pack| pack.rules);
    let rules = rules.filter(|rule| RULES.contains(&&*rule.name));
    let night = Window {
        name: "moving house".into(),
        when: TimeIntervals(Box::new([TimeInterval {
            name: "always".into(),
            parts: Box::new([Part::always(TimeZone::UTC)]),
        }])),
        matching: phone("lobby"),
    };
    Settings {
        enabled: true,
        rules: Arc::new(Rules::new(rules)),
        suppression: Arc::new(Suppression {
            windows: Box::new([night]),
            ..Suppression::default()
        }),
        alertmanagers: vec![Arc::new(Alertmanager {
            name: "am1.example:9093".into(),
            url: "http://am1.example:9093".to_owned().into(),
            client: HttpClient::default(),
            timeout: None,
        })],
        receivers: vec![receiver("helpdesk"), receiver("push")],
        ..Settings::default()
    }
}

fn receiver(name: &str) -> Arc<Receiver> {
    Arc::new(Receiver {
        route: Route::new(name),
        max_listed_alerts: 10,
        channel: Channel::Webhook(Box::new(Webhook {
            url: "http://hook.example".to_owned().into(),
            body: Body::Generic,
            hmac: None,
            client: HttpClient::default(),
            timeout: None,
        })),
    })
}

fn silence(id: u64, name: &str, from: u64, until: u64) -> Silence {
    let at = |seconds| later(fixture::now().wall, Duration::from_secs(seconds));
    Silence {
        id,
        matchers: phone(name),
        starts_at: at(from),
        ends_at: at(until),
        updated_at: at(from),
        created_by: "anna".into(),
        comment: "moving house".into(),
    }
}

fn phone(name: &str) -> Box<[Matcher]> {
    Box::new([Matcher::equal("phone", name)])
}

fn tallies() -> Counters {
    Counters {
        delivered: BTreeMap::from([(("helpdesk".into(), NotificationReason::First), 2)]),
        failed: BTreeMap::from([(("push".into(), FailureReason::Refused), 3)]),
        suppressed: BTreeMap::from([("silence", 1)]),
        alertmanagers: BTreeMap::from([(
            "am1.example:9093".into(),
            AlertmanagerCounters {
                sent: 7,
                errors: 2,
                dropped: 1,
                waiting: 4,
            },
        )]),
        texts_failed: 1,
        restored: BTreeMap::from([(RestoreResult::Continued, 3)]),
    }
}

fn queues() -> BTreeMap<Box<str>, Queue> {
    let minute = Duration::from_secs(60);
    let push = Queue {
        waiting: 2,
        oldest: Some(fixture::now().wall - minute),
        dead: 1,
        failing: Some(60 * minute),
    };
    BTreeMap::from([("push".into(), push)])
}
