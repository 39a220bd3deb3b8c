//! The section `alerting`: what holds of it, what it warns of, and that its secrets go nowhere else.

use std::process::Command;
use std::time::Duration;

use grandstream_exporter::alerting_config::{self, Settings};
use grandstream_exporter::config::{Environment, Secrets};
use grandstream_exporter::notify::channel::{Body, Channel, Encryption, Receiver};
use grandstream_exporter::notify::http_client::Authorization;
use grandstream_exporter::notify::route::{MuteTimes, RepeatInterval};
use grandstream_exporter::rules::condition::{
    Condition, EachCondition, Operator, PhoneCondition, Take,
};
use grandstream_exporter::rules::matcher::written;
use grandstream_exporter::rules::phone_selector::{Glob, LabelPatterns};
use grandstream_exporter::rules::rule::{OnUnknown, Rule};
use secrecy::ExposeSecret;

use super::Home;

const MINUTE: Duration = Duration::from_secs(60);

/// Stands where a secret is, and must show up nowhere.
const CANARY: &str = "Kanarienvogel-7";

const PHONES: &str = "
state_dir: state
phones:
  - { name: reception-1, address: 192.0.2.1, site: hq, password: test }
  - { name: hall, address: 192.0.2.2, site: warehouse, password: test, labels: { floor: \"2\" } }
";

const FULL: &str = r#"
external_url: https://phones.acme.example/
external_labels: { fleet: acme }
alerting:
  enabled: true
  alertmanagers:
    - url: https://am1.acme.example/
    - url: https://am2.acme.example:9093/sub
      authorization: { credentials_file: secrets/token }
      timeout: 5s
  resend_delay: 2m
  receivers:
    helpdesk_mail:
      email: { to: [helpdesk@acme.example, boss@acme.example], from: phones@acme.example,
               smarthost: "smtp.acme.example:465", auth_username: phones,
               auth_password_file: secrets/smtp }
      group_by: [site, alertname]
      repeat_interval: daily 08:00 Europe/Berlin
      max_listed_alerts: 3
    oncall_push:
      webhook:
        preset: ntfy
        url_file: secrets/url
        hmac_file: secrets/key
        http_config:
          http_headers: { X-Team: { values: [phones] }, X-Token: { files: [secrets/token] } }
          basic_auth: { username: anna, password_file: secrets/smtp }
          tls_config: { insecure_skip_verify: true }
          proxy_url: http://proxy.acme.example:3128
      matchers: ['severity="critical"', 'site=~"h.*|warehouse"', phone!=hall]
      group_wait: 0s
      group_interval: 1m
      repeat_interval: off
      send_resolved: false
      critical_bypasses_group_interval: false
      active_time_intervals: [office]
      mute_time_intervals: [christmas, patching]
      unmuted_matchers: ['{severity="critical",phone!~"lab-.*"}']
  heartbeat: { url_file: secrets/url, interval: 30s }
  rule_groups: [core, security, compliance]
  rule_overrides:
    PhoneUnreachable:
      for: 10m
      where: { site: warehouse }
      labels: { team: it }
      annotations: { impact: ours, dashboard: theirs }
    FirmwareMismatch: { enabled: false }
    PlainHTTP: { enabled: true }
  rules:
    - name: ReceptionDown
      when: { any_of: [ { phone_unreachable: {} }, { account_not_registered: { account: 1 } } ] }
      where: { phone: ["reception-*"], labels: { floor: ["", "2"] } }
      for: 1m
      min_polls: 3
      keep_firing_for: 2m
      on_unknown: fire
      inhibits_below: true
      labels: { severity: critical, team: front-office }
      annotations: { summary: "{{ phone.name }} cannot take calls" }
    - name: Busy
      when: { metric: { name: grandstream_lines, is: ">= 2", over: 10m, take: min, pick: in_call } }
    - name: Forgotten
      when: { line_state: { state: in_call, longer_than: 2h } }
      for: 1m
  inhibit_rules:
    - source_matchers: ['alertname="MassUnregistered"']
      target_matchers: ['alertname=~"ReceptionDown|FirmwareMismatch"', severity="critical"]
      equal: [server, alertname]
  flapping: { changes: 4, within: 20m, calm: 10m }
  time_intervals:
    - name: office
      time_intervals:
        - weekdays: [monday, "Friday:saturday"]
          times: [ { start_time: 08:00, end_time: 12:00 }, { start_time: "22:00", end_time: "24:00" } ]
          location: Europe/Berlin
    - name: christmas
      time_intervals: [ { months: [12], days_of_month: ["25:26"], years: [2026, "2027:2029"] } ]
    - name: patching
      time_intervals:
        - { weekdays: [tuesday], times: [ { start_time: "22:00", end_time: "23:30" } ], location: Europe/Berlin }
  maintenance_windows:
    - { name: patch-night, matchers: ['site="hq"'], active_time_intervals: [patching, christmas] }
    - { name: closed, active_time_intervals: [office] }
  silences: { max_duration: 10d }
"#;

fn home(alerting: &str) -> Home {
    Home::new(&format!("{PHONES}{alerting}"))
        .with("secrets/token", "bearer\n")
        .with("secrets/smtp", "sesame\n")
        .with("secrets/key", "key\n")
        .with("secrets/url", "https://ntfy.example/topic\n")
}

#[track_caller]
fn full() -> Settings {
    let loaded = home(FULL).load_all();
    loaded.unwrap_or_else(|faults| panic!("{faults}")).1
}

fn rule<'a>(settings: &'a Settings, name: &str) -> Option<&'a Rule> {
    let mut rules = settings.rules.iter().map(|known| &known.rule);
    rules.find(|rule| *rule.name == *name)
}

