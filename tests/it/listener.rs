//! Who is let in over the network, as curl and a real Prometheus see it: TLS, certificates of
//! clients, basic auth; what a reload changes; who may POST.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, HandshakeKind, RootCertStore};

use crate::harness::certificates::{Authority, Validity};
use crate::harness::curl::{Outcome, curl};
use crate::harness::http::{self, Answer};
use crate::harness::prometheus::Prometheus;
use crate::harness::{Daemon, PATIENCE, QUICK};

/// The least cost that bcrypt knows, so that tests are quick.
const COST: u32 = 4;

/// TLS with a certificate of the authority `ca`.
const TLS: &str = "tls_server_config: { cert_file: ca-server.pem, key_file: ca-server.key }\n";

/// The same for clients with a certificate of `ca` for prometheus.example.
pub(crate) const MUTUAL: &str = "
tls_server_config:
  cert_file: ca-server.pem
  key_file: ca-server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [prometheus.example]
";

/// curl's exit status where our certificate comes from an authority that it does not trust.
const UNTRUSTED: Result<u16, i32> = Err(60);

fn users(users: &[(&str, &str)]) -> String {
    let user = |(name, password): &(&str, &str)| {
        let hash = bcrypt::hash(password, COST).expect("a hash");
        format!("  {name}: {hash}\n")
    };
    let users: String = users.iter().map(user).collect();
    format!("basic_auth_users:\n{users}")
}

/// A directory with the authority `ca`, a server's certificate, and those of clients.
fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let ca = Authority::new(home.path(), "ca");
    ca.server();
    ca.client("prometheus", Validity::Current);
    ca.client("expired", Validity::Expired);
    ca.client("other", Validity::Current);
    let foreign = Authority::new(home.path(), "foreign");
    foreign.client("prometheus", Validity::Current);
    home
}

async fn daemon(home: TempDir, listener: &str) -> Daemon {
    daemon_with(home, listener, "").await
}

async fn daemon_with(home: TempDir, listener: &str, config: &str) -> Daemon {
    let config = format!("{QUICK}web_config_file: web.yaml\n{config}");
    fs::write(home.path().join("web.yaml"), listener).expect("written");
    fs::write(home.path().join("config.yaml"), config).expect("written");
    Daemon::start_in(home).await
}

/// Asks for `path` over TLS with these arguments of curl beside the authority `ca`.
async fn ask(daemon: &Daemon, path: &str, arguments: &[&str]) -> Outcome {
    let url = format!("https://{}{path}", daemon.address);
    let all = [&["--cacert", "ca.pem", &url], arguments].concat();
    curl(daemon.path(), &all).await
}

/// Has the configuration read again, over the control socket.
async fn reload(daemon: &Daemon) -> Answer {
    let stream = UnixStream::connect(daemon.path().join("control.sock")).await;
    http::exchange(stream.expect("connected"), "POST", "/-/reload", "").await
}

fn authorization(name: &str, password: &str) -> String {
    let credentials = STANDARD.encode(format!("{name}:{password}"));
    format!("Authorization: Basic {credentials}\r\n")
}

#[tokio::test]
async fn curl_is_let_in_by_tls_and_the_right_password_and_to_health_without_one() {
    let listener = format!(
        "{TLS}http_server_config:
  headers: {{ Strict-Transport-Security: max-age=60, Content-Security-Policy: 'img-src x' }}
{}",
        users(&[("anna", "open:sesame")])
    );
    let daemon = daemon(home(), &listener).await;

    let good = ask(&daemon, "/metrics", &["--user", "anna:open:sesame"]).await;
    assert_eq!(good.result, Ok(200), "{}", good.text);
    assert!(good.text.starts_with("HTTP/1.1 200"), "{}", good.text);
    assert!(good.text.contains("grandstream_exporter_build_info"));
    let page = ask(&daemon, "/", &["--user", "anna:open:sesame"]).await;
    for header in [
        "strict-transport-security: max-age=60\r\n",
        "content-security-policy: img-src x\r\n",
    ] {
        assert!(page.text.contains(header), "{}", page.text);
    }
    for wrong in [
        &["--user", "anna:wrong"][..],
        &["--user", "anna:"],
        &["--user", "nobody:open:sesame"],
        &["--oauth2-bearer", "open:sesame"],
        &[],
    ] {
        for path in [
            "/metrics",
            "/",
            "/nothing",
            "/api/v1/phones",
            "/sd",
            "/style.css",
        ] {
            let refused = ask(&daemon, path, wrong).await;
            assert_eq!(refused.result, Ok(401), "{wrong:?} {path}");
            assert!(refused.text.contains("www-authenticate: Basic realm="));
            assert!(!refused.text.contains("grandstream_exporter_build_info"));
        }
    }
    let health = ask(&daemon, "/-/healthy", &[]).await;
    assert_eq!(health.result, Ok(200), "{}", health.text);
    assert!(matches!(
        ask(&daemon, "/-/ready", &[]).await.result,
        Ok(200 | 503)
    ));

    let url = format!("https://{}/-/healthy", daemon.address);
    let untrusting = curl(daemon.path(), &["--cacert", "foreign.pem", &url]).await;
    assert_eq!(untrusting.result, UNTRUSTED);
    let plain = format!("http://{}/-/healthy", daemon.address);
    assert!(curl(daemon.path(), &[&plain]).await.result.is_err());
}

