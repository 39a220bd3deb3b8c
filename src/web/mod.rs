//! `/metrics`, pages and JSON: functions of a snapshot and the time, behind a bounded HTTP server.
//!
//! [`serve`] answers on sockets that [`bind`] opened. What it shows comes in by `watch` and is never
//! changed here; what it asks for (poll now, reload) goes out over bounded channels as plain data.
//!
//! | file | holds |
//! |---|---|
//! | `server`, `connections`, `patience`, `listen` | connections and their limits |
//! | `entrance`, `tls`, `login`, `origin`, `access`, `who` | who is let in, and who may what |
//! | `service`, `route`, `intake`, `answer`, `body` | from a request to an answer |
//! | `metrics`, `pieces`, `listing` | what is as long as the fleet, piece by piece |
//! | `pages`, `html`, `words`, `health` | what people read |
//! | `api`, `discovery`, `probe`, `ready`, `degraded`, `reload` | what programs ask for |
//! | `alerting` | what programs ask of the alert side, and what changes it |

mod access;
mod alerting;
mod answer;
mod api;
mod body;
mod connections;
mod degraded;
mod discovery;
mod entrance;
#[cfg(test)]
mod example;
mod health;
mod html;
mod intake;
mod listen;
mod listing;
mod login;
pub mod metrics;
mod negotiate;
mod origin;
mod pages;
mod patience;
pub mod pieces;
mod probe;
mod query;
mod ready;
mod reload;
mod requests;
mod route;
mod server;
mod service;
mod tls;
mod who;
mod words;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, watch};

use crate::alert_engine::command::Command;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::clock::Clock;
use crate::config::{self, Config, MaxInFlight, PublishedValue, Shard};
use crate::fleet::command::{PollNow, Reload, ReloadStatus};
use crate::fleet::{Fleet, Moment};

pub use entrance::Entrance;
pub use listen::bind;
pub use requests::{Code, Handler, Requests};
pub use server::{Doors, Limits, Peer, serve};

/// What the server is wired to.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The published fleet.
    pub fleet: watch::Receiver<Arc<Fleet>>,
    /// What of the configuration is shown.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// Tells now.
    pub clock: Clock,
    /// Takes requests to poll a phone.
    pub polls: mpsc::Sender<PollNow>,
    /// Takes requests to read the configuration again.
    pub reloads: mpsc::Sender<Reload>,
    /// The published alerts.
    pub alerts: watch::Receiver<Arc<AlertSnapshot>>,
    /// Takes what is asked of the alert task.
    pub commands: mpsc::Sender<Command>,
    /// Why the login ledger is in memory alone, `None` while all is well; not there where it is kept
    /// in memory on purpose.
    pub ledger_fault: Option<watch::Receiver<Option<Arc<str>>>>,
    /// Counts the requests that are answered.
    pub requests: Requests,
    /// What is counted as it happens.
    pub registry: Arc<Registry>,
    /// When the daemon started.
    pub started: Moment,
}

/// What of the configuration is shown, as of the last reload.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What may be shown of phones.
    pub metrics: config::Metrics,
    /// Which P-values are shown.
    pub values: Arc<[PublishedValue]>,
    /// What the page of the configuration says beyond phones and alerts.
    pub overview: Arc<Overview>,
    /// How the network is let in.
    pub entrance: Arc<Entrance>,
    /// How reading the configuration went.
    pub reload: ReloadStatus,
    /// Why the configuration in force is not accepted, and what to do: it lost the phones or receivers
    /// that the one before the start listed.
    pub loss: Option<Arc<str>>,
    /// After this time from the start the daemon is ready even if some phone was never tried: the
    /// largest interval plus the largest timeout.
    pub ready_after: Duration,
}

/// What the page of the configuration says beyond phones and alerts: nothing secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Where the server was told to listen.
    pub listen: Vec<SocketAddr>,
    /// Where state is kept; `None`: in memory.
    pub state_dir: Option<PathBuf>,
    /// Which part of the list is polled here.
    pub shard: Shard,
    /// How many phones may be polled at the same time.
    pub max_in_flight: MaxInFlight,
    /// Names of phones that are listed and not enabled.
    pub disabled: Vec<Box<str>>,
    /// What works but is worth a look.
    pub warnings: Vec<String>,
}

impl Overview {
    /// That of a configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            listen: config.listen.clone(),
            state_dir: config.state_dir.clone(),
            shard: config.shard,
            max_in_flight: config.max_in_flight,
            disabled: config.disabled.clone(),
            warnings: config.warnings.clone(),
        }
    }
}
