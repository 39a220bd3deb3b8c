//! `rules`: lists, explains, tests and exports the alert rules.
//!
//! Without a configuration these are the built-in rules with their defaults; with one they are the rules
//! that it has in force, whether the daemon evaluates them or not.

mod explain;
mod list;
mod test;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use crate::alerting_config::{self, RuleBook};
use crate::alerts::suppress::Suppression;
use crate::config::{Config, Faults};
use crate::rules::export::{self, Group};
use crate::rules::packs::{self, RUNBOOKS};

/// List, explain and test the alert rules, or export them for Prometheus, Alertmanager and Grafana
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
    /// List the built-in rules with severity and meaning; with --config, the rules in force
    List(Source),
    /// Print the rules as a file for another program
    Export {
        /// Program that reads the file
        #[arg(long, value_name = "PROGRAM")]
        format: Format,
        /// Uid of the data source in Grafana
        #[arg(long, value_name = "UID", default_value = "prometheus")]
        datasource: String,
        /// Page for runbook links of built-in rules, e.g. <https://HOST/runbooks>; with --config it
        /// follows from `external_url`
        #[arg(long, value_name = "URL", value_parser = page, conflicts_with = "config")]
        runbooks: Option<String>,
        #[command(flatten)]
        source: Source,
    },
    /// Show one rule: condition, durations, annotations, inhibitions and PromQL
    Explain {
        /// Name of the rule, from `rules list`
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        source: Source,
    },
    /// Run rule tests: simulated phones, a timeline and the expected alerts
    #[command(
        after_help = "Example:\n  grandstream-exporter rules test docs/examples/rules-test.yaml\n\nExit status: 0 all tests passed, 1 a test failed, 2 a file cannot be read"
    )]
    Test {
        /// Test files; docs/alerting.md describes the format
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        source: Source,
    },
}

/// Where the rules come from.
#[derive(Debug, clap::Args)]
struct Source {
    /// Use the rules of this configuration instead of the built-in ones (or --config.file)
    #[arg(long, alias = "config.file", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A rule file
    Prometheus,
    /// Inhibition rules
    Alertmanager,
    /// Alert provisioning
    Grafana,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.action {
        Action::List(source) => list::run(source.config.as_deref())?,
        Action::Export {
            format,
            datasource,
            runbooks,
            source,
        } => export(
            *format,
            datasource,
            &with_runbooks(source, runbooks.as_deref())?,
        )?,
        Action::Explain { name, source } => explain::run(name, source.config.as_deref())?,
        Action::Test { files, source } => return test::run(files, source.config.as_deref()),
    }
    Ok(ExitCode::SUCCESS)
}

/// The rules of a configuration, and the configuration; without one the built-in rules.
fn rule_book(config: Option<&Path>) -> Result<(Option<Config>, RuleBook), Faults> {
    if let Some(path) = config {
        let (config, book) = alerting_config::rule_book(path, &super::environment())?;
        return Ok((Some(config), book));
    }
    let suppression = Suppression {
        inhibit_rules: packs::all_inhibit_rules().into(),
        ..Suppression::default()
    };
    let book = RuleBook {
        groups: export::built_in(RUNBOOKS),
        suppression: suppression.into(),
        runbooks: RUNBOOKS.into(),
    };
    Ok((None, book))
}

/// The rules, built-in ones with runbooks on this page.
fn with_runbooks(source: &Source, runbooks: Option<&str>) -> anyhow::Result<RuleBook> {
    let (_, book) = rule_book(source.config.as_deref())?;
    Ok(match runbooks {
        None => book,
        Some(page) => RuleBook {
            groups: export::built_in(page),
            runbooks: page.into(),
            ..book
        },
    })
}

/// The URL of a page; links add `#rule` to it.
fn page(text: &str) -> Result<String, &'static str> {
    let url = reqwest::Url::parse(text).ok();
    let leads = |url: &reqwest::Url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none()
    };
    match url.filter(leads) {
        Some(url) => Ok(url.into()),
        None => Err("write the URL of a page without `#`, e.g. https://HOST/runbooks"),
    }
}

fn export(format: Format, datasource: &str, book: &RuleBook) -> anyhow::Result<()> {
    let RuleBook {
        groups,
        suppression,
        runbooks,
    } = book;
    let inhibit_rules = &suppression.inhibit_rules;
    let text = match format {
        Format::Prometheus => export::prometheus(groups, inhibit_rules, runbooks),
        Format::Alertmanager => export::alertmanager(groups, inhibit_rules),
        Format::Grafana => export::grafana(groups, inhibit_rules, datasource, runbooks),
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// The name of a group without the prefix of all.
fn pack_of(group: &Group) -> &str {
    group
        .name
        .strip_prefix("grandstream-")
        .unwrap_or(&group.name)
}
