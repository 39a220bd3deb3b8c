//! `simulate`: the simulated fleet without a daemon, for load and integration tests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::app;
use crate::sim::{self, Layout, Scenario};
use anyhow::{Context, bail};

/// Run a simulated fleet of phones without the exporter
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter simulate --phones 1000 --by-address --listen 127.0.0.1:18080"
)]
pub(super) struct Args {
    /// Number of phones; a scenario has its own
    #[arg(long, value_name = "N", default_value_t = 25)]
    phones: usize,
    /// Address of the first phone; must be loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:18080")]
    listen: SocketAddr,
    /// Give each phone an address 127.x.y.z of its own with the same port, instead of a port of its own
    #[arg(long)]
    by_address: bool,
    /// YAML file with the phones and what happens to them
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
    app::raise_open_files();
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
        // It only ends when it is stopped.
        let _stopped = stop.run_until_cancelled(play).await;
        Ok(())
    })
}

fn print_phones(fleet: &sim::Fleet) -> std::io::Result<()> {
    for phone in fleet.phones() {
        println_line!("{} {}", phone.name(), phone.address())?;
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Scenario> {
    let named = || format!("failed to read the scenario {}", file.display());
    let text = std::fs::read_to_string(file).with_context(named)?;
    let scenario: Scenario = serde_yaml::from_str(&text).with_context(named)?;
    scenario.check().with_context(named)?;
    Ok(scenario)
}
