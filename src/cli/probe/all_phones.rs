//! `probe --all`: one poll of every phone, and how many have which problem.
//!
//! At most `max_in_flight` phones are polled at the same time, as by the daemon.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{ListOptions, posture};
use crate::app;
use crate::cli::problems::{self, PhoneStatus};
use crate::cli::progress::Progress;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::fleet::reading::Keep;
use crate::fleet::{self, Fleet, PollReport};
use crate::ledger::Ledger;
use crate::poll::Targets;
use crate::poll::login::Gate;
use crate::poll::round::{self, Memory, Task};

/// Polls all phones and prints their problems; whether there is none.
pub(super) async fn run(config: &Config, options: &ListOptions) -> anyhow::Result<bool> {
    let ledger = Arc::new(app::open_ledger(config.state_dir.as_deref())?);
    let fleet = poll_all(config, &ledger).await;
    let statuses: Vec<_> = fleet.phones().map(|phone| PhoneStatus::of(phone)).collect();
    let is_well = !fleet
        .phones()
        .zip(&statuses)
        .any(|(phone, status)| status.has_problem() && !is_away(phone));
    if options.json {
        posture::write_json(&fleet, &statuses)?;
    } else {
        problems::print(&statuses, &options.by, options.problems)?;
        print_away(&fleet)?;
        if options.posture {
            posture::print(&fleet)?;
        }
    }
    Ok(is_well && (!options.posture || posture::is_sound(&fleet)))
}

async fn poll_all(config: &Config, ledger: &Arc<Ledger>) -> Fleet {
    let clock = Clock::real();
    let mut targets = Targets::default();
    let mut fleet = Fleet::new(config.phones.iter().map(|phone| Arc::clone(&phone.place)));
    let mut polls = JoinSet::new();
    let mut gates: Vec<_> = config
        .phones
        .iter()
        .map(|phone| Gate::new(phone, Arc::clone(ledger), clock.clone()))
        .collect();
    Gate::try_together(gates.iter_mut());
    let mut waiting = config.phones.iter().zip(gates);
    let capacity = config
        .max_in_flight
        .capacity(config.phones.len(), app::raise_open_files());
    let progress = Progress::new(config.phones.len() as u64, "phones");
    loop {
        while polls.len() < capacity.polls
            && let Some((phone, gate)) = waiting.next()
        {
            let once = OnePoll {
                phone: Arc::clone(phone),
                gate,
                clock: clock.clone(),
                keep: config.metrics.keep,
            };
            polls.spawn(once.poll(targets.of(phone)));
        }
        let Some(polled) = polls.join_next().await else {
            break;
        };
        let (phone, report) = polled.expect("a poll neither panics nor is cancelled");
        fleet = fleet.with_report(&phone.place.name, report);
        progress.advance();
    }
    fleet
}

/// One poll of one phone.
struct OnePoll {
    phone: Arc<config::Phone>,
    gate: Gate,
    clock: Clock,
    keep: Keep,
}

impl OnePoll {
    async fn poll(
        self,
        target: Result<crate::webapi::Target, fleet::Failure>,
    ) -> (Arc<config::Phone>, PollReport) {
        let target = match target {
            Ok(target) => target,
            Err(failure) => {
                let mut report = PollReport::new(self.clock.now());
                report.failure = Some(failure);
                return (self.phone, report);
            }
        };
        let mut memory = Memory::new(target, self.gate).await;
        let task = Task {
            phone: &self.phone,
            keep: self.keep,
            values: true,
        };
        let report = round::poll(&mut memory, task, &self.clock).await;
        (self.phone, report)
    }
}

/// Whether the phone is portable and out of reach.
fn is_away(phone: &fleet::Phone) -> bool {
    phone.place.portable && phone.last.as_ref().is_some_and(|last| !last.reachable)
}

fn print_away(fleet: &Fleet) -> std::io::Result<()> {
    match fleet.phones().filter(|phone| is_away(phone)).count() {
        0 => Ok(()),
        away => println_line!("{away} of the phones that are down are portable and may be away"),
    }
}
