//! `healthcheck`: whether the running daemon serves, for containers without a shell or curl.
//!
//! It uses the control socket, so that TLS, users and ports of the listener do not matter. A degraded
//! daemon that need not be restarted has exit status 0; what is degraded is printed.

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
    super::interruptible(async {
        for line in args.daemon.degraded().await? {
            eprintln_line!("{line}");
        }
        if args.ready {
            args.daemon.get_body("/-/ready").await?;
        }
        Ok(())
    })
}
