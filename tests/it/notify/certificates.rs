//! Certificates of servers, the same to every client: what is trusted, and what is said where it is
//! not, in words with the setting that cures it.

use std::path::Path;

use grandstream_exporter::notify::channel::Heartbeat;
use grandstream_exporter::notify::channel::{
    Alertmanager, Body, Channel, Email, Encryption, Webhook,
};
use grandstream_exporter::notify::http_client::{HttpClient, TlsClient};
use grandstream_exporter::notify::send::{PostResult, beat, post_alerts, send};
use grandstream_exporter::sim::{self, Behaviour};
use rcgen::{DnType, date_time_ymd};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::smtp::{Manners, Server};
use super::{acceptor, authorities, delivery, error, receiver, server_config};
use crate::harness::certificates::{Authority, self_signed};
use crate::harness::curl::curl;
use crate::harness::sink::{Answers, Sink};
use crate::harness::{Daemon, PASSWORD, PATIENCE, QUICK, spec};
use crate::process::program;

/// What a server presents and what the client is told to trust, by the names of files.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// `None`: it speaks no TLS.
    presented: Option<&'static str>,
    trusted: &'static str,
    /// What the client says, `CA` standing for its setting; empty: it is content.
    words: &'static str,
}

const CASES: [Case; 9] = [
    Case {
        presented: Some("ca"),
        trusted: "ca",
        words: "",
    },
    // As plain `openssl req -x509` makes it: an authority that is a server.
    Case {
        presented: Some("own"),
        trusted: "own",
        words: "",
    },
    // And one whose only name is the common name.
    Case {
        presented: Some("plain"),
        trusted: "plain",
        words: "",
    },
    Case {
        presented: Some("own"),
        trusted: "ca",
        words: "the certificate is self-signed: set CA to it if SHA-256 ",
    },
    Case {
        presented: Some("ca"),
        trusted: "own",
        words: "the certificate is of an unknown authority: set CA to the certificate of that",
    },
    Case {
        presented: Some("expired"),
        trusted: "expired",
        words: "the certificate has expired: renew it",
    },
    Case {
        presented: Some("ca-expired"),
        trusted: "ca",
        words: "the certificate has expired: renew it",
    },
    Case {
        presented: Some("elsewhere"),
        trusted: "elsewhere",
        words: "the certificate is of another name than the address: ",
    },
    Case {
        presented: None,
        trusted: "ca",
        words: "does not speak TLS on this port: ",
    },
];

/// The setting of all who send.
const CA_FILE: &str = "tls_config.ca_file";

/// What trusts this certificate alone.
fn trusting(home: &Path, name: &str) -> TlsClient {
    TlsClient {
        authorities: Some(authorities(home, name)),
        ..TlsClient::default()
    }
}

