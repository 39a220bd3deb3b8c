//! Whether a configuration drops what the one before listed: a file that was emptied or cut is valid
//! YAML, and would silence every alert.
//!
//! [`Counts`] are what is compared. Those that were last taken over are kept in the state directory,
//! so that a daemon that starts on an emptied file knows what it had. Written-out intent is no loss:
//! `alerting.enabled: false` drops receivers, `enabled: false` of a phone keeps it in the list.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::alerting_config;
use crate::config::Config;
use crate::local_files::{Access, StateDir};

/// What a configuration lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    /// Phones, enabled or not.
    pub(super) phones: usize,
    /// Receivers and Alertmanagers.
    pub(super) receivers: usize,
    /// Alerts are switched off, so there need be no receivers.
    #[serde(skip)]
    pub(super) alerts_off: bool,
}

/// Why a configuration is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    /// A watched file changed, perhaps by accident.
    Watched,
    /// A person or a program asked for it, or started the daemon.
    Asked,
    /// An operator accepts what is missing.
    LossAccepted,
}

/// The smallest fleet of which more than half may go only when a reload is asked for.
const SMALLEST_FLEET: usize = 10;

/// What the counts are called in the state directory.
const NAME: &str = "accepted-config.json";

/// How much of the file is read: it is shorter than that.
const LONGEST: u64 = 4096;

impl Counts {
    /// Those of a configuration.
    pub(super) fn of(config: &Config, alerting: &alerting_config::Settings) -> Self {
        Self {
            phones: config.phones.len() + config.disabled.len(),
            receivers: alerting.receivers.len() + alerting.alertmanagers.len(),
            alerts_off: alerting.switched_off,
        }
    }

    /// What of `before` these drop that `trigger` may not drop, in words.
    pub(super) fn loss(self, before: Self, trigger: Trigger) -> Option<String> {
        if trigger == Trigger::LossAccepted {
            return None;
        }
        let (phones, receivers) = (before.phones, before.receivers);
        if phones > 0 && self.phones == 0 {
            return Some(format!(
                "it lists no phones, and the last accepted one lists {phones}"
            ));
        }
        if receivers > 0 && self.receivers == 0 && !self.alerts_off {
            return Some(format!(
                "it lists no receivers, and the last accepted one lists {receivers} (without alerts, \
                 write `alerting: {{ enabled: false }}`)"
            ));
        }
        let is_halved = phones >= SMALLEST_FLEET && 2 * self.phones < phones;
        (trigger == Trigger::Watched && is_halved).then(|| {
            format!(
                "it lists {} phones, and the last accepted one lists {phones}; if that is right, \
                 reload with SIGHUP",
                self.phones
            )
        })
    }

    /// Those that were last taken over; none where nothing is known.
    pub(super) fn last_accepted(state_dir: Option<&Path>) -> Self {
        let Some(state_dir) = state_dir else {
            return Self::default();
        };
        match read(state_dir) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::warn!(%error, "{NAME} in the state directory cannot be read");
                Self::default()
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => {
                tracing::warn!(%error, "What was last accepted cannot be read");
                Self::default()
            }
        }
    }

    /// Keeps them for the next start.
    pub(super) fn accept(self, state_dir: Option<&Path>) {
        let Some(state_dir) = state_dir else {
            return;
        };
        let kept = serde_json::to_vec(&self).expect("numbers have a form in JSON");
        let written =
            StateDir::open(state_dir).and_then(|directory| directory.replace(NAME, &kept));
        if let Err(error) = written.map_err(std::io::Error::from) {
            tracing::warn!(%error, "What was accepted cannot be kept for the next start");
        }
    }
}

fn read(state_dir: &Path) -> std::io::Result<Vec<u8>> {
    let file = StateDir::open(state_dir)?.file(NAME, Access::Read);
    let mut text = Vec::new();
    file?.take(LONGEST).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(phones: usize, receivers: usize) -> Counts {
        Counts {
            phones,
            receivers,
            alerts_off: false,
        }
    }

    #[test]
    fn nothing_left_is_refused_unless_it_is_meant_and_half_of_a_fleet_unless_it_is_asked_for() {
        use Trigger::{Asked, LossAccepted, Watched};
        for (before, after, refused) in [
            (counts(180, 2), counts(180, 2), &[][..]),
            (counts(180, 2), counts(0, 2), &[Watched, Asked]),
            (counts(1, 0), counts(0, 0), &[Watched, Asked]),
            (counts(180, 2), counts(180, 0), &[Watched, Asked]),
            (counts(180, 2), counts(180, 1), &[]),
            (counts(180, 2), counts(90, 2), &[]),
            (counts(180, 2), counts(89, 2), &[Watched]),
            (counts(11, 0), counts(5, 0), &[Watched]),
            (counts(10, 0), counts(5, 0), &[]),
            (counts(9, 0), counts(1, 0), &[]),
            (counts(0, 0), counts(0, 0), &[]),
            (counts(0, 0), counts(5, 1), &[]),
        ] {
            for trigger in [Watched, Asked, LossAccepted] {
                let loss = after.loss(before, trigger);
                let expected = refused.contains(&trigger);
                assert_eq!(loss.is_some(), expected, "{before:?} {after:?} {trigger:?}");
            }
        }
        let off = Counts {
            alerts_off: true,
            ..counts(180, 0)
        };
        assert_eq!(off.loss(counts(180, 2), Watched), None);
    }

    #[test]
    fn what_was_accepted_is_known_after_a_restart() {
        let directory = tempfile::tempdir().expect("a directory");
        let state_dir = Some(directory.path());
        assert_eq!(Counts::last_accepted(state_dir), Counts::default());
        counts(180, 2).accept(state_dir);
        assert_eq!(Counts::last_accepted(state_dir), counts(180, 2));
        std::fs::write(directory.path().join(NAME), "").expect("cut");
        assert_eq!(Counts::last_accepted(state_dir), Counts::default());
        assert_eq!(Counts::last_accepted(None), Counts::default());
    }
}
