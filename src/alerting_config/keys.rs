//! Every key of `alerting`, by section; those of conditions stand with the conditions.
//!
//! These tables decide what is unknown, and what is refused with help of its own: keys of earlier
//! versions ([`renamed`]) and keys of Prometheus and Alertmanager that people paste ([`unsupported`]).
//! `config.example.yaml` shows each known key with its default.

use super::{renamed, unsupported};
use crate::config::read::Keys;

/// `alerting`.
pub(super) const ALERTING: Keys = Keys {
    known: &[
        "enabled",
        "evaluation_interval",
        "resend_delay",
        "rules_evaluated_elsewhere",
        "alertmanagers",
        "time_intervals",
        "maintenance_windows",
        "receivers",
        "heartbeat",
        "rule_groups",
        "rule_overrides",
        "rules",
        "inhibit_rules",
        "flapping",
        "silences",
    ],
    refused: &[renamed::ALERTING, unsupported::ALERTING],
};

/// One of `alertmanagers`: its own keys, then those of [`HTTP_CONFIG`].
pub(super) const ALERTMANAGER: Keys = Keys {
    known: &[
        "url",
        "timeout",
        "basic_auth",
        "authorization",
        "tls_config",
        "proxy_url",
        "http_headers",
        "follow_redirects",
        "enable_http2",
        "proxy_from_environment",
    ],
    refused: &[
        renamed::ALERTMANAGER,
        unsupported::ALERTMANAGER,
        unsupported::HTTP_CONFIG,
    ],
};

/// `http_config`: the HTTP client block of Prometheus.
pub(super) const HTTP_CONFIG: Keys = Keys {
    known: ALERTMANAGER.known.split_at(2).1,
    refused: &[unsupported::HTTP_CONFIG],
};

/// `basic_auth`.
pub(super) const BASIC_AUTH: Keys = Keys {
    known: &["username", "password", "password_file"],
    refused: &[unsupported::BASIC_AUTH],
};

/// `authorization`.
pub(super) const AUTHORIZATION: &[&str] = &["type", "credentials", "credentials_file"];

/// `tls_config`.
pub(super) const TLS_CONFIG: Keys = Keys {
    known: &[
        "ca_file",
        "cert_file",
        "key_file",
        "server_name",
        "insecure_skip_verify",
        "min_version",
    ],
    refused: &[unsupported::TLS_CONFIG],
};

/// One of `http_headers`.
pub(super) const HTTP_HEADER: &[&str] = &["values", "secrets", "files"];

/// One of `time_intervals`.
pub(super) const TIME_INTERVAL: &[&str] = &["name", "time_intervals"];

/// One of `time_intervals` of a time interval.
pub(super) const PART: &[&str] = &[
    "times",
    "weekdays",
    "days_of_month",
    "months",
    "years",
    "location",
];

/// One of `times`.
pub(super) const TIMES: &[&str] = &["start_time", "end_time"];

/// One of `maintenance_windows`.
pub(super) const MAINTENANCE_WINDOW: &[&str] = &["name", "matchers", "active_time_intervals"];

/// One of `receivers`.
pub(super) const RECEIVER: Keys = Keys {
    known: &[
        "webhook",
        "email",
        "matchers",
        "group_by",
        "group_wait",
        "group_interval",
        "repeat_interval",
        "send_resolved",
        "critical_bypasses_group_interval",
        "max_listed_alerts",
        "active_time_intervals",
        "mute_time_intervals",
        "unmuted_matchers",
    ],
    refused: &[renamed::RECEIVER, unsupported::RECEIVER],
};

/// `webhook` of a receiver.
pub(super) const WEBHOOK: Keys = Keys {
    known: &[
        "url",
        "url_file",
        "preset",
        "template",
        "template_file",
        "content_type",
        "hmac_file",
        "http_config",
        "timeout",
    ],
    refused: &[renamed::WEBHOOK, unsupported::WEBHOOK],
};

