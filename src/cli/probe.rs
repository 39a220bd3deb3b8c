//! `probe`: one poll of one phone now, told to a person.
//!
//! It goes the daemon's own way: the same client, the same guard, the same login ledger, so that
//! probing again and again cannot lock a phone. What is shown is free of secrets and of names and
//! numbers of people.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use super::ConfigArg;
use crate::app;
use crate::clock::Clock;
use crate::config::{self, Config, Secrets};
use crate::fleet::command::ReloadStatus;
use crate::fleet::{Fleet, PollReport, Text};
use crate::ledger::Keeper;
use crate::poll::login::Gate;
use crate::poll::round::{self, Memory, Task};
use crate::web::metrics::{Format, Page, Scrape};
use crate::web::pieces::{Filled, Pieces as _};
use crate::webapi::Exchange;

/// Poll one phone now and show what it answered and how that was understood
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  grandstream-exporter probe reception --config /etc/grandstream-exporter/config.yaml"
)]
pub(super) struct Args {
    /// Name of the phone in the configuration
    phone: String,
    #[command(flatten)]
    config: ConfigArg,
    /// Save the answers, freed of secrets, in a folder <model>-<firmware> below this directory
    #[arg(long, value_name = "DIRECTORY", num_args = 0..=1, default_missing_value = ".")]
    raw: Option<PathBuf>,
}

/// What one probe brought.
struct Probe {
    report: PollReport,
    exchanges: Vec<Exchange>,
    clock: Clock,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let config = match config::load(&args.config.config, &super::environment(), Secrets::Read) {
        Ok(config) => config,
        Err(faults) => return super::failed(&faults.into()),
    };
    let named = config
        .phones
        .iter()
        .find(|phone| *phone.place.name == *args.phone)
        .map(Arc::clone);
    let Some(phone) = named else {
        super::complain(format_args!(
            "{}: there is no enabled phone `{}`; `check-config` and the fleet page know the names",
            args.config.config.display(),
            args.phone
        ));
        return ExitCode::from(super::USAGE);
    };
    let shown = super::block_on(|stop| async move {
        match stop.run_until_cancelled(probe(&config, &phone)).await {
            Some(probe) => show(args, &config, &phone, probe?),
            None => anyhow::bail!("interrupted"),
        }
    });
    match shown {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => super::failed(&error),
    }
}

async fn probe(config: &Config, phone: &config::Phone) -> anyhow::Result<Probe> {
    let clock = Clock::real();
    let ledger = app::open_ledger(config.state_dir.as_deref(), Keeper::Command)?;
    let gate = Gate::new(phone, Arc::new(ledger), clock.clone());
    let mut memory = Memory::new(crate::poll::target(phone)?, gate).await;
    memory.client().record();
    let task = Task {
        phone,
        keep: config.metrics.keep,
        values: true,
    };
    let report = round::poll(&mut memory, task, &clock).await;
    Ok(Probe {
        report,
        exchanges: memory.client().take_exchanges(),
        clock,
    })
}

/// Shows the probe; whether the phone is up.
fn show(args: &Args, config: &Config, phone: &config::Phone, probe: Probe) -> anyhow::Result<bool> {
    for exchange in &probe.exchanges {
        show_exchange(exchange)?;
    }
    for (endpoint, failure) in probe.report.failures() {
        let what = endpoint.map_or("the poll", |endpoint| endpoint.label());
        super::say(format_args!(
            "{what} failed: {failure}; {}",
            failure.reason.mend()
        ))?;
    }
    let up = probe.report.up();
    let fleet = Fleet::new([Arc::clone(&phone.place)]);
    let fleet = fleet.with_report(&phone.place.name, probe.report);
    let now = probe.clock.now();
    let loaded = ReloadStatus {
        successful: true,
        last_success: now.wall,
    };
    let page = Page::new(Scrape {
        phones: fleet.phones().cloned().collect(),
        now,
        settings: Arc::new(app::settings(config, Arc::default(), loaded)),
        exporter: None,
        format: Format::Text,
    });
    super::say(format_args!("\n{}", text(page)))?;
    if let Some(directory) = &args.raw {
        let folder = save(directory, &fleet, &phone.place.name, &probe.exchanges)?;
        super::say(format_args!("\nSaved to {}", folder.display()))?;
    }
    Ok(up)
}

fn text(mut page: Page) -> String {
    let mut text = Vec::new();
    let mut piece = Vec::new();
    while page.fill(&mut piece) == Filled::Full {
        text.append(&mut piece);
    }
    text.append(&mut piece);
    String::from_utf8_lossy(&text).trim_end().to_owned()
}

fn show_exchange(exchange: &Exchange) -> std::io::Result<()> {
    let status = match exchange.status {
        Some(status) => format!("HTTP {status}"),
        None => "no answer".to_owned(),
    };
    super::say(format_args!(
        "GET {}\n  {status} after {} ms, understood as: {}",
        exchange.request,
        exchange.took.as_millis(),
        exchange.understood
    ))?;
    for line in exchange.body.lines() {
        super::say(format_args!("  | {line}"))?;
    }
    Ok(())
}

/// One file an exchange, in a folder named after the phone.
fn save(
    directory: &Path,
    fleet: &Fleet,
    name: &str,
    exchanges: &[Exchange],
) -> anyhow::Result<PathBuf> {
    let values = fleet
        .phone(name)
        .map(|phone| &phone.values)
        .and_then(|part| part.last());
    let word = |text: Option<&Text>| -> String {
        let text = text.map_or("unknown", Text::as_str);
        text.chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '.' {
                    c
                } else {
                    '_'
                }
            })
            .collect()
    };
    let model = word(values.and_then(|values| values.model()));
    let firmware = word(values.and_then(|values| values.firmware()));
    let folder = directory.join(format!("{model}-{firmware}"));
    let failed = || format!("failed to save to {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(failed)?;
    for (n, exchange) in exchanges.iter().enumerate() {
        let path = exchange
            .request
            .split(['?', ' '])
            .next()
            .unwrap_or_default();
        let endpoint = path.rsplit('/').next().unwrap_or_default();
        let status = exchange
            .status
            .map_or("none".to_owned(), |status| status.to_string());
        let text = format!(
            "GET {}\nstatus: {status}\nunderstood: {}\n\n{}\n",
            exchange.request, exchange.understood, exchange.body
        );
        std::fs::write(folder.join(format!("{n:02}-{endpoint}.txt")), text).with_context(failed)?;
    }
    Ok(folder)
}
