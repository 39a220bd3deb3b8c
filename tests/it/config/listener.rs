//! `web_config_file`: what is valid, that promtool finds it valid too, and what is worth a warning.

use std::fs;
use std::process::Command;

use grandstream_exporter::config::Secrets;
use grandstream_exporter::config::listener::TlsVersion;
use hyper::header::STRICT_TRANSPORT_SECURITY;
use tokio_rustls::rustls::{CipherSuite, NamedGroup};

use super::Home;

const CERTIFICATE: &str = include_str!("../../config/invalid/files/listener.pem");
const KEY: &str = include_str!("../../config/invalid/files/listener.key");

/// A configuration with this listener, which no warning has to be told of: it is on loopback.
fn home(listener: &str) -> Home {
    let config = "
listen: ['127.0.0.1:0']
web_config_file: etc/web.yaml
phones: [ { name: a, address: 192.0.2.1, password: test } ]
";
    Home::new(config)
        .with("etc/web.yaml", listener)
        .with("etc/tls/server.pem", CERTIFICATE)
        .with("etc/tls/server.key", KEY)
        .with("etc/tls/ca.pem", CERTIFICATE)
        .with("etc/tls/both.pem", &format!("{KEY}{CERTIFICATE}"))
}

/// Valid for us and for Debian's promtool.
const VALID: &[&str] = &[
    "",
    "tls_server_config:\nbasic_auth_users:\nhttp_server_config:\n",
    "tls_server_config: { cert_file: tls/server.pem, key_file: tls/server.key }",
    "tls_server_config: { cert_file: tls/both.pem, key_file: tls/both.pem }",
    "
tls_server_config:
  cert_file: tls/server.pem
  key_file: tls/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: tls/server.pem
  min_version: TLS12
  max_version: TLS13
  prefer_server_cipher_suites: false
  cipher_suites:
    - TLS_AES_128_GCM_SHA256
    - TLS_AES_256_GCM_SHA384
    - TLS_CHACHA20_POLY1305_SHA256
    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
    - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
    - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
  curve_preferences: [CurveP256, CurveP384, X25519]
http_server_config:
  http2: false
  headers:
    Content-Security-Policy: default-src 'self'
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: '0'
    Strict-Transport-Security: ''
basic_auth_users:
  anna: $2y$10$L6Bc/AlTQHyd9liGgGEZyOFLPHNgyxeEPfgYfBCVxJ7JIlwxyVU3u
  \"42\": $2b$04$L6Bc/AlTQHyd9liGgGEZyOFLPHNgyxeEPfgYfBCVxJ7JIlwxyVU3u
",
    "tls_server_config: { cert_file: tls/server.pem, key_file: tls/server.key, \
     client_auth_type: VerifyClientCertIfGiven, client_ca_file: tls/server.pem }",
    "tls_server_config: { cert_file: tls/server.pem, key_file: tls/server.key, \
     client_auth_type: NoClientCert }",
];

/// The examples of the document, which are read as they stand there.
fn documented() -> Vec<&'static str> {
    let blocks = include_str!("../../../docs/listener.md").split("```yaml\n");
    let blocks = blocks.filter_map(|block| block.split("```").next());
    blocks
        .filter(|block| block.starts_with("# web.yaml"))
        .collect()
}

/// Valid for us and for the exporter-toolkit of today, which is newer than Debian's promtool.
fn newer() -> [String; 2] {
    let indented = |text: &str| text.replace('\n', "\n    ");
    let (certificate, key) = (indented(CERTIFICATE), indented(KEY));
    [
        format!(
            "tls_server_config:
  cert: |
    {certificate}
  key: |
    {key}
  client_auth_type: RequireAndVerifyClientCert
  client_ca: |
    {certificate}
"
        ),
        "tls_server_config: { cert_file: tls/server.pem, key_file: tls/server.key, \
         client_auth_type: RequireAndVerifyClientCert, client_ca_file: tls/server.pem, \
         client_allowed_sans: [prometheus.example, 192.0.2.1] }"
            .to_owned(),
    ]
}

#[test]
fn what_is_valid_here_is_valid_for_promtool() {
    let documented = documented();
    assert_eq!(documented.len(), 2);
    for text in VALID.iter().chain(&documented) {
        let home = home(text);
        let config = home
            .load()
            .unwrap_or_else(|faults| panic!("{text}\n{faults}"));
        assert!(config.warnings.is_empty(), "{text}\n{:?}", config.warnings);
        let checked = Command::new("promtool")
            .args(["check", "web-config"])
            .arg(home.path("etc/web.yaml"))
            .output()
            .expect("promtool; scripts/test-tools installs it");
        let told = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{text}\n{told}");
    }
    for text in newer() {
        let loaded = home(&text).load();
        let config = loaded.unwrap_or_else(|faults| panic!("{text}\n{faults}"));
        assert!(config.warnings.is_empty(), "{text}\n{:?}", config.warnings);
        assert!(config.listener.tls.is_some());
    }
}

