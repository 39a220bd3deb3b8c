//! `/metrics`, pages and JSON: functions of a snapshot and the time, behind a bounded HTTP server.
//!
//! [`serve`] answers on sockets that [`bind`] opened. What it shows comes in by `watch` and is never
//! changed here; what it asks for (poll now, reload) goes out over bounded channels as plain data.
//!
//! | file | holds |
//! |---|---|
//! | `server`, `connections`, `write_timeout`, `listen` | connections and their limits |
//! | `server_config`, `tls`, `basic_auth`, `csrf`, `access`, `peer_user` | who is let in, and who may what |
//! | `service`, `route`, `request_body`, `response`, `body` | from a request to its response |
//! | `metrics`, `streaming`, `json_list` | what is as long as the fleet, chunk by chunk |
//! | `pages`, `html`, `humanize`, `phone_health` | pages for people |
//! | `api`, `http_sd`, `probe`, `ready`, `reload` | endpoints for programs |
//! | `alerting` | alerts, silences, events and notifications for programs, and the actions on them |

mod access;
mod alerting;
mod api;
mod basic_auth;
mod body;
mod connections;
mod csrf;
mod html;
mod http_sd;
mod humanize;
mod json_list;
mod listen;
pub mod metrics;
mod negotiate;
mod pages;
mod peer_user;
mod phone_health;
mod probe;
mod query;
mod ready;
mod reload;
mod request_body;
mod request_metrics;
mod response;
mod route;
mod server;
mod server_config;
mod service;
pub mod streaming;
#[cfg(test)]
mod testing;
mod tls;
mod write_timeout;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, watch};

use crate::alert::Picture;
use crate::alert::command::Command;
use crate::clock::Clock;
use crate::config::{self, Config, MaxInFlight, PublishedValue, Shard};
use crate::fleet::command::{PollNow, Reload, ReloadStatus};
use crate::fleet::{Fleet, Moment};

pub use listen::bind;
pub use request_metrics::{Handler, RequestMetrics};
pub use server::{Limits, Listeners, Peer, serve};
pub use server_config::ServerConfig;

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
    pub alerts: watch::Receiver<Arc<Picture>>,
    /// Takes what is asked of the alert task.
    pub commands: mpsc::Sender<Command>,
    /// Counts the requests that are answered.
    pub requests: RequestMetrics,
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
    pub overview: Arc<ConfigSummary>,
    /// How the network is let in.
    pub server_config: Arc<ServerConfig>,
    /// How reading the configuration went.
    pub reload: ReloadStatus,
    /// After this time from the start the daemon is ready even if some phone was never tried: the
    /// largest interval plus the largest timeout.
    pub ready_after: Duration,
}

/// What the page of the configuration says beyond phones and alerts: nothing secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigSummary {
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

impl ConfigSummary {
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
