//! Where log lines go and which of them: stderr, text or JSON, this program's own level.
//!
//! Other crates stay at `info` unless `RUST_LOG` names them, so that `--log-level trace` is ours
//! alone.

use anyhow::Context;
use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::log_writer::{self, Flush};

#[derive(Debug, clap::Args)]
pub(super) struct LogArgs {
    /// How much to tell: error, warn, info, debug, trace
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info")]
    log_level: tracing::level_filters::LevelFilter,
    /// How lines look
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Who writes log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// A command: lines stand in order with what it prints.
    Command,
    /// The daemon, whose thread never waits for a reader of stderr.
    Daemon,
}

/// Sets logging up; the lines are written to the end while what it returns is kept.
pub(super) fn init(args: &LogArgs, whose: Whose) -> anyhow::Result<Option<Flush>> {
    let ours = format!("info,grandstream_exporter={}", args.log_level);
    let wanted = std::env::var_os("RUST_LOG").unwrap_or_default();
    let wanted = wanted.to_str().context("RUST_LOG is not UTF-8")?;
    let directives = if wanted.is_empty() {
        ours
    } else {
        format!("{ours},{wanted}")
    };
    let filter = EnvFilter::try_new(&directives)
        .with_context(|| format!("RUST_LOG is not understood: {wanted}"))?;
    let (writer, flush) = match whose {
        Whose::Command => (BoxMakeWriter::new(std::io::stderr), None),
        Whose::Daemon => {
            let (writer, flush) = log_writer::start(std::io::stderr())?;
            (BoxMakeWriter::new(writer), Some(flush))
        }
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(false)
        .with_writer(writer);
    match args.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!(error).context("failed to set up logging"))?;
    Ok(flush)
}