fn receiver<'a>(settings: &'a Settings, name: &str) -> &'a Receiver {
    let mut receivers = settings.receivers.iter();
    let found = receivers.find(|receiver| *receiver.route.receiver == *name);
    found.unwrap_or_else(|| panic!("no receiver {name}"))
}

fn patterns(name: &str, globs: &[&str]) -> LabelPatterns {
    LabelPatterns {
        name: name.into(),
        any_of: globs.iter().map(|glob| Glob::new(*glob)).collect(),
    }
}

#[test]
fn alertmanagers_are_told_with_labels_and_proofs() {
    let settings = full();
    assert!(settings.enabled);
    assert_eq!(&*settings.external_url, "https://phones.acme.example");
    let sender = &settings.sender;
    assert_eq!(*sender.external_labels, [("fleet".into(), "acme".into())]);
    assert_eq!(&*sender.alerts_url, "https://phones.acme.example/alerts");
    assert_eq!(sender.resend_delay, 2 * MINUTE);
    let [first, second] = &*settings.alertmanagers else {
        panic!("two Alertmanagers");
    };
    assert_eq!(&*first.name, "am1.acme.example:443");
    assert_eq!(first.url.expose_secret(), "https://am1.acme.example");
    assert!(matches!(first.client.authorization, Authorization::None));
    assert_eq!(&*second.name, "am2.acme.example:9093");
    assert_eq!(
        second.url.expose_secret(),
        "https://am2.acme.example:9093/sub"
    );
    assert!(
        matches!(&second.client.authorization, Authorization::Credentials { scheme, credentials }
        if **scheme == *"Bearer" && credentials.expose_secret() == "bearer")
    );
    assert_eq!(second.timeout, Some(Duration::from_secs(5)));
    let heartbeat = settings.heartbeat.expect("a heartbeat");
    assert_eq!(heartbeat.url.expose_secret(), "https://ntfy.example/topic");
    assert_eq!(heartbeat.interval.as_secs(), 30);
}

