//! The whole section `alerting` as its contract writes it, `tests/config/alerting.yaml`: each key means
//! what it says, and Alertmanager takes the blocks that have its shape.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use grandstream_exporter::alerting_config::Settings;
use grandstream_exporter::config::Config;
use grandstream_exporter::notify::channel::{
    Alertmanager, Body, Channel, Email, Encryption, Receiver, Webhook,
};
use grandstream_exporter::notify::http_client::Authorization;
use grandstream_exporter::notify::route::RepeatInterval;
use grandstream_exporter::rules::condition::{Condition, EachCondition, PhoneCondition};
use grandstream_exporter::rules::matcher::{Matcher, written};
use grandstream_exporter::rules::phone_selector::{Glob, LabelPatterns};
use grandstream_exporter::rules::rule::{OnUnknown, Rule};
use grandstream_exporter::rules::time_interval::TimeIntervals;
use secrecy::{ExposeSecret, SecretString};
use serde_yaml::Value;

use super::Home;
use crate::harness::certificates::{Authority, Validity};

const CONTRACT: &str = include_str!("../../config/alerting.yaml");

const MINUTE: Duration = Duration::from_secs(60);

/// Phones that the contract speaks of.
const PHONES: &str = r#"
state_dir: state
phones:
  - { name: reception, address: 192.0.2.1, site: hq, password: test, labels: { floor: "1" } }
  - { name: bench, address: 192.0.2.2, site: lab, password: test }
"#;

/// Files that the contract names and what stands in them, beside certificates.
const SECRETS: &[(&str, &str)] = &[
    ("secrets/am", "am-password\n"),
    ("secrets/am-token", "am-token\n"),
    ("secrets/smtp", "smtp-password\n"),
    ("secrets/ntfy-url", "https://ntfy.example.org/topic\n"),
    ("secrets/ntfy-token", "ntfy-token\n"),
    ("secrets/x-token", "x-token\n"),
    ("secrets/deadman", "https://deadman.example.org/ping\n"),
];

/// What the contract says, read.
struct Read {
    config: Config,
    settings: Settings,
    warnings: Vec<String>,
}

fn read() -> Read {
    let home = Home::new(&format!("{PHONES}{CONTRACT}"));
    for (name, content) in SECRETS {
        home.write(name, content);
    }
    let copy = |from: &str, to: &str| {
        let content = fs::read_to_string(home.path(from)).expect("written");
        home.write(to, &content);
    };
    let ca = Authority::new(&home.path(""), "ca");
    ca.client("am", Validity::Current);
    copy("ca.pem", "secrets/ca.pem");
    copy("ca.pem", "secrets/smtp-ca.pem");
    copy("ca-am.pem", "secrets/am.crt");
    copy("ca-am.key", "secrets/am.key");
    let (config, settings) = home.load_all().unwrap_or_else(|faults| panic!("{faults}"));
    let warnings = home.told(&config.warnings);
    Read {
        config,
        settings,
        warnings,
    }
}

impl Read {
    fn manager(&self, position: usize) -> &Alertmanager {
        &self.settings.alertmanagers[position]
    }

    fn receiver(&self, name: &str) -> &Receiver {
        self.settings.receiver(name).expect("it is configured")
    }

    fn email(&self) -> &Email {
        match &self.receiver("helpdesk").channel {
            Channel::Email(email) => email,
            Channel::Webhook(_) => panic!("a mail"),
        }
    }

    fn webhook(&self) -> &Webhook {
        match &self.receiver("oncall").channel {
            Channel::Webhook(webhook) => webhook,
            Channel::Email(_) => panic!("a webhook"),
        }
    }

    fn rule(&self, name: &str) -> &Rule {
        let mut rules = self.settings.rules.iter().map(|known| &known.rule);
        rules.find(|rule| *rule.name == *name).expect("in force")
    }

    fn has_rule(&self, name: &str) -> bool {
        let mut rules = self.settings.rules.iter();
        rules.any(|known| *known.rule.name == *name)
    }

    fn warns(&self, of: &str) -> bool {
        self.warnings.iter().any(|line| line.contains(of))
    }

    /// When the receiver `oncall` is active.
    fn office(&self) -> &TimeIntervals {
        &self.receiver("oncall").route.mute.active
    }

