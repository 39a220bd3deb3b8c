//! The control socket: bound for owner and group, and connected to without following links.
//!
//! Where a path is used by the system (`bind`, `connect`), a link in its place could lead to any socket
//! of this machine. So what stands there is held open by itself, looked at, and reached through
//! `/proc/self/fd`, which cannot be turned elsewhere meanwhile.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::process::geteuid;
use socket2::{Domain, SockAddr, Socket, Type};

use super::LocalFileError;

/// A socket of the file system, held open.
#[derive(Debug)]
pub struct SocketFile(OwnedFd);

/// Owner and group may speak to it.
const MODE: u32 = 0o660;

/// Listens at `path`, for owner and group. A socket without a listener, or a link in its place, is
/// removed.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    if let Ok(found) = SocketFile::open(path)
        && found.is_listened_to()?
    {
        return Err(io::Error::new(
            ErrorKind::AddrInUse,
            "another daemon answers there",
        ));
    }
    if path.symlink_metadata().is_ok() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    SocketFile::open(path)?.open_to_group(path)?;
    Ok(listener)
}

impl SocketFile {
    /// What stands at `path`, if it is a socket.
    pub fn open(path: &Path) -> Result<Self, LocalFileError> {
        let error = |errno| LocalFileError::of(errno, path.to_owned(), "socket");
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(error)?;
        let stat = rustix::fs::fstat(&fd).map_err(error)?;
        let path = || path.to_owned();
        LocalFileError::check_kind(&stat, FileType::Socket, &path, "socket")?;
        if stat.st_nlink > 1 {
            return Err(LocalFileError::HardLinks { path: path() });
        }
        Ok(Self(fd))
    }

    /// A path that leads to this socket and nowhere else while this is held.
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }

    /// Whether a process listens there, however many already wait to be let in: it may be stuck, and is
    /// not waited for.
    fn is_listened_to(&self) -> io::Result<bool> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&SockAddr::unix(self.path())?) {
            Err(error) => Ok(error.kind() == ErrorKind::WouldBlock),
            Ok(()) => Ok(true),
        }
    }

    /// Lets owner and group in; what root bound belongs to those of the directory around it.
    fn open_to_group(&self, path: &Path) -> io::Result<()> {
        std::fs::set_permissions(self.path(), Permissions::from_mode(MODE))?;
        let Some(directory) = path.parent().filter(|_| geteuid().is_root()) else {
            return Ok(());
        };
        let around = rustix::fs::stat(directory)?;
        let (uid, gid) = (Uid::from_raw(around.st_uid), Gid::from_raw(around.st_gid));
        rustix::fs::chownat(&self.0, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_taken_over_unless_somebody_listens_who_may_be_stuck() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("control.sock");
        std::os::unix::fs::symlink("/nowhere/at/all", &path).expect("a link to nothing");
        drop(bind(&path).expect("it is taken over"));
        let stuck = Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
        std::fs::remove_file(&path).expect("what was left behind");
        stuck
            .bind(&SockAddr::unix(&path).expect("an address"))
            .expect("it is free");
        stuck.listen(0).expect("a queue for one");
        for _ in 0..3 {
            let refused = bind(&path).expect_err("somebody listens");
            assert_eq!(refused.kind(), ErrorKind::AddrInUse);
        }
        drop(stuck);
        bind(&path).expect("it is stale");
    }

    #[test]
    fn a_link_to_another_socket_is_neither_used_nor_given_away() {
        let directory = tempfile::tempdir().expect("a directory");
        let other = directory.path().join("other.sock");
        let _other = UnixListener::bind(&other).expect("a socket");
        let mode = || {
            let found = std::fs::metadata(&other).expect("it is there");
            found.permissions().mode()
        };
        let before = mode();
        let path = directory.path().join("control.sock");
        std::os::unix::fs::symlink(&other, &path).expect("a link");
        let refused = SocketFile::open(&path).expect_err("it is a link");
        assert!(matches!(refused, LocalFileError::Link { .. }), "{refused}");
        let _listener = bind(&path).expect("the link goes");
        assert_eq!(mode(), before);
        SocketFile::open(&path).expect("it is a socket now");
    }
}
