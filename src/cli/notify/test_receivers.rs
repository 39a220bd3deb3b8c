//! `notify test`: a marked message through the real channel of each receiver and to each Alertmanager,
//! and what was said.
//!
//! It needs no daemon and disturbs none: nothing is written to its outbox, and nobody counts as told.

use std::process::ExitCode;

use crate::alert::notify::channel::{Channel, Receiver};
use crate::alert::notify::retry::Verdict;
use crate::alert::notify::send::{self, Attempt, Posting};
use crate::alert::notify::trial;
use crate::alert::{self, Settings};
use crate::cli::{self, ConfigArg, USAGE, eprintln_line, println_line};
use crate::clock::Clock;
use crate::config::Secrets;
use crate::fleet::text::harmless;

/// Send a marked message to receivers; exit status 1 if one does not take it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter notify test --config /etc/grandstream-exporter/config.yaml"
)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Only to this receiver, or the Alertmanager at this HOST:PORT
    #[arg(long, value_name = "NAME")]
    receiver: Option<String>,
}

/// How the whole test ended.
#[derive(Debug, PartialEq, Eq)]
enum TestResult {
    Accepted,
    Refused,
    /// There is nobody of that name, or nobody at all.
    NoneNamed(String),
}

pub(super) fn run(args: &Args) -> ExitCode {
    let loaded = alert::settings::load(&args.config.config, &cli::environment(), Secrets::Read);
    let settings = match loaded {
        Ok((_, settings)) => settings,
        Err(faults) => return cli::failed(&faults.into()),
    };
    match cli::interruptible(test(&settings, args.receiver.as_deref())) {
        Ok(TestResult::Accepted) => ExitCode::SUCCESS,
        Ok(TestResult::Refused) => ExitCode::FAILURE,
        Ok(TestResult::NoneNamed(why)) => {
            let file = args.config.config.display();
            eprintln_line(format_args!("grandstream-exporter: {file}: {why}"));
            ExitCode::from(USAGE)
        }
        Err(error) => cli::failed(&error),
    }
}

async fn test(settings: &Settings, name: Option<&str>) -> anyhow::Result<TestResult> {
    let is_meant = |one: &str| name.is_none_or(|name| one == name);
    let receivers = settings.receivers.iter();
    let receivers: Vec<_> = receivers
        .filter(|one| is_meant(&one.route.receiver))
        .collect();
    let managers = settings.alertmanagers.iter();
    let managers: Vec<_> = managers.filter(|one| is_meant(&one.name)).collect();
    if receivers.is_empty() && managers.is_empty() {
        return Ok(TestResult::NoneNamed(none_named(settings, name)));
    }
    let mut outcome = TestResult::Accepted;
    for receiver in receivers {
        let now = Clock::real().now().wall;
        let envelope = trial::envelope(receiver, &settings.public_url, now);
        let attempt = send::send(receiver, &envelope).await;
        print_attempt(receiver, &attempt)?;
        if attempt.verdict != Verdict::Delivered {
            outcome = TestResult::Refused;
        }
    }
    for manager in managers {
        let name = &manager.name;
        println_line(format_args!("{name}: Alertmanager"))?;
        let body = trial::posted(Clock::real().now().wall);
        match send::post_alerts(manager, &body).await {
            Posting::Accepted => {
                println_line(format_args!("{name}: taken; whom it tells is its own"))?;
            }
            Posting::Refused { error } | Posting::Failed { error, .. } => {
                eprintln_line(format_args!("{name}: not taken: {error}"));
                outcome = TestResult::Refused;
            }
        }
    }
    Ok(outcome)
}

fn none_named(settings: &Settings, name: Option<&str>) -> String {
    let receivers = settings.receivers.iter().map(|one| &*one.route.receiver);
    let managers = settings.alertmanagers.iter().map(|one| &*one.name);
    let names: Vec<_> = receivers.chain(managers).collect();
    match name {
        _ if names.is_empty() => {
            "no receiver is configured; write one below `alerting.receivers`".to_owned()
        }
        Some(name) => format!(
            "there is no receiver `{name}`; there are {}",
            names.join(", ")
        ),
        None => String::new(),
    }
}

fn print_attempt(receiver: &Receiver, attempt: &Attempt) -> std::io::Result<()> {
    let name = &receiver.route.receiver;
    let kind = match &receiver.channel {
        Channel::Webhook(_) => "webhook",
        Channel::Email(_) => "mail",
    };
    println_line(format_args!("{name}: {kind}"))?;
    for line in &attempt.dialogue {
        let line: String = line.chars().map(harmless).collect();
        println_line(format_args!("  {line}"))?;
    }
    match &attempt.verdict {
        Verdict::Delivered => println_line(format_args!("{name}: taken")),
        Verdict::Temporary { cause, error, .. } => {
            eprintln_line(format_args!(
                "{name}: not taken, and would be tried again: {}: {error}",
                cause.label()
            ));
            Ok(())
        }
        Verdict::Permanent { cause, error } => {
            eprintln_line(format_args!(
                "{name}: not taken, and would be given up: {}: {error}",
                cause.label()
            ));
            Ok(())
        }
    }
}
