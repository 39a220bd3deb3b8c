//! `healthcheck`: whether the running daemon serves, for containers without a shell or curl.
//!
//! It asks over the control socket, so that TLS, users and ports of the listener do not matter.

use super::daemon::DaemonArg;

/// Check that the running daemon serves; exit status 1 if not
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter healthcheck --ready")]
pub(super) struct Args {
    #[command(flatten)]
    daemon: DaemonArg,
    /// Also check that every phone was polled once
    #[arg(long)]
    ready: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let path = if args.ready { "/-/ready" } else { "/-/healthy" };
    super::interruptible(args.daemon.get_body(path)).map(|_body| ())
}