#[test]
fn everything_that_is_written_is_taken() {
    let config = home(VALID[4])
        .load()
        .unwrap_or_else(|faults| panic!("{faults}"));
    let listener = config.listener;
    let names: Vec<_> = listener.users.iter().map(|user| &*user.name).collect();
    assert_eq!(names, ["anna", "42"]);
    assert_eq!(listener.headers.len(), 4);
    assert!(
        listener
            .headers
            .iter()
            .all(|(name, _)| *name != STRICT_TRANSPORT_SECURITY)
    );
    let tls = listener.tls.expect("TLS");
    assert_eq!(
        (tls.min_version, tls.max_version),
        (TlsVersion::Tls12, TlsVersion::Tls13)
    );
    assert_eq!(tls.ciphers.len(), 9);
    assert_eq!(
        tls.ciphers.first(),
        Some(&CipherSuite::TLS13_AES_128_GCM_SHA256)
    );
    assert_eq!(
        tls.curves,
        [
            NamedGroup::secp256r1,
            NamedGroup::secp384r1,
            NamedGroup::X25519
        ]
    );
    assert!(!tls.own_preference);
    let clients = tls.clients.expect("certificates of clients");
    assert!(clients.required && clients.verified);
    assert_eq!(clients.authorities.len(), 1);
}

#[test]
fn a_list_without_suites_of_tls_1_3_leaves_all_of_them() {
    let listener = "tls_server_config: { cert_file: tls/server.pem, key_file: tls/server.key, \
                    cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] }";
    let config = home(listener)
        .load()
        .unwrap_or_else(|faults| panic!("{faults}"));
    let ciphers = config.listener.tls.expect("TLS").ciphers;
    let expected = [
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    ];
    assert_eq!(ciphers, expected);
}

#[test]
fn nothing_secret_shows_in_debug() {
    let shown = format!("{:?}", home(VALID[4]).load().map(|config| config.listener));
    assert!(shown.contains("anna"), "{shown}");
    assert!(!shown.contains("L6Bc"), "{shown}");
    let [inline, _] = newer();
    let shown = format!("{:?}", home(&inline).load().map(|config| config.listener));
    assert!(shown.contains("secret key elided"), "{shown}");
}

#[test]
fn what_weakens_the_listener_is_warned_of() {
    let home = Home::new("web_config_file: web.yaml\naccess: { operate: [anna, bort, zoe] }\n")
        .with(
            "web.yaml",
            "tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireAnyClientCert
  min_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
basic_auth_users:
  anna: $2y$10$L6Bc/AlTQHyd9liGgGEZyOFLPHNgyxeEPfgYfBCVxJ7JIlwxyVU3u
  bert: $2y$10$L6Bc/AlTQHyd9liGgGEZyOFLPHNgyxeEPfgYfBCVxJ7JIlwxyVU3u
",
        )
        .with("server.pem", CERTIFICATE)
        .with("server.key", KEY);
    home.allow("server.key", 0o644);
    let config = home.load().unwrap_or_else(|faults| panic!("{faults}"));
    let told = home.told(&config.warnings);
    for expected in [
        "web.yaml:3: tls_server_config.key_file: gives a key that everybody on this machine may read; chmod o-r that file",
        "web.yaml:4: tls_server_config.client_auth_type: takes any certificate, from whomever it comes; set `client_auth_type: RequireAndVerifyClientCert`",
        "web.yaml:6: tls_server_config.cipher_suites[0]: has no effect between min_version and max_version; remove it",
        "config.yaml:2: access.operate[1]: `bort` is no user of web_config_file; did you mean `bert`?",
        "config.yaml:2: access.operate[2]: `zoe` is no user of web_config_file; add it to basic_auth_users there",
    ] {
        assert!(
            told.iter().any(|line| line == expected),
            "{expected}\n{told:#?}"
        );
    }

    let plain = Home::new("web_config_file: web.yaml\n").with(
        "web.yaml",
        "basic_auth_users: { anna: $2y$10$L6Bc/AlTQHyd9liGgGEZyOFLPHNgyxeEPfgYfBCVxJ7JIlwxyVU3u }",
    );
    let config = plain.load().unwrap_or_else(|faults| panic!("{faults}"));
    let told = plain.told(&config.warnings);
    assert!(
        told.iter()
            .any(|line| line.starts_with("web.yaml: lets users log in over plain HTTP")),
        "{told:#?}"
    );
}

#[test]
fn without_secrets_the_key_is_not_opened_and_all_else_is_checked() {
    let home = home(VALID[2]);
    fs::remove_file(home.path("etc/tls/server.key")).expect("it was there");
    home.load().expect_err("the key is missing");
    home.load_with(&[], Secrets::Skip)
        .expect("nobody looks for the key");
    home.write("etc/tls/server.pem", "nothing");
    let faults = home
        .load_with(&[], Secrets::Skip)
        .expect_err("the certificate is looked at");
    assert!(
        faults
            .to_string()
            .contains("cert_file: holds no certificate"),
        "{faults}"
    );
}

#[test]
fn every_file_that_it_names_is_watched() {
    let home = home(VALID[5]);
    let config = home.load().unwrap_or_else(|faults| panic!("{faults}"));
    let sources: Vec<String> = config
        .sources
        .iter()
        .map(|p| p.display().to_string())
        .collect();
    let expected = [
        "config.yaml",
        "etc/tls/server.key",
        "etc/tls/server.pem",
        "etc/web.yaml",
    ];
    assert_eq!(home.told(&sources), expected);
}
