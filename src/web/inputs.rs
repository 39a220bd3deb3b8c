//! What the server is wired to: snapshots that come in, requests that go out.

use std::sync::Arc;

use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, watch};

use crate::alert_engine::command::Command;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::clock::Clock;
use crate::fleet::command::{PollNow, Reload};
use crate::fleet::{Fleet, Moment};

use super::request_metrics::RequestMetrics;
use super::settings::Settings;

/// What the server is wired to.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The published fleet.
    pub fleet: watch::Receiver<Arc<Fleet>>,
    /// What the server follows of the configuration.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// Reads the time.
    pub clock: Clock,
    /// Requests to poll a phone.
    pub polls: mpsc::Sender<PollNow>,
    /// Requests to reload the configuration.
    pub reloads: mpsc::Sender<Reload>,
    /// The published alerts.
    pub alerts: watch::Receiver<Arc<AlertSnapshot>>,
    /// Commands to the alert task.
    pub commands: mpsc::Sender<Command>,
    /// Why the login ledger is only in memory, `None` while it is on disk; absent where it is kept in
    /// memory on purpose.
    pub ledger_fault: Option<watch::Receiver<Option<Arc<str>>>>,
    /// Counts requests.
    pub requests: RequestMetrics,
    /// Metrics that are counted as things happen.
    pub registry: Arc<Registry>,
    /// When the daemon started.
    pub started: Moment,
}
