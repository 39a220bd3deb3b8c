//! What the daemon keeps in the file system: the state directory and the control socket.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::net::UnixListener;

use crate::ledger::{Keeper, Ledger};

/// The ledger in the state directory, which is made if it is missing; without one, in memory.
pub fn open_ledger(directory: Option<&Path>, keeper: Keeper) -> anyhow::Result<Ledger> {
    let Some(directory) = directory else {
        tracing::warn!(
            "No state_dir: refused logins, and with the daemon its alerts, silences and events, are \
             forgotten when the process ends; set `state_dir`"
        );
        return Ok(Ledger::in_memory());
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .with_context(|| {
            format!(
                "failed to make state_dir {}; make it by hand and give it to this user",
                directory.display()
            )
        })?;
    Ok(Ledger::open(directory, keeper)?)
}

/// Makes the state directory, which is there, this daemon's own until the lock is dropped: two that
/// send from one outbox would send all twice. Commands beside the daemon need no lock.
pub(super) fn claim(directory: Option<&Path>) -> anyhow::Result<Option<File>> {
    let Some(directory) = directory else {
        return Ok(None);
    };
    let path = directory.join("daemon.lock");
    let file = File::create(&path).with_context(|| format!("failed to make {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => bail!(
            "another daemon runs on state_dir {}; stop it, or give this one a directory of its own",
            directory.display()
        ),
        Err(TryLockError::Error(error)) => {
            // Some network file systems know no locks; that is no reason not to run.
            tracing::warn!(%error, "{} cannot be locked", path.display());
            Ok(Some(file))
        }
    }
}

/// Where the state of alerts is kept in the state directory.
pub(super) fn database(directory: Option<&Path>) -> Option<PathBuf> {
    Some(directory?.join("alerts.sqlite"))
}

/// Listens on the control socket: owner and group may speak to it.
pub(super) fn control_socket(path: &Path) -> anyhow::Result<UnixListener> {
    let failed = || format!("failed to listen on the control socket {}", path.display());
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        bail!("{}: another daemon answers there", failed());
    }
    if path.exists() {
        std::fs::remove_file(path).with_context(failed)?;
    }
    let listener = UnixListener::bind(path).with_context(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).with_context(failed)?;
    Ok(listener)
}
