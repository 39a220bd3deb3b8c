//! What can be wrong with the database, as far as somebody does something else about it.

use std::io::ErrorKind;

use rusqlite::ErrorCode;

use crate::local_files::LocalFileError;

/// Why something is not on the disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The file is no database, or a broken one.
    #[error("the database is corrupt")]
    Corrupt,
    /// No space left.
    #[error("the disk is full")]
    Full,
    /// The file or its directory cannot be written.
    #[error("the database cannot be written")]
    ReadOnly,
    /// The file was deleted, replaced or cut short while it was open.
    #[error("the database was deleted, replaced or cut short")]
    Gone,
    /// Another process holds a lock on it.
    #[error("another process has locked the database")]
    Locked,
    /// It was not opened, on purpose.
    #[error("what was kept is left alone until the configuration is accepted")]
    Withheld,
    /// What stands in its place is not used: a link, or a file of another user.
    #[error("{0}")]
    Untrusted(Box<str>),
    /// It was made by a later version.
    #[error("the database was made by a later version: schema {0}")]
    Later(i64),
    /// Anything else, in SQLite's words.
    #[error("the database failed: {0}")]
    Other(Box<str>),
}

impl From<rusqlite::Error> for StoreFault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly
            }
            Some(_) | None => Self::Other(error.to_string().into()),
        }
    }
}

impl From<LocalFileError> for StoreFault {
    fn from(error: LocalFileError) -> Self {
        if error.is_untrusted() {
            return Self::Untrusted(error.to_string().into());
        }
        if error.kind() == ErrorKind::StorageFull {
            return Self::Full;
        }
        Self::ReadOnly
    }
}
