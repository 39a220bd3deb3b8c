//! `status`: the state of the fleet, asked of the running daemon, with a hint for each problem.

use std::process::ExitCode;

use serde::Deserialize;

use super::daemon::DaemonArg;
use super::problems::{self, GroupBy, PhoneStatus};

/// Show the state of the fleet, from the running daemon; exit status 1 if a phone or the daemon has a problem
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter status --problems --by site,reason")]
pub(super) struct Args {
    #[command(flatten)]
    daemon: DaemonArg,
    /// Name each phone that has a problem
    #[arg(long)]
    problems: bool,
    /// Count problems by these keys
    #[arg(
        long,
        value_name = "KEYS",
        value_delimiter = ',',
        default_value = "site,reason"
    )]
    by: Vec<GroupBy>,
}

/// The fields of `/api/v1/phones` that are used here.
#[derive(Debug, Deserialize)]
struct PhonesJson {
    phones: Vec<PhoneStatus>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::interruptible(async {
        let PhonesJson { phones } = args.daemon.get("/api/v1/phones").await?;
        problems::print(&phones, &args.by, args.problems)?;
        let degraded = args.daemon.degraded().await?;
        for line in &degraded {
            println_line!("{line}")?;
        }
        let all_well = degraded.is_empty() && !phones.iter().any(PhoneStatus::has_problem);
        Ok(super::exit_code(all_well))
    })
}