#[tokio::test]
async fn curl_is_let_in_only_with_a_certificate_that_is_current_known_and_named() {
    let daemon = daemon(home(), MUTUAL).await;
    let with = async |name: &str| {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let arguments = ["--cert", &certificate, "--key", &key];
        ask(&daemon, "/-/healthy", &arguments).await
    };
    let good = with("ca-prometheus").await;
    assert_eq!(good.result, Ok(200), "{}", good.text);
    for wrong in ["ca-expired", "ca-other", "foreign-prometheus"] {
        let refused = with(wrong).await;
        assert!(refused.result.is_err(), "{wrong}: {}", refused.text);
    }
    let without = ask(&daemon, "/-/healthy", &[]).await;
    assert!(without.result.is_err(), "{}", without.text);
}

#[tokio::test]
async fn a_session_is_resumed_unless_it_would_pass_over_a_certificate() {
    for (listener, second) in [(TLS, HandshakeKind::Resumed), (MUTUAL, HandshakeKind::Full)] {
        let daemon = daemon(home(), listener).await;
        let connector = TlsConnector::from(Arc::new(client(daemon.path())));
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let stream = TcpStream::connect(daemon.address).await.expect("connected");
            let name = ServerName::from(daemon.address.ip());
            let mut stream = connector.connect(name, stream).await.expect("encrypted");
            // The answer comes after what is needed to resume.
            let answer = http::exchange(&mut stream, "GET", "/-/healthy", "").await;
            assert_eq!(answer.status, 200);
            kinds.extend(stream.get_ref().1.handshake_kind());
        }
        assert_eq!(kinds, [HandshakeKind::Full, second], "{listener}");
    }
}

/// A client with the certificate `ca-prometheus`, which remembers its sessions.
fn client(directory: &Path) -> ClientConfig {
    let pem = |name: &str| fs::read(directory.join(name)).expect("a file");
    let certificate = |name| CertificateDer::from_pem_slice(&pem(name)).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.pem")).expect("an authority");
    let key = PrivateKeyDer::from_pem_slice(&pem("ca-prometheus.key")).expect("a key");
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate("ca-prometheus.pem")], key)
        .expect("a pair")
}

#[tokio::test]
async fn every_client_auth_type_asks_what_its_name_says() {
    for (policy, none, any, good) in [
        ("NoClientCert", true, true, true),
        ("RequestClientCert", true, true, true),
        ("RequireAnyClientCert", false, true, true),
        ("VerifyClientCertIfGiven", true, false, true),
        ("RequireAndVerifyClientCert", false, false, true),
    ] {
        let authority = if policy.contains("Verify") {
            "  client_ca_file: ca.pem\n"
        } else {
            ""
        };
        let listener = format!(
            "tls_server_config:
  cert_file: ca-server.pem
  key_file: ca-server.key
  client_auth_type: {policy}
{authority}"
        );
        let daemon = daemon(home(), &listener).await;
        for version in ["1.2", "1.3"] {
            let with = async |name: Option<&str>| {
                let mut arguments = vec!["--tls-max".to_owned(), version.to_owned()];
                if let Some(name) = name {
                    arguments.extend(["--cert".to_owned(), format!("{name}.pem")]);
                    arguments.extend(["--key".to_owned(), format!("{name}.key")]);
                }
                let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
                ask(&daemon, "/-/healthy", &arguments).await.result == Ok(200)
            };
            let found = (
                with(None).await,
                with(Some("foreign-prometheus")).await,
                with(Some("ca-prometheus")).await,
            );
            assert_eq!(found, (none, any, good), "{policy} with TLS {version}");
        }
    }
}

