//! The history of what happened to phones, bounded by age and by number.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::schema::moment;
use super::{Store, StoreFault};
use crate::fleet::moment::earlier;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// To which phone.
    pub phone: Box<str>,
    /// A word of a closed list of the writer's.
    pub kind: Box<str>,
    /// The particulars, as the writer understands them.
    pub body: Box<str>,
}

/// An event with its place in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Rises with each event.
    pub id: i64,
    /// What happened.
    pub event: NewEvent,
}

/// Events older than this go: a quarter, for "has this happened before".
pub const EVENT_AGE: Duration = Duration::from_secs(90 * 24 * 3600);

/// More events than these go, oldest first: ten a phone for a fleet of 10,000.
pub const MOST_EVENTS: i64 = 100_000;

impl Store {
    /// Events since a moment, newest first, of one phone or of all, at most `most`.
    pub fn events(
        &self,
        phone: Option<&str>,
        since: Timestamp,
        most: u32,
    ) -> Result<Vec<Event>, StoreFault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, at_ms, phone, kind, body FROM events
             WHERE (?1 IS NULL OR phone = ?1) AND at_ms >= ?2 ORDER BY id DESC LIMIT ?3",
        )?;
        let rows = statement.query_map(params![phone, since.as_millisecond(), most], |row| {
            Ok(Event {
                id: row.get(0)?,
                event: NewEvent {
                    at: moment(row.get(1)?),
                    phone: row.get(2)?,
                    kind: row.get(3)?,
                    body: row.get(4)?,
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(super) fn push(transaction: &Transaction<'_>, events: &[NewEvent]) -> Result<(), StoreFault> {
    let Some(newest) = events.iter().map(|event| event.at).max() else {
        return Ok(());
    };
    for event in events {
        transaction
            .prepare_cached(
                "INSERT INTO events (at_ms, phone, kind, body) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                event.at.as_millisecond(),
                event.phone,
                event.kind,
                event.body
            ])?;
    }
    // Ids rise with time, so the oldest is looked at first and few rows are touched.
    transaction
        .prepare_cached("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?1")?
        .execute([MOST_EVENTS])?;
    transaction
        .prepare_cached(
            "DELETE FROM events WHERE id < (
                 SELECT coalesce(min(id), 0) FROM (
                     SELECT id FROM events WHERE at_ms >= ?1 ORDER BY id LIMIT 1
                 )
             )",
        )?
        .execute([earlier(newest, EVENT_AGE).as_millisecond()])?;
    Ok(())
}
