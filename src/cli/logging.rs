//! Logging: to stderr, as text or JSON, from a level on.
//!
//! `--log-level` is for this program; other crates stay at `info` unless `RUST_LOG` names them.

use anyhow::Context;
use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::log_writer::{self, Flush};

#[derive(Debug, clap::Args)]
pub(super) struct LogArgs {
    /// Lowest level that is logged: error, warn, info, debug, trace
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info")]
    log_level: tracing::level_filters::LevelFilter,
    /// Format of log lines
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Where log lines come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogSource {
    /// A command: log lines keep their order with its output.
    Command,
    /// The daemon: its thread never waits for a reader of stderr.
    Daemon,
}

/// Sets up logging; dropping the guard waits until the last lines are written.
pub(super) fn init(args: &LogArgs, source: LogSource) -> anyhow::Result<Option<Flush>> {
    let ours = format!("info,grandstream_exporter={}", args.log_level);
    let wanted = std::env::var_os("RUST_LOG").unwrap_or_default();
    let wanted = wanted.to_str().context("RUST_LOG is not UTF-8")?;
    let directives = if wanted.is_empty() {
        ours
    } else {
        format!("{ours},{wanted}")
    };
    let filter = EnvFilter::try_new(&directives)
        .with_context(|| format!("RUST_LOG is not a valid filter: {wanted}"))?;
    let (writer, flush) = match source {
        LogSource::Command => (BoxMakeWriter::new(std::io::stderr), None),
        LogSource::Daemon => {
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