    /// When it is muted.
    fn holidays(&self) -> &TimeIntervals {
        &self.receiver("oncall").route.mute.mute
    }

    /// When the maintenance window is open.
    fn patch_night(&self) -> &TimeIntervals {
        &self.settings.suppression.windows[0].when
    }
}

/// Whether exactly those of these moments are in the intervals that are marked so.
fn are_in(intervals: &TimeIntervals, moments: &[(&str, bool)]) -> bool {
    let contains = |at: &str| intervals.contain(at.parse().expect("a moment"));
    moments.iter().all(|(at, inside)| contains(at) == *inside)
}

fn says(secret: &SecretString, text: &str) -> bool {
    secret.expose_secret() == text
}

/// Whether matchers are these, as they are written.
fn are(matchers: &[Matcher], text: &str) -> bool {
    written(matchers) == text
}

fn patterns(name: &str, globs: &[&str]) -> LabelPatterns {
    LabelPatterns {
        name: name.into(),
        any_of: globs.iter().map(|glob| Glob::new(*glob)).collect(),
    }
}

/// The header of the webhook with this value.
fn header(read: &Read, name: &str, value: &str) -> bool {
    let headers = read.webhook().client.headers.iter();
    let values: Vec<_> = headers
        .filter(|header| *header.name == *name)
        .map(|header| header.value.expose())
        .collect();
    values == [value]
}

fn is_bearer(authorization: &Authorization, token: &str) -> bool {
    matches!(authorization, Authorization::Credentials { scheme, credentials }
        if **scheme == *"Bearer" && says(credentials, token))
}

/// What a key of the contract means.
type Check = fn(&Read) -> bool;

