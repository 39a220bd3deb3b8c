//! A daemon that judges alerts, of which only the metrics are real: the picture they are read from is
//! made here, so that everything that can be said of alerts is said within seconds.
//!
//! Its board judges a fleet of a few phones by ready-made rules without their patience. Who is told
//! and who is not is only counted. Its series of alerts go beside those of the daemon under test, as
//! if that one had them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::alert::board::Rules;
use grandstream_exporter::alert::command::Command;
use grandstream_exporter::alert::condition::Condition;
use grandstream_exporter::alert::matcher::{Glob, LabelPatterns};
use grandstream_exporter::alert::notify::channel::{
    Access, Alertmanager, Auth, Body, Channel, Receiver, Webhook,
};
use grandstream_exporter::alert::notify::digest::Route;
use grandstream_exporter::alert::notify::notice::Why;
use grandstream_exporter::alert::notify::retry::Cause;
use grandstream_exporter::alert::own::Health;
use grandstream_exporter::alert::picture::{Keeping, ManagerTally, Queue, Restored, Tallies};
use grandstream_exporter::alert::silence::Silence;
use grandstream_exporter::alert::{self, Board, Picture, Rule, packs};
use grandstream_exporter::clock::Clock;
use grandstream_exporter::config;
use grandstream_exporter::fleet::command::{PollNow, Reload, ReloadStatus};
use grandstream_exporter::fleet::place::Scheme;
use grandstream_exporter::fleet::reading::{Account, Line, LineState, Lines, Registration};
use grandstream_exporter::fleet::report::Outcome;
use grandstream_exporter::fleet::{Failure, Fleet, Moment, Place, PollReport, Reason, Text};
use grandstream_exporter::web::{Doors, Inputs, Limits, Settings, bind, serve};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// The rules; what each is there for is beside it.
const RULES: [&str; 8] = [
    // An account, and all of a server.
    "AccountUnregistered",
    "MassUnregistered",
    // A line, pending.
    "LineFailed",
    // Phones: one told, one silenced.
    "PhoneUnreachable",
    "PhoneAuthRejected",
    // The daemon itself.
    "NotifierFailing",
    "Watchdog",
    // Speaks of no phone.
    "CertificateExpired",
];

/// How often what is counted rises: within every window that is looked at.
const RESTLESS: Duration = Duration::from_secs(1);

pub(super) struct Judge {
    address: SocketAddr,
    clock: Clock,
    fleet: watch::Sender<Arc<Fleet>>,
    pictures: watch::Sender<Arc<Picture>>,
    _unasked: (
        mpsc::Receiver<PollNow>,
        mpsc::Receiver<Reload>,
        mpsc::Receiver<Command>,
        watch::Sender<Arc<Settings>>,
    ),
    _tasks: JoinSet<()>,
}

impl Judge {
    /// One that has nothing to say yet but that it is there.
    pub(super) fn start() -> Self {
        let clock = Clock::real();
        let network = bind(&[([127, 0, 0, 1], 0).into()]).expect("a free port");
        let address = network[0].local_addr().expect("an address");
        let fleet = phones(clock.now(), good);
        let picture = picture(&fleet, clock.now(), 0);
        let (fleet, fleets) = watch::channel(Arc::new(fleet));
        let (pictures, alerts) = watch::channel(Arc::new(picture));
        let (settings, all_settings) = watch::channel(Arc::new(shown(clock.now())));
        let (poll_sender, polls) = mpsc::channel(1);
        let (reload_sender, reloads) = mpsc::channel(1);
        let (command_sender, commands) = mpsc::channel(1);
        let inputs = Inputs {
            fleet: fleets,
            settings: all_settings,
            clock: clock.clone(),
            polls: poll_sender,
            reloads: reload_sender,
            alerts,
            commands: command_sender,
            started: clock.now(),
        };
        let doors = Doors {
            network,
            control: None,
        };
        let mut tasks = JoinSet::new();
        let stop = CancellationToken::new();
        tasks.spawn(serve(doors, inputs, Limits::default(), stop));
        Self {
            address,
            clock,
            fleet,
            pictures,
            _unasked: (polls, reloads, commands, settings),
            _tasks: tasks,
        }
    }

    /// A scrape job whose series of alerts look like those of the exporter at `daemon`.
    pub(super) fn job(&self, daemon: SocketAddr) -> String {
        format!(
            "
  - job_name: judge
    static_configs: [{{ targets: ['{}'] }}]
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: grandstream_(alert|notification|silences|phone_muted).*
        action: keep
      - {{ target_label: job, replacement: grandstream }}
      - {{ target_label: instance, replacement: '{daemon}' }}
",
            self.address
        )
    }

    /// From now on there are alerts, and telling them goes wrong; until dropped.
    pub(super) async fn trouble(&self) {
        let now = self.clock.now();
        let fleet = phones(now, bad);
        let picture = picture(&fleet, now, 1);
        self.fleet.send_replace(Arc::new(fleet));
        let mut tick = tokio::time::interval(RESTLESS);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for round in 1.. {
            tick.tick().await;
            let now = self.clock.now();
            self.pictures.send_replace(Arc::new(Picture {
                evaluated: Some(now),
                tallies: Arc::new(tallies(round)),
                ..picture.clone()
            }));
        }
    }
}