#[test]
fn a_mail_goes_to_everybody_by_the_port_of_its_encryption() {
    let settings = full();
    let helpdesk = receiver(&settings, "helpdesk_mail");
    let Channel::Email(email) = &helpdesk.channel else {
        panic!("a mail");
    };
    let to: Vec<_> = email.to.iter().map(|to| &**to).collect();
    assert_eq!(to, ["helpdesk@acme.example", "boss@acme.example"]);
    assert_eq!(&*email.from, "phones@acme.example");
    assert_eq!((&*email.host, email.port), ("smtp.acme.example", 465));
    assert_eq!(email.encryption, Encryption::Tls);
    let (user, password) = email.login.as_ref().expect("a login");
    assert_eq!((&**user, password.expose_secret()), ("phones", "sesame"));
    assert_eq!(helpdesk.max_listed_alerts, 3);
    let route = &helpdesk.route;
    assert_eq!(*route.group_by, ["site".into(), "alertname".into()]);
    assert!(
        matches!(&route.repeat_interval, RepeatInterval::Daily { at, zone }
        if at.hour() == 8 && zone.iana_name() == Some("Europe/Berlin"))
    );
    assert!(route.matching.is_empty() && route.mute == MuteTimes::default());
    assert!(route.send_resolved && route.critical_bypasses_group_interval);
    let defaults = (route.group_wait, route.group_interval);
    assert_eq!(defaults, (MINUTE / 2, 5 * MINUTE));
}

#[test]
fn a_webhook_has_its_words_headers_proofs_and_hours() {
    let settings = full();
    let oncall = receiver(&settings, "oncall_push");
    let Channel::Webhook(webhook) = &oncall.channel else {
        panic!("a webhook");
    };
    assert_eq!(webhook.url.expose_secret(), "https://ntfy.example/topic");
    assert!(matches!(webhook.body, Body::Ntfy));
    let headers = webhook.client.headers.iter();
    let headers: Vec<_> = headers
        .map(|header| {
            let value = &header.value;
            (&*header.name, value.expose(), value.secret().is_some())
        })
        .collect();
    let expected = [("X-Team", "phones", false), ("X-Token", "bearer", true)];
    assert_eq!(headers, expected);
    let key = webhook.hmac.as_ref().map(ExposeSecret::expose_secret);
    assert_eq!(key, Some("key"));
    assert!(
        matches!(&webhook.client.authorization, Authorization::Basic { username, password }
        if **username == *"anna" && password.expose_secret() == "sesame")
    );
    assert!(webhook.client.tls.insecure_skip_verify);
    let proxy = webhook.client.proxy_url.as_deref();
    assert_eq!(proxy, Some("http://proxy.acme.example:3128"));
    assert_eq!(oncall.max_listed_alerts, 10);
    let route = &oncall.route;
    assert_eq!(
        written(&route.matching),
        r#"severity="critical", site=~"h.*|warehouse", phone!="hall""#
    );
    assert_eq!(*route.group_by, ["alertname".into(), "site".into()]);
    assert_eq!(
        (route.group_wait, route.group_interval),
        (Duration::ZERO, MINUTE)
    );
    assert_eq!(route.repeat_interval, RepeatInterval::Off);
    assert!(!route.send_resolved && !route.critical_bypasses_group_interval);
    let mute = &route.mute;
    assert_eq!(
        written(&mute.unmuted),
        r#"severity="critical", phone!~"lab-.*""#
    );
    assert_eq!(mute.active.names().collect::<Vec<_>>(), ["office"]);
    assert_eq!(
        mute.mute.names().collect::<Vec<_>>(),
        ["christmas", "patching"]
    );
    let moment = |text: &str| text.parse().expect("a moment");
    let active = |time: &str| mute.active.contain(moment(&format!("{time}:00+01:00")));
    let monday = ["2026-11-23T11:59", "2026-11-23T12:00", "2026-11-23T23:59"];
    assert_eq!(monday.map(active), [true, false, true]);
    let others = ["2026-11-24T11:59", "2026-11-27T11:59", "2026-11-28T08:00"];
    assert_eq!(others.map(active), [false, true, true]);
    let muted = |time: &str| mute.mute.contain(moment(&format!("{time}:00Z")));
    let december = ["2025-12-25T12:00", "2026-12-25T12:00", "2029-12-26T23:59"];
    assert_eq!(december.map(muted), [false, true, true]);
}