/// A directory with every certificate of the cases.
fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let authority = Authority::new(home.path(), "ca");
    authority.server();
    authority.expired_server();
    self_signed(home.path(), "own", |_| {});
    self_signed(home.path(), "expired", |params| {
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    self_signed(home.path(), "plain", |params| {
        params.subject_alt_names.clear();
        params
            .distinguished_name
            .push(DnType::CommonName, "127.0.0.1");
    });
    self_signed(home.path(), "elsewhere", |params| {
        params.subject_alt_names[0] = rcgen::SanType::IpAddress([192, 0, 2, 1].into());
    });
    home
}

impl Case {
    #[track_caller]
    fn check(self, client: &str, ca_file: &str, said: &str) {
        let words = self.words.replace("CA", ca_file);
        let as_expected = if words.is_empty() {
            said.is_empty()
        } else {
            said.contains(&words)
        };
        assert!(as_expected, "{client}, {self:?}: {said}");
        assert!(!said.contains("UnknownIssuer"), "{client}: {said}");
    }

    async fn web_server(self, home: &Path) -> Sink {
        let tls = self.presented.map(|name| acceptor(home, name));
        let ok = |_: &str| Answers::With("200 OK", "{}".to_owned());
        Sink::start_with(tls, ok).await
    }

    async fn mail_server(self, home: &Path, at_once: bool) -> Server {
        Server::start(Manners {
            tls: self.presented.map(|name| acceptor(home, name)),
            at_once,
            ..Manners::default()
        })
        .await
    }
}

#[tokio::test]
async fn who_sends_over_http_trusts_what_is_named_and_says_what_is_wrong() {
    let home = home();
    for case in CASES {
        let sink = case.web_server(home.path()).await;
        let client = HttpClient {
            tls: trusting(home.path(), case.trusted),
            ..HttpClient::default()
        };
        let url = format!("https://{}/", sink.address);
        let webhook = Webhook {
            url: url.clone().into(),
            body: Body::Generic,
            hmac: None,
            client: client.clone(),
            timeout: None,
        };
        let desk = receiver(Channel::Webhook(Box::new(webhook)));
        let attempt = send(&desk, &delivery("reception")).await;
        case.check("a webhook", CA_FILE, error(&attempt.result));
        let manager = Alertmanager {
            name: "am".into(),
            url: url.clone().into(),
            client: client.clone(),
            timeout: None,
        };
        let said = match post_alerts(&manager, "[]").await {
            PostResult::Accepted => "".into(),
            PostResult::Refused { error } | PostResult::Failed { error, .. } => error,
        };
        case.check("an Alertmanager", CA_FILE, &said);
        let heartbeat = Heartbeat {
            url: url.into(),
            client,
            interval: PATIENCE,
        };
        let said = beat(&heartbeat).await.err().unwrap_or_default();
        case.check("the heartbeat", CA_FILE, &said);
    }
}

#[tokio::test]
async fn mail_servers_are_trusted_alike_whenever_tls_begins() {
    let home = home();
    for case in CASES {
        for (encryption, at_once) in [(Encryption::Tls, true), (Encryption::Starttls, false)] {
            if case.presented.is_none() && !at_once {
                continue;
            }
            let server = case.mail_server(home.path(), at_once).await;
            let email = Email {
                to: vec!["desk@acme.example".into()],
                from: "phones@acme.example".into(),
                host: "127.0.0.1".into(),
                port: server.address.port(),
                encryption,
                tls: trusting(home.path(), case.trusted),
                login: None,
                timeout: None,
            };
            let receiver = receiver(Channel::Email(Box::new(email)));
            let attempt = send(&receiver, &delivery("reception")).await;
            let said = error(&attempt.result);
            case.check(&format!("a mail, {encryption:?}"), CA_FILE, said);
        }
    }
}

#[tokio::test]
async fn commands_trust_the_daemon_alike_and_so_does_curl() {
    let home = home();
    for case in CASES {
        let sink = case.web_server(home.path()).await;
        let url = format!("https://{}", sink.address);
        let file = format!("{}.pem", case.trusted);
        let mut command = program();
        command
            .args(["healthcheck", "--url", &url, "--ca-file", &file])
            .current_dir(home.path());
        let ended = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
        let ended = ended.await.expect("no panic");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        case.check("a command", "--ca-file", &said);
        assert_eq!(ended.status.success(), case.words.is_empty(), "{said}");
        let by_curl = curl(home.path(), &["--cacert", &file, &url]).await;
        assert_eq!(by_curl.result.is_ok(), case.words.is_empty(), "{case:?}");
    }
}

#[tokio::test]
async fn a_phone_that_signed_its_own_certificate_is_trusted_by_it() {
    let home = home();
    for name in ["own", "plain"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let tls = server_config(home.path(), name);
        let phone = sim::Phone::start_on(spec(Behaviour::default()), listener, Some(tls));
        let config = format!(
            "{QUICK}
phones:
  - {{ name: p0, address: '{}', scheme: https, password: '{PASSWORD}', tls: {{ ca_file: '{}' }} }}
",
            phone.address(),
            home.path().join(format!("{name}.pem")).display()
        );
        let daemon = Daemon::start(&config).await;
        daemon.wait("grandstream_up", &[], 1.0).await;
    }
}