/// `email` of a receiver.
pub(super) const EMAIL: Keys = Keys {
    known: &[
        "to",
        "from",
        "smarthost",
        "auth_username",
        "auth_password",
        "auth_password_file",
        "require_tls",
        "force_implicit_tls",
        "tls_config",
        "timeout",
    ],
    refused: &[renamed::EMAIL, unsupported::EMAIL],
};

/// `heartbeat`.
pub(super) const HEARTBEAT: Keys = Keys {
    known: &["url", "url_file", "interval", "http_config"],
    refused: &[renamed::HEARTBEAT],
};

/// The keys of a rule, its name first.
const OF_RULES: &[&str] = &[
    "name",
    "enabled",
    "when",
    "where",
    "for",
    "min_polls",
    "keep_firing_for",
    "on_unknown",
    "inhibits_below",
    "labels",
    "annotations",
];

/// One of `rules`.
pub(super) const RULE: Keys = Keys {
    known: OF_RULES,
    refused: &[renamed::RULE],
};

/// One of `rule_overrides`: a rule without its name.
pub(super) const RULE_OVERRIDE: Keys = Keys {
    known: OF_RULES.split_at(1).1,
    refused: &[renamed::RULE],
};

/// `where` of a rule.
pub(super) const WHERE: &[&str] = &["phone", "site", "labels"];

/// One of `inhibit_rules`.
pub(super) const INHIBIT_RULE: Keys = Keys {
    known: &["source_matchers", "target_matchers", "equal"],
    refused: &[renamed::INHIBIT],
};

/// `flapping`.
pub(super) const FLAPPING: &[&str] = &["changes", "within", "calm"];

/// `silences`.
pub(super) const SILENCES: Keys = Keys {
    known: &["max_duration"],
    refused: &[renamed::SILENCES, unsupported::SILENCES],
};

/// The key paths of all sections and their keys; `NAME` stands for a name of the operator's choice.
const SECTIONS: &[(&str, &[&str])] = &[
    ("alerting.", ALERTING.known),
    ("alerting.alertmanagers[].", ALERTMANAGER.known),
    ("alerting.alertmanagers[].basic_auth.", BASIC_AUTH.known),
    ("alerting.alertmanagers[].authorization.", AUTHORIZATION),
    ("alerting.alertmanagers[].tls_config.", TLS_CONFIG.known),
    ("alerting.alertmanagers[].http_headers.NAME.", HTTP_HEADER),
    ("alerting.time_intervals[].", TIME_INTERVAL),
    ("alerting.time_intervals[].time_intervals[].", PART),
    ("alerting.time_intervals[].time_intervals[].times[].", TIMES),
    ("alerting.maintenance_windows[].", MAINTENANCE_WINDOW),
    ("alerting.receivers.NAME.", RECEIVER.known),
    ("alerting.receivers.NAME.webhook.", WEBHOOK.known),
    ("alerting.receivers.NAME.email.", EMAIL.known),
    ("alerting.heartbeat.", HEARTBEAT.known),
    ("alerting.rules[].", RULE.known),
    ("alerting.rules[].where.", WHERE),
    ("alerting.inhibit_rules[].", INHIBIT_RULE.known),
    ("alerting.flapping.", FLAPPING),
    ("alerting.silences.", SILENCES.known),
];

