//! `healthcheck`: whether the running daemon serves, for containers, which hold nothing that could
//! ask.
//!
//! It asks over the control socket, so that TLS, users and ports of the listener do not matter. What is
//! impaired and no reason to start the daemon again is said, and the status stays 0.

use super::daemon::DaemonArg;

/// Ask the running daemon whether it serves; exit status 1 if not
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter healthcheck --ready")]
pub(super) struct Args {
    #[command(flatten)]
    daemon: DaemonArg,
    /// Also demand that every phone was tried once
    #[arg(long)]
    ready: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let body = super::interruptible(args.daemon.answer("/-/healthy"))?;
    for line in String::from_utf8_lossy(&body).lines().skip(1) {
        super::complain(format_args!("{line}"));
    }
    if args.ready {
        super::interruptible(args.daemon.answer("/-/ready"))?;
    }
    Ok(())
}
