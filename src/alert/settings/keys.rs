//! Every key of `alerting`, by section; those of conditions stand with the conditions.
//!
//! These tables decide what is unknown; `config.example.yaml` shows each key with its default.

/// `alerting`.
pub(super) const ALERTING: &[&str] = &[
    "enabled",
    "public_url",
    "evaluation_interval",
    "labels",
    "exported_rules",
    "alertmanagers",
    "resend_every",
    "receivers",
    "heartbeat",
    "packs",
    "tune",
    "rules",
    "inhibit_rules",
    "flapping",
    "calendars",
    "windows",
    "silences",
    // Refused with a mend of their own.
    "inhibit",
    "state_dir",
    "topology",
];

/// Keys of `alerting` that are told where to go, or that they are not there yet.
pub(super) const REFUSED: &[(&str, &str, &str)] = &[
    (
        "inhibit",
        "is called `inhibit_rules`",
        "rename it, with source_matchers for `when`, target_matchers for `mute` and equal for `same`",
    ),
    (
        "state_dir",
        "is not a key of alerting: one directory holds the whole state",
        "write it at the top of the file",
    ),
    (
        "topology",
        "is left out for now: switches and uplinks are not probed",
        "remove it",
    ),
];

/// One of `alertmanagers`.
pub(super) const ALERTMANAGER: &[&str] = &[
    "url",
    "auth",
    "ca_file",
    "insecure_skip_verify",
    "proxy_url",
    "timeout",
];

/// `auth` of an Alertmanager or a webhook.
pub(super) const AUTH: &[&str] = &["bearer_file", "username", "password_file"];

/// One of `receivers`.
pub(super) const RECEIVER: &[&str] = &[
    "webhook",
    "email",
    "match",
    "group_by",
    "group_wait",
    "group_interval",
    "remind_every",
    "urgent",
    "collapse_over",
    "quiet_hours",
];

/// `webhook` of a receiver.
pub(super) const WEBHOOK: &[&str] = &[
    "url",
    "url_file",
    "preset",
    "template",
    "template_file",
    "content_type",
    "headers",
    "header_files",
    "auth",
    "hmac_file",
    "ca_file",
    "insecure_skip_verify",
    "proxy_url",
    "timeout",
];

/// `email` of a receiver.
pub(super) const EMAIL: &[&str] = &[
    "to",
    "from",
    "server",
    "tls",
    "user",
    "password_file",
    "ca_file",
    "timeout",
];

/// `quiet_hours` of a receiver.
pub(super) const QUIET: &[&str] = &["outside", "during", "except"];

/// `heartbeat`.
pub(super) const HEARTBEAT: &[&str] = &["url", "url_file", "every"];

/// One of `tune`: a rule without its name.
pub(super) const TUNE: &[&str] = RULE.split_at(1).1;

/// One of `rules`; its name is first.
pub(super) const RULE: &[&str] = &[
    "name",
    "enabled",
    "when",
    "where",
    "for",
    "min_polls",
    "keep_firing_for",
    "on_unknown",
    "outage",
    "labels",
    "annotations",
];

/// `where` of a rule.
pub(super) const WHERE: &[&str] = &["phone", "site", "labels"];

/// One of `inhibit_rules`.
pub(super) const INHIBIT_RULE: &[&str] = &[
    "source_matchers",
    "target_matchers",
    "equal",
    // Refused with the name that they have now.
    "when",
    "mute",
    "same",
];

/// Keys of `inhibit_rules` that have another name.
pub(super) const REFUSED_OF_INHIBIT_RULES: &[(&str, &str, &str)] = &[
    (
        "when",
        "is called `source_matchers`",
        "write source_matchers: ['alertname=\"RULE\"']",
    ),
    (
        "mute",
        "is called `target_matchers`",
        "write target_matchers: ['alertname=~\"RULE|RULE\"']",
    ),
    ("same", "is called `equal`", "rename it"),
];

/// `flapping`.
pub(super) const FLAPPING: &[&str] = &["changes", "within", "calm"];

/// One of `calendars`.
pub(super) const CALENDAR: &[&str] = &["zone", "weekdays", "hours", "except"];

/// One of `windows`.
pub(super) const WINDOW: &[&str] = &["name", "every", "calendar", "match"];