/// The path of every key, for the reference that explains them. What several sections share stands
/// once: `rule_overrides.NAME` holds keys of `rules[]`, `http_config` those of an Alertmanager but
/// for `url` and `timeout`, `tls_config` of a mail those of an Alertmanager.
pub fn known_keys() -> Vec<String> {
    let paths = |(path, keys): &(&str, &[&str])| -> Vec<String> {
        keys.iter().map(|key| format!("{path}{key}")).collect()
    };
    SECTIONS.iter().flat_map(paths).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerting_config::load;
    use crate::config::{Environment, Secrets};

    const EXAMPLE: &str = include_str!("../../config.example.yaml");

    /// Each table, the text that leads to its section (`@` is where keys go), and its key path.
    const WRITTEN: &[(&[&str], &str, &str)] = &[
        (ALERTING.known, "@", ""),
        (
            ALERTMANAGER.known,
            "alertmanagers: [ { @ } ]",
            "alertmanagers[0].",
        ),
        (
            BASIC_AUTH.known,
            "alertmanagers: [ { basic_auth: { @ } } ]",
            "alertmanagers[0].basic_auth.",
        ),
        (
            AUTHORIZATION,
            "alertmanagers: [ { authorization: { @ } } ]",
            "alertmanagers[0].authorization.",
        ),
        (
            TLS_CONFIG.known,
            "alertmanagers: [ { tls_config: { @ } } ]",
            "alertmanagers[0].tls_config.",
        ),
        (
            HTTP_HEADER,
            "alertmanagers: [ { http_headers: { X-A: { @ } } } ]",
            "alertmanagers[0].http_headers.X-A.",
        ),
        (
            TIME_INTERVAL,
            "time_intervals: [ { @ } ]",
            "time_intervals[0].",
        ),
        (
            PART,
            "time_intervals: [ { time_intervals: [ { @ } ] } ]",
            "time_intervals[0].time_intervals[0].",
        ),
        (
            TIMES,
            "time_intervals: [ { time_intervals: [ { times: [ { @ } ] } ] } ]",
            "time_intervals[0].time_intervals[0].times[0].",
        ),
        (
            MAINTENANCE_WINDOW,
            "maintenance_windows: [ { @ } ]",
            "maintenance_windows[0].",
        ),
        (RECEIVER.known, "receivers: { a: { @ } }", "receivers.a."),
        (
            WEBHOOK.known,
            "receivers: { a: { webhook: { @ } } }",
            "receivers.a.webhook.",
        ),
        (
            HTTP_CONFIG.known,
            "receivers: { a: { webhook: { http_config: { @ } } } }",
            "receivers.a.webhook.http_config.",
        ),
        (
            EMAIL.known,
            "receivers: { a: { email: { @ } } }",
            "receivers.a.email.",
        ),
        (
            TLS_CONFIG.known,
            "receivers: { a: { email: { tls_config: { @ } } } }",
            "receivers.a.email.tls_config.",
        ),
        (HEARTBEAT.known, "heartbeat: { @ }", "heartbeat."),
        (
            HTTP_CONFIG.known,
            "heartbeat: { http_config: { @ } }",
            "heartbeat.http_config.",
        ),
        (RULE.known, "rules: [ { @ } ]", "rules[0]."),
        (
            RULE_OVERRIDE.known,
            "rule_overrides: { PhoneUnreachable: { @ } }",
            "rule_overrides.PhoneUnreachable.",
        ),
        (WHERE, "rules: [ { where: { @ } } ]", "rules[0].where."),
        (
            INHIBIT_RULE.known,
            "inhibit_rules: [ { @ } ]",
            "inhibit_rules[0].",
        ),
        (FLAPPING, "flapping: { @ }", "flapping."),
        (SILENCES.known, "silences: { @ }", "silences."),
    ];

    #[test]
    fn every_key_is_read_so_that_nonsense_behind_it_is_a_fault() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.yaml");
        for (keys, around, path) in WRITTEN {
            for key in *keys {
                let inner = around.replace('@', &format!("{key}: [[]]"));
                let text = format!("alerting: {{ {inner} }}");
                std::fs::write(&file, &text).unwrap();
                let faults = load(&file, &Environment::default(), Secrets::Read).unwrap_err();
                let spot = format!("alerting.{path}{key}");
                let told = faults.iter().any(|fault| {
                    fault.spot.key.starts_with(&spot) && !fault.what.contains("not a key known")
                });
                assert!(told, "{text} only told\n{faults}");
            }
        }
    }

    #[test]
    fn every_key_stands_in_the_example() {
        let (_, alerting) = EXAMPLE.split_once("\nalerting:").expect("it is there");
        for path in known_keys() {
            let key = path.rsplit('.').next().unwrap_or_default();
            let here = |before: char| " {,#\n".contains(before);
            let found = alerting.match_indices(&format!("{key}:")).any(|(at, _)| {
                alerting
                    .get(..at)
                    .is_some_and(|text| text.chars().next_back().is_none_or(here))
            });
            assert!(found, "{path} is missing");
        }
    }
}
