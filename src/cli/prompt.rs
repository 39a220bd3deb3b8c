//! Questions at the terminal: yes or no, and secrets. Secrets may come from files and stdin instead.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};

use super::UsageError;
use crate::config;

/// Asks whether to go on; wrong usage where stdin is not a terminal.
pub(super) fn confirm(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        let error = format!("{question}: cannot ask, stdin is not a terminal; use --yes");
        return Err(UsageError(error).into());
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{question}? [y/N] ")?;
    stderr.flush()?;
    let answer = line_of_stdin()?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// A secret from a file, from a line of stdin for `-`, or typed at the terminal.
pub(super) fn secret(
    file: Option<&Path>,
    what: &str,
    typed: Typed,
) -> anyhow::Result<SecretString> {
    if let Some(file) = file {
        return secret_from_file(file);
    }
    if !std::io::stdin().is_terminal() {
        let error =
            format!("cannot ask for the {what}, stdin is not a terminal; give it in a file");
        return Err(UsageError(error).into());
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

/// How often a secret is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Once,
    Twice,
}

/// A secret from a file, or from a line of stdin for `-`.
pub(super) fn secret_from_file(file: &Path) -> anyhow::Result<SecretString> {
    if file == Path::new("-") {
        let line = line_of_stdin()?;
        let line = line.strip_suffix('\n').unwrap_or(&line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        return not_empty(line.into(), "line of stdin");
    }
    let secret = config::read_secret(file).map_err(anyhow::Error::from);
    let secret = secret.map_err(|error| UsageError(format!("{error:#}")))?;
    if config::names_variable(secret.expose_secret()) {
        eprintln_line!(
            "warning: {}: contains `${{…}}`, which is not expanded; write the password itself into \
             that file",
            file.display()
        );
    }
    Ok(secret)
}

fn not_empty(secret: SecretString, what: &str) -> anyhow::Result<SecretString> {
    if secret.expose_secret().is_empty() {
        return Err(UsageError(format!("the {what} is empty")).into());
    }
    Ok(secret)
}

/// One line; the next secret is read from the next one.
fn line_of_stdin() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("failed to read stdin")?;
    Ok(line)
}
