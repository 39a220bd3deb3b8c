//! What must survive the process: documents, letters to be sent, and the history of events, in one
//! SQLite file.
//!
//! The store knows nothing of alerts: its owners hand over text under a key. What belongs together
//! is one [`Batch`], which is written whole or not at all, and is on the disk when [`Store::write`]
//! returns. A disk that is full, gone or corrupt never stops anything: the store goes on in memory,
//! says so ([`Store::fault`]), and returns to the disk when it can ([`Store::try_return`]).
//!
//! Calls block for as long as the disk takes; the owner keeps them off the runtime.

mod events;
mod fault;
mod outbox;
mod schema;

use std::fs::{OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, backup, params};

pub use events::{EVENT_AGE, Event, MOST_EVENTS, NewEvent};
pub use fault::StoreFault;
pub use outbox::{DeliveryState, MAX_ENTRIES, NewEntry, OutboxEntry};

/// The one open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    home: Home,
}

#[derive(Debug)]
enum Home {
    /// On the disk, as wanted.
    Disk(Place),
    /// In memory, because the disk failed.
    Lost {
        path: PathBuf,
        fault: StoreFault,
        /// Whether what was on the disk is in memory too.
        taken: bool,
    },
    /// In memory, as wanted.
    Memory,
}

/// A database that is open, and how its file and log are told from others of their names.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    files: [Option<(u64, u64)>; 2],
}

/// What kind of text is kept under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The state of an alert.
    Alert,
    /// A silence.
    Silence,
    /// Who was told of what.
    Told,
}

/// A key and its text.
pub type Document = (Box<str>, Box<str>);

/// Changes that are written together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Kind and key, and the new text; `None` removes it.
    pub documents: Vec<(Kind, Box<str>, Option<Box<str>>)>,
    /// Letters to be sent.
    pub letters: Vec<NewEntry>,
    /// What happened.
    pub events: Vec<NewEvent>,
}

impl Batch {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.letters.is_empty() && self.events.is_empty()
    }
}

/// Who may open the file.
const MODE: u32 = 0o600;

/// How long a write waits for another process that looks into the file.
const BUSY: Duration = Duration::from_secs(2);

impl Store {
    /// Opens or makes the file; without a path, or if that fails, everything is kept in memory. A
    /// corrupt file is moved aside to `….corrupt` and a new one begun.
    pub fn open(path: Option<&Path>) -> Self {
        let Some(path) = path else {
            return Self::in_memory(Home::Memory);
        };
        let opened = connect_or_renew(path);
        match opened.and_then(|connection| Ok((connection, Place::of(path)?))) {
            Ok((connection, place)) => Self {
                connection,
                home: Home::Disk(place),
            },
            Err(fault) => Self::in_memory(Home::Lost {
                path: path.to_owned(),
                fault,
                taken: false,
            }),
        }
    }

    /// Whether a file was named.
    pub fn is_wanted_on_disk(&self) -> bool {
        !matches!(self.home, Home::Memory)
    }

    /// Why what should be on the disk is in memory.
    pub fn fault(&self) -> Option<&StoreFault> {
        match &self.home {
            Home::Lost { fault, .. } => Some(fault),
            Home::Disk(_) | Home::Memory => None,
        }
    }

    /// Writes a batch; if the disk fails, into memory. An error means that not even that was
    /// possible, and nothing of the batch was kept.
    pub fn write(&mut self, batch: &Batch, now: Timestamp) -> Result<(), StoreFault> {
        self.in_transaction(|transaction| {
            for (kind, key, body) in &batch.documents {
                put(transaction, *kind, key, body.as_deref())?;
            }
            outbox::push(transaction, &batch.letters, now)?;
            events::push(transaction, &batch.events)?;
            schema::touch(transaction, now)
        })
    }

