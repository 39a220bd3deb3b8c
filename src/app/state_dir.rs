//! What the daemon keeps in the file system: the state directory and the control socket.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use socket2::{Domain, SockAddr, Socket, Type};
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
    if is_listened_to(path).with_context(failed)? {
        bail!("{}: another daemon answers there", failed());
    }
    if path.symlink_metadata().is_ok() {
        std::fs::remove_file(path).with_context(failed)?;
    }
    let listener = UnixListener::bind(path).with_context(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).with_context(failed)?;
    Ok(listener)
}

/// Whether somebody listens there, however many already wait to be let in: that one may be stuck,
/// and is not waited for.
fn is_listened_to(path: &Path) -> std::io::Result<bool> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) => Ok(error.kind() == ErrorKind::WouldBlock),
        Ok(()) => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_taken_over_unless_somebody_listens_who_may_be_stuck() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("control.sock");
        std::os::unix::fs::symlink("/nowhere/at/all", &path).expect("a link to nothing");
        drop(control_socket(&path).expect("it is taken over"));
        let stuck = Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
        std::fs::remove_file(&path).expect("what was left behind");
        stuck
            .bind(&SockAddr::unix(&path).expect("an address"))
            .expect("it is free");
        stuck.listen(0).expect("a queue for one");
        for _ in 0..3 {
            let refused = control_socket(&path).expect_err("somebody listens");
            let words = format!("{refused:#}");
            assert!(words.ends_with("another daemon answers there"), "{words}");
        }
        drop(stuck);
        control_socket(&path).expect("it is stale");
    }
}
