//! `simulate`: the simulated fleet alone, for load and integration tests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::sim::{self, Layout, Scenario};
use anyhow::{Context, bail};

/// Simulate a fleet of phones, and nothing else
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter simulate --phones 1000 --by-address --listen 127.0.0.1:18080"
)]
pub(super) struct Args {
    /// How many phones, where no scenario says so
    #[arg(long, value_name = "N", default_value_t = 25)]
    phones: usize,
    /// Where the first phone listens; only loopback addresses are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:18080")]
    listen: SocketAddr,
    /// Serve phone k on its own address 127.x.y.z of one port, instead of on its own port
    #[arg(long)]
    by_address: bool,
    /// Which phones there are and what happens to them, in YAML
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    if !args.listen.ip().is_loopback() {
        bail!(
            "--listen {}: simulated phones listen on loopback only; use 127.0.0.1",
            args.listen
        );
    }
    let scenario = match &args.scenario {
        Some(file) => read(file)?,
        None => Scenario::demo(args.phones),
    };
    let port = args.listen.port();
    let layout = if args.by_address {
        Layout::ByAddress { port }
    } else {
        Layout::Ports { base: port }
    };
    super::block_on(|stop| async move {
        let fleet = sim::Fleet::start(scenario.specs(), layout)
            .await
            .with_context(|| format!("failed to listen on {}", args.listen))?;
        print_phones(&fleet)?;
        let play = async {
            sim::scenario::play(&fleet, &scenario).await;
            std::future::pending::<()>().await;
        };
        // Stopping is the one way this ends.
        let _stopped = stop.run_until_cancelled(play).await;
        Ok(())
    })
}

fn print_phones(fleet: &sim::Fleet) -> std::io::Result<()> {
    for phone in fleet.phones() {
        super::println_line(format_args!("{} {}", phone.name(), phone.address()))?;
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Scenario> {
    let named = || format!("failed to read the scenario {}", file.display());
    let text = std::fs::read_to_string(file).with_context(named)?;
    let scenario: Scenario = yaml_serde::from_str(&text).with_context(named)?;
    scenario.check().with_context(named)?;
    Ok(scenario)
}
