//! Files of this machine that the daemon and the commands beside it share: the state directory and
//! the control socket.
//!
//! Both lie in directories that belong to the service's user, and root runs commands on them. The
//! owner of a directory may put a symbolic link in the place of any file in it, so no link is followed
//! there: files are opened relative to the open directory, and used only if they are what they should
//! be and belong to the expected user. What root makes is given to the service's user.

pub mod control_socket;
mod state_dir;

use std::io;
use std::path::PathBuf;

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

pub use state_dir::{Access, LOCK, StateDir};

/// Why a shared file is not used.
#[derive(Debug, thiserror::Error)]
pub enum LocalFileError {
    /// A symbolic link stands in its place.
    #[error("{} is a symbolic link, which is not followed; remove it", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// Something else stands in its place.
    #[error("{} is not a {wanted}; remove it", path.display())]
    WrongKind {
        /// What stands there.
        path: PathBuf,
        /// What should.
        wanted: &'static str,
    },
    /// It belongs to another user.
    #[error(
        "{} belongs to user {found}, not to user {expected}; change its owner, or remove it",
        path.display()
    )]
    Owner {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: u32,
        /// Whose it should be.
        expected: u32,
    },
    /// It has another name, perhaps in another directory, and others may write to this one.
    #[error("{} has further names (hard links); remove it", path.display())]
    HardLinks {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("failed to use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl LocalFileError {
    /// What an error of the system at `path`, where a `wanted` should be, means.
    fn of(errno: Errno, path: PathBuf, wanted: &'static str) -> Self {
        match errno {
            Errno::LOOP => Self::Link { path },
            Errno::ISDIR | Errno::NXIO => Self::WrongKind { path, wanted },
            errno => Self::Io {
                path,
                source: errno.into(),
            },
        }
    }

    /// Whether what was found is of the kind that it should be.
    fn check_kind(
        found: &Stat,
        kind: FileType,
        path: &impl Fn() -> PathBuf,
        wanted: &'static str,
    ) -> Result<(), Self> {
        let found = FileType::from_raw_mode(found.st_mode);
        if found == kind {
            return Ok(());
        }
        let path = path();
        Err(match found {
            FileType::Symlink => Self::Link { path },
            FileType::RegularFile
            | FileType::Directory
            | FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => Self::WrongKind { path, wanted },
        })
    }

    /// Whether the file is there and not used because of what it is.
    pub fn is_untrusted(&self) -> bool {
        !matches!(self, Self::Io { .. })
    }

    /// The kind of error of the system; that of a file which is not trusted is "permission denied".
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io { source, .. } => source.kind(),
            Self::Link { .. }
            | Self::WrongKind { .. }
            | Self::Owner { .. }
            | Self::HardLinks { .. } => io::ErrorKind::PermissionDenied,
        }
    }
}

impl From<LocalFileError> for io::Error {
    fn from(error: LocalFileError) -> Self {
        match error {
            LocalFileError::Io { source, .. } => source,
            LocalFileError::Link { .. }
            | LocalFileError::WrongKind { .. }
            | LocalFileError::Owner { .. }
            | LocalFileError::HardLinks { .. } => Self::new(error.kind(), error),
        }
    }
}