#[tokio::test]
async fn versions_and_suites_are_those_that_are_listed() {
    let listener = "tls_server_config:
  cert_file: ca-server.pem
  key_file: ca-server.key
  max_version: TLS12
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]
  curve_preferences: [CurveP384]
";
    let daemon = daemon(home(), listener).await;
    for (arguments, let_in) in [
        (&["--tlsv1.3"][..], false),
        (&["--tls-max", "1.2"], true),
        (&["--ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305"], true),
        (&["--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"], false),
        // P-256 is what the certificate is of, which TLS 1.2 counts among the curves.
        (&["--curves", "P-256:P-384"], true),
        (&["--curves", "P-256"], false),
    ] {
        let outcome = ask(&daemon, "/-/healthy", arguments).await;
        assert_eq!(
            outcome.result == Ok(200),
            let_in,
            "{arguments:?}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn prometheus_is_let_in_and_turned_away_like_curl() {
    let open = daemon(home(), &format!("{TLS}{}", users(&[("anna", "sesame")]))).await;
    let mutual = daemon(home(), MUTUAL).await;
    let mut config =
        "global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n".into();
    let mut job = |name: &str, to: &Daemon, tls: &str, rest: &str| {
        config = format!(
            "{config}  - job_name: {name}
    scheme: https
    static_configs: [{{ targets: ['{}'] }}]
    tls_config: {{ {tls} }}
{rest}",
            to.address
        );
    };
    let (ca, other_ca) = (file(open.path(), "ca.pem"), file(mutual.path(), "ca.pem"));
    let ours = format!("ca_file: {ca}");
    let password = |text: &str| format!("    basic_auth: {{ username: anna, password: {text} }}\n");
    job("good-password", &open, &ours, &password("sesame"));
    job("no-password", &open, &ours, "");
    job(
        "untrusted",
        &open,
        &format!("ca_file: {other_ca}"),
        &password("sesame"),
    );
    job("wrong-password", &open, &ours, &password("wrong"));
    for client in [
        "ca-expired",
        "ca-other",
        "ca-prometheus",
        "foreign-prometheus",
    ] {
        let certificate = file(mutual.path(), &format!("{client}.pem"));
        let key = file(mutual.path(), &format!("{client}.key"));
        let tls = format!("ca_file: {other_ca}, cert_file: {certificate}, key_file: {key}");
        job(client, &mutual, &tls, "");
    }
    job(
        "no-certificate",
        &mutual,
        &format!("ca_file: {other_ca}"),
        "",
    );

    let prometheus = Prometheus::start(open.path(), &config);
    let outcomes = [
        ("ca-expired", Err("expired certificate")),
        ("ca-other", Err("access denied")),
        ("ca-prometheus", Ok(())),
        ("foreign-prometheus", Err("unknown certificate authority")),
        ("good-password", Ok(())),
        ("no-certificate", Err("certificate required")),
        ("no-password", Err("401")),
        ("untrusted", Err("unknown authority")),
        ("wrong-password", Err("401")),
    ];
    let up = outcomes.map(|(job, outcome)| (job, if outcome.is_ok() { "1" } else { "0" }));
    prometheus.wait_by("job", "up", &up).await;
    for (job, outcome) in outcomes {
        let Err(why) = outcome else { continue };
        let error = prometheus.last_error(job).await;
        assert!(error.contains(why), "{job}: {error}");
    }
}

fn file(directory: &Path, name: &str) -> String {
    directory.join(name).display().to_string()
}

#[tokio::test]
async fn a_new_certificate_is_served_from_the_reload_on_and_half_of_one_is_not() {
    let daemon = daemon(home(), TLS).await;
    assert_eq!(ask(&daemon, "/-/healthy", &[]).await.result, Ok(200));

    // The certificate is there before its key: the old pair stays in force.
    let new = Authority::new(daemon.path(), "new");
    new.server();
    let renew = |ending: &str| {
        let from = daemon.path().join(format!("new-server.{ending}"));
        let to = daemon.path().join(format!("ca-server.{ending}"));
        fs::rename(from, to).expect("renamed");
    };
    renew("pem");
    let refused = reload(&daemon).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(
        refused
            .text()
            .contains("web.yaml:1: tls_server_config.key_file: is not the key")
    );
    assert_eq!(ask(&daemon, "/-/healthy", &[]).await.result, Ok(200));

    renew("key");
    let done = reload(&daemon).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(ask(&daemon, "/-/healthy", &[]).await.result, UNTRUSTED);
    let url = format!("https://{}/-/healthy", daemon.address);
    let trusting = curl(daemon.path(), &["--cacert", "new.pem", &url]).await;
    assert_eq!(trusting.result, Ok(200), "{}", trusting.text);
}

#[tokio::test]
async fn tls_comes_and_goes_with_a_reload_and_no_kept_connection_outlives_it() {
    let daemon = daemon(home(), "").await;
    let mut kept = keep(daemon.address).await;
    fs::write(daemon.path().join("web.yaml"), TLS).expect("written");
    assert_eq!(reload(&daemon).await.status, 200);
    // Asked again and again, so that it is not hung up for being idle.
    let deadline = Instant::now() + PATIENCE;
    while is_answered(&mut kept).await {
        assert!(Instant::now() < deadline, "the old connection still serves");
    }
    assert_eq!(ask(&daemon, "/-/healthy", &[]).await.result, Ok(200));

    fs::write(daemon.path().join("web.yaml"), "").expect("written");
    assert_eq!(reload(&daemon).await.status, 200);
    assert_eq!(http::get(daemon.address, "/-/healthy").await.status, 200);

    // Nothing of TLS changes: who is there may stay.
    let mut kept = keep(daemon.address).await;
    assert_eq!(reload(&daemon).await.status, 200);
    assert!(is_answered(&mut kept).await);
}

/// A connection that was answered once and stays open.
async fn keep(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    assert!(is_answered(&mut stream).await);
    stream
}

/// Whether a request over this connection is answered; if not, it was hung up.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let request = b"GET /-/healthy HTTP/1.1\r\nHost: exporter\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return false;
    }
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nhealthy\n") {
        let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut answer)).await;
        match read.expect("an answer or an end in time") {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
    true
}

