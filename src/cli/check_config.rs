//! `check-config`: every error of a configuration at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::alerting_config;
use crate::config::{Config, Secrets};
use crate::rules::describe_rule::count;

/// Read and resolve everything that serve would, and print every error
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter check-config --without-secrets config.yaml"
)]
pub(super) struct Args {
    /// The configurations to check
    #[arg(
        value_name = "FILE",
        default_value = "/etc/grandstream-exporter/config.yaml"
    )]
    files: Vec<PathBuf>,
    /// Do not open password files, for git and CI
    #[arg(long)]
    without_secrets: bool,
    #[command(flatten)]
    flags: super::FlagArgs,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let environment = args.flags.environment();
    let secrets = if args.without_secrets {
        Secrets::Skip
    } else {
        Secrets::Read
    };
    let mut status = ExitCode::SUCCESS;
    for file in &args.files {
        match alerting_config::load(file, &environment, secrets) {
            Ok((config, alerting)) => print_summary(file, &config, &alerting)?,
            Err(faults) => status = super::print_error(&faults.into()),
        }
    }
    Ok(status)
}

fn print_summary(
    file: &Path,
    config: &Config,
    alerting: &alerting_config::Settings,
) -> std::io::Result<()> {
    for warning in &config.warnings {
        eprintln_line!("warning: {warning}");
    }
    for note in &config.notes {
        eprintln_line!("note: {note}");
    }
    println_line!(
        "{}: valid; {}, {} disabled{}",
        file.display(),
        count(config.phones.len(), "phone"),
        config.disabled.len(),
        alerting_counts(alerting)
    )
}

/// Rules, receivers and Alertmanagers; nothing where alerting is off.
fn alerting_counts(alerting: &alerting_config::Settings) -> String {
    if !alerting.enabled {
        return String::new();
    }
    let alertmanagers = match alerting.alertmanagers.len() {
        0 => String::new(),
        n => format!(", {}", count(n, "Alertmanager")),
    };
    let rules = count(alerting.rules.iter().count(), "alert rule");
    let receivers = count(alerting.receivers.len(), "receiver");
    format!(", {rules}, {receivers}{alertmanagers}")
}
