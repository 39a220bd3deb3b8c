//! What is printed: results to stdout, questions and troubles to stderr.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::error::JobError;
use super::parallel::JobOutcome;
use super::result::{CallResult, table};
use super::session::WriteMode;
use super::{Run, Scope, config_lines};
use crate::cli::{eprintln_line, println_line};

/// A bar for many phones, where there is a terminal to show it.
pub(super) fn bar(scope: Scope, phones: usize) -> Option<ProgressBar> {
    if scope == Scope::One || !std::io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} phones, {eta} left");
    let bar = ProgressBar::new(phones as u64);
    Some(match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    })
}

/// What a job would touch on one phone.
pub(super) fn preview(run: &Run, name: &str, result: &CallResult) -> std::io::Result<()> {
    let mut stderr = std::io::stderr();
    if run.scope == Scope::Many {
        writeln!(stderr, "{name}:")?;
    }
    for line in table(result.columns, &result.rows) {
        writeln!(stderr, "{line}")?;
    }
    Ok(())
}

/// Prints what became of each phone; whether all is well.
pub(super) fn results(run: &Run, outcomes: &mut [JobOutcome]) -> anyhow::Result<bool> {
    let well = match run.scope {
        Scope::One => print_one(run, outcomes)?,
        Scope::Many => print_many(run, outcomes)?,
    };
    if run.invocation.changes_password && outcomes.iter().any(|outcome| outcome.result.is_ok()) {
        for line in config_lines(run, outcomes) {
            eprintln_line(format_args!(
                "{line}: write the new password there if this is its login"
            ));
        }
    }
    Ok(well)
}

fn print_one(run: &Run, outcomes: &mut [JobOutcome]) -> anyhow::Result<bool> {
    let mut well = true;
    for outcome in outcomes {
        requests(run, outcome)?;
        match &outcome.result {
            Ok(result) if run.options.dry_run && run.invocation.job.writes() => {
                preview(run, "", result)?;
            }
            Ok(result) => print(run, result)?,
            Err(error) => {
                well = false;
                eprintln_line(format_args!(
                    "grandstream-exporter: {}: {}: {}",
                    outcome.name, error.reason, error.detail
                ));
            }
        }
    }
    Ok(well)
}

/// The requests that a dry run kept, whole and masked.
fn requests(run: &Run, outcome: &mut JobOutcome) -> std::io::Result<()> {
    let Some(session) = outcome.session.as_mut().filter(|_| run.options.dry_run) else {
        return Ok(());
    };
    let base = session.base();
    for request in session.set_write_mode(WriteMode::DryRun(Vec::new())) {
        match run.scope {
            Scope::One => println_line(format_args!("GET {base}{request}"))?,
            Scope::Many => println_line(format_args!("{}: GET {base}{request}", outcome.name))?,
        }
    }
    Ok(())
}

fn print(run: &Run, result: &CallResult) -> anyhow::Result<()> {
    if let Some(path) = &run.invocation.output {
        let text = result.document.as_deref().unwrap_or_default();
        return std::fs::write(path, text)
            .with_context(|| format!("failed to write {}", path.display()));
    }
    if run.options.json {
        return Ok(println_line(format_args!("{}", result.json))?);
    }
    if let Some(document) = &result.document {
        std::io::stdout().write_all(document.as_bytes())?;
        return Ok(());
    }
    if result.columns.is_empty() {
        return Ok(println_line(format_args!("done"))?);
    }
    for line in table(result.columns, &result.rows) {
        println_line(format_args!("{line}"))?;
    }
    Ok(())
}

fn print_many(run: &Run, outcomes: &mut [JobOutcome]) -> anyhow::Result<bool> {
    for outcome in outcomes.iter_mut() {
        requests(run, outcome)?;
    }
    if run.options.json {
        for outcome in outcomes.iter() {
            println_line(format_args!("{}", as_json(&outcome.name, &outcome.result)))?;
        }
    } else if !run.options.dry_run {
        tables(outcomes)?;
    }
    Ok(summary(run, outcomes))
}

fn as_json(name: &str, result: &Result<CallResult, JobError>) -> Value {
    match result {
        Ok(result) => json!({ "phone": name, "result": result.json }),
        Err(error) => json!({
            "phone": name,
            "error": { "reason": error.reason, "detail": error.detail },
        }),
    }
}

/// One table for all phones, the first column being the phone.
fn tables(outcomes: &[JobOutcome]) -> std::io::Result<()> {
    let mut tables: BTreeMap<&[&str], Vec<Vec<String>>> = BTreeMap::new();
    for outcome in outcomes {
        let Ok(result) = &outcome.result else {
            continue;
        };
        if let Some(document) = &result.document {
            println_line(format_args!("{}:\n{}", outcome.name, document.trim_end()))?;
        }
        let rows = result.rows.iter().map(|row| {
            let mut cells = vec![outcome.name.clone()];
            cells.extend(row.iter().cloned());
            cells
        });
        if !result.columns.is_empty() {
            tables.entry(result.columns).or_default().extend(rows);
        }
    }
    for (columns, rows) in tables {
        let head: Vec<_> = std::iter::once("PHONE")
            .chain(columns.iter().copied())
            .collect();
        for line in table(&head, &rows) {
            println_line(format_args!("{line}"))?;
        }
    }
    Ok(())
}

/// How many are done, and who is not and why; whether all are.
fn summary(run: &Run, outcomes: &[JobOutcome]) -> bool {
    let failed: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome, outcome.result.as_ref().err()?)))
        .collect();
    let verb = if run.options.dry_run { "shown" } else { "done" };
    eprintln_line(format_args!(
        "{} of {} phones {verb}, {} not",
        outcomes.len() - failed.len(),
        outcomes.len(),
        failed.len()
    ));
    if failed.is_empty() {
        return true;
    }
    let rows: Vec<Vec<&str>> = failed
        .iter()
        .map(|(outcome, error)| vec![outcome.name.as_str(), error.reason, error.detail.as_str()])
        .collect();
    for line in table(&["PHONE", "REASON", "DETAIL"], &rows) {
        eprintln_line(format_args!("{line}"));
    }
    false
}
