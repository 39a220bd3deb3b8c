//! `serve`: the daemon.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::ConfigArg;
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
    /// Listen there instead of where the configuration says; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<SocketAddr>,
}

pub(super) fn run(args: Args) -> anyhow::Result<()> {
    let environment = super::environment();
    let setup = Setup {
        control_socket: environment
            .get("RUNTIME_DIRECTORY")
            .and_then(|directories| directories.split(':').next())
            .map(|directory| PathBuf::from(directory).join("control.sock")),
        config: args.config.config,
        environment,
        listen: args.listen,
        watchdog: sd_notify::watchdog_enabled(),
        clock: Clock::real(),
        listening: None,
    };
    super::block_on(|stop| app::run(setup, stop))
}
