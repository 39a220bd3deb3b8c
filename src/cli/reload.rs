//! `reload`: makes the running daemon read its configuration again.
//!
//! A daemon that refuses the new configuration keeps the one in force; its errors are printed, a line
//! each.

use std::time::Duration;

use super::daemon::DaemonArg;

/// Reload the configuration of the running daemon; exit status 1 if it is refused
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter reload --accept-loss")]
pub(super) struct Args {
    #[command(flatten)]
    daemon: DaemonArg,
    /// Accept a configuration without phones or without receivers
    #[arg(long)]
    accept_loss: bool,
}

/// How long the daemon may take: longer than its own time limit.
const TIMEOUT: Duration = Duration::from_secs(75);

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let path = if args.accept_loss {
        "/-/reload?accept_loss=true"
    } else {
        "/-/reload"
    };
    super::interruptible(args.daemon.post_empty(path, TIMEOUT))?;
    Ok(println_line!("configuration reloaded")?)
}
