//! The command line: one file a subcommand.
//!
//! The only room that reads arguments and environment, and that prints. Exit status: 0 success, 1
//! failure at run time, 2 wrong usage or configuration. Errors go to stderr, one a line, each with a
//! hint.

/// `eprintln!` without a panic where stderr is closed.
macro_rules! eprintln_line {
    ($($text:tt)*) => { $crate::cli::eprintln_line(format_args!($($text)*)) };
}

/// `println!` that returns an error where stdout is closed.
macro_rules! println_line {
    ($($text:tt)*) => { $crate::cli::println_line(format_args!($($text)*)) };
}

mod address;
mod alerts;
mod check_config;
mod completions;
mod config_args;
mod daemon;
mod demo;
mod discover;
mod events;
mod healthcheck;
mod humanize;
mod import;
mod list_output;
mod log_writer;
mod logging;
mod mac;
mod notify;
mod phone;
mod phones;
mod probe;
mod problems;
mod progress;
mod prometheus_config;
mod prompt;
mod reload;
mod rules;
mod serve;
mod silence;
mod simulate;
mod status;
mod table;

use std::ffi::OsString;
use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Environment, Faults};
use config_args::{ConfigArg, FlagArgs};
use logging::LogSource;

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
    Reload(reload::Args),
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

/// Exit status for wrong usage or configuration.
const USAGE: u8 = 2;

/// Wrong usage that clap does not see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// How many threads may wait for name resolution and disks.
const BLOCKING_THREADS: usize = 64;

/// Runs the program with these arguments, the first being its name.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Where stdout and stderr are closed, only the exit status is left.
            let _closed = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    let source = if matches!(args.command, Command::Serve(_) | Command::Demo(_)) {
        LogSource::Daemon
    } else {
        LogSource::Command
    };
    let done = logging::init(&args.log, source).and_then(|log| {
        let done = dispatch(args.command);
        drop(log);
        done
    });
    done.unwrap_or_else(|error| print_error(&error))
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let done = match command {
        Command::Probe(args) => return probe::run(&args),
        Command::Phone(args) => return phone::run(*args),
        Command::Status(args) => return status::run(&args),
        Command::Notify(args) => return notify::run(&args),
        Command::Phones(args) => return phones::run(&args),
        Command::Rules(args) => return rules::run(&args),
        Command::CheckConfig(args) => return check_config::run(&args),
        Command::Serve(args) => serve::run(args),
        Command::Demo(args) => demo::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Discover(args) => discover::run(&args),
        Command::Reload(args) => reload::run(&args),
        Command::Alerts(args) => alerts::run(&args),
        Command::Silence(args) => silence::run(&args),
        Command::Events(args) => events::run(&args),
        Command::PrometheusConfig(args) => prometheus_config::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => completions::man(&args),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// The exit status of a command that checks something.
fn exit_code(all_well: bool) -> ExitCode {
    if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Prints the error with its causes, those of a configuration one a line; the exit status for it.
fn print_error(error: &anyhow::Error) -> ExitCode {
    if let Some(faults) = error.downcast_ref::<Faults>() {
        eprintln_line!("{faults}");
        return ExitCode::from(USAGE);
    }
    // The reader closed the pipe, as `head` does.
    let pipe = error.downcast_ref::<std::io::Error>();
    if pipe.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    eprintln_line!("grandstream-exporter: {error:#}");
    if error.is::<UsageError>() {
        return ExitCode::from(USAGE);
    }
    ExitCode::FAILURE
}

/// The error for a name that is not among the enabled phones of the configuration.
fn unknown_phone<'a>(
    config: &Path,
    name: &str,
    phones: impl Iterator<Item = &'a str>,
) -> UsageError {
    let hint = config::nearest(name, phones, "`phones` lists phones, disabled ones too");
    UsageError(format!(
        "{}: no enabled phone `{name}`; {hint}",
        config.display()
    ))
}

/// Writes a line to stderr.
fn eprintln_line(line: std::fmt::Arguments<'_>) {
    // Where stderr is closed, only the exit status is left.
    let _closed = writeln!(std::io::stderr(), "{line}");
}

/// Writes a line to stdout; an error if it is closed.
fn println_line(line: std::fmt::Arguments<'_>) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

/// The environment as configuration may refer to it.
fn environment() -> Arc<Environment> {
    Arc::new(variables())
}

fn variables() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Runs `work` to its end on the current thread. SIGTERM or SIGINT cancels its token; a second one
/// ends the process at once.
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
    // A name resolution without answer must not keep the process alive.
    runtime.shutdown_background();
    outcome
}

/// Runs `work` on the current thread until it is done or a signal comes.
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
        tracing::warn!("Cannot handle signals; SIGTERM ends the process at once");
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
    use std::path::PathBuf;

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

    /// The lines in a page's shell blocks that run this program, continued lines joined.
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

    /// The words of a command as a shell splits them, up to what is for the shell itself.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        // What stands between single quotes is every second part.
        for (position, part) in line.split('\'').enumerate() {
            if position % 2 == 1 {
                words.last_mut().expect("a word").push_str(part);
                continue;
            }
            let end = part.find([';', '|', '>', '#', '&']);
            for c in part
                .get(..end.unwrap_or(part.len()))
                .expect("a part")
                .chars()
            {
                match c {
                    ' ' => words.push(String::new()),
                    _ => words.last_mut().expect("a word").push(c),
                }
            }
            if end.is_some() {
                break;
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_command_in_the_documentation_is_understood() {
        let mut wrong = Vec::new();
        let mut count = 0;
        for path in pages() {
            for line in commands(&fs::read_to_string(&path).expect("a page")) {
                count += 1;
                if let Err(error) = Args::try_parse_from(words(&line)) {
                    wrong.push(format!("{}: {line}\n{error}", path.display()));
                }
            }
        }
        assert!(count > 10, "{count} commands");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
