//! What is asked of the person at the terminal, and what comes from files and stdin instead.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};

use super::UsageError;
use crate::config;

/// Asks whether to go on; without a terminal nobody can be asked.
pub(super) fn confirm(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        let detail = format!("{question}: nobody can be asked here; use --yes");
        return Err(UsageError(detail).into());
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{question}? [y/N] ")?;
    stderr.flush()?;
    let answer = line_of_stdin()?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// A secret from a file, from a line of stdin for `-`, or else from a person, who types a new one
/// twice.
pub(super) fn secret(
    file: Option<&Path>,
    what: &str,
    typed: Typed,
) -> anyhow::Result<SecretString> {
    if let Some(file) = file {
        return from_file(file);
    }
    if !std::io::stdin().is_terminal() {
        let detail = format!("the {what} cannot be asked for here; give it in a file");
        return Err(UsageError(detail).into());
    }
    let first: SecretString = rpassword::prompt_password(format!("{what}: "))?.into();
    if typed == Typed::Twice {
        let second: SecretString = rpassword::prompt_password(format!("{what} again: "))?.into();
        if first.expose_secret() != second.expose_secret() {
            return Err(UsageError(format!("the two entries of the {what} differ")).into());
        }
    }
    not_empty(first, what)
}

/// How often a person types a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Once,
    Twice,
}

/// A secret from a file, or from a line of stdin for `-`.
pub(super) fn from_file(file: &Path) -> anyhow::Result<SecretString> {
    if file == Path::new("-") {
        let line = line_of_stdin()?;
        let line = line.strip_suffix('\n').unwrap_or(&line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        return not_empty(line.into(), "line of stdin");
    }
    Ok(config::read_secret(file).map_err(|error| {
        let error = anyhow::Error::from(error);
        UsageError(format!("{error:#}"))
    })?)
}

fn not_empty(secret: SecretString, what: &str) -> anyhow::Result<SecretString> {
    if secret.expose_secret().is_empty() {
        return Err(UsageError(format!("the {what} is empty")).into());
    }
    Ok(secret)
}

/// The next line; what stands behind it is left for the next secret.
fn line_of_stdin() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("failed to read stdin")?;
    Ok(line)
}