/// `every` of a window.
pub(super) const EVERY: &[&str] = &["weekdays", "from", "to", "zone", "except"];

/// `silences`.
pub(super) const SILENCES: &[&str] = &["max", "warn_when_older_than"];

/// Keys of `silences` that are not there yet.
pub(super) const REFUSED_OF_SILENCES: &[(&str, &str, &str)] = &[(
    "warn_when_older_than",
    "is left out for now: nothing warns of old silences",
    "remove it",
)];

/// The key paths of all sections and their keys; `NAME` stands for a name of the operator's choice.
const SECTIONS: &[(&str, &[&str])] = &[
    ("alerting.", ALERTING),
    ("alerting.alertmanagers[].", ALERTMANAGER),
    ("alerting.alertmanagers[].auth.", AUTH),
    ("alerting.receivers.NAME.", RECEIVER),
    ("alerting.receivers.NAME.webhook.", WEBHOOK),
    ("alerting.receivers.NAME.email.", EMAIL),
    ("alerting.receivers.NAME.quiet_hours.", QUIET),
    ("alerting.heartbeat.", HEARTBEAT),
    ("alerting.rules[].", RULE),
    ("alerting.rules[].where.", WHERE),
    // Without those that are refused.
    ("alerting.inhibit_rules[].", INHIBIT_RULE.split_at(3).0),
    ("alerting.flapping.", FLAPPING),
    ("alerting.calendars.NAME.", CALENDAR),
    ("alerting.windows[].", WINDOW),
    ("alerting.windows[].every.", EVERY),
    ("alerting.silences.", SILENCES),
];

/// The path of every key, for the reference that explains them. What several sections share stands
/// once: `tune.NAME` holds keys of `rules[]`, `auth` of a webhook those of an Alertmanager.
pub fn known_keys() -> Vec<String> {
    let refused = |key: &str| {
        let mut refused = REFUSED.iter().chain(REFUSED_OF_SILENCES);
        refused.any(|(one, ..)| *one == key)
    };
    let paths = |(path, keys): &(&str, &[&str])| -> Vec<String> {
        let keys = keys.iter().filter(|key| !refused(key));
        keys.map(|key| format!("{path}{key}")).collect()
    };
    SECTIONS.iter().flat_map(paths).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::settings::load;
    use crate::config::{Environment, Secrets};

    const EXAMPLE: &str = include_str!("../../../config.example.yaml");

    /// Each table, the text that leads to its section (`@` is where keys go), and its key path.
    const WRITTEN: &[(&[&str], &str, &str)] = &[
        (ALERTING, "@", ""),
        (
            ALERTMANAGER,
            "alertmanagers: [ { @ } ]",
            "alertmanagers[0].",
        ),
        (
            AUTH,
            "alertmanagers: [ { auth: { @ } } ]",
            "alertmanagers[0].auth.",
        ),
        (RECEIVER, "receivers: { a: { @ } }", "receivers.a."),
        (
            WEBHOOK,
            "receivers: { a: { webhook: { @ } } }",
            "receivers.a.webhook.",
        ),
        (
            AUTH,
            "receivers: { a: { webhook: { auth: { @ } } } }",
            "receivers.a.webhook.auth.",
        ),
        (
            EMAIL,
            "receivers: { a: { email: { @ } } }",
            "receivers.a.email.",
        ),
        (
            QUIET,
            "receivers: { a: { quiet_hours: { @ } } }",
            "receivers.a.quiet_hours.",
        ),
        (HEARTBEAT, "heartbeat: { @ }", "heartbeat."),
        (RULE, "rules: [ { @ } ]", "rules[0]."),
        (
            TUNE,
            "tune: { PhoneUnreachable: { @ } }",
            "tune.PhoneUnreachable.",
        ),
        (WHERE, "rules: [ { where: { @ } } ]", "rules[0].where."),
        (
            INHIBIT_RULE,
            "inhibit_rules: [ { @ } ]",
            "inhibit_rules[0].",
        ),
        (FLAPPING, "flapping: { @ }", "flapping."),
        (CALENDAR, "calendars: { a: { @ } }", "calendars.a."),
        (WINDOW, "windows: [ { @ } ]", "windows[0]."),
        (EVERY, "windows: [ { every: { @ } } ]", "windows[0].every."),
        (SILENCES, "silences: { @ }", "silences."),
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
