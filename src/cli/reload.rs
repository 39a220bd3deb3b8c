//! `reload`: has the running daemon read its configuration again, and says what became of it.
//!
//! It asks over the control socket, or the network as one of the users that may operate. A daemon that
//! refuses keeps the configuration in force, and its reasons are told a line each.

use std::time::Duration;

use super::daemon::DaemonArg;

/// Have the running daemon read its configuration again; exit status 1 if it refuses
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter reload --accept-loss")]
pub(super) struct Args {
    #[command(flatten)]
    daemon: DaemonArg,
    /// Take it over even if it lists no phones or no receivers any more
    #[arg(long)]
    accept_loss: bool,
}

/// How long the daemon may take: longer than it waits for itself.
const PATIENCE: Duration = Duration::from_secs(75);

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let path = if args.accept_loss {
        "/-/reload?accept_loss=true"
    } else {
        "/-/reload"
    };
    super::interruptible(args.daemon.order(path, PATIENCE))?;
    Ok(super::say(format_args!("reloaded"))?)
}
