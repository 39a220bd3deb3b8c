//! The HTTP client block on the wire: certificates of ours, names that are asked for, versions, headers.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::config::KeyPair;
use grandstream_exporter::config::listener::TlsVersion;
use grandstream_exporter::notify::channel::Heartbeat;
use grandstream_exporter::notify::channel::{
    Alertmanager, Body, Channel, Email, Encryption, Webhook,
};
use grandstream_exporter::notify::http_client::{Authorization, HeaderText, HttpClient, TlsClient};
use grandstream_exporter::notify::retry::FailureReason;
use grandstream_exporter::notify::send::{PostResult, beat, post_alerts, send};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ResolvesServerCertUsingSni, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::smtp::{Manners, Server};
use super::{DELIVERED, Meaning, authorities, delivery, header, meaning, receiver};
use crate::harness::certificates::{Authority, Validity};
use crate::harness::sink::{Answers, Asked, Sink};
use crate::process::program;

/// The only name that the servers here answer to.
const HOST: &str = "am.example";

const TLS: Meaning = ("temporary", Some(FailureReason::Tls));

/// A directory with the authority `ca`, which has a server at [`HOST`] and the client `phones`, and
/// with the authority `other`, which has a client of that name too.
fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let ca = Authority::new(home.path(), "ca");
    ca.server_of(HOST);
    ca.client("phones", Validity::Current);
    Authority::new(home.path(), "other").client("phones", Validity::Current);
    home
}

fn pair(home: &Path, name: &str) -> KeyPair {
    let path = |end: &str| home.join(format!("{name}.{end}"));
    let certificate = CertificateDer::from_pem_file(path("pem")).expect("a certificate");
    KeyPair {
        chain: vec![certificate],
        key: PrivateKeyDer::from_pem_file(path("key")).expect("a key"),
    }
}

/// A server that answers only to who asks for [`HOST`] by name and presents a certificate of `ca`.
fn acceptor(home: &Path, newest: TlsVersion) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(home.join("ca.pem")).expect("a certificate");
    roots.add(ca).expect("an authority");
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let KeyPair { chain, key } = pair(home, &format!("ca-{HOST}"));
    let certified = CertifiedKey::from_der(chain, key, &provider).expect("a pair");
    let mut names = ResolvesServerCertUsingSni::new();
    names.add(HOST, certified).expect("its certificate");
    let versions = match newest {
        TlsVersion::Tls12 => &[&TLS12][..],
        TlsVersion::Tls13 => &[&TLS12, &TLS13],
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .with_client_cert_verifier(clients.build().expect("a verifier"))
        .with_cert_resolver(Arc::new(names));
    TlsAcceptor::from(Arc::new(config))
}

/// TLS as that server wants it.
fn tls(home: &Path) -> TlsClient {
    TlsClient {
        authorities: Some(authorities(home, "ca")),
        key_pair: Some(Arc::new(pair(home, "ca-phones"))),
        server_name: Some(HOST.into()),
        ..TlsClient::default()
    }
}

fn client(tls: TlsClient) -> HttpClient {
    HttpClient {
        tls,
        ..HttpClient::default()
    }
}

async fn sink(home: &Path, newest: TlsVersion) -> Sink {
    let ok = |_: &str| Answers::With("200 OK", String::new());
    Sink::start_with(Some(acceptor(home, newest)), ok).await
}

async fn posted(sink: &Sink, client: HttpClient) -> Meaning {
    let webhook = Webhook {
        url: format!("https://{}/hook", sink.address).into(),
        body: Body::Generic,
        hmac: None,
        client,
        timeout: None,
    };
    let attempt = send(
        &receiver(Channel::Webhook(Box::new(webhook))),
        &delivery("reception"),
    )
    .await;
    meaning(&attempt.result)
}

/// The lines of this header, in their order.
fn lines<'a>(asked: &'a Asked, header: &str) -> Vec<&'a str> {
    let head = format!("{header}: ");
    let lines = asked.head.lines();
    lines.filter(|line| line.starts_with(&head)).collect()
}

/// What is wrong with TLS towards a server that wants [`tls`], each way alone.
fn wrong(home: &Path) -> Vec<(&'static str, TlsClient)> {
    vec![
        (
            "no certificate",
            TlsClient {
                key_pair: None,
                ..tls(home)
            },
        ),
        (
            "a certificate of another authority",
            TlsClient {
                key_pair: Some(Arc::new(pair(home, "other-phones"))),
                ..tls(home)
            },
        ),
        (
            "no name",
            TlsClient {
                server_name: None,
                ..tls(home)
            },
        ),
        (
            "a name that the server does not have",
            TlsClient {
                server_name: Some("another.example".into()),
                ..tls(home)
            },
        ),
        (
            "another authority",
            TlsClient {
                authorities: Some(authorities(home, "other")),
                ..tls(home)
            },
        ),
    ]
}

