//! Keys of earlier versions and what took their place: the one table, by section.
//!
//! The sections of the table are named by the tables of keys; a key that had keys of its own carries
//! these, so that each of them says where it belongs now. The test at the end writes every one of
//! them into a file.

use crate::config::read::{ANY, Refused};

/// `alerting`.
pub(super) const ALERTING: &[Refused] = &[
    Refused::renamed(
        "public_url",
        "write `external_url: https://…` at the top of the file",
    ),
    Refused::renamed(
        "labels",
        "write `external_labels: { NAME: VALUE }` at the top of the file",
    ),
    Refused::renamed("resend_every", "write `resend_delay: 1m`"),
    Refused::renamed("exported_rules", "write `rules_evaluated_elsewhere: true`"),
    Refused::renamed("packs", "write `rule_groups: [core, self]`"),
    Refused::renamed(
        "tune",
        "write `rule_overrides: { NAME: { … } }`; the keys of a rule stay, but for `outage`",
    )
    .with(&[Refused::renamed(ANY, "").with(RULE)]),
    Refused::renamed(
        "inhibit",
        "write `inhibit_rules: [ { source_matchers: […], target_matchers: […], equal: […] } ]`",
    )
    .with(INHIBIT),
    Refused::renamed("calendars", "write `time_intervals: [ { name: NAME, … } ]`")
        .with(&[Refused::renamed(ANY, "").with(CALENDAR)]),
    Refused::renamed(
        "windows",
        "write `maintenance_windows: [ { name: NAME, … } ]`",
    )
    .with(WINDOW),
];

/// One of `inhibit`, or one of `inhibit_rules` in the words of `inhibit`.
pub(super) const INHIBIT: &[Refused] = &[
    Refused::renamed("when", "write `source_matchers: ['alertname=\"NAME\"']`"),
    Refused::renamed(
        "mute",
        "write `target_matchers: ['alertname=~\"NAME|NAME\"']`",
    ),
    Refused::renamed("same", "write `equal: [NAME]`"),
];

/// One of `calendars`.
const CALENDAR: &[Refused] = &[
    Refused::renamed("zone", "write `location: Europe/Berlin` at each interval"),
    Refused::renamed("weekdays", "write `weekdays: [\"monday:friday\"]`"),
    Refused::renamed(
        "hours",
        "write `times: [ { start_time: \"08:00\", end_time: \"18:00\" } ]`",
    ),
    Refused::renamed(
        "except",
        "write the dates as a time interval of their own and name it in `mute_time_intervals`",
    ),
];

/// One of `windows`.
const WINDOW: &[Refused] = &[
    Refused::renamed("match", "write `matchers: […]`"),
    Refused::renamed("calendar", "write `active_time_intervals: [NAME]`"),
    Refused::renamed(
        "every",
        "write the times under `time_intervals` and name them in `active_time_intervals`",
    )
    .with(&[
        Refused::renamed(
            "weekdays",
            "write `weekdays: [\"tuesday\"]` at the interval",
        ),
        Refused::renamed(
            "from",
            "write `times: [ { start_time: \"22:00\", end_time: \"23:30\" } ]` at the interval",
        ),
        Refused::renamed(
            "to",
            "write `times: [ { start_time: \"22:00\", end_time: \"23:30\" } ]` at the interval",
        ),
        Refused::renamed("zone", "write `location: Europe/Berlin` at the interval"),
        Refused::renamed(
            "except",
            "leave these days out of `days_of_month`, `months` and `years` of the interval",
        ),
    ]),
];

/// One of `alertmanagers`.
pub(super) const ALERTMANAGER: &[Refused] = &[
    Refused::renamed(
        "auth",
        "write `authorization: { … }` or `basic_auth: { … }`",
    )
    .with(&[
        Refused::renamed(
            "bearer_file",
            "write `authorization: { credentials_file: FILE }` beside `url`",
        ),
        Refused::renamed(
            "username",
            "write `basic_auth: { username: NAME, password_file: FILE }` beside `url`",
        ),
        Refused::renamed(
            "password_file",
            "write `basic_auth: { username: NAME, password_file: FILE }` beside `url`",
        ),
    ]),
    Refused::renamed("ca_file", "write `tls_config: { ca_file: FILE }`"),
    Refused::renamed(
        "insecure_skip_verify",
        "write `tls_config: { insecure_skip_verify: true }`",
    ),
];

/// One of `receivers`.
pub(super) const RECEIVER: &[Refused] = &[
    Refused::renamed("match", "write `matchers: […]`"),
    Refused::renamed("remind_every", "write `repeat_interval: 4h`"),
    Refused::renamed("urgent", "write `critical_bypasses_group_interval: true`"),
    Refused::renamed("collapse_over", "write `max_listed_alerts: 10`"),
    Refused::renamed(
        "quiet_hours",
        "write `active_time_intervals`, `mute_time_intervals` and `unmuted_matchers` at the receiver",
    )
    .with(&[
        Refused::renamed("outside", "write `active_time_intervals: [NAME]` at the receiver"),
        Refused::renamed("during", "write `mute_time_intervals: [NAME]` at the receiver"),
        Refused::renamed("except", "write `unmuted_matchers: […]` at the receiver"),
    ]),
];