    /// Every text of a kind with its key, sorted by key.
    pub fn documents(&self, kind: Kind) -> Result<Vec<Document>, StoreFault> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT key, body FROM documents WHERE kind = ?1 ORDER BY key")?;
        let rows = statement.query_map([kind.word()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When a batch was last written.
    pub fn written_at(&self) -> Result<Option<Timestamp>, StoreFault> {
        schema::touched(&self.connection)
    }

    /// Goes back to the disk with all that is in memory, if the disk works again; whether it is
    /// there now. What the disk holds and memory never saw stays; of a document that both hold, that
    /// of the disk, for the owner to look at: it holds the newer one and writes it again.
    pub fn try_return(&mut self) -> bool {
        let Home::Lost { path, taken, .. } = &self.home else {
            return true;
        };
        let (path, taken) = (path.clone(), *taken);
        let Ok(mut disk) = connect_or_renew(&path) else {
            return false;
        };
        let brought = if taken {
            copy(&self.connection, &mut disk)
        } else {
            schema::add(&self.connection, &path)
        };
        let (Ok(()), Ok(place)) = (brought, Place::of(&path)) else {
            return false;
        };
        self.connection = disk;
        self.home = Home::Disk(place);
        true
    }

    /// Runs `change` in a transaction; if the disk fails, once more in memory.
    fn in_transaction<T>(
        &mut self,
        change: impl Fn(&Transaction<'_>) -> Result<T, StoreFault>,
    ) -> Result<T, StoreFault> {
        let there = match &self.home {
            Home::Disk(place) => place.is_there(),
            Home::Lost { .. } | Home::Memory => Ok(()),
        };
        match there.and_then(|()| attempt(&mut self.connection, &change)) {
            Err(fault) if matches!(self.home, Home::Disk(_)) => {
                self.leave_disk(&fault);
                attempt(&mut self.connection, &change)
            }
            done => done,
        }
    }

    /// Takes into memory what can still be read; what cannot stays behind on the disk.
    fn leave_disk(&mut self, fault: &StoreFault) {
        let Home::Disk(Place { path, .. }) = &self.home else {
            return;
        };
        let lost = |taken| Home::Lost {
            path: path.clone(),
            fault: fault.clone(),
            taken,
        };
        let mut memory = Self::in_memory(lost(true));
        let copied = copy(&self.connection, &mut memory.connection);
        // What is corrupt is copied as it is.
        if copied.and_then(|()| check(&memory.connection)).is_err() {
            memory = Self::in_memory(lost(false));
            let letters = self.letters().unwrap_or_default();
            if let Err(fault) = memory.adopt(&letters) {
                tracing::error!("Messages that wait are left on the disk: {fault}");
            }
        }
        *self = memory;
    }

    fn in_memory(home: Home) -> Self {
        let mut connection =
            Connection::open_in_memory().expect("memory for an empty database can be had");
        schema::migrate(&mut connection).expect("an empty database takes the schema");
        Self { connection, home }
    }
}

impl Place {
    fn of(path: &Path) -> Result<Self, StoreFault> {
        let identity = |path: &Path| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.dev(), found.ino()))
        };
        let files = [identity(path), identity(&beside(path, "-wal"))];
        if files[0].is_none() {
            return Err(StoreFault::Gone);
        }
        let path = path.to_owned();
        Ok(Self { path, files })
    }

    /// Whether what is written is found again: one may write to a file that was deleted for as long
    /// as it is open.
    fn is_there(&self) -> Result<(), StoreFault> {
        if Self::of(&self.path)?.files != self.files {
            return Err(StoreFault::Gone);
        }
        Ok(())
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Silence => "silence",
            Self::Told => "told",
        }
    }
}

fn put(
    transaction: &Transaction<'_>,
    kind: Kind,
    key: &str,
    body: Option<&str>,
) -> Result<(), StoreFault> {
    let Some(body) = body else {
        transaction
            .prepare_cached("DELETE FROM documents WHERE kind = ?1 AND key = ?2")?
            .execute(params![kind.word(), key])?;
        return Ok(());
    };
    transaction
        .prepare_cached("INSERT OR REPLACE INTO documents (kind, key, body) VALUES (?1, ?2, ?3)")?
        .execute(params![kind.word(), key, body])?;
    Ok(())
}

fn attempt<T>(
    connection: &mut Connection,
    change: impl Fn(&Transaction<'_>) -> Result<T, StoreFault>,
) -> Result<T, StoreFault> {
    let transaction = connection.transaction()?;
    let done = change(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// Opens the file; a corrupt one makes way for a new one.
fn connect_or_renew(path: &Path) -> Result<Connection, StoreFault> {
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
    make_private(path)?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    check(&connection)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

fn check(connection: &Connection) -> Result<(), StoreFault> {
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(StoreFault::Corrupt);
    }
    Ok(())
}

/// Makes the file if it is missing, and sees that only its owner may open it: it tells when somebody
/// was at a phone. What SQLite puts beside it takes over the mode.
fn make_private(path: &Path) -> Result<(), StoreFault> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(MODE);
    let file = options.open(path).map_err(|error| {
        if error.kind() == ErrorKind::StorageFull {
            return StoreFault::Full;
        }
        StoreFault::ReadOnly
    })?;
    // Fails only on a file of somebody else, who then decides.
    let _not_ours = file.set_permissions(Permissions::from_mode(MODE));
    Ok(())
}

/// The file and its log under another name, so that somebody may look; an older one is replaced.
fn move_aside(path: &Path) -> Result<(), StoreFault> {
    for end in ["", "-wal", "-shm"] {
        let moved = std::fs::rename(beside(path, end), beside(path, &format!("{end}.corrupt")));
        if end.is_empty() {
            moved.map_err(|error| StoreFault::Other(error.to_string().into()))?;
        }
    }
    Ok(())
}

/// The file whose name ends so behind that of the database.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn copy(from: &Connection, to: &mut Connection) -> Result<(), StoreFault> {
    let backup = backup::Backup::new(from, to)?;
    backup.run_to_completion(1000, Duration::ZERO, None)?;
    Ok(())
}

#[cfg(test)]
mod tests;
