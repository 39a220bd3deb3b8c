//! `probe PHONE`: one poll of one phone: each exchange, the metrics, a verdict.
//!
//! Secrets, names and numbers of people are removed from what is shown and saved.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::verdict;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::app;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::fleet::command::ReloadStatus;
use crate::fleet::{Fleet, PollReport, Text};
use crate::poll::login::Gate;
use crate::poll::round::{self, Memory, Task};
use crate::web::metrics::{Format, Page, Scrape};
use crate::web::streaming::{ChunkSource as _, Progress};
use crate::webapi::Exchange;

/// What one probe returned.
struct Probe {
    report: PollReport,
    exchanges: Vec<Exchange>,
    clock: Clock,
}

/// Polls the phone and shows the exchanges, the metrics and the verdict; whether it is up.
pub(super) async fn run(
    config: &Config,
    phone: &config::Phone,
    raw: Option<&Path>,
) -> anyhow::Result<bool> {
    show(config, phone, probe(config, phone).await?, raw)
}

async fn probe(config: &Config, phone: &config::Phone) -> anyhow::Result<Probe> {
    let clock = Clock::real();
    let ledger = app::open_ledger(config.state_dir.as_deref())?;
    let mut gate = Gate::new(phone, Arc::new(ledger), clock.clone());
    Gate::try_together([&mut gate].into_iter());
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
fn show(
    config: &Config,
    phone: &config::Phone,
    probe: Probe,
    raw: Option<&Path>,
) -> anyhow::Result<bool> {
    for exchange in &probe.exchanges {
        show_exchange(exchange)?;
    }
    let up = probe.report.up();
    let fleet = Fleet::new([Arc::clone(&phone.place)]);
    let fleet = fleet.with_report(&phone.place.name, probe.report);
    let now = probe.clock.now();
    let loaded = ReloadStatus {
        successful: true,
        last_success: now,
    };
    let page = Page::new(Scrape {
        phones: fleet.phones().cloned().collect(),
        now,
        settings: Arc::new(app::settings(config, Arc::default(), loaded)),
        alerts: Arc::new(AlertSnapshot::new(Arc::default())),
        exporter: None,
        format: Format::Text,
    });
    println_line!("\n{}", text(page))?;
    if let Some(directory) = raw {
        let folder = save(directory, &fleet, &phone.place.name, &probe.exchanges)?;
        println_line!("\nSaved to {}", folder.display())?;
    }
    println_line!("")?;
    for line in fleet.phones().flat_map(|phone| verdict::lines(phone, now)) {
        println_line!("{line}")?;
    }
    Ok(up)
}

fn text(mut page: Page) -> String {
    let mut text = Vec::new();
    let mut piece = Vec::new();
    while page.fill(&mut piece) == Progress::More {
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
    println_line!(
        "GET {}\n  {status} after {} ms, understood as: {}",
        exchange.request,
        exchange.took.as_millis(),
        exchange.understood
    )?;
    for line in exchange.body.lines() {
        println_line!("  | {line}")?;
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