/// Every key by its path, and whether what was read is what it says.
const CHECKS: &[(&str, Check)] = &[
    ("external_url", |read| {
        *read.config.external_url == *"https://phones.example.org"
            && *read.settings.external_url == *"https://phones.example.org"
    }),
    ("external_labels.fleet", |read| {
        *read.settings.sender.external_labels == [("fleet".into(), "acme".into())]
    }),
    ("alerting.enabled", |read| read.settings.enabled),
    ("alerting.evaluation_interval", |read| {
        read.settings.evaluation_interval == Duration::from_secs(15)
    }),
    ("alerting.resend_delay", |read| {
        read.settings.sender.resend_delay == MINUTE
    }),
    ("alerting.rules_evaluated_elsewhere", |read| {
        !read.warns("rules_evaluated_elsewhere")
    }),
    ("alerting.alertmanagers[0].url", |read| {
        says(&read.manager(0).url, "https://am1.example.org")
            && *read.manager(0).name == *"am1.example.org:443"
    }),
    ("alerting.alertmanagers[0].timeout", |read| {
        read.manager(0).timeout == Some(Duration::from_secs(10))
    }),
    ("alerting.alertmanagers[0].basic_auth.username", |read| {
        matches!(&read.manager(0).client.authorization, Authorization::Basic { username, .. }
            if **username == *"phones")
    }),
    (
        "alerting.alertmanagers[0].basic_auth.password_file",
        |read| {
            matches!(&read.manager(0).client.authorization, Authorization::Basic { password, .. }
            if says(password, "am-password"))
        },
    ),
    ("alerting.alertmanagers[0].tls_config.ca_file", |read| {
        let authorities = &read.manager(0).client.tls.authorities;
        authorities.as_ref().is_some_and(|list| list.len() == 1)
    }),
    ("alerting.alertmanagers[0].tls_config.server_name", |read| {
        read.manager(0).client.tls.server_name.as_deref() == Some("am1.example.org")
    }),
    (
        "alerting.alertmanagers[0].tls_config.insecure_skip_verify",
        |read| !read.manager(0).client.tls.insecure_skip_verify,
    ),
    ("alerting.alertmanagers[1].url", |read| {
        says(&read.manager(1).url, "https://am2.example.org")
    }),
    ("alerting.alertmanagers[1].authorization.type", |read| {
        matches!(&read.manager(1).client.authorization, Authorization::Credentials { scheme, .. }
            if **scheme == *"Bearer")
    }),
    (
        "alerting.alertmanagers[1].authorization.credentials_file",
        |read| is_bearer(&read.manager(1).client.authorization, "am-token"),
    ),
    ("alerting.alertmanagers[1].tls_config.cert_file", |read| {
        let pair = read.manager(1).client.tls.key_pair.as_ref();
        pair.is_some_and(|pair| pair.chain.len() == 1)
    }),
    ("alerting.alertmanagers[1].tls_config.key_file", |read| {
        let pair = read.manager(1).client.tls.key_pair.as_ref();
        pair.is_some_and(|pair| !pair.key.secret_der().is_empty())
    }),
    ("alerting.alertmanagers[1].proxy_url", |read| {
        read.manager(1).client.proxy_url.as_deref() == Some("http://proxy.example.org:3128")
    }),
    ("alerting.time_intervals[0].name", |read| {
        read.office().names().eq(["office"])
    }),
    (
        "alerting.time_intervals[0].time_intervals[0].weekdays",
        |read| {
            let noon = [
                ("2027-01-03T12:00:00+01:00", false),
                ("2027-01-04T12:00:00+01:00", true),
                ("2027-01-08T12:00:00+01:00", true),
                ("2027-01-09T12:00:00+01:00", false),
            ];
            are_in(read.office(), &noon)
        },
    ),
    (
        "alerting.time_intervals[0].time_intervals[0].times[0].start_time",
        |read| {
            let morning = [
                ("2027-01-04T07:59:59+01:00", false),
                ("2027-01-04T08:00:00+01:00", true),
            ];
            are_in(read.office(), &morning)
        },
    ),
    (
        "alerting.time_intervals[0].time_intervals[0].times[0].end_time",
        |read| {
            let evening = [
                ("2027-01-04T17:59:59+01:00", true),
                ("2027-01-04T18:00:00+01:00", false),
            ];
            are_in(read.office(), &evening)
        },
    ),
    (
        "alerting.time_intervals[0].time_intervals[0].location",
        |read| {
            let winter_and_summer = [
                ("2027-01-04T07:00:00Z", true),
                ("2027-01-04T06:00:00Z", false),
                ("2027-07-05T06:00:00Z", true),
            ];
            are_in(read.office(), &winter_and_summer)
        },
    ),
    ("alerting.time_intervals[1].name", |read| {
        read.holidays().names().eq(["holidays"])
    }),
    (
        "alerting.time_intervals[1].time_intervals[0].years",
        |read| {
            let new_year = [
                ("2026-01-01T12:00:00+01:00", false),
                ("2027-01-01T12:00:00+01:00", true),
                ("2028-01-01T12:00:00+01:00", false),
            ];
            are_in(read.holidays(), &new_year)
        },
    ),
    (
        "alerting.time_intervals[1].time_intervals[0].months",
        |read| are_in(read.holidays(), &[("2027-02-01T12:00:00+01:00", false)]),
    ),
    (
        "alerting.time_intervals[1].time_intervals[0].days_of_month",
        |read| are_in(read.holidays(), &[("2027-01-02T12:00:00+01:00", false)]),
    ),
    (
        "alerting.time_intervals[1].time_intervals[0].location",
        |read| are_in(read.holidays(), &[("2026-12-31T23:00:00Z", true)]),
    ),
    ("alerting.time_intervals[2].name", |read| {
        read.patch_night().names().eq(["tuesday-night"])
    }),
    (
        "alerting.time_intervals[2].time_intervals[0].weekdays",
        |read| {
            let nights = [
                ("2027-01-04T22:30:00+01:00", false),
                ("2027-01-05T22:30:00+01:00", true),
            ];
            are_in(read.patch_night(), &nights)
        },
    ),
    (
        "alerting.time_intervals[2].time_intervals[0].times[0].start_time",
        |read| are_in(read.patch_night(), &[("2027-01-05T21:59:00+01:00", false)]),
    ),
    (
        "alerting.time_intervals[2].time_intervals[0].times[0].end_time",
        |read| are_in(read.patch_night(), &[("2027-01-05T23:30:00+01:00", false)]),
    ),
    (
        "alerting.time_intervals[2].time_intervals[0].location",
        |read| are_in(read.patch_night(), &[("2027-01-05T21:00:00Z", true)]),
    ),
    ("alerting.maintenance_windows[0].name", |read| {
        *read.settings.suppression.windows[0].name == *"patch-night"
    }),
    ("alerting.maintenance_windows[0].matchers", |read| {
        are(
            &read.settings.suppression.windows[0].matching,
            r#"site="hq""#,
        )
    }),
    (
        "alerting.maintenance_windows[0].active_time_intervals",
        |read| read.patch_night().names().eq(["tuesday-night"]),
    ),
    ("alerting.receivers.helpdesk.email.to", |read| {
        read.email().to == ["helpdesk@example.org".into()]
    }),
    ("alerting.receivers.helpdesk.email.from", |read| {
        *read.email().from == *"phones@example.org"
    }),
    ("alerting.receivers.helpdesk.email.smarthost", |read| {
        (&*read.email().host, read.email().port) == ("smtp.example.org", 587)
    }),
    ("alerting.receivers.helpdesk.email.auth_username", |read| {
        let login = read.email().login.as_ref();
        login.is_some_and(|(user, _)| **user == *"phones")
    }),
    (
        "alerting.receivers.helpdesk.email.auth_password_file",
        |read| {
            let login = read.email().login.as_ref();
            login.is_some_and(|(_, password)| says(password, "smtp-password"))
        },
    ),
    ("alerting.receivers.helpdesk.email.require_tls", |read| {
        read.email().encryption == Encryption::Starttls
    }),
    (
        "alerting.receivers.helpdesk.email.tls_config.ca_file",
        |read| read.email().tls.authorities.is_some(),
    ),
    ("alerting.receivers.helpdesk.email.timeout", |read| {
        read.email().timeout == Some(MINUTE)
    }),
    ("alerting.receivers.helpdesk.matchers", |read| {
        let route = &read.receiver("helpdesk").route;
        are(
            &route.matching,
            r#"severity=~"critical|warning", site!="lab""#,
        )
    }),
    ("alerting.receivers.helpdesk.group_by", |read| {
        let route = &read.receiver("helpdesk").route;
        *route.group_by == ["alertname".into(), "site".into()]
    }),
    ("alerting.receivers.helpdesk.group_wait", |read| {
        read.receiver("helpdesk").route.group_wait == MINUTE / 2
    }),
    ("alerting.receivers.helpdesk.group_interval", |read| {
        read.receiver("helpdesk").route.group_interval == 5 * MINUTE
    }),
    ("alerting.receivers.helpdesk.repeat_interval", |read| {
        let repeat = &read.receiver("helpdesk").route.repeat_interval;
        *repeat == RepeatInterval::Every(240 * MINUTE)
    }),
    ("alerting.receivers.helpdesk.send_resolved", |read| {
        read.receiver("helpdesk").route.send_resolved
    }),
    (
        "alerting.receivers.helpdesk.critical_bypasses_group_interval",
        |read| {
            let route = &read.receiver("helpdesk").route;
            route.critical_bypasses_group_interval
        },
    ),
    ("alerting.receivers.helpdesk.max_listed_alerts", |read| {
        read.receiver("helpdesk").max_listed_alerts == 10
    }),
    ("alerting.receivers.oncall.webhook.url_file", |read| {
        says(&read.webhook().url, "https://ntfy.example.org/topic")
    }),
    ("alerting.receivers.oncall.webhook.preset", |read| {
        matches!(read.webhook().body, Body::Ntfy)
    }),
    (
        "alerting.receivers.oncall.webhook.http_config.authorization.type",
        |read| is_bearer(&read.webhook().client.authorization, "ntfy-token"),
    ),
    (
        "alerting.receivers.oncall.webhook.http_config.authorization.credentials_file",
        |read| is_bearer(&read.webhook().client.authorization, "ntfy-token"),
    ),
    (
        "alerting.receivers.oncall.webhook.http_config.tls_config.ca_file",
        |read| read.webhook().client.tls.authorities.is_some(),
    ),
    (
        "alerting.receivers.oncall.webhook.http_config.http_headers.X-Team.values",
        |read| header(read, "X-Team", "phones"),
    ),
    (
        "alerting.receivers.oncall.webhook.http_config.http_headers.X-Token.files",
        |read| header(read, "X-Token", "x-token"),
    ),
    ("alerting.receivers.oncall.webhook.timeout", |read| {
        read.webhook().timeout == Some(Duration::from_secs(10))
    }),
    ("alerting.receivers.oncall.active_time_intervals", |read| {
        read.office().names().eq(["office"])
    }),
    ("alerting.receivers.oncall.mute_time_intervals", |read| {
        read.holidays().names().eq(["holidays"])
    }),
    ("alerting.receivers.oncall.unmuted_matchers", |read| {
        let mute = &read.receiver("oncall").route.mute;
        are(&mute.unmuted, r#"severity="critical""#)
    }),
    ("alerting.heartbeat.url_file", |read| {
        let heartbeat = read.settings.heartbeat.as_ref();
        heartbeat.is_some_and(|one| says(&one.url, "https://deadman.example.org/ping"))
    }),
    ("alerting.heartbeat.interval", |read| {
        let heartbeat = read.settings.heartbeat.as_ref();
        heartbeat.is_some_and(|one| one.interval == MINUTE)
    }),
    ("alerting.rule_groups", |read| {
        let has = |name| read.has_rule(name);
        has("SiteOutage") && has("NotifierFailing") && !has("PhoneAuthRejected")
    }),
    ("alerting.rule_overrides.PhoneUnreachable.for", |read| {
        read.rule("PhoneUnreachable").hold == 10 * MINUTE
    }),
    (
        "alerting.rule_overrides.PhoneUnreachable.where.labels.floor",
        |read| *read.rule("PhoneUnreachable").only.labels == [patterns("floor", &["1"])],
    ),
    ("alerting.rules[0].name", |read| {
        read.has_rule("ReceptionDown")
    }),
    (
        "alerting.rules[0].when.any_of[0].phone_unreachable",
        |read| read.rule("ReceptionDown").when == reception_down(),
    ),
    (
        "alerting.rules[0].when.any_of[1].account_not_registered.account",
        |read| read.rule("ReceptionDown").when == reception_down(),
    ),
    ("alerting.rules[0].where.phone", |read| {
        *read.rule("ReceptionDown").only.phones == [Glob::new("recep*")]
    }),
    ("alerting.rules[0].where.site", |read| {
        *read.rule("ReceptionDown").only.sites == [Glob::new("hq")]
    }),
    ("alerting.rules[0].for", |read| {
        read.rule("ReceptionDown").hold == MINUTE
    }),
    ("alerting.rules[0].min_polls", |read| {
        read.rule("ReceptionDown").min_polls == 2
    }),
    ("alerting.rules[0].keep_firing_for", |read| {
        read.rule("ReceptionDown").keep_firing_for == 2 * MINUTE
    }),
    ("alerting.rules[0].on_unknown", |read| {
        read.rule("ReceptionDown").on_unknown == OnUnknown::Keep
    }),
    ("alerting.rules[0].inhibits_below", |read| {
        !read.rule("ReceptionDown").inhibits_below
    }),
    ("alerting.rules[0].labels.severity", |read| {
        read.rule("ReceptionDown").severity() == Some("critical")
    }),
    ("alerting.rules[0].labels.team", |read| {
        let team = ("team".into(), "front-office".into());
        read.rule("ReceptionDown").labels.contains(&team)
    }),
    ("alerting.rules[0].annotations.summary", |read| {
        let summary = &read.rule("ReceptionDown").annotations.summary;
        **summary == *"{{ phone.name }} cannot take calls"
    }),
    ("alerting.inhibit_rules[0].source_matchers", |read| {
        let own = read.settings.suppression.inhibit_rules.last();
        own.is_some_and(|own| are(&own.source_matchers, r#"alertname="MassUnregistered""#))
    }),
    ("alerting.inhibit_rules[0].target_matchers", |read| {
        let own = read.settings.suppression.inhibit_rules.last();
        own.is_some_and(|own| are(&own.target_matchers, r#"alertname="ReceptionDown""#))
    }),
    ("alerting.inhibit_rules[0].equal", |read| {
        let own = read.settings.suppression.inhibit_rules.last();
        own.is_some_and(|own| *own.equal == ["site".into()])
    }),
    ("alerting.flapping.changes", |read| {
        read.settings.suppression.damping.changes == 6
    }),
    ("alerting.flapping.within", |read| {
        read.settings.suppression.damping.within == 30 * MINUTE
    }),
    ("alerting.flapping.calm", |read| {
        read.settings.suppression.damping.calm == 15 * MINUTE
    }),
    ("alerting.silences.max_duration", |read| {
        read.settings.longest_silence == Duration::from_secs(30 * 86_400)
    }),
];

fn reception_down() -> Condition {
    let account = Some(1);
    let parts = [
        PhoneCondition::Unreachable,
        PhoneCondition::Any(EachCondition::AccountNotRegistered { account }),
    ];
    Condition::Phone(PhoneCondition::AnyOf(parts.into()))
}

/// The paths of all keys with nothing below them but scalars.
fn leaves(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Mapping(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                let key = key.as_str().expect("a text");
                let dot = if path.is_empty() { "" } else { "." };
                leaves(value, &format!("{path}{dot}{key}"), found);
            }
        }
        Value::Sequence(items) if items.iter().any(Value::is_mapping) => {
            for (position, item) in items.iter().enumerate() {
                leaves(item, &format!("{path}[{position}]"), found);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Sequence(_)
        | Value::Mapping(_)
        | Value::Tagged(_) => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn every_key_of_the_contract_means_what_it_says() {
    let read = read();
    let mut written = BTreeSet::new();
    let parsed: Value = serde_yaml::from_str(CONTRACT).expect("YAML");
    leaves(&parsed, "", &mut written);
    let checked: BTreeSet<_> = CHECKS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(written, checked);
    let failed = CHECKS.iter().filter(|(_, check)| !check(&read));
    let failed: Vec<_> = failed.map(|(path, _)| path).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn both_ways_of_naming_recipients_and_ports_mean_the_same() {
    let home = |email: &str| {
        Home::new(&format!(
            "alerting: {{ enabled: true, receivers: {{ a: {{ email: {{ from: a@example.org, {email} }} }} }} }}"
        ))
    };
    let email = |text: &str| {
        let (_, settings) = home(text)
            .load_all()
            .unwrap_or_else(|faults| panic!("{faults}"));
        let Channel::Email(email) = &settings.receivers[0].channel else {
            panic!("a mail");
        };
        (email.to.join(" "), email.encryption)
    };
    let both = "a@example.org b@example.org".to_owned();
    for (text, encryption) in [
        (
            "to: [a@example.org, b@example.org], smarthost: 'h:587'",
            Encryption::Starttls,
        ),
        (
            "to: 'a@example.org, b@example.org', smarthost: 'h:465'",
            Encryption::Tls,
        ),
        (
            "to: 'a@example.org,b@example.org', smarthost: 'h:465', require_tls: false",
            Encryption::Tls,
        ),
        (
            "to: [a@example.org, b@example.org], smarthost: 'h:465', force_implicit_tls: false",
            Encryption::Starttls,
        ),
        (
            "to: [a@example.org, b@example.org], smarthost: 'h:2465', force_implicit_tls: true",
            Encryption::Tls,
        ),
        (
            "to: [a@example.org, b@example.org], smarthost: 'localhost:25', require_tls: false",
            Encryption::None,
        ),
    ] {
        assert_eq!(email(text), (both.clone(), encryption), "{text}");
    }
}

/// The lines of the block of `alerting` behind this key, as they stand in an Alertmanager's file.
fn lifted(text: &str, key: &str) -> String {
    let (_, alerting) = text.split_once("\nalerting:\n").expect("the section");
    let head = format!("  {key}:");
    let mut lines = alerting.lines().skip_while(|line| !line.starts_with(&head));
    let first = lines.next().expect("the block");
    let below = lines.take_while(|line| line.is_empty() || line.starts_with("   "));
    let block: Vec<_> = [first].into_iter().chain(below).collect();
    let dedented = block.iter().map(|line| line.get(2..).unwrap_or_default());
    dedented.collect::<Vec<_>>().join("\n")
}

/// What `amtool` says of an Alertmanager's file with these blocks.
fn amtool(blocks: &str) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alertmanager.yml");
    let text = format!("route: {{ receiver: a }}\nreceivers: [ {{ name: a }} ]\n{blocks}\n");
    fs::write(&path, text).expect("written");
    let mut amtool = Command::new("amtool");
    let output = amtool.arg("check-config").arg(&path).output();
    output.expect("amtool is installed; see scripts/test-tools")
}

#[test]
fn alertmanager_takes_our_time_intervals_and_inhibit_rules_as_they_stand() {
    let example = fs::read_to_string("config.example.yaml").expect("the example");
    for blocks in [
        lifted(CONTRACT, "time_intervals"),
        lifted(CONTRACT, "inhibit_rules"),
        lifted(&example, "time_intervals"),
    ] {
        let output = amtool(&blocks);
        assert!(output.status.success(), "{blocks}\n{output:?}");
    }
}

/// Parts of time intervals, and whether Alertmanager takes them. So do we, but for [`DIFFERING`].
const PARTS: &[(&str, bool)] = &[
    ("", true),
    ("weekdays: [monday, SATURDAY]", true),
    ("weekdays: ['monday:friday', 'sunday:saturday']", true),
    ("weekdays: ['0']", false),
    ("weekdays: [mon]", false),
    ("weekdays: ['friday:monday']", false),
    ("weekdays: [' monday']", false),
    ("weekdays: ['monday:']", false),
    ("weekdays: monday", false),
    ("days_of_month: [1, -1, 31, -31]", true),
    (
        "days_of_month: ['1:5', '-3:-1', '27:-1', '5:-23', '+3', '07']",
        true,
    ),
    ("days_of_month: [-3:-1]", true),
    ("days_of_month: ['0']", false),
    ("days_of_month: ['32']", false),
    ("days_of_month: ['1:-31']", false),
    ("days_of_month: ['1:-28']", false),
    ("days_of_month: ['-1:-3']", false),
    ("days_of_month: ['-3:2']", false),
    ("days_of_month: ['5:-28']", false),
    ("days_of_month: ['28:-1']", false),
    ("days_of_month: ['1:2:3']", false),
    (
        "months: [1, '12', January, 'january:march', '1:3', '01']",
        true,
    ),
    ("months: ['march:january']", false),
    ("months: [jan]", false),
    ("years: [2027, '2027:2029']", true),
    ("years: ['2029:2027']", false),
    ("years: [next]", false),
    (
        "times: [ { start_time: '08:00', end_time: '24:00' } ]",
        true,
    ),
    ("times: [ { start_time: 08:00, end_time: 18:00 } ]", true),
    (
        "times: [ { start_time: '8:00', end_time: '09:00' } ]",
        false,
    ),
    (
        "times: [ { start_time: '08:00', end_time: '24:01' } ]",
        false,
    ),
    (
        "times: [ { start_time: '24:00', end_time: '24:00' } ]",
        false,
    ),
    ("times: [ { start_time: '08:00' } ]", false),
    (
        "times: [ { start_time: '22:00', end_time: '06:00' } ]",
        false,
    ),
    (
        "times: [ { start_time: '06:00', end_time: '06:00' } ]",
        false,
    ),
    ("times: []", true),
    ("weekdays: []", true),
    ("months: ['0', '13']", true),
    ("years: ['-5']", true),
    ("location: Europe/Berlin", true),
    ("location: UTC", true),
    ("location: Mars", false),
    ("location: ''", true),
    ("location: Local", true),
];

/// Those of which we judge otherwise: times that end on the next day are ours, and lists that name no
/// moment, months and years that never come and a zone without a name are mistakes.
const DIFFERING: &[&str] = &[
    "times: [ { start_time: '22:00', end_time: '06:00' } ]",
    "times: [ { start_time: '06:00', end_time: '06:00' } ]",
    "times: []",
    "weekdays: []",
    "months: ['0', '13']",
    "years: ['-5']",
    "location: ''",
    "location: Local",
];

#[test]
fn we_read_time_intervals_as_alertmanager_does() {
    for (part, taken) in PARTS {
        let block = format!("time_intervals: [ {{ name: a, time_intervals: [ {{ {part} }} ] }} ]");
        let output = amtool(&block);
        assert_eq!(output.status.success(), *taken, "{part}\n{output:?}");
        let read = Home::new(&format!("alerting: {{ {block} }}")).load_all();
        let ours = read.is_ok();
        let faults = read.err().map(|faults| faults.to_string());
        assert_eq!(ours, taken ^ DIFFERING.contains(part), "{part}\n{faults:?}");
    }
}