/// Everything that there is to see at a moment, after so many rounds of trouble.
fn picture(fleet: &Fleet, now: Moment, round: u64) -> Picture {
    let settings = Arc::new(settings());
    let mut board = Board::new(Arc::clone(&settings.rules));
    let failing = (round > 0).then_some(Duration::from_secs(3600));
    let health = Health {
        receivers: Box::new([("push".into(), failing)]),
        ..Health::default()
    };
    if failing.is_some() {
        board.with_silences(vec![silence(now)]);
    }
    let _told = board.after_tick(fleet, &health, now);
    let matched = RULES.map(|rule| (rule.into(), u32::from(rule != "CertificateExpired")));
    let queue = Queue {
        waiting: round,
        oldest: failing.map(|ago| now.wall - ago),
        dead: round,
        failing,
    };
    Picture {
        board,
        matched: Arc::new(match failing {
            Some(_) => BTreeMap::from(matched),
            None => BTreeMap::new(),
        }),
        evaluated: Some(now),
        tallies: Arc::new(tallies(round)),
        queues: Arc::new(BTreeMap::from([("push".into(), queue)])),
        keeping: Keeping {
            written: Some(now.wall),
            fault: None,
        },
        ..Picture::new(settings)
    }
}

fn settings() -> alert::Settings {
    let rules = packs::all().into_iter().flat_map(|pack| pack.rules);
    let rules = rules.filter(|rule| RULES.contains(&&*rule.name));
    alert::Settings {
        enabled: true,
        rules: Arc::new(Rules::new(rules.map(hasty))),
        alertmanagers: vec![Arc::new(Alertmanager {
            name: "am1.example:9093".into(),
            url: "http://am1.example:9093".to_owned().into(),
            auth: Auth::None,
            access: Access::default(),
        })],
        receivers: vec![receiver("helpdesk"), receiver("push")],
        ..alert::Settings::default()
    }
}

/// The rule without its patience, but for that of lines; one account makes a server.
fn hasty(rule: Rule) -> Rule {
    let patient = &*rule.name == "LineFailed";
    let mut when = rule.when;
    if let Condition::Fraction(fraction) = &mut when {
        fraction.min = 1;
    }
    Rule {
        hold: if patient { rule.hold } else { Duration::ZERO },
        min_polls: 1,
        when,
        ..rule
    }
}

fn receiver(name: &str) -> Arc<Receiver> {
    Arc::new(Receiver {
        route: Route::new(name),
        collapse_over: 10,
        channel: Channel::Webhook(Webhook {
            url: "http://hook.example".to_owned().into(),
            body: Body::Generic,
            headers: Vec::new(),
            auth: Auth::None,
            hmac: None,
            access: Access::default(),
        }),
    })
}

/// Covers the phone that refuses the password.
fn silence(now: Moment) -> Silence {
    Silence {
        id: 1,
        matching: Box::new([LabelPatterns {
            name: "phone".into(),
            any_of: Box::new([Glob::new("refusing")]),
        }]),
        from: now.wall,
        until: now.after(Duration::from_secs(3600)).wall,
        by: "anna".into(),
        comment: "a new password".into(),
    }
}

fn tallies(round: u64) -> Tallies {
    Tallies {
        delivered: BTreeMap::from([(("helpdesk".into(), Why::New), round)]),
        failed: BTreeMap::from([(("push".into(), Cause::Timeout), round)]),
        suppressed: BTreeMap::from([("silence", round)]),
        alertmanagers: BTreeMap::from([(
            "am1.example:9093".into(),
            ManagerTally {
                sent: round,
                errors: round,
                dropped: round,
                waiting: round,
            },
        )]),
        texts_failed: round,
        restored: BTreeMap::from([(Restored::Continued, round)]),
    }
}

/// Three phones of the house after a poll.
fn phones(now: Moment, poll: fn(&str, &mut PollReport)) -> Fleet {
    let names = [("old", "berlin"), ("dead-1", "lyon"), ("refusing", "lyon")];
    let places = names.map(|(name, site)| Arc::new(place(name, site)));
    names.iter().fold(Fleet::new(places), |fleet, (name, _)| {
        let mut report = PollReport::new(now);
        poll(name, &mut report);
        fleet.with_report(name, report)
    })
}

fn good(_: &str, report: &mut PollReport) {
    report.reached = true;
    report.session = true;
    report.parts.lines = read(report, Lines::new(Box::default()));
}

fn bad(name: &str, report: &mut PollReport) {
    report.reached = name != "dead-1";
    report.session = name == "old";
    match name {
        "dead-1" => report.failure = Some(Failure::new(Reason::Timeout, "no answer")),
        "refusing" => report.failure = Some(Failure::new(Reason::Auth, "it was refused")),
        _ => {
            let account = Account {
                id: 1,
                server: Text::clean("sip.example.com"),
                user: None,
                registration: Registration::Unregistered,
            };
            let line = Line {
                number: 2,
                state: LineState::Failed,
            };
            report.parts.accounts = read(report, Box::new([account]));
            report.parts.lines = read(report, Lines::new(Box::new([line])));
        }
    }
}

fn read<T>(report: &PollReport, value: T) -> Outcome<T> {
    Outcome::Read {
        at: report.began,
        value,
    }
}

fn place(name: &str, site: &str) -> Place {
    let day = Duration::from_secs(86_400);
    Place {
        name: name.into(),
        address: "192.0.2.1".into(),
        scheme: Scheme::Http,
        tls_verified: None,
        mac: None,
        site: Some(site.into()),
        labels: Box::default(),
        portable: false,
        time_zone: None,
        expect: Box::default(),
        interval: day,
        values_interval: day,
        stale_after: day,
        values_stale_after: day,
    }
}

fn shown(now: Moment) -> Settings {
    Settings {
        metrics: config::Metrics::default(),
        values: Arc::default(),
        entrance: Arc::default(),
        reload: ReloadStatus {
            successful: true,
            last_success: now.wall,
        },
        ready_after: Duration::ZERO,
        overview: Arc::default(),
    }
}
