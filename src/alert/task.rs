//! The alert task: the only writer of the board and of silences, and the only user of the store.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::command::Command;
use super::picture::Picture;
use crate::clock::Clock;
use crate::fleet::Fleet;
use crate::fleet::command::ReloadStatus;

/// What the task is wired to.
#[derive(Debug)]
pub struct Task {
    /// The published fleet.
    pub fleet: watch::Receiver<Arc<Fleet>>,
    /// How reading the configuration went.
    pub reload: watch::Receiver<ReloadStatus>,
    /// Tells now.
    pub clock: Clock,
    /// What others ask for.
    pub commands: mpsc::Receiver<Command>,
    /// Where the picture is published.
    pub published: watch::Sender<Arc<Picture>>,
    /// Where state is kept; `None`: in memory.
    pub state: Option<PathBuf>,
}

impl Task {
    /// Judges and tells until `stop`.
    pub async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Some(command) = self.commands.recv() => {
                    if let Command::Reload { done, .. } = command {
                        let _gone = done.send(Ok(()));
                    }
                }
            }
        }
    }
}
