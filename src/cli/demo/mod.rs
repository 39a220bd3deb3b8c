//! `demo`: the daemon on a simulated fleet, in one process.
//!
//! The daemon is the real one, with a configuration file in a temporary directory; phones, receiver and
//! Alertmanager are simulated. Every opt-in is on, so that `/metrics` has every family.

mod webhook_sink;

use std::fmt::Write;
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_util::sync::CancellationToken;

use crate::app::{self, Setup};
use crate::clock::Clock;
use crate::sim::{self, Scenario};
use webhook_sink::WebhookSink;

/// Run the exporter on a simulated fleet with faults
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter demo --phones 40")]
pub(super) struct Args {
    /// Number of phones
    #[arg(long, value_name = "N", default_value_t = 25)]
    phones: u16,
    /// Listen address of the exporter
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:15060")]
    listen: SocketAddr,
}

/// The configuration beside the phones: frequent polls, and every opt-in.
const SETTINGS: &str = r#"
state_dir: state
poll: { interval: 2s, values_interval: 10s, timeout: 4s, connect_timeout: 2s }
metrics: { line_state: true, clock: true, sip_user: true, mac_address: true }
pvalues:
  - { pvalue: "64", as: info }
  - { pvalue: "1561", as: number }
defaults:
  password: admin
  time_zone: UTC
  expect: [{ pvalue: "68", at_least: "1.0.3.30" }]
phones:
"#;

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    super::block_on(|stop| demo(args, stop))
}

async fn demo(args: &Args, stop: CancellationToken) -> anyhow::Result<()> {
    let scenario = Scenario::demo(usize::from(args.phones.saturating_sub(1)));
    let fleet = sim::Fleet::start(scenario.specs(), sim::Layout::Ports { base: 0 }).await?;
    let secure = secure_phone().await?;
    let directory = tempfile::tempdir()?;
    let config = directory.path().join("config.yaml");
    let sink = WebhookSink::open().await?;
    let text = configuration(args, &fleet, &secure)? + &sink.alerting();
    fs::write(&config, text)?;
    fs::set_permissions(&config, Permissions::from_mode(0o600))?;
    let socket = directory.path().join("control.sock");

    let (listening, addresses) = oneshot::channel();
    let setup = setup(&config, &socket, listening);
    let daemon = app::run(setup, stop.clone());
    let play = async {
        if let Ok(addresses) = addresses.await {
            print_addresses(&addresses, args.phones)?;
            print_suggestions(&config, &socket)?;
        }
        sim::scenario::play(&fleet, &scenario).await;
        std::future::pending().await
    };
    tokio::select! {
        ended = daemon => ended,
        ended = play => ended,
        ended = sink.serve() => ended,
    }
}

fn setup(config: &Path, socket: &Path, listening: oneshot::Sender<Vec<SocketAddr>>) -> Setup {
    Setup {
        config: config.to_owned(),
        environment: super::environment(),
        listen: Vec::new(),
        control_socket: Some(socket.to_owned()),
        notify_socket: None,
        watchdog: None,
        clock: Clock::noticing_pauses(),
        listening: Some(listening),
    }
}

fn print_addresses(addresses: &[SocketAddr], phones: u16) -> std::io::Result<()> {
    for address in addresses {
        println_line!(
            "{phones} simulated phones: http://{address} and http://{address}/metrics; stop with Ctrl-C"
        )?;
    }
    Ok(())
}

/// Prints commands to try from another terminal.
fn print_suggestions(config: &Path, socket: &Path) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    for (command, option, file) in [
        ("status --problems", "--socket", socket),
        ("probe --all", "--config", config),
        ("alerts", "--socket", socket),
    ] {
        let (program, file) = (program.display(), file.display());
        println_line!("Try: {program} {command} {option} {file}")?;
    }
    Ok(())
}

fn configuration(args: &Args, fleet: &sim::Fleet, secure: &sim::Phone) -> anyhow::Result<String> {
    let mut text = format!("listen: ['{}']{SETTINGS}", args.listen);
    for phone in fleet.phones() {
        let (name, site, address) = (phone.name(), phone.site(), phone.address());
        writeln!(
            text,
            "  - {{ name: {name}, site: {site}, address: '{address}' }}"
        )?;
    }
    let (name, site, address) = (secure.name(), secure.site(), secure.address());
    writeln!(
        text,
        "  - {{ name: {name}, site: {site}, address: '{address}', scheme: https, portable: true, tls: {{ insecure_skip_verify: true }} }}"
    )?;
    Ok(text)
}

/// A phone that serves HTTPS with a self-signed certificate, as real ones do.
async fn secure_phone() -> anyhow::Result<sim::Phone> {
    let made = rcgen::generate_simple_self_signed(["phone.example".to_owned()])
        .context("failed to make a certificate")?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let spec = sim::Spec {
        name: "hq-secure".to_owned(),
        site: "hq".to_owned(),
        ..sim::Spec::default()
    };
    Ok(sim::Phone::start_on(spec, listener, Some(Arc::new(tls))))
}
