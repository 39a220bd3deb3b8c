//! `completions SHELL` and `man`: shell completions and manual pages, for packages.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter completions bash > /etc/bash_completion.d/grandstream-exporter"
)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

/// Print the manual page, or write one for each command
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  grandstream-exporter man | man -l -")]
pub(super) struct ManArgs {
    /// Write a page for each command into this directory
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let mut command = super::Args::command();
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "grandstream-exporter", &mut text);
    std::io::stdout().write_all(&text)?;
    Ok(())
}

pub(super) fn man(args: &ManArgs) -> anyhow::Result<()> {
    let command = super::Args::command();
    match &args.out {
        Some(directory) => write_pages(command, directory),
        None => Ok(clap_mangen::Man::new(command).render(&mut std::io::stdout())?),
    }
}

fn write_pages(command: clap::Command, directory: &Path) -> anyhow::Result<()> {
    clap_mangen::generate_to(command, directory)
        .with_context(|| format!("failed to write manual pages to {}", directory.display()))
}
