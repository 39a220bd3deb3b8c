//! Every key of the configuration, by section.
//!
//! These tables decide what is unknown; `config.example.yaml` shows each key with its default. The
//! keys of `alerting` stand where that section is read, in the room `alert`.

/// The file as a whole.
pub(super) const TOP: &[&str] = &[
    "listen",
    "web_config_file",
    "external_url",
    "external_labels",
    "access",
    "state_dir",
    "shard",
    "poll",
    "credentials",
    "groups",
    "defaults",
    "phones",
    "phone_files",
    "pvalues",
    "metrics",
    "alerting",
];

/// `access`.
pub(super) const ACCESS: &[&str] = &["operate", "proxies"];

/// `shard`.
pub(super) const SHARD: &[&str] = &["index", "count"];

/// `poll`: of the whole file, or (all but `max_in_flight`) of a phone, a group or `defaults`.
pub(super) const POLL: &[&str] = &[
    "interval",
    "values_interval",
    "timeout",
    "connect_timeout",
    "attempts",
    "stale_after",
    "max_in_flight",
];

/// One of `credentials`.
pub(super) const CREDENTIAL: &[&str] = &[
    "username",
    "password",
    "password_file",
    "password_files",
    "password_env",
    "operator",
];

/// `operator` of a credential.
pub(super) const OPERATOR: &[&str] = &["username", "password_file"];

/// One of `phones` or of a file of `phone_files`, one of `groups`, or `defaults`.
pub(super) const PHONE: &[&str] = &[
    "name",
    "address",
    "mac",
    "group",
    "site",
    "credential",
    "username",
    "password",
    "password_file",
    "password_env",
    "enabled",
    "portable",
    "labels",
    "scheme",
    "secret_format",
    "tls",
    "time_zone",
    "poll",
    "expect",
];

/// Keys of [`PHONE`] that hold for one phone only: neither in `groups` nor in `defaults`.
pub(super) const OF_ONE_PHONE: &[&str] = &["name", "address", "mac"];

/// `tls` of a phone.
pub(super) const TLS: &[&str] = &[
    "ca_file",
    "fingerprints_sha256",
    "insecure_skip_verify",
    "server_name",
];

/// One of `expect`.
pub(super) const EXPECT: &[&str] = &["pvalue", "model", "any_of", "at_least"];

/// One of `pvalues`.
pub(super) const PVALUE: &[&str] = &["pvalue", "as"];

/// `metrics`.
pub(super) const METRICS: &[&str] = &["lines", "line_state", "clock", "sip_user", "mac_address"];

/// A file of phones that is a mapping.
pub(super) const PHONE_FILE: &[&str] = &["phones"];

/// One group of targets in Prometheus' `file_sd` format.
pub(super) const TARGETS: &[&str] = &["targets", "labels"];

/// What a table of phones may have as a column, beside `label.NAME`.
pub const COLUMNS: &[&str] = &[
    "name",
    "address",
    "mac",
    "group",
    "site",
    "credential",
    "username",
    "password",
    "password_file",
    "password_env",
    "enabled",
    "portable",
    "scheme",
    "secret_format",
    "time_zone",
    "poll.interval",
    "poll.values_interval",
    "poll.timeout",
    "poll.connect_timeout",
    "poll.attempts",
    "poll.stale_after",
    "tls.ca_file",
    "tls.insecure_skip_verify",
    "tls.server_name",
];

/// The key paths of all sections and their keys; `NAME` stands for a name of the operator's choice.
const SECTIONS: &[(&str, &[&str])] = &[
    ("", TOP),
    ("access.", ACCESS),
    ("shard.", SHARD),
    ("poll.", POLL),
    ("credentials.NAME.", CREDENTIAL),
    ("credentials.NAME.operator.", OPERATOR),
    ("phones[].", PHONE),
    ("phones[].tls.", TLS),
    ("phones[].expect[].", EXPECT),
    ("pvalues[].", PVALUE),
    ("metrics.", METRICS),
];

/// The path of every key, for the reference that explains them. What several sections share stands
/// once: `groups.NAME` and `defaults` hold keys of `phones[]`, and `poll` of a phone those of `poll`.
pub fn known_keys() -> Vec<String> {
    let paths = |(path, keys): &(&str, &[&str])| -> Vec<String> {
        keys.iter().map(|key| format!("{path}{key}")).collect()
    };
    SECTIONS.iter().flat_map(paths).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Secrets, load};

    const EXAMPLE: &str = include_str!("../../config.example.yaml");

    /// Each table, the text that leads to its section (`@` is where keys go), and its key path.
    const WRITTEN: &[(&[&str], &str, &str)] = &[
        (TOP, "@", ""),
        (ACCESS, "access: { @ }", "access."),
        (SHARD, "shard: { @ }", "shard."),
        (POLL, "poll: { @ }", "poll."),
        (CREDENTIAL, "credentials: { a: { @ } }", "credentials.a."),
        (
            OPERATOR,
            "credentials: { a: { operator: { @ } } }",
            "credentials.a.operator.",
        ),
        (PHONE, "phones: [ { @ } ]", "phones[0]."),
        (PHONE, "groups: { a: { @ } }", "groups.a."),
        (PHONE, "defaults: { @ }", "defaults."),
        (TLS, "defaults: { tls: { @ } }", "defaults.tls."),
        (POLL, "defaults: { poll: { @ } }", "defaults.poll."),
        (
            EXPECT,
            "defaults: { expect: [ { @ } ] }",
            "defaults.expect[0].",
        ),
        (PVALUE, "pvalues: [ { @ } ]", "pvalues[0]."),
        (METRICS, "metrics: { @ }", "metrics."),
    ];

    #[test]
    fn every_key_is_read_so_that_nonsense_behind_it_is_a_fault() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.yaml");
        for (keys, around, path) in WRITTEN {
            // What stands in `alerting` is read by the room that it belongs to.
            for key in keys.iter().filter(|key| **key != "alerting") {
                let text = around.replace('@', &format!("{key}: [[]]"));
                std::fs::write(&file, &text).unwrap();
                let faults = load(&file, &Environment::default(), Secrets::Read).unwrap_err();
                let spot = format!("{path}{key}");
                let told = faults.iter().any(|fault| {
                    fault.spot.key.starts_with(&spot) && !fault.what.contains("not a key")
                });
                assert!(told, "{text} only told\n{faults}");
            }
        }
    }

    #[test]
    fn every_key_stands_in_the_example() {
        for (keys, _, path) in WRITTEN {
            for key in *keys {
                let here = |before: char| " {,#\n".contains(before);
                let found = EXAMPLE.match_indices(&format!("{key}:")).any(|(at, _)| {
                    EXAMPLE
                        .get(..at)
                        .is_some_and(|text| text.chars().next_back().is_none_or(here))
                });
                assert!(found, "{path}{key} is missing");
            }
        }
    }
}
