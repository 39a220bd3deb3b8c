//! Which device answers: nothing that one says is published before it told the expected hardware
//! address; that it answers, and what failed, is.

use grandstream_exporter::sim::behaviour::session::Denial;
use grandstream_exporter::sim::{self, Behaviour, Endpoint, Fault};

use crate::harness::samples::Samples;
use crate::harness::{Daemon, PASSWORD, QUICK, http, spec};

/// That of the simulated phone.
const MAC: &str = "00:0b:82:a1:b2:c3";

fn config(phone: &sim::Phone, password: &str) -> String {
    format!(
        "{QUICK}
pvalues: [{{ pvalue: '64' }}]
phones:
  - name: p0
    address: '{}'
    mac: '{MAC}'
    password: '{password}'
    expect: [{{ pvalue: '68', any_of: ['1.0.3.99'] }}]
",
        phone.address()
    )
}

/// A phone that tells its model to anybody and its hardware address under a session.
fn reticent() -> Behaviour {
    let mut behaviour = Behaviour::default();
    behaviour.values.open = ["68", "64", "phone_model", "vendor_name"]
        .map(str::to_owned)
        .into();
    behaviour
}

/// Nothing that the device said is on the page of metrics, nor in the API.
async fn nothing_is_told(daemon: &Daemon, samples: &Samples) {
    for family in [
        "grandstream_phone_status",
        "grandstream_account_registered",
        "grandstream_account_info",
        "grandstream_lines",
        "grandstream_line_state_code",
        "grandstream_boot_time_seconds",
        "grandstream_pvalue_info",
        "grandstream_pvalue_matches",
        "grandstream_login_candidate",
    ] {
        let found = samples.all(family, &[]);
        assert!(found.is_empty(), "{family}: {found:?}");
    }
    for label in ["model", "firmware", "vendor", "hardware"] {
        let told = samples.label("grandstream_phone_info", &[], label);
        assert!(
            told.is_none_or(|told| told.is_empty()),
            "{label} in\n{samples}"
        );
    }
    for path in ["/api/v1/phones/p0", "/phones/p0", "/"] {
        let shown = http::get(daemon.address, path).await.text();
        for secret in ["GXV3370", "1.0.3.30"] {
            assert!(!shown.contains(secret), "{secret} in {path}: {shown}");
        }
    }
}

async fn polls(daemon: &Daemon, at_least: f64) -> Samples {
    let polled =
        |samples: &Samples| samples.value("grandstream_polls_total", &[]) >= Some(at_least);
    daemon.wait_for("polls", polled).await
}

#[tokio::test]
async fn of_a_device_that_refuses_the_login_is_told_that_it_answers() {
    let phone = sim::Phone::start(spec(reticent())).await;
    let daemon = Daemon::start(&config(&phone, "wrong")).await;
    let samples = polls(&daemon, 5.0).await;
    assert_eq!(samples.value("grandstream_reachable", &[]), Some(1.0));
    let reason = samples.label("grandstream_poll_error", &[], "reason");
    assert_eq!(reason.as_deref(), Some("auth"));
    nothing_is_told(&daemon, &samples).await;
}

#[tokio::test]
async fn of_a_device_that_lets_everything_be_read_without_a_login_nothing_is_told_either() {
    let mut behaviour = reticent();
    behaviour.session.open = [
        Endpoint::Accounts,
        Endpoint::Lines,
        Endpoint::PhoneStatus,
        Endpoint::Time,
    ]
    .into();
    let phone = sim::Phone::start(spec(behaviour)).await;
    let daemon = Daemon::start(&config(&phone, "wrong")).await;
    let samples = polls(&daemon, 5.0).await;
    assert_eq!(samples.value("grandstream_up", &[]), Some(0.0));
    nothing_is_told(&daemon, &samples).await;
}

#[tokio::test]
async fn of_a_device_that_cannot_be_asked_nothing_is_told_until_it_can() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    phone.change(|state| state.faults.at(Endpoint::Values, Fault::ServerError));
    let daemon = Daemon::start(&config(&phone, PASSWORD)).await;
    let samples = polls(&daemon, 3.0).await;
    let reason = samples.label("grandstream_poll_error", &[], "reason");
    assert_eq!(reason.as_deref(), Some("http_status"));
    assert_eq!(phone.logins(), 1);
    nothing_is_told(&daemon, &samples).await;

    phone.change(|state| state.faults.clear());
    daemon.wait("grandstream_up", &[], 1.0).await;
    phone.change(|state| state.faults.at(Endpoint::Values, Fault::ServerError));
    let values = [("endpoint", "values")];
    let samples = daemon.wait("grandstream_endpoint_up", &values, 0.0).await;
    let up = samples.value("grandstream_up", &[]);
    assert_eq!(up, Some(1.0), "the session is the expected device's");
}

#[tokio::test]
async fn a_phone_that_tells_its_address_under_the_session_or_never_is_published() {
    let mut never = Behaviour::default();
    never.session.forbidden = [(Endpoint::Values, Denial::Status401)].into();
    for behaviour in [reticent(), never] {
        let phone = sim::Phone::start(spec(behaviour)).await;
        let daemon = Daemon::start(&config(&phone, PASSWORD)).await;
        let samples = daemon.wait("grandstream_up", &[], 1.0).await;
        let status = [("status", "available")];
        let told = samples.value("grandstream_phone_status", &status);
        assert_eq!(told, Some(1.0));
    }
}