#[tokio::test]
async fn a_certificate_of_ours_is_presented_and_the_server_is_known_by_its_configured_name() {
    let home = home();
    let home = home.path();
    let mut sink = sink(home, TlsVersion::Tls13).await;
    assert_eq!(posted(&sink, client(tls(home))).await, DELIVERED);
    let asked = sink.asked().await;
    assert!(
        asked.head.starts_with("POST /hook HTTP/1.1\r\n"),
        "{asked:?}"
    );
    let host = sink.address.to_string();
    assert_eq!(asked.header("host"), Some(&*host), "the host of the URL");
    for (what, tls) in wrong(home) {
        assert_eq!(posted(&sink, client(tls)).await, TLS, "{what}");
        assert!(sink.is_untouched(), "{what}");
    }
}

#[tokio::test]
async fn alertmanagers_and_the_heartbeat_take_the_same_block() {
    let home = home();
    let home = home.path();
    let mut sink = sink(home, TlsVersion::Tls13).await;
    let url = format!("https://localhost:{}/prefix", sink.address.port());
    let manager = |client| Alertmanager {
        name: "am".into(),
        url: url.clone().into(),
        client,
        timeout: None,
    };
    let headers = vec![
        header("X-Team", HeaderText::Public("phones".into())),
        header("X-Team", HeaderText::Secret("night-shift".into())),
    ];
    let whole = HttpClient {
        authorization: Authorization::Credentials {
            scheme: "Token".into(),
            credentials: "a-long-token".into(),
        },
        headers,
        ..client(tls(home))
    };
    assert_eq!(
        post_alerts(&manager(whole.clone()), "[]").await,
        PostResult::Accepted
    );
    let heartbeat = |client| Heartbeat {
        url: url.clone().into(),
        interval: Duration::from_secs(60),
        client,
    };
    assert_eq!(beat(&heartbeat(whole)).await, Ok(()));
    for line in ["POST /prefix/api/v2/alerts", "GET /prefix"] {
        let asked = sink.asked().await;
        assert!(
            asked.head.starts_with(&format!("{line} HTTP/1.1\r\n")),
            "{asked:?}"
        );
        assert_eq!(asked.header("authorization"), Some("Token a-long-token"));
        let teams = lines(&asked, "x-team");
        assert_eq!(
            teams,
            ["x-team: phones", "x-team: night-shift"],
            "{asked:?}"
        );
    }
    for (what, tls) in wrong(home) {
        let client = client(tls);
        let failed = post_alerts(&manager(client.clone()), "[]").await;
        let is_tls = matches!(
            failed,
            PostResult::Failed {
                reason: FailureReason::Tls,
                ..
            }
        );
        assert!(is_tls, "{what}: {failed:?}");
        beat(&heartbeat(client)).await.expect_err(what);
        assert!(sink.is_untouched(), "{what}");
    }
}

#[tokio::test]
async fn a_header_that_is_configured_replaces_the_one_of_the_body() {
    let mut sink = Sink::start(Answers::With("200 OK", String::new())).await;
    let webhook = Webhook {
        url: format!("http://{}/topic", sink.address).into(),
        body: Body::Ntfy,
        hmac: None,
        client: HttpClient {
            headers: vec![
                header("priority", HeaderText::Public("1".into())),
                header("Priority", HeaderText::Public("2".into())),
            ],
            ..HttpClient::default()
        },
        timeout: None,
    };
    let attempt = send(
        &receiver(Channel::Webhook(Box::new(webhook))),
        &delivery("reception"),
    )
    .await;
    assert_eq!(meaning(&attempt.result), DELIVERED);
    let asked = sink.asked().await;
    let priorities = lines(&asked, "priority");
    assert_eq!(priorities, ["priority: 1", "priority: 2"], "{asked:?}");
}

#[tokio::test]
async fn an_old_version_of_tls_is_refused_where_a_newer_one_is_wanted() {
    let home = home();
    let home = home.path();
    for (newest, wanted, expected) in [
        (TlsVersion::Tls12, TlsVersion::Tls12, DELIVERED),
        (TlsVersion::Tls12, TlsVersion::Tls13, TLS),
        (TlsVersion::Tls13, TlsVersion::Tls13, DELIVERED),
    ] {
        let sink = sink(home, newest).await;
        let tls = TlsClient {
            min_version: wanted,
            ..tls(home)
        };
        let found = posted(&sink, client(tls)).await;
        assert_eq!(found, expected, "{wanted:?} of a server with {newest:?}");
    }
}

