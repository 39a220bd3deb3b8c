//! What is printed: results to stdout, questions and troubles to stderr.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::error::Trouble;
use super::parallel::Done;
use super::result::{Told, table};
use super::session::Mode;
use super::{Desk, Width, config_lines};
use crate::cli::{complain, say};

/// A bar for many phones, where there is a terminal to show it.
pub(super) fn bar(width: Width, phones: usize) -> Option<ProgressBar> {
    if width == Width::One || !std::io::stderr().is_terminal() {
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
pub(super) fn preview(desk: &Desk, name: &str, told: &Told) -> std::io::Result<()> {
    let mut stderr = std::io::stderr();
    if desk.width == Width::Many {
        writeln!(stderr, "{name}:")?;
    }
    for line in table(told.columns, &told.rows) {
        writeln!(stderr, "{line}")?;
    }
    Ok(())
}

/// Prints what became of each phone; whether all is well.
pub(super) fn results(desk: &Desk, done: &mut [Done]) -> anyhow::Result<bool> {
    let well = match desk.width {
        Width::One => one(desk, done)?,
        Width::Many => many(desk, done)?,
    };
    if desk.order.changes_password && done.iter().any(|done| done.result.is_ok()) {
        for line in config_lines(desk, done) {
            complain(format_args!(
                "{line}: write the new password there if this is its login"
            ));
        }
    }
    Ok(well)
}

fn one(desk: &Desk, done: &mut [Done]) -> anyhow::Result<bool> {
    let mut well = true;
    for done in done {
        requests(desk, done)?;
        match &done.result {
            Ok(told) if desk.options.dry_run && desk.order.job.writes() => preview(desk, "", told)?,
            Ok(told) => print(desk, told)?,
            Err(trouble) => {
                well = false;
                complain(format_args!(
                    "grandstream-exporter: {}: {}: {}",
                    done.name, trouble.reason, trouble.detail
                ));
            }
        }
    }
    Ok(well)
}

/// The requests that a dry run kept, whole and masked.
fn requests(desk: &Desk, done: &mut Done) -> std::io::Result<()> {
    let Some(hand) = done.hand.as_mut().filter(|_| desk.options.dry_run) else {
        return Ok(());
    };
    let base = hand.base();
    for request in hand.turn(Mode::Dry(Vec::new())) {
        match desk.width {
            Width::One => say(format_args!("GET {base}{request}"))?,
            Width::Many => say(format_args!("{}: GET {base}{request}", done.name))?,
        }
    }
    Ok(())
}

fn print(desk: &Desk, told: &Told) -> anyhow::Result<()> {
    if let Some(path) = &desk.order.output {
        let text = told.document.as_deref().unwrap_or_default();
        return std::fs::write(path, text)
            .with_context(|| format!("failed to write {}", path.display()));
    }
    if desk.options.json {
        return Ok(say(format_args!("{}", told.json))?);
    }
    if let Some(document) = &told.document {
        std::io::stdout().write_all(document.as_bytes())?;
        return Ok(());
    }
    if told.columns.is_empty() {
        return Ok(say(format_args!("done"))?);
    }
    for line in table(told.columns, &told.rows) {
        say(format_args!("{line}"))?;
    }
    Ok(())
}

fn many(desk: &Desk, done: &mut [Done]) -> anyhow::Result<bool> {
    for done in done.iter_mut() {
        requests(desk, done)?;
    }
    if desk.options.json {
        for done in done.iter() {
            say(format_args!("{}", as_json(&done.name, &done.result)))?;
        }
    } else if !desk.options.dry_run {
        tables(done)?;
    }
    Ok(summary(desk, done))
}

fn as_json(name: &str, result: &Result<Told, Trouble>) -> Value {
    match result {
        Ok(told) => json!({ "phone": name, "result": told.json }),
        Err(trouble) => json!({
            "phone": name,
            "error": { "reason": trouble.reason, "detail": trouble.detail },
        }),
    }
}

/// One table for all phones, the first column being the phone.
fn tables(done: &[Done]) -> std::io::Result<()> {
    let mut tables: BTreeMap<&[&str], Vec<Vec<String>>> = BTreeMap::new();
    for done in done {
        let Ok(told) = &done.result else { continue };
        if let Some(document) = &told.document {
            say(format_args!("{}:\n{}", done.name, document.trim_end()))?;
        }
        let rows = told.rows.iter().map(|row| {
            let mut cells = vec![done.name.clone()];
            cells.extend(row.iter().cloned());
            cells
        });
        if !told.columns.is_empty() {
            tables.entry(told.columns).or_default().extend(rows);
        }
    }
    for (columns, rows) in tables {
        let head: Vec<_> = std::iter::once("PHONE")
            .chain(columns.iter().copied())
            .collect();
        for line in table(&head, &rows) {
            say(format_args!("{line}"))?;
        }
    }
    Ok(())
}

/// How many are done, and who is not and why; whether all are.
fn summary(desk: &Desk, done: &[Done]) -> bool {
    let failed: Vec<_> = done
        .iter()
        .filter_map(|done| Some((done, done.result.as_ref().err()?)))
        .collect();
    let verb = if desk.options.dry_run {
        "shown"
    } else {
        "done"
    };
    complain(format_args!(
        "{} of {} phones {verb}, {} not",
        done.len() - failed.len(),
        done.len(),
        failed.len()
    ));
    if failed.is_empty() {
        return true;
    }
    let rows: Vec<Vec<&str>> = failed
        .iter()
        .map(|(done, trouble)| vec![done.name.as_str(), trouble.reason, trouble.detail.as_str()])
        .collect();
    for line in table(&["PHONE", "REASON", "DETAIL"], &rows) {
        complain(format_args!("{line}"));
    }
    false
}
