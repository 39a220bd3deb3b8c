//! `phones`: the resolved list of phones, and where each value comes from.
//!
//! [`config::effective`] resolves as the daemon does and opens no secret: a password shows as the key
//! that gives it. Disabled phones and those of another shard are listed too. `phones import` adds
//! phones from other sources.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Subcommand;
use serde::Serialize;

use super::mac::punctuated;
use super::table::aligned;
use super::{ConfigArg, UsageError, import};
use crate::config::{self, Effective};

/// Show the resolved list of phones, or import phones into a list
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "Example:\n  grandstream-exporter phones reception --effective --config /etc/grandstream-exporter/config.yaml"
)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only these phones
    #[arg(value_name = "PHONE")]
    names: Vec<String>,
    #[command(flatten)]
    config: ConfigArg,
    /// Show every key of each phone with its value and where it is written
    #[arg(long)]
    effective: bool,
    /// Print JSON for programs instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    Import(import::Args),
}

/// A phone as one row.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    name: &'a str,
    address: &'a str,
    scheme: &'a str,
    site: Option<&'a str>,
    group: Option<&'a str>,
    /// The named credential; `None` where the phone has a password of its own.
    credential: Option<&'a str>,
    username: &'a str,
    mac: Option<String>,
    enabled: bool,
    portable: bool,
    labels: BTreeMap<&'a str, &'a str>,
}

/// One value of one phone, as JSON.
#[derive(Debug, Serialize)]
struct EffectiveJson<'a> {
    phone: &'a str,
    key: &'a str,
    value: &'a str,
    /// `None` for a default.
    file: Option<String>,
    line: Option<u32>,
    /// The key path in that file.
    written: Option<&'a str>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(Action::Import(args)) = &args.action {
        return import::run(args);
    }
    let file = &args.config.config;
    let values = config::effective(file, &super::environment())?;
    let phones: Vec<_> = values.chunk_by(|a, b| a.phone == b.phone).collect();
    for name in &args.names {
        if !phones.iter().any(|phone| is_called(phone, name)) {
            let known = values.iter().map(|value| &*value.phone);
            let hint = config::nearest(name, known, "`phones` without a name lists them");
            let error = format!("{}: no phone `{name}`; {hint}", file.display());
            return Err(UsageError(error).into());
        }
    }
    let is_wanted = |phone: &&Values<'_>| {
        args.names.is_empty() || args.names.iter().any(|name| is_called(phone, name))
    };
    let wanted: Vec<_> = phones.iter().filter(is_wanted).copied().collect();
    show(args, &wanted)?;
    Ok(ExitCode::SUCCESS)
}

/// The values of one phone.
type Values<'a> = &'a [Effective];

fn is_called(phone: Values<'_>, name: &str) -> bool {
    phone.first().is_some_and(|value| *value.phone == *name)
}

fn show(args: &Args, phones: &[Values<'_>]) -> anyhow::Result<()> {
    let lines = match (args.effective, args.json) {
        (false, false) => summary_table(phones),
        (false, true) => vec![serde_json::to_string_pretty(&summaries(phones))?],
        (true, false) => effective_table(phones),
        (true, true) => {
            let values = phones.iter().copied().flatten();
            let values: Vec<_> = values.map(effective_json).collect();
            vec![serde_json::to_string_pretty(&values)?]
        }
    };
    for line in lines {
        println_line!("{line}")?;
    }
    Ok(())
}

fn summaries<'a>(phones: &[Values<'a>]) -> Vec<Summary<'a>> {
    phones.iter().copied().filter_map(summary).collect()
}

fn summary(phone: Values<'_>) -> Option<Summary<'_>> {
    let value = |key: &str| {
        let found = phone.iter().find(|value| value.key == key)?;
        Some(found.value.as_str())
    };
    let labels = phone
        .iter()
        .filter_map(|value| Some((value.key.strip_prefix("labels.")?, value.value.as_str())));
    Some(Summary {
        name: &phone.first()?.phone,
        address: value("address").unwrap_or_default(),
        scheme: value("scheme").unwrap_or_default(),
        site: value("site"),
        group: value("group"),
        credential: value("credential"),
        username: value("username").unwrap_or_default(),
        mac: value("mac").map(punctuated),
        enabled: value("enabled") == Some("true"),
        portable: value("portable") == Some("true"),
        labels: labels.collect(),
    })
}

fn summary_table(phones: &[Values<'_>]) -> Vec<String> {
    let row = |phone: Summary<'_>| {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let portable = if phone.portable { "portable" } else { "" };
        let enabled = if phone.enabled { "yes" } else { "no" };
        [
            phone.name.to_owned(),
            phone.address.to_owned(),
            phone.scheme.to_owned(),
            text(phone.site),
            text(phone.group),
            text(phone.credential),
            phone.mac.unwrap_or_default(),
            enabled.to_owned(),
            portable.to_owned(),
        ]
    };
    let rows: Vec<_> = summaries(phones).into_iter().map(row).collect();
    let header = [
        "NAME",
        "ADDRESS",
        "SCHEME",
        "SITE",
        "GROUP",
        "CREDENTIAL",
        "MAC",
        "ENABLED",
        "NOTE",
    ];
    aligned(&header, &rows)
}

fn effective_table(phones: &[Values<'_>]) -> Vec<String> {
    let row = |value: &Effective| {
        let origin = match &value.origin {
            Some(location) => location.to_string(),
            None => "built-in default".to_owned(),
        };
        [
            value.phone.to_string(),
            value.key.clone(),
            value.value.clone(),
            origin,
        ]
    };
    let rows: Vec<_> = phones.iter().copied().flatten().map(row).collect();
    aligned(&["PHONE", "KEY", "VALUE", "FROM"], &rows)
}

fn effective_json(value: &Effective) -> EffectiveJson<'_> {
    let origin = value.origin.as_ref();
    EffectiveJson {
        phone: &value.phone,
        key: &value.key,
        value: &value.value,
        file: origin.map(|location| location.file.display().to_string()),
        line: origin.and_then(|location| location.line),
        written: origin.map(|location| &*location.key),
    }
}
