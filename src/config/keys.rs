//! Every key of the configuration, by section.
//!
//! These tables decide what is unknown; `config.example.yaml` shows each key with its default.

/// The file as a whole.
pub(super) const TOP: &[&str] = &[
    "listen",
    "web_config_file",
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
pub(super) const ACCESS: &[&str] = &["operate"];

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

/// `alerting`.
pub(super) const ALERTING: &[&str] = &["enabled"];

/// A file of phones that is a mapping.
pub(super) const PHONE_FILE: &[&str] = &["phones"];

/// One group of targets in Prometheus' `file_sd` format.
pub(super) const TARGETS: &[&str] = &["targets", "labels"];

/// What a table of phones may have as a column, beside `label.NAME`.
pub(super) const COLUMNS: &[&str] = &[
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
