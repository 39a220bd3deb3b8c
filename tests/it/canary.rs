//! A canary in every secret: found in no log at trace level, no metric, page, error or answer.

use std::io::Write;
use std::sync::{Arc, Mutex};

use grandstream_exporter::sim::behaviour::login::LoginAnswer;
use grandstream_exporter::sim::{self, Behaviour, User};

use crate::harness::{Daemon, QUICK, http, spec};

/// What is planted: the beginning of every secret.
const CANARY: &str = "c4n4ry";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_found_anywhere() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let phone = talking_phone().await;
    let refusing = sim::Phone::start(spec(Behaviour::default())).await;
    let config = format!(
        "{QUICK}
phones:
  - {{ name: p0, address: '{}', password: '{CANARY}-password' }}
  - {{ name: p1, address: '{}', password: '{CANARY}-password' }}
",
        phone.address(),
        refusing.address()
    );
    let daemon = Daemon::start(&config).await;
    daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;
    daemon
        .wait("grandstream_login_blocked", &[("phone", "p1")], 1.0)
        .await;
    phone.change(sim::State::end_sessions);
    daemon
        .wait(
            "grandstream_sessions_expired_total",
            &[("phone", "p0")],
            1.0,
        )
        .await;

    for path in [
        "/",
        "/metrics",
        "/probe?target=p0",
        "/sd",
        "/phones/p0",
        "/phones/p1",
        "/api/v1/phones",
        "/api/v1/phones/p0",
        "/alerts",
        "/runbooks",
        "/config",
        "/api/v1/alerts",
        "/api/v1/rules",
        "/api/v1/silences",
    ] {
        let answer = http::get(daemon.address, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains(CANARY), "{path}: {}", answer.text());
    }
    let ledger = std::fs::read_to_string(daemon.path().join("state/logins")).expect("a ledger");
    assert!(!ledger.contains(CANARY), "{ledger}");
    daemon.stop().await.1.expect("a clean end");

    let log = String::from_utf8_lossy(&log.0.lock().expect("a log")).into_owned();
    assert!(log.contains("Polled `p0`"), "the log is at trace level");
    let spilled: Vec<_> = log.lines().filter(|line| line.contains(CANARY)).collect();
    assert!(spilled.is_empty(), "{spilled:#?}");
    let digests: Vec<_> = phone
        .requests()
        .iter()
        .filter_map(|request| Some(request.param("Secret")?.to_owned()))
        .collect();
    assert!(!digests.is_empty());
    for digest in digests {
        assert!(!log.contains(&digest), "a digest in the log");
    }
}

/// A phone with secrets in every field, in use by people whose names and numbers are secret too.
async fn talking_phone() -> sim::Phone {
    let mut behaviour = Behaviour::default();
    behaviour.login.answer = LoginAnswer::JsonSidInBody;
    behaviour.session.cookie.name = format!("{CANARY}-cookie");
    let phone = sim::Phone::start(sim::Spec {
        admin: User::new("gmiadmin", &format!("{CANARY}-password")),
        ..spec(behaviour)
    })
    .await;
    phone.change(|state| {
        for line in &mut state.lines {
            line.state = 4;
            line.name = format!("{CANARY}-name");
            line.number = format!("{CANARY}-number");
        }
        state
            .values
            .insert("P2".to_owned(), format!("{CANARY}-value"));
    });
    phone
}