#[tokio::test]
async fn mail_proves_who_sends_and_knows_its_server_by_name_too() {
    let home = home();
    let home = home.path();
    for (encryption, at_once) in [(Encryption::Starttls, false), (Encryption::Tls, true)] {
        let mut server = Server::start(Manners {
            tls: Some(acceptor(home, TlsVersion::Tls13)),
            at_once,
            ..Manners::default()
        })
        .await;
        let email = |tls| Email {
            to: vec!["desk@acme.example".into()],
            from: "phones@acme.example".into(),
            host: "127.0.0.1".into(),
            port: server.address.port(),
            encryption,
            tls,
            login: None,
            timeout: None,
        };
        let blind = TlsClient {
            authorities: Some(authorities(home, "other")),
            insecure_skip_verify: true,
            ..tls(home)
        };
        let good = [("verified", tls(home)), ("not verified", blind)];
        let good = good.map(|(what, tls)| (what, email(tls), true));
        let wrong = wrong(home).into_iter();
        let wrong: Vec<_> = wrong.map(|(what, tls)| (what, email(tls), false)).collect();
        for (what, email, taken) in good.into_iter().chain(wrong) {
            let channel = Channel::Email(Box::new(email));
            let attempt = send(&receiver(channel), &delivery("reception")).await;
            let found = meaning(&attempt.result);
            let received = server.received().await;
            assert_eq!(
                found == DELIVERED,
                taken,
                "{encryption:?}, {what}: {attempt:?}"
            );
            assert_eq!(received.mail.is_empty(), !taken, "{encryption:?}, {what}");
        }
    }
}

/// A configuration that names each of these with all that it demands.
fn configured(manager: &Sink, hook: &Sink, mail: &Server) -> String {
    let tls = format!(
        "tls_config: {{ ca_file: ca.pem, cert_file: ca-phones.pem, key_file: ca-phones.key, \
         server_name: {HOST}, min_version: TLS13 }}"
    );
    format!(
        "
alerting:
  enabled: true
  alertmanagers:
    - url: https://{}
      basic_auth: {{ username: phones, password: sesame }}
      {tls}
      http_headers: {{ X-Team: {{ values: [phones], files: [token] }} }}
  receivers:
    hook:
      webhook:
        url: https://{}/hook
        http_config: {{ authorization: {{ credentials_file: token }}, {tls} }}
    desk:
      email:
        to: 'desk@acme.example, night@acme.example'
        from: phones@acme.example
        smarthost: 127.0.0.1:{}
        auth_username: phones
        auth_password: the mail's password
        {tls}
",
        manager.address,
        hook.address,
        mail.address.port()
    )
}

#[tokio::test]
async fn what_the_configuration_says_is_what_is_sent() {
    let home = home();
    let directory = home.path();
    let mut manager = sink(directory, TlsVersion::Tls13).await;
    let mut hook = sink(directory, TlsVersion::Tls13).await;
    let mut mail = Server::start(Manners {
        tls: Some(acceptor(directory, TlsVersion::Tls13)),
        login: Some(("phones", "the mail's password")),
        ..Manners::default()
    })
    .await;
    fs::write(directory.join("token"), "a-long-token\n").expect("written");
    let config = configured(&manager, &hook, &mail);
    let path = directory.join("config.yaml");
    fs::write(&path, config).expect("written");
    let mut command = program();
    command.args(["notify", "test", "--config.file"]).arg(&path);
    let ended = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
    let output = ended.await.expect("no panic");
    assert!(output.status.success(), "{output:?}");
    let asked = manager.asked().await;
    assert_eq!(
        asked.header("authorization"),
        Some("Basic cGhvbmVzOnNlc2FtZQ==")
    );
    let teams = lines(&asked, "x-team");
    assert_eq!(teams, ["x-team: phones", "x-team: a-long-token"]);
    let asked = hook.asked().await;
    assert_eq!(asked.header("authorization"), Some("Bearer a-long-token"));
    let received = mail.received().await;
    let recipients = received
        .lines
        .iter()
        .filter(|line| line.starts_with("RCPT"));
    assert_eq!(recipients.count(), 2, "{received:?}");
    assert!(
        received.encrypted && !received.mail.is_empty(),
        "{received:?}"
    );
}
