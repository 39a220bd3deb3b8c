//! `probe`: phones are polled once, now, and a person is told what came of it.
//!
//! It goes the daemon's own way: the same client, the same guard, the same login ledger, so that
//! probing again and again cannot lock a phone. [`one_phone`] shows each exchange with one phone; [`all_phones`]
//! counts troubles and weaknesses of the whole list.

mod all_phones;
mod one_phone;
mod posture;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::ConfigArg;
use super::problems::GroupBy;
use crate::config::{self, Config, Secrets};

/// Poll one phone now and show how its answers were understood, or poll all and count what is wrong
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  grandstream-exporter probe reception
  grandstream-exporter probe --all --problems
  grandstream-exporter probe --all --posture --json > audit.json

Where the daemon runs, `status` tells the same without a poll. Run it as the daemon's user, so that
it reads the same password files and login ledger.")]
pub(super) struct Args {
    /// Name of the phone in the configuration
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    phone: Option<String>,
    #[command(flatten)]
    config: ConfigArg,
    /// Save the answers, freed of secrets, in a folder `<model>-<firmware>` below this directory
    #[arg(long, value_name = "DIRECTORY", num_args = 0..=1, default_missing_value = ".", conflicts_with = "all")]
    raw: Option<PathBuf>,
    /// Poll every phone; exit status 1 if any is in trouble
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    options: ListOptions,
}

/// What of all phones is told.
#[derive(Debug, clap::Args)]
struct ListOptions {
    /// Name each phone that is in trouble
    #[arg(long, requires = "all")]
    problems: bool,
    /// What to count by
    #[arg(
        long,
        value_name = "KEYS",
        value_delimiter = ',',
        default_value = "site,reason"
    )]
    by: Vec<GroupBy>,
    /// Tell who has a default password, plain HTTP or an unverified certificate; any of them is
    /// trouble
    #[arg(long, requires = "all")]
    posture: bool,
    /// As JSON, for programs
    #[arg(long, requires = "all")]
    json: bool,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let path = &args.config.config;
    let config = match config::load(path, &super::environment(), Secrets::Read) {
        Ok(config) => config,
        Err(faults) => return super::failed(&faults.into()),
    };
    let shown = match &args.phone {
        Some(name) => match find(&config, path, name) {
            Some(phone) => super::block_on(|stop| async move {
                let work = one_phone::run(&config, &phone, args.raw.as_deref());
                stop.run_until_cancelled(work)
                    .await
                    .unwrap_or_else(interrupted)
            }),
            None => return ExitCode::from(super::USAGE),
        },
        None => super::block_on(|stop| async move {
            let work = all_phones::run(&config, &args.options);
            stop.run_until_cancelled(work)
                .await
                .unwrap_or_else(interrupted)
        }),
    };
    match shown {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => super::failed(&error),
    }
}

fn find(config: &Config, path: &Path, name: &str) -> Option<Arc<config::Phone>> {
    let found = config
        .phones
        .iter()
        .find(|phone| *phone.place.name == *name);
    if found.is_none() {
        super::eprintln_line(format_args!(
            "{}: there is no enabled phone `{name}`; `check-config` and the fleet page know the names",
            path.display(),
        ));
    }
    found.map(Arc::clone)
}

fn interrupted() -> anyhow::Result<bool> {
    anyhow::bail!("interrupted")
}