#[test]
fn overrides_are_laid_over_the_groups_and_rules_come_on_top() {
    let settings = full();
    let down = rule(&settings, "PhoneUnreachable").expect("in force");
    assert_eq!(down.hold, 10 * MINUTE);
    assert_eq!(down.keep_firing_for, 2 * MINUTE, "as the pack has it");
    assert_eq!(*down.only.sites, [Glob::new("warehouse")]);
    let labels = [("severity", "critical"), ("team", "it")];
    assert_eq!(
        *down.labels,
        labels.map(|(name, value)| (name.into(), value.into()))
    );
    assert_eq!(&*down.annotations.impact, "ours");
    assert!(down.annotations.summary.contains("does not answer"));
    assert_eq!(
        *down.annotations.others,
        [("dashboard".into(), "theirs".into())]
    );
    assert!(
        rule(&settings, "FirmwareMismatch").is_none(),
        "it was switched off"
    );
    assert!(rule(&settings, "PlainHTTP").is_some(), "it was switched on");
    assert!(
        rule(&settings, "TlsUnverified").is_none(),
        "it is off as it comes"
    );
    assert!(rule(&settings, "ConfigDrift").is_some());
    assert!(rule(&settings, "Watchdog").is_none(), "its pack is not on");
}

#[test]
fn a_rule_of_ones_own_has_all_its_keys() {
    let settings = full();
    let own = rule(&settings, "ReceptionDown").expect("in force");
    let account = Some(1);
    let parts = [
        PhoneCondition::Unreachable,
        PhoneCondition::Any(EachCondition::AccountNotRegistered { account }),
    ];
    assert_eq!(
        own.when,
        Condition::Phone(PhoneCondition::AnyOf(parts.into()))
    );
    assert_eq!(*own.only.phones, [Glob::new("reception-*")]);
    assert_eq!(*own.only.labels, [patterns("floor", &["", "2"])]);
    let patience = (own.hold, own.min_polls, own.keep_firing_for);
    assert_eq!(patience, (MINUTE, 3, 2 * MINUTE));
    assert_eq!(
        (own.on_unknown, own.inhibits_below),
        (OnUnknown::Fire, true)
    );
    assert_eq!(own.severity(), Some("critical"));
    assert_eq!(
        &*own.annotations.summary,
        "{{ phone.name }} cannot take calls"
    );

    let busy = rule(&settings, "Busy").expect("in force");
    let Condition::Phone(PhoneCondition::Any(EachCondition::Metric(busy))) = &busy.when else {
        panic!("a metric of the phone");
    };
    assert_eq!(
        (busy.family.name, busy.pick.as_deref()),
        ("grandstream_lines", Some("in_call"))
    );
    assert_eq!((busy.is, busy.bound), (Operator::AtLeast, 2.0));
    assert_eq!(busy.over, Some((Take::Min, 10 * MINUTE)));

    let forgotten = rule(&settings, "Forgotten").expect("in force");
    assert_eq!(forgotten.hold, 120 * MINUTE, "the longer of the two");
}