#[tokio::test]
async fn users_come_and_go_with_their_file_and_a_login_is_remembered_no_longer_than_they() {
    let daemon = daemon(home(), &users(&[("anna", "one"), ("bert", "two")])).await;
    let status = async |name: &str, password: &str| {
        let header = authorization(name, password);
        let answer = http::request(daemon.address, "GET", "/metrics", &header).await;
        answer.status
    };
    for _ in 0..2 {
        assert_eq!(status("anna", "one").await, 200);
        assert_eq!(status("bert", "two").await, 200);
        assert_eq!(status("anna", "two").await, 401);
    }
    let changed = users(&[("anna", "three"), ("carl", "four")]);
    fs::write(daemon.path().join("web.yaml"), changed).expect("written");
    // Nobody asks for a reload: the file is watched.
    let deadline = Instant::now() + PATIENCE;
    let mut look = tokio::time::interval(Duration::from_millis(100));
    while status("anna", "one").await != 401 {
        assert!(Instant::now() < deadline, "the old password still opens");
        look.tick().await;
    }
    assert_eq!(status("anna", "three").await, 200);
    assert_eq!(status("bert", "two").await, 401);
    assert_eq!(status("carl", "four").await, 200);
}

#[tokio::test]
async fn a_reload_over_the_network_is_for_operators_from_a_page_of_ours() {
    let listener = users(&[("anna", "one"), ("bert", "two")]);
    let daemon = daemon_with(home(), &listener, "access: { operate: [anna] }\n").await;
    let (anna, bert) = (authorization("anna", "one"), authorization("bert", "two"));
    let ours = "Origin: http://exporter\r\n";
    for (what, headers, status) in [
        ("an operator", format!("{anna}{ours}"), 200),
        (
            "a browser",
            format!("{anna}Sec-Fetch-Site: same-origin\r\n"),
            200,
        ),
        ("an operator from nowhere", anna.clone(), 403),
        (
            "a foreign page",
            format!("{anna}Origin: http://evil\r\n"),
            403,
        ),
        (
            "a foreign site",
            format!("{anna}{ours}Sec-Fetch-Site: cross-site\r\n"),
            403,
        ),
        ("another user", format!("{bert}{ours}"), 403),
        (
            "a wrong password",
            format!("{}{ours}", authorization("anna", "two")),
            401,
        ),
        ("nobody", ours.to_owned(), 401),
    ] {
        let answer = http::request(daemon.address, "POST", "/-/reload", &headers).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
    }
    assert_eq!(reload(&daemon).await.status, 200);
}

#[tokio::test]
async fn without_users_nobody_operates_over_the_network() {
    let daemon = daemon_with(home(), "", "access: { operate: [anna] }\n").await;
    let headers = format!("{}Origin: http://exporter\r\n", authorization("anna", ""));
    let answer = http::request(daemon.address, "POST", "/-/reload", &headers).await;
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(
        answer.text().contains("control socket"),
        "{}",
        answer.text()
    );
}
