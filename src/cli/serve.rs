//! `serve`: the daemon.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::config_args::listen_address;
use super::{ConfigArg, FlagArgs};
use crate::app::{self, Setup};
use crate::clock::Clock;

/// Poll the configured phones and serve /metrics
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter serve --config /etc/grandstream-exporter/config.yaml --listen 127.0.0.1:15060"
)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Listen address, instead of `listen` of the configuration; can be repeated (or --web.listen-address)
    #[arg(
        long,
        alias = "web.listen-address",
        value_name = "ADDRESS",
        value_parser = listen_address
    )]
    listen: Vec<SocketAddr>,
    #[command(flatten)]
    flags: FlagArgs,
}

pub(super) fn run(args: Args) -> anyhow::Result<()> {
    let setup = Setup {
        config: args.config.config,
        environment: args.flags.environment(),
        control_socket: runtime_directory().map(|directory| directory.join("control.sock")),
        listen: args.listen,
        notify_socket: std::env::var_os("NOTIFY_SOCKET"),
        watchdog: sd_notify::watchdog_enabled(),
        clock: Clock::noticing_pauses(),
        listening: None,
    };
    super::block_on(|stop| app::run(setup, stop))
}

/// Where systemd lets the daemon make sockets: the first entry of `$RUNTIME_DIRECTORY`.
fn runtime_directory() -> Option<PathBuf> {
    let directories = std::env::var_os("RUNTIME_DIRECTORY")?;
    let first = directories.to_str()?.split(':').next()?;
    (!first.is_empty()).then(|| PathBuf::from(first))
}
