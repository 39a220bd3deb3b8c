//! HTTPS phones: what is trusted, and that no digest leaves before it is.

use std::net::Ipv4Addr;
use std::sync::Arc;

use grandstream_exporter::sim::{self, Behaviour};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use crate::harness::{Daemon, PASSWORD, QUICK, spec};

/// A phone with a certificate, and what a user knows of it.
struct Secure {
    phone: sim::Phone,
    certificate: CertificateDer<'static>,
}

impl Secure {
    async fn start(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let tls = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .expect("a certificate");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let phone = sim::Phone::start_on(spec(Behaviour::default()), listener, Some(Arc::new(tls)));
        Self { phone, certificate }
    }

    async fn self_signed(params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self::start(certificate.der().clone(), &key).await
    }

    /// SHA-256 of the certificate, as a user copies it from a browser.
    fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.certificate);
        let bytes: Vec<_> = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        bytes.join(":")
    }
}

fn named(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).expect("a name")
}

fn config(secure: &Secure, tls: &str) -> String {
    format!(
        "{QUICK}
phones:
  - {{ name: p0, address: '{}', scheme: https, password: '{PASSWORD}', tls: {tls} }}
",
        secure.phone.address()
    )
}

async fn is_up(secure: &Secure, tls: &str) -> Daemon {
    let daemon = Daemon::start(&config(secure, tls)).await;
    daemon.wait("grandstream_up", &[], 1.0).await;
    daemon
}

/// The phone is refused for its certificate; the page says these words; it never sees a request.
async fn is_refused(secure: &Secure, tls: &str, words: &str) {
    let daemon = Daemon::start(&config(secure, tls)).await;
    daemon
        .wait("grandstream_poll_error", &[("reason", "tls")], 1.0)
        .await;
    let page = crate::harness::http::get(daemon.address, "/api/v1/phones/p0").await;
    assert!(page.text().contains(words), "{words} in {}", page.text());
    assert!(secure.phone.requests().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn a_fingerprint_is_enough_and_any_other_is_refused() {
    let secure = Secure::self_signed(named("phone.example")).await;
    let pinned = format!("{{ fingerprints_sha256: ['{}'] }}", secure.fingerprint());
    let daemon = is_up(&secure, &pinned).await;
    let samples = daemon.metrics().await;
    let expiry = samples.value("grandstream_tls_certificate_expiry_timestamp_seconds", &[]);
    assert!(expiry > Some(4e9), "{expiry:?}");
    let unverified = [("check", "tls_unverified")];
    assert_eq!(
        samples.value("grandstream_phone_posture", &unverified),
        Some(0.0)
    );

    let other = Secure::self_signed(named("phone.example")).await;
    is_refused(&other, &pinned, "fingerprint").await;
}

#[tokio::test]
async fn an_authority_of_the_users_is_trusted_for_its_names_only() {
    let mut params = named("authority.example");
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).expect("written");

    let key = KeyPair::generate().expect("a key");
    let certificate = named("phone.example")
        .signed_by(&key, &authority)
        .expect("signed");
    let secure = Secure::start(certificate.der().clone(), &key).await;
    let by_name = format!(
        "{{ ca_file: '{}', server_name: phone.example }}",
        file.display()
    );
    is_up(&secure, &by_name).await;

    let key = KeyPair::generate().expect("a key");
    let certificate = named("phone.example")
        .signed_by(&key, &authority)
        .expect("signed");
    let misnamed = Secure::start(certificate.der().clone(), &key).await;
    is_refused(
        &misnamed,
        &format!("{{ ca_file: '{}' }}", file.display()),
        "server_name",
    )
    .await;
}

#[tokio::test]
async fn a_self_signed_and_an_expired_certificate_are_refused_with_their_mend() {
    let secure = Secure::self_signed(named("phone.example")).await;
    is_refused(
        &secure,
        "{ server_name: phone.example }",
        "fingerprints_sha256",
    )
    .await;

    let mut params = named("phone.example");
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(2020, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, certificate.pem()).expect("written");
    let expired = Secure::start(certificate.der().clone(), &key).await;
    let tls = format!(
        "{{ ca_file: '{}', server_name: phone.example }}",
        file.display()
    );
    is_refused(&expired, &tls, "expired").await;
}

#[tokio::test]
async fn a_check_that_is_switched_off_is_told() {
    let secure = Secure::self_signed(named("phone.example")).await;
    let daemon = is_up(&secure, "{ insecure_skip_verify: true }").await;
    let unverified = [("check", "tls_unverified")];
    let samples = daemon.metrics().await;
    assert_eq!(
        samples.value("grandstream_phone_posture", &unverified),
        Some(1.0)
    );
}
