//! What the daemon keeps in the state directory, and how it goes on where that cannot be used.
//!
//! Nothing about the directory keeps the daemon from starting but another daemon that runs on it: the
//! login ledger and the state of alerts then live in memory, which log, metrics, pages and commands say,
//! and return to the disk by themselves.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Keeper, Ledger};
use crate::local_files::{Access, LOCK, LocalFileError, StateDir};

/// How often the way back to a disk that failed is tried: soon enough for a person who cleared it,
/// rarely enough to cost nothing.
const RETURN_EVERY: Duration = Duration::from_secs(30);

/// The ledger for commands in the state directory, which is made if it is missing; without one, in
/// memory.
pub fn open_ledger(directory: Option<&Path>) -> anyhow::Result<Ledger> {
    let Some(directory) = directory else {
        no_state_dir();
        return Ok(Ledger::in_memory());
    };
    StateDir::open_or_make(directory)?;
    Ok(Ledger::open(directory, Keeper::Command)?)
}

/// The ledger for the daemon, in memory where the disk does not work.
pub(super) fn open_ledger_or_memory(directory: Option<&Path>) -> Ledger {
    match directory {
        None => {
            no_state_dir();
            Ledger::in_memory()
        }
        Some(directory) => Ledger::open_or_memory(directory),
    }
}

fn no_state_dir() {
    tracing::warn!(
        "No state_dir: refused logins, and with the daemon its alerts, silences and events, are \
         forgotten when the process ends; set `state_dir`"
    );
}

/// Makes the state directory, made if it is missing, this daemon's own until the lock is dropped: two
/// that send from one outbox would send all twice. Commands beside the daemon need no lock. A
/// directory that cannot be used has no lock, and the daemon starts all the same.
pub(super) fn claim(directory: Option<&Path>) -> anyhow::Result<Option<File>> {
    let Some(directory) = directory else {
        return Ok(None);
    };
    let file = match lock_file(directory) {
        Ok(file) => file,
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(
                "The state directory cannot be used: {error}{}; what must survive a restart is kept in \
                 memory until it can",
                source.map_or_else(String::new, |source| format!(": {source}"))
            );
            return Ok(None);
        }
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => bail!(
            "another daemon runs on state_dir {}; stop it, or give this one a directory of its own",
            directory.display()
        ),
        Err(TryLockError::Error(error)) => {
            // Some network file systems know no locks; that is no reason not to run.
            tracing::warn!(%error, "{} cannot be locked", directory.join(LOCK).display());
            Ok(Some(file))
        }
    }
}

fn lock_file(directory: &Path) -> Result<File, LocalFileError> {
    let directory = StateDir::open_or_make(directory)?;
    let file = directory.file_or_new(LOCK);
    // What cannot be written can be locked.
    file.or_else(|error| {
        directory
            .file(LOCK, Access::Read)
            .map_err(|_unreadable| error)
    })
}

/// Where the state of alerts is kept in the state directory.
pub(super) fn database(directory: Option<&Path>) -> Option<PathBuf> {
    Some(directory?.join("alerts.sqlite"))
}

/// Brings the ledger back to the disk whenever that works again, until `stop`.
pub(super) async fn return_ledger(
    ledger: Arc<Ledger>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut tick = tokio::time::interval(RETURN_EVERY);
    // One try after a long pause is worth as much as several.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let fault = ledger.fault();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = tick.tick() => {}
        }
        if fault.borrow().is_some() {
            let ledger = Arc::clone(&ledger);
            tokio::task::spawn_blocking(move || ledger.try_return()).await?;
        }
    }
}
