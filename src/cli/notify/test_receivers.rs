//! `notify test`: a test notification to each receiver and each Alertmanager, with the conversation.
//!
//! It goes the way of real notifications, but needs no daemon: neither outbox nor notification log
//! change.

use std::process::ExitCode;
use std::sync::Arc;

use crate::alerting_config;
use crate::alerting_config::Settings;
use crate::cli::{self, ConfigArg, FlagArgs, UsageError};
use crate::clock::Clock;
use crate::config::Secrets;
use crate::fleet::text::harmless;
use crate::notify::channel::{Alertmanager, Channel, Receiver};
use crate::notify::retry::DeliveryResult;
use crate::notify::send::{self, Attempt, PostResult};
use crate::notify::test_notification;

/// Send a test notification to receivers; exit status 1 if one does not accept it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter notify test --config /etc/grandstream-exporter/config.yaml"
)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    flags: FlagArgs,
    /// Only to this receiver, or to the Alertmanager at this HOST:PORT
    #[arg(long, value_name = "NAME")]
    receiver: Option<String>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let file = &args.config.config;
    let (_, settings) = alerting_config::load(file, &args.flags.environment(), Secrets::Read)?;
    let name = args.receiver.as_deref();
    let is_meant = |one: &str| name.is_none_or(|name| one == name);
    let receivers = settings.receivers.iter();
    let receivers: Vec<_> = receivers
        .filter(|one| is_meant(&one.route.receiver))
        .collect();
    let alertmanagers = settings.alertmanagers.iter();
    let alertmanagers: Vec<_> = alertmanagers.filter(|one| is_meant(&one.name)).collect();
    if receivers.is_empty() && alertmanagers.is_empty() {
        let error = format!("{}: {}", file.display(), no_receiver(&settings, name));
        return Err(UsageError(error).into());
    }
    cli::interruptible(async {
        let receivers = test_receivers(&receivers, &settings.external_url).await?;
        let alertmanagers = test_alertmanagers(&alertmanagers).await?;
        Ok(cli::exit_code(receivers && alertmanagers))
    })
}

fn no_receiver(settings: &Settings, name: Option<&str>) -> String {
    let receivers = settings.receivers.iter().map(|one| &*one.route.receiver);
    let alertmanagers = settings.alertmanagers.iter().map(|one| &*one.name);
    let names: Vec<_> = receivers.chain(alertmanagers).collect();
    match name {
        Some(name) if !names.is_empty() => {
            format!("no receiver `{name}`; configured are {}", names.join(", "))
        }
        _ => "no receiver is configured; add one below `alerting.receivers`".to_owned(),
    }
}

/// Sends the test notification to each; whether every one accepted it.
async fn test_receivers(receivers: &[&Arc<Receiver>], external_url: &str) -> anyhow::Result<bool> {
    let mut all_accepted = true;
    for receiver in receivers {
        let now = Clock::real().now().wall;
        let delivery = test_notification::delivery(receiver, external_url, now);
        let attempt = send::send(receiver, &delivery).await;
        print_attempt(receiver, &attempt)?;
        all_accepted &= attempt.result == DeliveryResult::Delivered;
    }
    Ok(all_accepted)
}

async fn test_alertmanagers(alertmanagers: &[&Arc<Alertmanager>]) -> anyhow::Result<bool> {
    let mut all_accepted = true;
    for alertmanager in alertmanagers {
        let name = &alertmanager.name;
        println_line!("{name}: Alertmanager")?;
        let body = test_notification::posted(Clock::real().now().wall);
        match send::post_alerts(alertmanager, &body).await {
            PostResult::Accepted => {
                println_line!("{name}: accepted; routing is up to Alertmanager")?;
            }
            PostResult::Refused { error } | PostResult::Failed { error, .. } => {
                eprintln_line!("{name}: not accepted: {error}");
                all_accepted = false;
            }
        }
    }
    Ok(all_accepted)
}

fn print_attempt(receiver: &Receiver, attempt: &Attempt) -> std::io::Result<()> {
    let name = &receiver.route.receiver;
    let kind = match &receiver.channel {
        Channel::Webhook(_) => "webhook",
        Channel::Email(_) => "email",
    };
    println_line!("{name}: {kind}")?;
    for line in &attempt.dialogue {
        let line: String = line.chars().map(harmless).collect();
        println_line!("  {line}")?;
    }
    match &attempt.result {
        DeliveryResult::Delivered => println_line!("{name}: accepted"),
        DeliveryResult::Temporary { reason, error, .. } => {
            eprintln_line!(
                "{name}: not accepted, would be retried: {}: {error}",
                reason.label()
            );
            Ok(())
        }
        DeliveryResult::Permanent { reason, error } => {
            eprintln_line!(
                "{name}: not accepted, would become a dead letter: {}: {error}",
                reason.label()
            );
            Ok(())
        }
    }
}
