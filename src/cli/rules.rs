//! `rules`: the ready-made alert rules, listed or exported for Prometheus, Alertmanager and Grafana.

use std::io::Write;

use clap::{Subcommand, ValueEnum};

use crate::alert::{export, packs};

/// The alert rules: list them, or export them for Prometheus, Alertmanager and Grafana
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter rules export --format prometheus > /etc/prometheus/rules/phones.yml"
)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Name each ready-made rule, its severity and what it means
    List,
    /// Print the ready-made rules as a file
    Export {
        /// For which program
        #[arg(long, value_name = "PROGRAM")]
        format: Format,
        /// The uid of Grafana's data source
        #[arg(long, value_name = "UID", default_value = "prometheus")]
        datasource: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A rules file
    Prometheus,
    /// Inhibition rules, which Prometheus does not have
    Alertmanager,
    /// Alert provisioning
    Grafana,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.action {
        Action::List => list(),
        Action::Export { format, datasource } => {
            let groups = export::built_in();
            let text = match format {
                Format::Prometheus => export::prometheus(&groups),
                Format::Alertmanager => export::alertmanager(&groups, &packs::inhibits()),
                Format::Grafana => export::grafana(&groups, datasource),
            };
            Ok(std::io::stdout().write_all(text.as_bytes())?)
        }
    }
}

fn list() -> anyhow::Result<()> {
    for pack in packs::all() {
        super::say(format_args!("{}:", pack.name))?;
        for rule in pack.rules {
            let severity = rule
                .labels
                .iter()
                .find(|(name, _)| &**name == "severity")
                .map_or("none", |(_, severity)| severity);
            super::say(format_args!(
                "  {:<28} {severity:<9} {}",
                rule.name, rule.annotations.impact
            ))?;
        }
    }
    Ok(())
}