#[test]
fn what_keeps_alerts_back_holds_whether_alerts_are_judged_here_or_not() {
    for enabled in ["true", "false"] {
        let text = FULL.replace(
            "enabled: true\n  alertmanagers",
            &format!("enabled: {enabled}\n  alertmanagers"),
        );
        let (_, settings) = home(&text)
            .load_all()
            .unwrap_or_else(|faults| panic!("{faults}"));
        let suppression = &settings.suppression;
        let own = suppression.inhibit_rules.last().expect("a rule");
        let sides = [&own.source_matchers, &own.target_matchers].map(|side| written(side));
        assert_eq!(
            sides,
            [
                r#"alertname="MassUnregistered""#,
                r#"alertname=~"ReceptionDown|FirmwareMismatch", severity="critical""#
            ]
        );
        assert_eq!(*own.equal, ["server".into(), "alertname".into()]);
        let [patch_night, closed] = &*suppression.windows else {
            panic!("two windows");
        };
        assert_eq!(written(&patch_night.matching), r#"site="hq""#);
        let night = "2026-11-24T22:30:00+01:00".parse().expect("a moment");
        assert!(patch_night.when.contain(night) && !closed.when.contain(night));
        let damping = suppression.damping;
        assert_eq!(
            (damping.changes, damping.within, damping.calm),
            (4, 20 * MINUTE, 10 * MINUTE)
        );
        assert_eq!(settings.longest_silence, Duration::from_secs(10 * 86_400));
        let told = settings.receivers.len() + settings.alertmanagers.len();
        let rules = settings.rules.iter().count();
        let on = settings.enabled && told == 4 && rules > 20 && settings.heartbeat.is_some();
        let off = !settings.enabled && told == 0 && rules == 0 && settings.heartbeat.is_none();
        assert!(
            if enabled == "true" { on } else { off },
            "{enabled}: {settings:?}"
        );
    }
}

#[test]
fn without_the_section_nothing_is_judged_and_packs_are_ready() {
    let (_, settings) = home("").load_all().expect("no faults");
    assert!(!settings.enabled);
    assert_eq!(settings.rules.iter().count(), 0);
    let (_, settings) = home("alerting: { enabled: true }")
        .load_all()
        .expect("no faults");
    let has = |name| rule(&settings, name).is_some();
    assert!(has("PhoneUnreachable") && has("Watchdog") && !has("PhoneAuthRejected"));
}

#[test]
fn ready_made_rules_have_their_runbooks_where_people_find_the_pages() {
    const OVERRIDES: &str = "rule_overrides: { SiteOutage: { annotations: { \
                             runbook_url: https://wiki.example/outage } } }";
    for (external_url, expected) in [
        ("", "docs/runbooks.md#phoneunreachable"),
        (
            "external_url: https://acme.example/phones/\n",
            "https://acme.example/phones/runbooks#phoneunreachable",
        ),
    ] {
        let home = home(&format!(
            "{external_url}alerting: {{ enabled: true, {OVERRIDES} }}"
        ));
        let (_, settings) = home.load_all().expect("no faults");
        let runbook = |name| &*rule(&settings, name).expect(name).annotations.runbook_url;
        assert_eq!(runbook("PhoneUnreachable"), expected);
        assert_eq!(runbook("SiteOutage"), "https://wiki.example/outage");
    }
}

#[test]
fn check_config_counts_rules_and_who_is_told() {
    let home = home(FULL);
    let output = Command::new(env!("CARGO_BIN_EXE_grandstream-exporter"))
        .args([
            "check-config".as_ref(),
            home.path("config.yaml").as_os_str(),
        ])
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = ": valid; 2 phones, 0 disabled, 23 alert rules, 2 receivers, 2 Alertmanagers\n";
    assert!(
        output.status.success() && told.ends_with(expected),
        "{told}"
    );
}

/// What is warned of, without the file.
fn warnings(alerting: &str) -> Vec<String> {
    let home = home(alerting);
    let loaded = home.load_all();
    let (config, _) = loaded.unwrap_or_else(|faults| panic!("{faults}"));
    home.told(&config.warnings)
}

/// What is odd, and the words in which it is told, without file and line.
const ODD: &[(&str, &str)] = &[
    (
        "alerting: { enabled: true }",
        "alerting.enabled: judges alerts, and nobody is told of them; add `receivers` or `alertmanagers`",
    ),
    (
        "alerting: { enabled: true, rules_evaluated_elsewhere: true, alertmanagers: [ { url: \"https://a.example\" } ] }",
        "alerting.rules_evaluated_elsewhere: says that Prometheus or Grafana evaluates the same rules: all is told twice; write `enabled: false`, or unload the rules there",
    ),
    (
        "alerting: { enabled: true, alertmanagers: [ { url: \"https://a.example\" } ], receivers: { a: { webhook: { url: \"https://b.example\" } } } }",
        "alerting.receivers: are told of what the Alertmanagers tell of too; keep one of the two, or route it apart there",
    ),
    (
        "alerting: { receivers: { a: { webhook: { url: \"https://b.example\" }, matchers: [severity=critcal] } } }",
        "alerting.receivers.a.matchers: fits no alert: no rule in force has these labels; correct or remove it",
    ),
    (
        "alerting: { receivers: { a: { webhook: { url: \"https://b.example\" }, matchers: [alertname=PhoneUnreachable, severity=info] } } }",
        "alerting.receivers.a.matchers: fits no alert: no rule in force has these labels; correct or remove it",
    ),
    (
        "alerting: { receivers: { a: { webhook: { url: \"https://b.example\" }, matchers: [alertname=ConfigDrift] } } }",
        "alerting.receivers.a.matchers[0]: `ConfigDrift` is not in force; enable it or its pack, or remove it here",
    ),
    (
        "alerting: { receivers: { a: { webhook: { url: \"https://b.example\" }, matchers: ['severity=~\"crit.?\"'] } } }",
        "alerting.receivers.a.matchers: fits no alert: no rule in force has these labels; correct or remove it",
    ),
    (
        "alerting: { receivers: { a: { webhook: { url: \"https://b.example\" }, matchers: ['site=~\"h.*\"', site!=hq] } } }",
        "alerting.receivers.a.matchers: fits no alert: no rule in force has these labels; correct or remove it",
    ),
    (
        "alerting: { receivers: { a: { webhook: { url: \"https://b.example\" }, matchers: ['alertname=~\"PhoneUnreachable|Watchdgo\"'] } } }",
        "alerting.receivers.a.matchers[0]: `Watchdgo` is the name of no rule; did you mean `Watchdog`?",
    ),
    (
        "alerting: { receivers: { a: { webhook: { url: \"https://b.example\" }, matchers: ['site!=\"warehose\"'] } } }",
        "alerting.receivers.a.matchers[0]: `warehose` is the site of no phone; did you mean `warehouse`?",
    ),
    (
        "alerting: { receivers: { a: { webhook: { url: \"https://b.example\" }, matchers: ['phone=~\"lab-.*\"'] } } }",
        "alerting.receivers.a.matchers[0]: matches the name of no phone; correct the expression, or remove it",
    ),
    (
        "alerting: { inhibit_rules: [ { source_matchers: [alertname=SiteOutage, site=hq], target_matchers: [severity=none, phone=hall] } ] }",
        "alerting.inhibit_rules[0].target_matchers: fits no alert: no rule in force has these labels; correct or remove it",
    ),
    (
        "alerting: { rule_overrides: { ConfigDrift: { for: 1h } } }",
        "alerting.rule_overrides.ConfigDrift: has no effect: the rule group `compliance` is not on; add compliance to `rule_groups`",
    ),
    (
        "alerting: { rules: [ { name: A, when: { phone_unreachable: }, where: { phone: \"lab-*\" } } ] }",
        "alerting.rules[0].where.phone: is the name of no phone; correct the pattern, or remove it",
    ),
    (
        "alerting: { rules: [ { name: A, when: { phone_unreachable: }, where: { phone: hall, site: hq } } ] }",
        "alerting.rules[0].where: matches no phone, so that the rule never fires; correct or remove it",
    ),
    (
        "alerting: { rules: [ { name: A, when: { not_seen_for: 7d } } ] }",
        "alerting.rules[0]: never fires: no phone it speaks of is portable; set `portable: true` there, or use data_older_than",
    ),
    (
        "alerting: { rules: [ { name: A, when: { data_older_than: 30s } } ] }",
        "alerting.rules[0]: fires between two polls, which are up to 30s apart; choose a longer time",
    ),
    (
        "alerting: { rules: [ { name: A, when: { not: { clock_offset: { over: 2m } } } } ] }",
        "alerting.rules[0]: looks at the clocks of phones, which are not read; set `metrics.clock: true`, and `time_zone` of phones",
    ),
    (
        "metrics: { lines: per_phone }\nalerting: { rule_groups: [calls], rules: [ { name: A, when: { line_state: { state: failed } } } ] }",
        "alerting.rule_groups[0]: looks at single lines, whose state is not kept; set `metrics.lines: per_line`",
    ),
    (
        "metrics: { lines: off }\nalerting: { rules: [ { name: A, when: { metric: { name: grandstream_lines, is: \"> 1\" } } } ] }",
        "alerting.rules[0]: looks at lines, of which nothing is kept; set `metrics.lines`",
    ),
    (
        "alerting: { rules: [ { name: A, when: { fraction_unreachable: { by: site, at_least: 0.5, min: 2 } } } ] }",
        "alerting.rules[0]: never fires: no group has more than 1 phones; lower `min`, which is 2",
    ),
    (
        "alerting: { rule_overrides: { PhoneUnreachable: { labels: { severity: critcal } } } }",
        "alerting.rule_overrides.PhoneUnreachable.labels.severity: `critcal` is no severity known here; did you mean `critical`?",
    ),
    (
        "alerting: { rule_overrides: { Watchdog: { where: { site: hq } } } }",
        "alerting.rule_overrides.Watchdog: speaks of the daemon, for which `where` has no effect; remove `where`",
    ),
    (
        "alerting: { alertmanagers: [ { url: \"http://a.example\", authorization: { credentials_file: secrets/token } } ] }",
        "alerting.alertmanagers[0]: sends its password or token over plain HTTP; use https",
    ),
    (
        "alerting: { alertmanagers: [ { url: \"https://a.example\", tls_config: { insecure_skip_verify: true } } ] }",
        "alerting.alertmanagers[0].tls_config.insecure_skip_verify: lets anybody stand in for that server and read what it is sent; set ca_file instead",
    ),
    (
        "alerting: { receivers: { a: { webhook: { url: \"https://b.example\" }, repeat_interval: 1m } } }",
        "alerting.receivers.a.repeat_interval: is shorter than group_interval, before which a group is not told again; lengthen it, or shorten group_interval",
    ),
];

#[test]
fn what_works_but_is_odd_is_warned_of() {
    for (text, expected) in ODD {
        let told = warnings(text);
        let found = told
            .iter()
            .any(|line| line.ends_with(&format!(": {expected}")));
        assert!(found, "{text}\n{told:#?}");
    }
    assert_eq!(
        warnings("alerting: { rule_overrides: { PhoneUnreachable: { for: 1m } } }"),
        [""; 0]
    );
}

#[test]
fn alerts_that_no_directory_keeps_are_warned_of() {
    let home = Home::new("alerting: { enabled: true }");
    let (config, _) = home.load_all().expect("no faults");
    let expected = "keeps its state in memory: a restart forgets who was told of what";
    assert!(
        config.warnings.iter().any(|line| line.contains(expected)),
        "{:?}",
        config.warnings
    );
}

#[test]
fn phones_with_faults_of_their_own_are_not_missed() {
    let home = Home::new(
        "phones: [ { name: a, address: nowhere at all, password: test } ]
alerting: { rules: [ { name: A, when: { phone_unreachable: }, where: { phone: a, site: hq } } ] }",
    );
    let faults = home.load_all().expect_err("the address").to_string();
    assert_eq!(faults.lines().count(), 1, "{faults}");
}

#[test]
fn secrets_are_watched_and_left_alone_where_they_are_not() {
    let whole = home(FULL);
    let (config, _) = whole.load_all().unwrap_or_else(|faults| panic!("{faults}"));
    let sources: Vec<_> = config
        .sources
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let expected = [
        "config.yaml",
        "secrets/key",
        "secrets/smtp",
        "secrets/token",
        "secrets/url",
    ];
    assert_eq!(whole.told(&sources), expected);

    let bare = Home::new(&format!("{PHONES}{FULL}"));
    let faults = bare.load_all().expect_err("the files are missing");
    assert_eq!(faults.iter().count(), 7, "{faults}");
    let wrong = FULL.replace("https://am1", "am1");
    let wrong = Home::new(&format!("{PHONES}{wrong}"));
    alerting_config::load(
        &wrong.path("config.yaml"),
        &Environment::default(),
        Secrets::Skip,
    )
    .expect_err("what stands in the file is checked all the same");
    let path = bare.path("config.yaml");
    let (_, settings) = alerting_config::load(&path, &Environment::default(), Secrets::Skip)
        .unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(
        (settings.receivers.len(), settings.alertmanagers.len()),
        (2, 2)
    );

    whole.allow("secrets/url", 0o644);
    let (config, _) = whole.load_all().expect("no faults");
    let told = whole.told(&config.warnings);
    let expected = "alerting.heartbeat.url_file: names a file that everybody on this machine may read; chmod o-r that file";
    assert!(
        told.iter().any(|line| line.ends_with(expected)),
        "{told:#?}"
    );
}

#[test]
fn no_secret_shows_up_in_faults_or_debug() {
    let webhook = |inner: &str| {
        format!("alerting: {{ enabled: true, receivers: {{ a: {{ webhook: {{ {inner} }} }} }} }}")
    };
    let good = "url: \"https://hooks.example/x\"";
    let texts = [
        webhook("url: \"https://hooks.example/@\""),
        webhook("url: \"https://@:@@hooks.example/\""),
        webhook("url: \"https://hooks.example/#@\""),
        webhook("url: @"),
        webhook("url: [@]"),
        webhook("url: { @: @ }"),
        webhook("url_file: @"),
        webhook("url: \"https://hooks.example:@/\""),
        webhook(&format!("{good}, hmac_file: @")),
        webhook(&format!(
            "{good}, http_config: {{ http_headers: {{ X-A: {{ secrets: [@] }} }} }}"
        )),
        webhook(&format!(
            "{good}, http_config: {{ http_headers: {{ X-A: {{ secrets: [\"@\\u0007\"] }} }} }}"
        )),
        webhook(&format!(
            "{good}, http_config: {{ http_headers: {{ X-A: {{ files: [@] }} }} }}"
        )),
        webhook(&format!(
            "{good}, http_config: {{ authorization: {{ credentials: @ }} }}"
        )),
        webhook(&format!(
            "{good}, http_config: {{ authorization: {{ credentials_file: @ }} }}"
        )),
        webhook(&format!(
            "{good}, http_config: {{ authorization: {{ credentials_file: secrets/canary }} }}"
        )),
        webhook(&format!(
            "{good}, auth: {{ bearer_file: @ }}, headers: {{ X-A: @ }}"
        )),
        webhook(&format!(
            "{good}, http_config: {{ basic_auth: {{ username: \"@:\", password_file: @ }} }}"
        )),
        webhook(&format!(
            "{good}, http_config: {{ proxy_url: \"http://a:@@proxy\" }}"
        )),
        webhook(&format!(
            "{good}, http_config: {{ tls_config: {{ cert_file: @, key_file: @ }} }}"
        )),
        webhook(&format!(
            "{good}, http_config: {{ tls_config: {{ key: @ }} }}"
        )),
        webhook("url_file: secrets/canary"),
        webhook("url_file: secrets/good"),
        "alerting: { alertmanagers: [ { url: \"https://am.example/@?@\" } ] }".to_owned(),
        "alerting: { heartbeat: { url: \"@://am.example\" } }".to_owned(),
        "alerting: { receivers: { a: { email: { auth_password_file: @, auth_password: @ } } } }"
            .to_owned(),
    ];
    for text in texts {
        let home = Home::new(&text.replace('@', CANARY))
            .with("secrets/canary", &format!("{CANARY}\u{7}\n"))
            .with("secrets/good", &format!("https://hooks.example/{CANARY}\n"));
        let shown = match home.load_all() {
            Ok((config, settings)) => format!("{config:?}{settings:?}"),
            Err(faults) => format!("{faults}{faults:?}"),
        };
        assert!(!shown.contains(CANARY), "{text}\nshows it: {shown}");
    }
}
