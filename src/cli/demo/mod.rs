//! `demo`: a simulated fleet inside the process and the daemon on it; needs nothing.
//!
//! The daemon is the real one on a real configuration file in a temporary directory; only the phones
//! are not, nor those whom it tells of alerts. Every opt-in is on, so that every family of `/metrics`
//! shows.

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

/// Simulate a lively fleet and run the exporter on it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter demo --phones 40")]
pub(super) struct Args {
    /// How many phones
    #[arg(long, value_name = "N", default_value_t = 25)]
    phones: u16,
    /// Where the exporter listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:15060")]
    listen: SocketAddr,
}

/// What the daemon is told beside the phones: quick polls, and everything shown.
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
        watchdog: None,
        clock: Clock::real(),
        listening: Some(listening),
    }
}

fn print_addresses(addresses: &[SocketAddr], phones: u16) -> std::io::Result<()> {
    for address in addresses {
        super::println_line(format_args!(
            "{phones} simulated phones at http://{address} and http://{address}/metrics; Ctrl-C ends it"
        ))?;
    }
    Ok(())
}

/// Says which commands may be tried on it from another terminal.
fn print_suggestions(config: &Path, socket: &Path) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    for (command, option, file) in [
        ("status --problems", "--socket", socket),
        ("probe --all", "--config", config),
        ("alerts", "--socket", socket),
    ] {
        let (program, file) = (program.display(), file.display());
        super::println_line(format_args!("Try: {program} {command} {option} {file}"))?;
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

/// A phone that serves HTTPS with a certificate of its own making, as real ones do.
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
