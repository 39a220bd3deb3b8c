//! The database's file: opened so that what is written is found again, watched while it is open, and
//! moved aside where it is broken.
//!
//! No link is followed, neither in the place of the file nor of what SQLite puts beside it. A database
//! is as good as new once it can be written, is sound, and holds every table as it was made.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{StoreFault, schema};
use crate::local_files::StateDir;

/// A database that is open, and how its file and log are told from others of their names.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    files: [Option<Seen>; 2],
}

/// A file as it was last seen. Neither the database nor its log becomes shorter by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    device: u64,
    inode: u64,
    length: u64,
}

/// Who may open the file.
pub(super) const MODE: u32 = 0o600;

/// How long a write waits for a lock of another process: long enough for one that looks into the file
/// or writes a little, short enough that alerts hardly come later. A read waits for nobody.
pub(super) const BUSY: Duration = Duration::from_secs(1);

/// A connection belongs to one thread and follows no link.
pub(super) const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE
    .union(OpenFlags::SQLITE_OPEN_NO_MUTEX)
    .union(OpenFlags::SQLITE_OPEN_NOFOLLOW);

/// How long the log may become, in pages of 4 KiB, before it is brought into the database: a page that
/// changes again and again in an outage is brought in once.
const LOG_PAGES: i32 = 4000;

/// How many pages are copied at a time.
const PAGES: i32 = 1000;

impl Place {
    pub(super) fn of(path: &Path) -> Result<Self, StoreFault> {
        let files = [Seen::at(path), Seen::at(&beside(path, "-wal"))];
        if files[0].is_none() {
            return Err(StoreFault::Gone);
        }
        let path = path.to_owned();
        Ok(Self { path, files })
    }

    /// Whether what is written is found again: one may write to a file that was deleted for as long
    /// as it is open, and behind the end of one that was cut short.
    pub(super) fn is_there(&mut self) -> Result<(), StoreFault> {
        let now = Self::of(&self.path)?;
        let goes_on = |(was, is): (&Option<Seen>, &Option<Seen>)| match (was, is) {
            (Some(was), Some(is)) => is.follows(*was),
            (was, is) => was == is,
        };
        if !self.files.iter().zip(&now.files).all(goes_on) {
            return Err(StoreFault::Gone);
        }
        *self = now;
        Ok(())
    }
}

impl Seen {
    fn at(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
        })
    }

    fn follows(self, was: Self) -> bool {
        (self.device, self.inode) == (was.device, was.inode) && self.length >= was.length
    }
}

/// Opens the file; a corrupt one makes way for a new one.
pub(super) fn connect_or_renew(path: &Path) -> Result<Connection, StoreFault> {
    match connect(path) {
        Err(StoreFault::Corrupt) => {
            move_aside(path)?;
            tracing::error!(
                "{0} is corrupt and is now called {0}.corrupt: what was told before is forgotten, \
                 alerts may be told twice",
                path.display()
            );
            connect(path)
        }
        opened => opened,
    }
}

/// Opens the file with every commit on the disk before it returns.
fn connect(path: &Path) -> Result<Connection, StoreFault> {
    let real = make_private(path)?;
    let mut connection = Connection::open_with_flags(real, FLAGS)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    // Whether it can be written is known before all of it is read.
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    schema::migrate(&mut connection)?;
    check(&connection)?;
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

pub(super) fn check(connection: &Connection) -> Result<(), StoreFault> {
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" || !schema::is_whole(connection)? {
        return Err(StoreFault::Corrupt);
    }
    Ok(())
}

/// Makes the file if it is missing, and sees that only its owner may open it: it tells when somebody
/// was at a phone. What SQLite puts beside it takes over mode and owner. Gives its path without
/// links, since SQLite follows none.
fn make_private(path: &Path) -> Result<PathBuf, StoreFault> {
    let (directory, name) = in_directory(path)?;
    let file = directory.file_or_new(&name)?;
    // Fails only on a file of somebody else, who then decides.
    let _not_ours = file.set_permissions(Permissions::from_mode(MODE));
    for end in ["-wal", "-shm", "-journal"] {
        directory.check(&format!("{name}{end}"))?;
    }
    Ok(directory.path(&name))
}

/// The directory of a file, and what it is called there.
pub(super) fn in_directory(path: &Path) -> Result<(StateDir, String), StoreFault> {
    let name = path.file_name().and_then(|name| name.to_str());
    let (Some(directory), Some(name)) = (path.parent(), name) else {
        return Err(StoreFault::ReadOnly);
    };
    Ok((StateDir::open(directory)?, name.to_owned()))
}

/// The file and its log under another name, so that somebody may look; an older one is replaced.
fn move_aside(path: &Path) -> Result<(), StoreFault> {
    let (directory, name) = in_directory(path)?;
    directory.rename(&name, &format!("{name}.corrupt"))?;
    for end in ["-wal", "-shm"] {
        let beside = format!("{name}{end}");
        // Often there is none.
        let _none = directory.rename(&beside, &format!("{beside}.corrupt"));
    }
    Ok(())
}

/// The file whose name ends so behind that of the database.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Copies all of a database over another. A lock of another process is waited for as long as the
/// connections wait, and then ends it.
pub(super) fn copy(from: &Connection, to: &mut Connection) -> Result<(), StoreFault> {
    let backup = Backup::new(from, to)?;
    loop {
        let step = backup.step(PAGES)?;
        if step == StepResult::Done {
            return Ok(());
        }
        if matches!(step, StepResult::Busy | StepResult::Locked) {
            return Err(StoreFault::Locked);
        }
    }
}