/// `webhook` of a receiver.
pub(super) const WEBHOOK: &[Refused] = &[
    Refused::renamed(
        "headers",
        "write `http_config: { http_headers: { NAME: { values: [VALUE] } } }`",
    ),
    Refused::renamed(
        "header_files",
        "write `http_config: { http_headers: { NAME: { files: [FILE] } } }`",
    ),
    Refused::renamed(
        "auth",
        "write `http_config: { authorization: { … } }` or `http_config: { basic_auth: { … } }`",
    )
    .with(&[
        Refused::renamed(
            "bearer_file",
            "write `http_config: { authorization: { credentials_file: FILE } }`",
        ),
        Refused::renamed(
            "username",
            "write `http_config: { basic_auth: { username: NAME, password_file: FILE } }`",
        ),
        Refused::renamed(
            "password_file",
            "write `http_config: { basic_auth: { username: NAME, password_file: FILE } }`",
        ),
    ]),
    Refused::renamed(
        "ca_file",
        "write `http_config: { tls_config: { ca_file: FILE } }`",
    ),
    Refused::renamed(
        "insecure_skip_verify",
        "write `http_config: { tls_config: { insecure_skip_verify: true } }`",
    ),
    Refused::renamed("proxy_url", "write `http_config: { proxy_url: URL }`"),
];

/// `email` of a receiver.
pub(super) const EMAIL: &[Refused] = &[
    Refused::renamed("server", "write `smarthost: HOST:PORT`"),
    Refused::renamed(
        "tls",
        "write `require_tls: false` for none, `force_implicit_tls: true` for tls off port 465, \
         nothing for starttls",
    ),
    Refused::renamed("user", "write `auth_username: NAME`"),
    Refused::renamed("password_file", "write `auth_password_file: FILE`"),
    Refused::renamed("ca_file", "write `tls_config: { ca_file: FILE }`"),
];

/// `heartbeat`.
pub(super) const HEARTBEAT: &[Refused] = &[Refused::renamed("every", "write `interval: 1m`")];

/// A rule, an override of one, one of `tune`.
pub(super) const RULE: &[Refused] = &[Refused::renamed("outage", "write `inhibits_below: true`")];

/// `silences`.
pub(super) const SILENCES: &[Refused] = &[Refused::renamed("max", "write `max_duration: 30d`")];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerting_config::keys::known_keys;
    use crate::alerting_config::load;
    use crate::config::{Environment, Secrets};

    /// Each table, the YAML that leads to its section (`@` is where keys go), and its key path.
    const TABLES: &[(&[Refused], &str, &str)] = &[
        (ALERTING, "@", "alerting."),
        (
            ALERTMANAGER,
            "alertmanagers: [ { @ } ]",
            "alerting.alertmanagers[0].",
        ),
        (RECEIVER, "receivers: { a: { @ } }", "alerting.receivers.a."),
        (
            WEBHOOK,
            "receivers: { a: { webhook: { @ } } }",
            "alerting.receivers.a.webhook.",
        ),
        (
            EMAIL,
            "receivers: { a: { email: { @ } } }",
            "alerting.receivers.a.email.",
        ),
        (HEARTBEAT, "heartbeat: { @ }", "alerting.heartbeat."),
        (
            INHIBIT,
            "inhibit_rules: [ { @ } ]",
            "alerting.inhibit_rules[0].",
        ),
        (RULE, "rules: [ { @ } ]", "alerting.rules[0]."),
        (
            RULE,
            "rule_overrides: { SiteOutage: { @ } }",
            "alerting.rule_overrides.SiteOutage.",
        ),
        (SILENCES, "silences: { @ }", "alerting.silences."),
    ];

    /// An old key written down: YAML below `alerting`, its key path, and its help.
    struct Written {
        yaml: String,
        path: String,
        help: &'static str,
    }

    /// The key at `path`, and those below it, as YAML within `around`.
    fn written(refused: &'static Refused, around: &str, path: &str, all: &mut Vec<Written>) {
        let is_list = refused.key == "windows";
        let key = if refused.key == ANY { "a" } else { refused.key };
        let path = format!("{path}{key}");
        if refused.key != ANY {
            all.push(Written {
                yaml: around.replace('@', &format!("{key}: x")),
                path: path.clone(),
                help: refused.help,
            });
        }
        let (inner, path) = if is_list {
            (format!("{key}: [ {{ @ }} ]"), format!("{path}[0]."))
        } else {
            (format!("{key}: {{ @ }}"), format!("{path}."))
        };
        for below in refused.below {
            written(below, &around.replace('@', &inner), &path, all);
        }
    }

    fn all() -> Vec<Written> {
        let mut all = Vec::new();
        for (table, around, path) in TABLES {
            for refused in *table {
                written(refused, around, path, &mut all);
            }
        }
        all
    }

    #[test]
    fn every_old_key_is_refused_by_the_name_of_the_new_one() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.yaml");
        let all = all();
        assert!(all.len() > 50, "only {} keys", all.len());
        for Written { yaml, path, help } in all {
            std::fs::write(&file, format!("alerting: {{ {yaml} }}")).unwrap();
            let faults = load(&file, &Environment::default(), Secrets::Read).unwrap_err();
            let expected = format!("config.yaml:1: {path}: is a key of an earlier version; {help}");
            assert!(
                faults
                    .to_string()
                    .lines()
                    .any(|line| line.ends_with(&expected)),
                "{yaml}\n{expected}\n{faults}"
            );
        }
    }

    #[test]
    fn no_old_key_is_known_and_each_names_one_that_is() {
        let mut known = known_keys();
        known.extend(["external_url", "external_labels"].map(str::to_owned));
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        let names: Vec<_> = known.iter().map(|path| last(path)).collect();
        for Written { path, help, .. } in all() {
            let general = path
                .replace("[0]", "[]")
                .replace("receivers.a.", "receivers.NAME.");
            assert!(!known.contains(&general), "{path} is known");
            let mut words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            assert!(
                words.any(|word| names.iter().any(|name| name == word)),
                "{path}: {help}"
            );
        }
    }
}
