//! Keys of Prometheus and Alertmanager that people paste and that have no effect here, with the reason.
//!
//! What they say that is also so here is accepted instead: `follow_redirects: false`, for example.

use crate::config::read::Refused;

/// `alerting`.
pub(super) const ALERTING: &[Refused] = &[
    Refused::new(
        "external_url",
        "is not a key of alerting: it holds for the whole program",
        "write it at the top of the file",
    ),
    Refused::new(
        "external_labels",
        "is not a key of alerting: it holds for the whole program",
        "write it at the top of the file",
    ),
    Refused::new(
        "state_dir",
        "is not a key of alerting: one directory holds the whole state",
        "write it at the top of the file",
    ),
    Refused::new(
        "topology",
        "is not supported: switches and uplinks are not probed",
        "remove it",
    ),
    Refused::new(
        "route",
        "is not supported: each receiver says what it gets",
        "write its matchers and intervals at each receiver",
    ),
];

/// One of `alertmanagers`.
pub(super) const ALERTMANAGER: &[Refused] = &[
    Refused::new(
        "static_configs",
        "is not supported: Alertmanagers are listed one by one",
        "write `url: …` for each",
    ),
    Refused::new(
        "scheme",
        "is part of `url`",
        "write `url: https://HOST:PORT`",
    ),
    Refused::new(
        "path_prefix",
        "is part of `url`",
        "write `url: https://HOST:PORT/PREFIX`",
    ),
    Refused::new(
        "api_version",
        "is not supported: the API is always v2",
        "remove it",
    ),
];

/// The HTTP client block.
pub(super) const HTTP_CONFIG: &[Refused] = &[
    Refused::new(
        "oauth2",
        "is not supported: no token is fetched from a server",
        "use `authorization` with a `credentials_file` that another program keeps fresh",
    ),
    Refused::new(
        "bearer_token",
        "is not supported: Prometheus replaced it",
        "write `authorization: { credentials: … }`",
    ),
    Refused::new(
        "bearer_token_file",
        "is not supported: Prometheus replaced it",
        "write `authorization: { credentials_file: … }`",
    ),
    Refused::new(
        "no_proxy",
        "is not supported: `proxy_url` holds for this one server",
        "remove it",
    ),
    Refused::new(
        "proxy_connect_header",
        "is not supported: a proxy is sent no headers",
        "remove it",
    ),
];

/// `basic_auth`.
pub(super) const BASIC_AUTH: &[Refused] = &[Refused::new(
    "username_file",
    "is not supported: a user name is not a secret",
    "write `username: …`",
)];

/// `tls_config`.
pub(super) const TLS_CONFIG: &[Refused] = &[
    Refused::new(
        "ca",
        "is not supported: certificates stand in files",
        "name a file in `ca_file`",
    ),
    Refused::new(
        "cert",
        "is not supported: certificates stand in files",
        "name a file in `cert_file`",
    ),
    Refused::new(
        "key",
        "is not supported: keys stand in files",
        "name a file in `key_file`",
    ),
    Refused::new(
        "max_version",
        "is not supported: the newest version that both sides know is spoken",
        "remove it",
    ),
];

/// One of `receivers`.
pub(super) const RECEIVER: &[Refused] = &[
    Refused::new(
        "email_configs",
        "is not supported: a receiver has one `email`",
        "write `email: …`, and a receiver for each further one",
    ),
    Refused::new(
        "webhook_configs",
        "is not supported: a receiver has one `webhook`",
        "write `webhook: …`, and a receiver for each further one",
    ),
];

/// In Alertmanager a key of each way to be told.
const SEND_RESOLVED: Refused = Refused::new(
    "send_resolved",
    "is a key of the receiver",
    "write it beside `webhook` or `email`",
);

/// `webhook` of a receiver.
pub(super) const WEBHOOK: &[Refused] = &[
    SEND_RESOLVED,
    Refused::new(
        "max_alerts",
        "is not supported: alerts beyond 500 are counted",
        "write `max_listed_alerts: …` at the receiver for what its text lists",
    ),
];

/// `email` of a receiver.
pub(super) const EMAIL: &[Refused] = &[
    SEND_RESOLVED,
    Refused::new(
        "auth_secret",
        "is not supported: CRAM-MD5 is no longer safe",
        "write `auth_password_file: …`",
    ),
    Refused::new(
        "auth_identity",
        "is not supported: the user who logs in sends",
        "remove it",
    ),
    Refused::new(
        "hello",
        "is not supported: the server is greeted by the domain of `from`",
        "remove it",
    ),
    Refused::new(
        "headers",
        "is not supported: the daemon writes the headers of a mail",
        "remove it",
    ),
    Refused::new(
        "html",
        "is not supported: the daemon writes the text of a mail",
        "remove it",
    ),
    Refused::new(
        "text",
        "is not supported: the daemon writes the text of a mail",
        "remove it",
    ),
    Refused::new(
        "threading",
        "is not supported: the mails of a group are always one thread",
        "remove it",
    ),
];

/// `silences`.
pub(super) const SILENCES: &[Refused] = &[Refused::new(
    "warn_when_older_than",
    "is not supported: nothing warns of old silences",
    "remove it",
)];
