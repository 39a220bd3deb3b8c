//! What must survive the process: documents, letters to be sent, and the history of events, in one
//! SQLite file.
//!
//! The store knows nothing of alerts: its owners hand over text under a key. What belongs together
//! is one [`Batch`], which is written whole or not at all, and is on the disk when [`Store::write`]
//! returns. A disk that is full, gone, corrupt or locked never stops anything: the store goes on in
//! memory, says so ([`Store::fault`]), and returns to the disk when it can ([`Store::try_return`]).
//!
//! Calls block for as long as the disk takes, and for a lock of another process at most a second; the
//! owner keeps them off the runtime.

mod events;
mod fault;
mod file;
mod outbox;
mod schema;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

pub use events::{EVENT_AGE, Event, MOST_EVENTS, NewEvent};
pub use fault::StoreFault;
pub use outbox::{DeliveryState, MAX_ENTRIES, NewEntry, OutboxEntry};

use file::{BUSY, FLAGS, Place, check, connect_or_renew, copy, in_directory};

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

    /// A store that leaves the file alone until it is released: everything is kept in memory meanwhile.
    pub fn withheld(path: Option<&Path>) -> Self {
        let home = path.map_or(Home::Memory, |path| Home::Lost {
            path: path.to_owned(),
            fault: StoreFault::Withheld,
            taken: false,
        });
        Self::in_memory(home)
    }

    /// Lets a store that was withheld go to the file; whether it was and is there now.
    pub fn release(&mut self) -> bool {
        match &mut self.home {
            Home::Lost { fault, .. } if *fault == StoreFault::Withheld => {
                *fault = StoreFault::Other("it could not be opened yet".into());
                self.try_return()
            }
            Home::Lost { .. } | Home::Disk(_) | Home::Memory => false,
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
        let (path, taken) = match &self.home {
            Home::Lost { fault, .. } if *fault == StoreFault::Withheld => return false,
            Home::Lost { path, taken, .. } => (path.clone(), *taken),
            Home::Disk(_) | Home::Memory => return true,
        };
        let Ok(mut disk) = connect_or_renew(&path) else {
            return false;
        };
        let brought = if taken {
            copy(&self.connection, &mut disk)
        } else {
            let real = in_directory(&path).map(|(directory, name)| directory.path(&name));
            real.and_then(|real| schema::add(&self.connection, &real))
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
        let there = match &mut self.home {
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
        // Files that are attached to it are opened by the same flags.
        let flags = OpenFlags::SQLITE_OPEN_CREATE | FLAGS;
        let mut connection = Connection::open_in_memory_with_flags(flags)
            .expect("memory for an empty database can be had");
        schema::migrate(&mut connection).expect("an empty database takes the schema");
        Self { connection, home }
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
    connection.busy_timeout(BUSY)?;
    let done = write_whole(connection, change);
    connection.busy_timeout(Duration::ZERO)?;
    done
}

fn write_whole<T>(
    connection: &mut Connection,
    change: impl Fn(&Transaction<'_>) -> Result<T, StoreFault>,
) -> Result<T, StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = change(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

#[cfg(test)]
mod tests;
