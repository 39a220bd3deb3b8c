//! The login ledger as commands open it: the daemon's own, so that commands and daemon share one
//! budget of refused logins.
//!
//! A state directory that is missing is made, as the daemon would: kept in memory, what a phone
//! refused would be forgotten with each command, and a few of them in a row would lock it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::Context;

use crate::ledger::{Keeper, Ledger};

/// The ledger in this directory; in memory where none is configured.
pub(super) fn open(state_dir: Option<&Path>) -> anyhow::Result<Ledger> {
    let Some(state_dir) = state_dir else {
        return Ok(Ledger::in_memory());
    };
    make(state_dir)?;
    Ok(Ledger::open(state_dir, Keeper::Command)?)
}

/// Makes the state directory if it is missing, for its owner alone.
pub(super) fn make(state_dir: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state_dir)
        .with_context(|| {
            format!(
                "failed to make state_dir {}; run this as the user of the daemon",
                state_dir.display()
            )
        })
}
