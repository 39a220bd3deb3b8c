//! `rules`: the alert rules, listed, explained, tested, or exported for other programs.
//!
//! Without a configuration these are the ready-made ones as they come; with one they are those that
//! it leaves, tunes and adds, whether the daemon judges them itself or not.

mod explain;
mod list;
mod test;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use crate::alert::export::{self, Group};
use crate::alert::packs::{self, RUNBOOKS};
use crate::alert::settings::{self, RuleBook};
use crate::alert::suppress::Suppression;
use crate::config::{Config, Faults};

/// The alert rules: list, explain, test, or export them for Prometheus, Alertmanager and Grafana
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
    /// Name each ready-made rule, its severity and what it means; with --config, those in force
    List(Source),
    /// Print the rules as a file
    Export {
        /// For which program
        #[arg(long, value_name = "PROGRAM")]
        format: Format,
        /// The uid of Grafana's data source
        #[arg(long, value_name = "UID", default_value = "prometheus")]
        datasource: String,
        /// The page to which runbooks of ready-made rules link, as <https://HOST/runbooks>; with
        /// --config it is that of `alerting.public_url`
        #[arg(long, value_name = "URL", value_parser = page, conflicts_with = "config")]
        runbooks: Option<String>,
        #[command(flatten)]
        source: Source,
    },
    /// Tell all of one rule: what it looks for, its patience, texts, relations and PromQL
    Explain {
        /// Its name, one of `rules list`
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        source: Source,
    },
    /// Let made-up phones live through stories and compare the alerts with what is expected
    #[command(
        after_help = "Example:\n  grandstream-exporter rules test docs/examples/rules-test.yaml\n\nExit status: 0 all as expected, 1 not, 2 a file cannot be read"
    )]
    Test {
        /// Files of stories; docs/alerting.md shows the format
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        source: Source,
    },
}

/// Whose rules.
#[derive(Debug, clap::Args)]
struct Source {
    /// Take the rules of this configuration instead of the ready-made ones
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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

pub(super) fn run(args: &Args) -> ExitCode {
    let done = match &args.action {
        Action::List(source) => list::run(source.config.as_deref()),
        Action::Export {
            format,
            datasource,
            runbooks,
            source,
        } => book(source, runbooks.as_deref()).and_then(|book| export(*format, datasource, &book)),
        Action::Explain { name, source } => explain::run(name, source.config.as_deref()),
        Action::Test { files, source } => return test::run(files, source.config.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::failed(&error),
    }
}

/// The rules of a configuration, with it; without one all packs as they come.
fn rule_book(config: Option<&Path>) -> Result<(Option<Config>, RuleBook), Faults> {
    if let Some(path) = config {
        let (config, book) = settings::rule_book(path, &super::environment())?;
        return Ok((Some(config), book));
    }
    let suppression = Suppression {
        inhibits: packs::inhibits().into(),
        ..Suppression::default()
    };
    let book = RuleBook {
        groups: export::built_in(RUNBOOKS),
        suppression: suppression.into(),
        runbooks: RUNBOOKS.into(),
    };
    Ok((None, book))
}

/// The same with the runbooks of ready-made rules on this page.
fn book(source: &Source, runbooks: Option<&str>) -> anyhow::Result<RuleBook> {
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

/// The address of a page to which `#rule` is added.
fn page(text: &str) -> Result<String, &'static str> {
    let url = reqwest::Url::parse(text).ok();
    let leads = |url: &reqwest::Url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none()
    };
    match url.filter(leads) {
        Some(url) => Ok(url.into()),
        None => Err("write the address of a page, as https://HOST/runbooks, without `#`"),
    }
}

fn export(format: Format, datasource: &str, book: &RuleBook) -> anyhow::Result<()> {
    let RuleBook {
        groups,
        suppression,
        runbooks,
    } = book;
    let text = match format {
        Format::Prometheus => export::prometheus(groups, runbooks),
        Format::Alertmanager => export::alertmanager(groups, &suppression.inhibits),
        Format::Grafana => export::grafana(groups, datasource, runbooks),
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// The name of a group without what all have in common.
fn pack_of(group: &Group) -> &str {
    group
        .name
        .strip_prefix("grandstream-")
        .unwrap_or(&group.name)
}
