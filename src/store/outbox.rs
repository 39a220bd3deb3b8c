//! Letters that wait to be sent, and those that were given up.
//!
//! An entry is written before its first attempt and removed after it was taken. A process that dies
//! in between sends it again, under the same id: at least once.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::schema::moment;
use super::{Store, StoreFault};

/// An entry to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// To whom: the name of a receiver.
    pub receiver: Box<str>,
    /// About what: letters of one topic tell one story.
    pub group_key: Box<str>,
    /// What it says, as its sender understands it.
    pub body: Box<str>,
    /// Not to be sent before.
    pub due: Timestamp,
}

/// An entry that waits or was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The same at each attempt and never used again.
    pub id: i64,
    /// To whom, about what, and what.
    pub new: NewEntry,
    /// Only to these of its receiver, as its sender understands it; `None`: to all.
    pub recipients: Option<Box<str>>,
    /// When it was written.
    pub created: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: Option<Box<str>>,
    /// It was given up and waits for a person.
    pub dead: bool,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It was taken.
    Delivered,
    /// It ended differently for its recipients: it is one entry for each that did not take it.
    Split(Vec<(Box<str>, Self)>),
    /// Try again.
    Later {
        /// Not before.
        due: Timestamp,
        /// Why it failed.
        error: Box<str>,
    },
    /// Never again.
    GivenUp {
        /// Why it failed.
        error: Box<str>,
    },
}

/// At most so many letters are kept for each receiver, dead ones included; beyond that the oldest
/// dead ones go, then the oldest. More than anybody would read.
pub const MAX_ENTRIES: u32 = 1000;

impl Store {
    /// Every entry, oldest first.
    pub fn letters(&self) -> Result<Vec<OutboxEntry>, StoreFault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, receiver, topic, body, created_ms, due_ms, attempts, error, dead, recipients
             FROM letters ORDER BY id",
        )?;
        let rows = statement.query_map([], entry)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes over letters as they are.
    pub(super) fn adopt(&mut self, letters: &[OutboxEntry]) -> Result<(), StoreFault> {
        self.in_transaction(|transaction| {
            for one in letters {
                let OutboxEntry { new: entry, .. } = one;
                let (created, due) = (one.created, entry.due);
                transaction
                    .prepare_cached(
                        "INSERT INTO letters (id, receiver, topic, body, created_ms, due_ms,
                                              attempts, error, dead, recipients)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    )?
                    .execute(params![
                        one.id,
                        entry.receiver,
                        entry.group_key,
                        entry.body,
                        created.as_millisecond(),
                        due.as_millisecond(),
                        one.attempts,
                        one.error,
                        one.dead,
                        one.recipients
                    ])?;
            }
            Ok(())
        })
    }

    /// Notes how attempts ended.
    pub fn settle(&mut self, settled: &[(i64, DeliveryState)]) -> Result<(), StoreFault> {
        self.in_transaction(|transaction| {
            for (id, settled) in settled {
                settle(transaction, *id, settled)?;
            }
            Ok(())
        })
    }

    /// Makes one entry of several: it says `body` from now on, and the others go.
    pub fn merge(&mut self, into: i64, body: &str, gone: &[i64]) -> Result<(), StoreFault> {
        self.in_transaction(|transaction| {
            transaction
                .prepare_cached("UPDATE letters SET body = ?2 WHERE id = ?1")?
                .execute(params![into, body])?;
            for id in gone {
                transaction
                    .prepare_cached("DELETE FROM letters WHERE id = ?1")?
                    .execute([id])?;
            }
            Ok(())
        })
    }

    /// Lets an entry that was given up be tried again; whether there was one.
    pub fn requeue(&mut self, id: i64, due: Timestamp) -> Result<bool, StoreFault> {
        self.in_transaction(|transaction| {
            let changed = transaction.execute(
                "UPDATE letters SET dead = 0, attempts = 0, due_ms = ?2 WHERE id = ?1 AND dead",
                params![id, due.as_millisecond()],
            )?;
            Ok(changed > 0)
        })
    }

    /// Throws an entry away; whether there was one.
    pub fn discard(&mut self, id: i64) -> Result<bool, StoreFault> {
        self.in_transaction(|transaction| {
            let changed = transaction.execute("DELETE FROM letters WHERE id = ?1", [id])?;
            Ok(changed > 0)
        })
    }
}

pub(super) fn push(
    transaction: &Transaction<'_>,
    letters: &[NewEntry],
    now: Timestamp,
) -> Result<(), StoreFault> {
    for entry in letters {
        transaction
            .prepare_cached(
                "INSERT INTO letters (receiver, topic, body, created_ms, due_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                entry.receiver,
                entry.group_key,
                entry.body,
                now.as_millisecond(),
                entry.due.as_millisecond()
            ])?;
        bound(transaction, &entry.receiver)?;
    }
    Ok(())
}

fn bound(transaction: &Transaction<'_>, receiver: &str) -> Result<(), StoreFault> {
    transaction
        .prepare_cached(
            "DELETE FROM letters WHERE id IN (
                 SELECT id FROM letters WHERE receiver = ?1
                 ORDER BY dead, id DESC LIMIT -1 OFFSET ?2
             )",
        )?
        .execute(params![receiver, MAX_ENTRIES])?;
    Ok(())
}

fn settle(
    transaction: &Transaction<'_>,
    id: i64,
    settled: &DeliveryState,
) -> Result<(), StoreFault> {
    match settled {
        DeliveryState::Delivered => transaction
            .prepare_cached("DELETE FROM letters WHERE id = ?1")?
            .execute([id])?,
        DeliveryState::Split(parts) => return split(transaction, id, parts),
        DeliveryState::Later { due, error } => transaction
            .prepare_cached(
                "UPDATE letters SET attempts = attempts + 1, due_ms = ?2, error = ?3 WHERE id = ?1",
            )?
            .execute(params![id, due.as_millisecond(), error])?,
        DeliveryState::GivenUp { error } => transaction
            .prepare_cached(
                "UPDATE letters SET attempts = attempts + 1, dead = 1, error = ?2 WHERE id = ?1",
            )?
            .execute(params![id, error])?,
    };
    Ok(())
}

/// Makes an entry for each of these recipients of one, and settles each.
fn split(
    transaction: &Transaction<'_>,
    id: i64,
    parts: &[(Box<str>, DeliveryState)],
) -> Result<(), StoreFault> {
    for (recipients, settled) in parts {
        let made = transaction
            .prepare_cached(
                "INSERT INTO letters
                 (receiver, topic, body, created_ms, due_ms, attempts, recipients)
                 SELECT receiver, topic, body, created_ms, due_ms, attempts, ?2
                 FROM letters WHERE id = ?1",
            )?
            .execute(params![id, recipients])?;
        // An entry that was dropped meanwhile has no parts.
        if made > 0 {
            settle(transaction, transaction.last_insert_rowid(), settled)?;
        }
    }
    let receiver: Option<Box<str>> = transaction
        .prepare_cached("SELECT receiver FROM letters WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    settle(transaction, id, &DeliveryState::Delivered)?;
    match receiver {
        Some(receiver) => bound(transaction, &receiver),
        None => Ok(()),
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<OutboxEntry> {
    Ok(OutboxEntry {
        id: row.get(0)?,
        new: NewEntry {
            receiver: row.get(1)?,
            group_key: row.get(2)?,
            body: row.get(3)?,
            due: moment(row.get(5)?),
        },
        created: moment(row.get(4)?),
        attempts: row.get(6)?,
        error: row.get(7)?,
        dead: row.get(8)?,
        recipients: row.get(9)?,
    })
}
