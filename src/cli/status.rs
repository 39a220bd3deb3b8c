//! `status`: asks the running daemon how the fleet does, with the mend of each trouble.

use std::process::ExitCode;

use serde::Deserialize;

use super::daemon::DaemonArg;
use super::problems::{self, GroupBy, PhoneStatus};

/// Ask the running daemon how the fleet does; exit status 1 on trouble
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter status --problems --by site,reason")]
pub(super) struct Args {
    #[command(flatten)]
    daemon: DaemonArg,
    /// Name each phone that is in trouble
    #[arg(long)]
    problems: bool,
    /// What to count by
    #[arg(
        long,
        value_name = "KEYS",
        value_delimiter = ',',
        default_value = "site,reason"
    )]
    by: Vec<GroupBy>,
}

/// What is used of `/api/v1/phones`.
#[derive(Debug, Deserialize)]
struct Answer {
    phones: Vec<PhoneStatus>,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let answer = super::interruptible(args.daemon.get("/api/v1/phones"));
    let all_well = answer.and_then(|Answer { phones }| {
        problems::print(&phones, &args.by, args.problems)?;
        Ok(!phones.iter().any(PhoneStatus::has_problem))
    });
    match all_well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => super::failed(&error),
    }
}
