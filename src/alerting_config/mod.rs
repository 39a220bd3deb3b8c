//! What the section `alerting` says, resolved: which rules, what keeps alerts back, and who is told.
//!
//! Valid by construction: rules are checked, templates compile, names that are referred to exist.
//! Silences, windows and the history of events are there even where alerts are not judged here, so
//! that rules that were exported to Prometheus obey the same silences.
//!
//! The section is read here, with the tools of `config`, so that a condition is added in one room.

mod alertmanagers;
mod can_fire;
mod conditions;
mod email;
mod http_client;
mod inhibit;
mod keys;
mod known_labels;
mod match_scope;
#[cfg(test)]
mod pasted_inhibit_rules;
mod patterns;
mod read;
mod receivers;
mod renamed;
mod rule_keys;
mod rules;
mod secret;
mod time_intervals;
mod unsupported;
mod webhook;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::alerts::annotations::AnnotationTemplates;
use crate::alerts::board::Rules;
use crate::alerts::suppress::Suppression;
use crate::config::read::load_with;
use crate::config::{Config, Environment, Faults, Secrets};
use crate::notify::alertmanager::Sender;
use crate::notify::channel::Heartbeat;
use crate::notify::channel::{Alertmanager, Receiver};
use crate::rules::export::Group;

pub use conditions::known_conditions;
pub use keys::known_keys;

/// Everything the alert daemon was told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether alerts are judged and told here; if not, `rules`, `receivers` and `alertmanagers` are
    /// empty.
    pub enabled: bool,
    /// Whether `enabled: false` is written out, not merely left out.
    pub switched_off: bool,
    /// Where people find the pages of this exporter, without a slash at its end; empty if unknown.
    pub external_url: Box<str>,
    /// How often everything is looked at; what polls find is looked at as it comes.
    pub evaluation_interval: Duration,
    /// The rules in force: packs that are on, tuned, and the operator's own.
    pub rules: Arc<Rules>,
    /// Their texts.
    pub texts: Arc<AnnotationTemplates>,
    /// What keeps alerts from being said.
    pub suppression: Arc<Suppression>,
    /// The Alertmanagers: each gets every alert.
    pub alertmanagers: Vec<Arc<Alertmanager>>,
    /// What is said of every alert to Alertmanagers.
    pub sender: Sender,
    /// Who is told here.
    pub receivers: Vec<Arc<Receiver>>,
    /// Who notices when the daemon is dead.
    pub heartbeat: Option<Heartbeat>,
    /// How long a silence may be at most.
    pub longest_silence: Duration,
}

/// How long a silence may be where nothing else is configured.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(30 * 24 * 3600);

/// How often everything is looked at where nothing else is configured.
pub const EVALUATION_INTERVAL: Duration = Duration::from_secs(15);

impl Default for Settings {
    /// Alerts are not judged here.
    fn default() -> Self {
        Self {
            enabled: false,
            switched_off: false,
            external_url: Box::default(),
            evaluation_interval: EVALUATION_INTERVAL,
            rules: Arc::default(),
            texts: Arc::default(),
            suppression: Arc::default(),
            alertmanagers: Vec::new(),
            sender: Sender::default(),
            receivers: Vec::new(),
            heartbeat: None,
            longest_silence: LONGEST_SILENCE,
        }
    }
}

/// Reads the whole configuration, `alerting` included; every fault at once. Blocks on files.
pub fn load(
    path: &Path,
    environment: &Environment,
    secrets: Secrets,
) -> Result<(Config, Settings), Faults> {
    let (config, read) = load_with(path, environment, secrets, read::alerting)?;
    Ok((config, read.settings.in_force()))
}

/// The rules of a configuration, whether alerts are judged here or the rules are for somebody else.
#[derive(Clone, Debug)]
pub struct RuleBook {
    /// Under the names of their packs, the operator's own last; disabled ones included.
    pub groups: Vec<Group>,
    /// What keeps their alerts back.
    pub suppression: Arc<Suppression>,
    /// The page with the runbooks of ready-made rules.
    pub runbooks: Box<str>,
}

/// Reads the whole configuration for its rules; secrets are left alone. Blocks on files.
pub fn rule_book(path: &Path, environment: &Environment) -> Result<(Config, RuleBook), Faults> {
    let (config, read) = load_with(path, environment, Secrets::Skip, read::alerting)?;
    let book = RuleBook {
        groups: read.groups,
        suppression: read.settings.suppression,
        runbooks: read.runbooks,
    };
    Ok((config, book))
}

impl Settings {
    /// The receiver of this name.
    pub fn receiver(&self, name: &str) -> Option<&Arc<Receiver>> {
        let mut receivers = self.receivers.iter();
        receivers.find(|one| *one.route.receiver == *name)
    }

    /// What is in force of it: where alerts are not judged here, nobody is told of any.
    fn in_force(self) -> Self {
        if self.enabled {
            return self;
        }
        Self {
            rules: Arc::default(),
            texts: Arc::default(),
            alertmanagers: Vec::new(),
            receivers: Vec::new(),
            heartbeat: None,
            ..self
        }
    }
}
