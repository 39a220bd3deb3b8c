//! `check-config`: says every fault of a configuration at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::alert::words::count;
use crate::alert::{self, settings};
use crate::config::{Config, Secrets};

/// Read and resolve everything serve would, and say all faults
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
    /// Do not open password files: for git and CI, where there are none
    #[arg(long)]
    without_secrets: bool,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let environment = super::environment();
    let secrets = if args.without_secrets {
        Secrets::Skip
    } else {
        Secrets::Read
    };
    let mut refused = false;
    for file in &args.files {
        match settings::load(file, &environment, secrets) {
            Ok((config, alerting)) => {
                if tell(file, &config, &alerting).is_err() {
                    return ExitCode::FAILURE;
                }
            }
            Err(faults) => {
                refused = true;
                for fault in &faults {
                    super::eprintln_line(format_args!("{fault}"));
                }
            }
        }
    }
    if refused {
        return ExitCode::from(super::USAGE);
    }
    ExitCode::SUCCESS
}

fn tell(file: &Path, config: &Config, alerting: &alert::Settings) -> std::io::Result<()> {
    for warning in &config.warnings {
        super::eprintln_line(format_args!("warning: {warning}"));
    }
    for note in &config.notes {
        super::eprintln_line(format_args!("note: {note}"));
    }
    let (phones, disabled) = (config.phones.len(), config.disabled.len());
    super::println_line(format_args!(
        "{}: good, {phones} phones to poll, {disabled} disabled{}",
        file.display(),
        alerts(alerting)
    ))
}

/// What is judged and who is told; nothing where that is not done here.
fn alerts(alerting: &alert::Settings) -> String {
    if !alerting.enabled {
        return String::new();
    }
    let managers = match alerting.alertmanagers.len() {
        0 => String::new(),
        n => format!(", {}", count(n, "Alertmanager")),
    };
    let rules = count(alerting.rules.iter().count(), "alert rule");
    let receivers = count(alerting.receivers.len(), "receiver");
    format!(", {rules}, {receivers}{managers}")
}
