//! Prints the results of a job to stdout, previews and errors to stderr.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context;
use serde_json::{Value, json};

use super::parallel::JobOutcome;
use super::result::{CallResult, JobResult};
use super::session::WriteMode;
use super::{Run, Scope, login_lines};
use crate::cli::table::aligned;

/// Shows what a job would change on one phone.
pub(super) fn preview(run: &Run, name: &str, result: &CallResult) {
    if run.scope == Scope::Many {
        eprintln_line!("{name}:");
    }
    for line in aligned(result.columns, &result.rows) {
        eprintln_line!("{line}");
    }
}

/// Prints the outcome of each phone; whether all are done.
pub(super) fn results(run: &Run, outcomes: &mut [JobOutcome]) -> anyhow::Result<bool> {
    let well = match run.scope {
        Scope::One => print_one(run, outcomes)?,
        Scope::Many => print_many(run, outcomes)?,
    };
    if run.invocation.changes_password && outcomes.iter().any(|outcome| outcome.result.is_ok()) {
        for line in login_lines(run, outcomes) {
            eprintln_line!("{line}: update the password there if this login uses it");
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
                preview(run, "", result);
            }
            Ok(result) => print(run, result)?,
            Err(error) => {
                well = false;
                eprintln_line!(
                    "grandstream-exporter: {}: {}: {}",
                    outcome.name,
                    error.reason,
                    error.detail
                );
            }
        }
    }
    Ok(well)
}

/// Prints the requests of a dry run, secrets masked.
fn requests(run: &Run, outcome: &mut JobOutcome) -> std::io::Result<()> {
    let Some(session) = outcome.session.as_mut().filter(|_| run.options.dry_run) else {
        return Ok(());
    };
    let base = session.base();
    for request in session.set_write_mode(WriteMode::DryRun(Vec::new())) {
        match run.scope {
            Scope::One => println_line!("GET {base}{request}")?,
            Scope::Many => println_line!("{}: GET {base}{request}", outcome.name)?,
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
        return Ok(println_line!("{}", result.json)?);
    }
    if let Some(document) = &result.document {
        std::io::stdout().write_all(document.as_bytes())?;
        return Ok(());
    }
    if result.columns.is_empty() {
        return Ok(println_line!("done")?);
    }
    for line in aligned(result.columns, &result.rows) {
        println_line!("{line}")?;
    }
    Ok(())
}

fn print_many(run: &Run, outcomes: &mut [JobOutcome]) -> anyhow::Result<bool> {
    for outcome in outcomes.iter_mut() {
        requests(run, outcome)?;
    }
    if run.options.json {
        for outcome in outcomes.iter() {
            println_line!("{}", as_json(&outcome.name, &outcome.result))?;
        }
    } else if !run.options.dry_run {
        tables(outcomes)?;
    }
    Ok(summary(run, outcomes))
}

fn as_json(name: &str, result: &JobResult) -> Value {
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
            println_line!("{}:\n{}", outcome.name, document.trim_end())?;
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
        for line in aligned(&head, &rows) {
            println_line!("{line}")?;
        }
    }
    Ok(())
}

/// Prints how many are done, and the errors of the others; whether all are done.
fn summary(run: &Run, outcomes: &[JobOutcome]) -> bool {
    let failed: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome, outcome.result.as_ref().err()?)))
        .collect();
    let verb = if run.options.dry_run { "shown" } else { "done" };
    eprintln_line!(
        "{} of {} phones {verb}, {} not",
        outcomes.len() - failed.len(),
        outcomes.len(),
        failed.len()
    );
    if failed.is_empty() {
        return true;
    }
    let rows: Vec<Vec<&str>> = failed
        .iter()
        .map(|(outcome, error)| vec![outcome.name.as_str(), error.reason, error.detail.as_str()])
        .collect();
    for line in aligned(&["PHONE", "REASON", "DETAIL"], &rows) {
        eprintln_line!("{line}");
    }
    false
}
