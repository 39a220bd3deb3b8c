//! The command line: one file a subcommand.
//!
//! The only place that reads arguments and environment, and that prints. Exit status: 0 done, 1
//! failed at run time, 2 wrong usage or configuration. Errors go to stderr, one a line, each with
//! its mend.

mod alerts;
mod check_config;
mod completions;
mod daemon;
mod demo;
mod discover;
mod events;
mod healthcheck;
mod humanize;
mod import;
mod list_output;
mod logging;
mod notify;
mod phone;
mod phones;
mod probe;
mod problems;
mod prometheus_config;
mod rules;
mod serve;
mod silence;
mod simulate;
mod status;
mod table;

use std::ffi::OsString;
use std::future::Future;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{Environment, Faults};

/// Prometheus exporter and alert daemon for fleets of Grandstream Android desk phones.
#[derive(Debug, Parser)]
#[command(name = "grandstream-exporter", version, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(flatten)]
    log: logging::LogArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Simulate(simulate::Args),
    CheckConfig(check_config::Args),
    Probe(probe::Args),
    Phone(Box<phone::Args>),
    Discover(discover::Args),
    Status(status::Args),
    Alerts(alerts::Args),
    Silence(silence::Args),
    Events(events::Args),
    Notify(notify::Args),
    Phones(phones::Args),
    Rules(rules::Args),
    PrometheusConfig(prometheus_config::Args),
    Healthcheck(healthcheck::Args),
    Completions(completions::Args),
    Man(completions::ManArgs),
}

/// The option `--config` of all commands that read it.
#[derive(Debug, clap::Args)]
struct ConfigArg {
    /// The configuration
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/grandstream-exporter/config.yaml"
    )]
    config: PathBuf,
}

/// Exit status for wrong usage or configuration.
const USAGE: u8 = 2;

/// How many threads may wait for name resolution and disks.
const BLOCKING_THREADS: usize = 64;

/// Runs the program with these arguments, the first being its name.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Nothing is left to say where stdout and stderr are closed.
            let _closed = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    if let Err(error) = logging::init(&args.log) {
        return failed(&error);
    }
    let done = match args.command {
        Command::Serve(args) => serve::run(args),
        Command::Demo(args) => demo::run(&args),
        Command::Rules(args) => return rules::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::CheckConfig(args) => return check_config::run(&args),
        Command::Probe(args) => return probe::run(&args),
        Command::Phone(args) => return phone::run(*args),
        Command::Discover(args) => return discover::run(&args),
        Command::Status(args) => return status::run(&args),
        Command::Alerts(args) => alerts::run(&args),
        Command::Silence(args) => silence::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Notify(args) => return notify::run(&args),
        Command::Phones(args) => return phones::run(&args),
        Command::PrometheusConfig(args) => prometheus_config::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => completions::man(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Says what failed: each fault of a configuration on its line, anything else with its causes.
fn failed(error: &anyhow::Error) -> ExitCode {
    if let Some(faults) = error.downcast_ref::<Faults>() {
        for fault in faults {
            eprintln_line(format_args!("{fault}"));
        }
        return ExitCode::from(USAGE);
    }
    // Whoever read the output has had enough of it, as `head` does.
    let pipe = error.downcast_ref::<std::io::Error>();
    if pipe.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    eprintln_line(format_args!("grandstream-exporter: {error:#}"));
    ExitCode::FAILURE
}

/// Writes a line to stderr.
fn eprintln_line(line: std::fmt::Arguments<'_>) {
    // Nothing is left to say where stderr is closed.
    let _closed = writeln!(std::io::stderr(), "{line}");
}

/// Writes a line to stdout; an error if it is closed.
fn println_line(line: std::fmt::Arguments<'_>) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

/// The environment as configuration may refer to it.
fn environment() -> Arc<Environment> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Arc::new(variables.collect())
}

/// A variable of the environment.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// Runs `work` on the one thread there is until it ends. SIGTERM or SIGINT cancels the token that it
/// is given; a second one ends the process at once.
fn block_on<T, F>(work: impl FnOnce(CancellationToken) -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()?;
    let outcome = runtime.block_on(async {
        let stop = CancellationToken::new();
        let mut signals = JoinSet::new();
        signals.spawn(wait_for_signals(stop.clone()));
        Box::pin(work(stop)).await
    });
    // A name resolution without answer must not keep the process.
    runtime.shutdown_background();
    outcome
}

/// Runs `work` on the one thread there is, until it is done or a signal comes.
fn interruptible<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    block_on(|stop| async move {
        match stop.run_until_cancelled(work).await {
            Some(done) => done,
            None => anyhow::bail!("interrupted"),
        }
    })
}

#[expect(clippy::exit, reason = "a second signal ends the process at once")]
async fn wait_for_signals(stop: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::warn!("Signals cannot be caught; SIGTERM ends the process at once");
        return;
    };
    for count in 0.. {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if count > 0 {
            std::process::exit(1);
        }
        stop.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// The README and every page of `docs`.
    fn pages() -> Vec<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let docs = fs::read_dir(root.join("docs")).expect("docs");
        docs.map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .chain([root.join("README.md")])
            .collect()
    }

    /// The lines of the shell in a page that run this program, continued lines joined.
    fn commands(page: &str) -> Vec<String> {
        let blocks = page.split("```sh\n").skip(1);
        let shell: String = blocks.filter_map(|rest| rest.split("```").next()).collect();
        let shell = shell.replace("\\\n", " ");
        let lines = shell.lines().map(|line| {
            let line = line.trim_start();
            line.trim_start_matches("sudo -u grandstream-exporter ")
        });
        lines
            .filter(|line| line.starts_with("grandstream-exporter "))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_command_in_the_documentation_is_understood() {
        let mut wrong = Vec::new();
        let mut count = 0;
        for path in pages() {
            for line in commands(&fs::read_to_string(&path).expect("a page")) {
                count += 1;
                let end = line.find([';', '|', '>', '#', '&']).unwrap_or(line.len());
                let words = line.get(..end).unwrap_or(&line).split_whitespace();
                if let Err(error) = Args::try_parse_from(words) {
                    wrong.push(format!("{}: {line}\n{error}", path.display()));
                }
            }
        }
        assert!(count > 10, "{count} commands");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
