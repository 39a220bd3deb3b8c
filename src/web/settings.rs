//! What the server shows and follows of the configuration, as of the last reload.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, Config, MaxInFlight, PublishedValue, Shard};
use crate::fleet::command::ReloadStatus;

use super::server_config::ServerConfig;

/// What of the configuration is shown, as of the last reload.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What may be shown of phones.
    pub metrics: config::Metrics,
    /// Which P-values are shown.
    pub values: Arc<[PublishedValue]>,
    /// What the page of the configuration shows beyond phones and alerts.
    pub summary: Arc<ConfigSummary>,
    /// TLS, users and proxies of the listener.
    pub server_config: Arc<ServerConfig>,
    /// Whether the configuration was read.
    pub reload: ReloadStatus,
    /// Why the configuration in force is not accepted, and how to fix it: it lists no phones or receivers
    /// any more, which the one before the start did.
    pub loss: Option<Arc<str>>,
    /// After this time from the start the daemon is ready even if a phone was never polled: the
    /// largest interval plus the largest timeout.
    pub ready_after: Duration,
}

/// What the page of the configuration shows beyond phones and alerts. Nothing in it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigSummary {
    /// The configured addresses of the listener.
    pub listen: Vec<SocketAddr>,
    /// Where state is kept; `None` if only in memory.
    pub state_dir: Option<PathBuf>,
    /// Which part of the list is polled here.
    pub shard: Shard,
    /// How many phones may be polled at the same time.
    pub max_in_flight: MaxInFlight,
    /// Names of phones that are listed and not enabled.
    pub disabled: Vec<Box<str>>,
    /// Warnings of `check-config`.
    pub warnings: Vec<String>,
}

impl ConfigSummary {
    /// The summary of a configuration.
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
