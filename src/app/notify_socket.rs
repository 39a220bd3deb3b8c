//! The socket on which systemd listens for `READY=1` and the like.
//!
//! A datagram socket whose reader does not read holds a few messages, and a sender of one more would
//! wait for ever. Nothing here waits: what finds no room is kept until the next attempt, the newest
//! of its kind, or dropped where it says nothing later.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Arc, Mutex, PoisonError};

use sd_notify::NotifyState;

/// Where systemd is told; cheap to clone. Without systemd nothing is sent anywhere.
#[derive(Clone, Debug, Default)]
pub(super) struct NotifySocket(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    socket: UnixDatagram,
    address: SocketAddr,
    unsent: Mutex<Unsent>,
}

/// What systemd did not take yet.
#[derive(Debug, Default)]
struct Unsent {
    /// Ready, reloading or stopping: what was so before matters no more.
    state: Option<String>,
    status: Option<String>,
    /// Whether it was logged that nothing is taken.
    stuck: bool,
}

impl NotifySocket {
    /// The socket of this name, as `$NOTIFY_SOCKET` has it: a path, or `@` and an abstract name.
    pub(super) fn open(name: Option<OsString>) -> Self {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Self::default();
        };
        match Shared::open(name.as_bytes()) {
            Ok(shared) => Self(Some(Arc::new(shared))),
            Err(error) => {
                let name = name.display();
                tracing::warn!(%error, "Failed to open the notify socket {name} of systemd");
                Self::default()
            }
        }
    }

    /// The daemon serves.
    pub(super) fn ready(&self) {
        self.state(&[NotifyState::Ready]);
    }

    /// The configuration is being read again.
    pub(super) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.state(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "Failed to read the monotonic clock"),
        }
    }

    /// The daemon ends.
    pub(super) fn stopping(&self) {
        self.state(&[NotifyState::Stopping]);
    }

    /// How the fleet does.
    pub(super) fn status(&self, status: &str) {
        self.keep(|unsent| unsent.status = Some(NotifyState::Status(status).to_string()));
    }

    /// Sends again what was not taken yet.
    pub(super) fn retry(&self) {
        self.keep(|_| {});
    }

    /// The daemon is alive. A ping that finds no room says nothing later.
    pub(super) fn watchdog(&self) {
        if let Some(shared) = &self.0 {
            shared.send(&NotifyState::Watchdog.to_string());
        }
    }

    fn state(&self, state: &[NotifyState<'_>]) {
        let lines: Vec<_> = state.iter().map(ToString::to_string).collect();
        self.keep(|unsent| unsent.state = Some(lines.join("\n")));
    }

    /// Changes what is to be sent, and sends what is taken.
    fn keep(&self, change: impl FnOnce(&mut Unsent)) {
        let Some(shared) = &self.0 else { return };
        let mut unsent = shared.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut unsent);
        let Unsent { state, status, .. } = &mut *unsent;
        for message in [state, status] {
            if message.as_ref().is_some_and(|text| shared.send(text)) {
                *message = None;
            }
        }
        let is_stuck = unsent.state.is_some() || unsent.status.is_some();
        if is_stuck && !unsent.stuck {
            tracing::warn!("systemd does not read its notify socket; notifications wait");
        }
        unsent.stuck = is_stuck;
    }
}

impl Shared {
    fn open(name: &[u8]) -> io::Result<Self> {
        let address = match name.strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name))?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            address,
            unsent: Mutex::default(),
        })
    }

    /// Whether it need not be sent again.
    fn send(&self, message: &str) -> bool {
        let sent = self.socket.send_to_addr(message.as_bytes(), &self.address);
        match sent {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => {
                tracing::warn!(%error, "Failed to notify systemd");
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that the socket holds.
    fn drain(socket: &UnixDatagram) -> Vec<String> {
        let mut buffer = [0; 4096];
        let mut read = Vec::new();
        while let Ok(length) = socket.recv(&mut buffer) {
            read.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        read
    }

    #[test]
    fn a_socket_that_nobody_reads_is_not_waited_for_and_gets_the_newest_later() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        systemd.set_nonblocking(true).unwrap();
        let socket = NotifySocket::open(Some(path.into()));
        for _ in 0..10_000 {
            socket.watchdog();
        }
        socket.ready();
        socket.reloading();
        socket.ready();
        socket.status("0 of 1 phones up");
        socket.status("1 of 1 phones up");
        let held = drain(&systemd);
        assert!(held.iter().all(|note| note == "WATCHDOG=1"), "{held:?}");
        socket.retry();
        socket.watchdog();
        let told = drain(&systemd);
        assert_eq!(told, ["READY=1", "STATUS=1 of 1 phones up", "WATCHDOG=1"]);
    }

    #[test]
    fn nothing_listens_and_nothing_is_wrong() {
        NotifySocket::open(None).ready();
        NotifySocket::open(Some("".into())).watchdog();
        NotifySocket::open(Some("/nowhere/at/all".into())).ready();
    }
}
