//! Who is told of the house's trouble: a receiver that listens, one that is busy for good, and an
//! Alertmanager that takes all but one alert. What keeps alerts back: a window that is always open,
//! and a silence.
//!
//! The rules are ready-made ones without their patience, so that everything that can be said of
//! alerts is said within seconds.

use std::fmt::Write;

use grandstream_exporter::rules::packs;

use crate::harness::Daemon;
use crate::harness::sink::{Answers, Sink};
use crate::process::program;

/// The rules and how they are tuned; what each is there for is beside it. Others are off.
const RULES: [(&str, &str); 8] = [
    // An account, and all of a server; one account makes a server.
    ("AccountUnregistered", "for: 0s, where: { phone: old }"),
    (
        "MassUnregistered",
        "for: 0s, when: { fraction_unregistered: { by: sip_server, at_least: 0.01, min: 1 } }",
    ),
    // A line, pending.
    ("LineFailed", "for: 1h"),
    // Phones: told, in a window, and silenced.
    ("PhoneUnreachable", "for: 0s"),
    ("PhoneAuthRejected", ""),
    // The daemon itself.
    (
        "NotifierFailing",
        "when: { notifier_failing: { within: 1s } }",
    ),
    ("Watchdog", ""),
    // Speaks of no phone.
    ("CertificateExpired", "where: { site: nowhere* }"),
];

/// Those who are told; dropping it ends them.
pub(super) struct Told {
    helpdesk: Sink,
    push: Sink,
    manager: Sink,
}

impl Told {
    pub(super) async fn start() -> Self {
        let ok = || Answers::With("200 OK", String::new());
        let picky = move |body: &str| {
            if body.contains("\"dead-2\"") {
                return Answers::With("400 Bad Request", String::new());
            }
            ok()
        };
        Self {
            helpdesk: Sink::start(ok()).await,
            push: Sink::start(Answers::With("503 Busy", String::new())).await,
            manager: Sink::start_with(None, picky).await,
        }
    }

    /// The section of a configuration that judges alerts and tells them all of these.
    pub(super) fn config(&self) -> String {
        let receiver = |name: &str, sink: &Sink| {
            format!(
                "{name}: {{ webhook: {{ url: 'http://{}/' }}, group_wait: 0s, group_interval: 1s, \
                 matchers: ['severity=~\"critical|warning\"'] }}",
                sink.address
            )
        };
        let mut config = format!(
            "
alerting:
  enabled: true
  evaluation_interval: 200ms
  resend_delay: 1s
  alertmanagers: [{{ url: 'http://{}' }}]
  receivers: {{ {}, {} }}
  time_intervals: [{{ name: always, time_intervals: [{{}}] }}]
  maintenance_windows: [{{ name: always, matchers: ['phone=\"dead-3\"'], active_time_intervals: [always] }}]
  rule_groups: [core, security, compliance, calls, self]
  rule_overrides:
",
            self.manager.address,
            receiver("helpdesk", &self.helpdesk),
            receiver("push", &self.push),
        );
        for rule in packs::all().iter().flat_map(|pack| &pack.rules) {
            let used = RULES.iter().find(|(name, _)| **name == *rule.name);
            let keys = match used {
                Some((_, keys)) => format!("min_polls: 1, {keys}"),
                None => "enabled: false".to_owned(),
            };
            writeln!(config, "    {}: {{ {keys} }}", rule.name).expect("text");
        }
        config
    }
}

/// Silences the phone that refuses the password, over the control socket.
pub(super) async fn silence(daemon: &Daemon) {
    let mut command = program();
    command
        .args(["silence", "add", "phone=refusing", "--for", "1h"])
        .args(["--comment", "a new password", "--socket"])
        .arg(daemon.path().join("control.sock"));
    let ended = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
    let ended = ended.await.expect("no panic");
    assert!(ended.status.success(), "{ended:?}");
}
