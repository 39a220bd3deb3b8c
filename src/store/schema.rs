//! The tables, and the way from each version to the next.
//!
//! A released step is never changed: a change is a new one. Each runs in a transaction with the
//! number that says that it ran, so a process killed in between leaves the old version whole.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::StoreFault;

const STEPS: [&str; 2] = [
    "
    CREATE TABLE documents (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    CREATE TABLE letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        receiver TEXT NOT NULL,
        topic TEXT NOT NULL,
        body TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        due_ms INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        error TEXT,
        dead INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        phone TEXT NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX events_by_phone ON events (phone, id);
    CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
",
    "ALTER TABLE letters ADD COLUMN recipients TEXT",
];

/// Brings the tables up to date.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreFault> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let Some(missing) = usize::try_from(version)
        .ok()
        .and_then(|done| STEPS.get(done..))
    else {
        return Err(StoreFault::Later(version));
    };
    for (step, next) in missing.iter().zip(version + 1..) {
        let transaction = connection.transaction()?;
        if let Err(error) = transaction.execute_batch(step) {
            let fault = StoreFault::from(error);
            // What a step builds on is there, and what it makes is not, unless the file was harmed.
            let is_harmed = matches!(fault, StoreFault::Other(_));
            return Err(if is_harmed {
                StoreFault::Corrupt
            } else {
                fault
            });
        }
        transaction.pragma_update(None, "user_version", next)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Whether every table and index is there, as the steps made it.
pub(super) fn is_whole(connection: &Connection) -> Result<bool, StoreFault> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh)?;
    let there = objects(connection)?;
    Ok(objects(&fresh)?.iter().all(|object| there.contains(object)))
}

/// Tables and indices, by the text that made them.
fn objects(connection: &Connection) -> Result<HashSet<(String, String)>, StoreFault> {
    let mut statement =
        connection.prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds all of a database in memory to the file, except what is there already.
pub(super) fn add(memory: &Connection, path: &Path) -> Result<(), StoreFault> {
    let path = path.to_string_lossy();
    memory.execute("ATTACH DATABASE ?1 AS disk", [&*path])?;
    let added = memory.execute_batch(
        "BEGIN;
         INSERT OR IGNORE INTO disk.documents SELECT * FROM main.documents;
         INSERT INTO disk.letters
             (receiver, topic, body, created_ms, due_ms, attempts, error, dead, recipients)
             SELECT receiver, topic, body, created_ms, due_ms, attempts, error, dead, recipients
             FROM main.letters AS mine WHERE NOT EXISTS (
                 SELECT 1 FROM disk.letters AS theirs WHERE theirs.created_ms = mine.created_ms
                 AND theirs.receiver = mine.receiver AND theirs.topic = mine.topic
                 AND theirs.body = mine.body AND theirs.recipients IS mine.recipients
             ) ORDER BY id;
         INSERT INTO disk.events (at_ms, phone, kind, body)
             SELECT at_ms, phone, kind, body FROM main.events ORDER BY id;
         INSERT OR REPLACE INTO disk.facts SELECT * FROM main.facts;
         COMMIT",
    );
    if added.is_err() && !memory.is_autocommit() {
        memory.execute_batch("ROLLBACK")?;
    }
    memory.execute_batch("DETACH DATABASE disk")?;
    Ok(added?)
}

/// Notes when a batch was written.
pub(super) fn touch(transaction: &Transaction<'_>, now: Timestamp) -> Result<(), StoreFault> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO facts (name, value) VALUES ('written_ms', ?1)")?
        .execute(params![now.as_millisecond()])?;
    Ok(())
}

/// When a batch was last written.
pub(super) fn touched(connection: &Connection) -> Result<Option<Timestamp>, StoreFault> {
    let found: Option<i64> = connection
        .query_row(
            "SELECT value FROM facts WHERE name = 'written_ms'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.map(moment))
}

/// A time as it is kept; one outside of what can be told is the epoch.
pub(super) fn moment(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
