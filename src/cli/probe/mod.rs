//! `probe`: polls one phone or all of them once.
//!
//! It polls as the daemon does: the same client, the same guard, the same login ledger, so that probing
//! again and again cannot lock a phone. [`one_phone`] shows each exchange with one phone and a verdict;
//! [`all_phones`] counts the problems and weaknesses of all.

mod all_phones;
mod one_phone;
mod posture;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use super::ConfigArg;
use super::problems::GroupBy;
use crate::config::{self, Secrets};

/// Poll one phone and show each exchange with a verdict, or poll all and count their problems
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  grandstream-exporter probe reception
  grandstream-exporter probe --all --problems
  grandstream-exporter probe --all --posture --json > audit.json

Where the daemon runs, `status` shows the same without a poll. Run it as the daemon's user, so that
it uses the same password files and login ledger.")]
pub(super) struct Args {
    /// Name of the phone in the configuration
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    phone: Option<String>,
    #[command(flatten)]
    config: ConfigArg,
    /// Save the answers, without secrets, in a folder `<model>-<firmware>` below this directory
    #[arg(long, value_name = "DIRECTORY", num_args = 0..=1, default_missing_value = ".", conflicts_with = "all")]
    raw: Option<PathBuf>,
    /// Poll every phone; exit status 1 if one has a problem
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    options: ListOptions,
}

/// What is printed of all phones.
#[derive(Debug, clap::Args)]
struct ListOptions {
    /// Name each phone that has a problem
    #[arg(long, requires = "all")]
    problems: bool,
    /// Count problems by these keys
    #[arg(
        long,
        value_name = "KEYS",
        value_delimiter = ',',
        default_value = "site,reason"
    )]
    by: Vec<GroupBy>,
    /// List phones with a default password, plain HTTP or an unverified certificate; each counts as a
    /// problem
    #[arg(long, requires = "all")]
    posture: bool,
    /// Print JSON for programs
    #[arg(long, requires = "all")]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let file = &args.config.config;
    let config = config::load(file, &super::environment(), Secrets::Read)?;
    let all_well = match &args.phone {
        Some(name) => {
            let mut phones = config.phones.iter();
            let Some(phone) = phones.find(|phone| *phone.place.name == **name) else {
                let known = config.phones.iter().map(|phone| &*phone.place.name);
                return Err(super::unknown_phone(file, name, known).into());
            };
            super::interruptible(one_phone::run(&config, phone, args.raw.as_deref()))?
        }
        None => super::interruptible(all_phones::run(&config, &args.options))?,
    };
    Ok(super::exit_code(all_well))
}
