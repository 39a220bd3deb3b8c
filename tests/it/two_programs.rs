//! Daemon and commands log in to one phone at the same time: one login after the other, and none is
//! taken for refused.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grandstream_exporter::clock::Clock;
use grandstream_exporter::config::{self, Environment, Secrets};
use grandstream_exporter::fleet::{PollReport, Reason};
use grandstream_exporter::ledger::{Keeper, Ledger};
use grandstream_exporter::poll;
use grandstream_exporter::poll::login::Gate;
use grandstream_exporter::sim::{self, Behaviour};
use grandstream_exporter::webapi::Client;
use tokio::time::Instant;

use crate::harness::{config_for, spec};

/// How often each program logs in.
const LOGINS: usize = 60;

/// One program: its own view of the ledger in this directory.
struct Program {
    phone: Arc<config::Phone>,
    gate: Gate,
}

impl Program {
    fn start(directory: &Path, keeper: Keeper) -> Self {
        let path = directory.join("config.yaml");
        let config = config::load(&path, &Environment::default(), Secrets::Read).expect("valid");
        let phone = Arc::clone(&config.phones[0]);
        let ledger = Ledger::open(directory, keeper).expect("a ledger");
        let gate = Gate::new(&phone, Arc::new(ledger), Clock::real());
        Self { phone, gate }
    }

    /// Logs in again and again; why some of them failed.
    async fn work(self) -> Vec<Reason> {
        let mut failures = Vec::new();
        for _ in 0..LOGINS {
            let target = poll::target(&self.phone).expect("a target");
            let habits = self.gate.record().await.habits;
            let mut client = Client::new(target, habits);
            client.open(Instant::now() + Duration::from_secs(30));
            let mut report = PollReport::new(Clock::real().now());
            let credential = &self.phone.credential;
            let entered = self.gate.log_in(&mut client, credential, &mut report).await;
            if let Err(failure) = entered {
                failures.push(failure.reason);
                assert_eq!(report.held, None, "{failure}");
            }
        }
        failures
    }
}

fn configure(phone: &sim::Phone) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("config.yaml"), config_for(&[phone])).expect("written");
    directory
}

#[tokio::test]
async fn a_login_on_its_way_is_never_taken_for_one_that_was_refused() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    let directory = configure(&phone);
    let daemon = Program::start(directory.path(), Keeper::Daemon);
    let command = Program::start(directory.path(), Keeper::Command);
    let gate = daemon.gate.clone();
    let (first, second) = tokio::join!(daemon.work(), command.work());
    let failures = [first, second].concat();
    assert!(
        failures.iter().all(|reason| *reason == Reason::Login),
        "{failures:?}"
    );
    assert_eq!(phone.refusals(), 0);
    assert_eq!(gate.locked().await, None);
    let logins = usize::try_from(phone.logins()).expect("a number");
    assert_eq!(logins + failures.len(), 2 * LOGINS);
}

#[tokio::test]
async fn a_command_waits_for_the_login_of_the_daemon() {
    let phone = sim::Phone::start(spec(Behaviour::default())).await;
    let directory = configure(&phone);
    let daemon = Program::start(directory.path(), Keeper::Daemon);
    let mut command = Program::start(directory.path(), Keeper::Command);
    Gate::try_together([&mut command.gate].into_iter());
    let (_, failures) = tokio::join!(daemon.work(), command.work());
    assert_eq!(failures, []);
    assert_eq!(phone.refusals(), 0);
}
