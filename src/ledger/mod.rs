//! The login ledger on disk: what each phone refused, until when logins are held back, and what
//! worked.
//!
//! The daemon and the commands beside it share one file, so that neither a crash loop nor a command
//! run again and again adds up to the five refusals that lock a phone. The file holds one JSON
//! object a line, the last of a phone counts; a line is appended under a lock after reading what the
//! others appended. The daemon writes it anew when it has grown, and whoever finds it deleted or cut
//! short writes down again what it knows: a ledger that lost its salt would take every phone's
//! credentials for changed ones, free to be tried at once.
//!
//! It holds no secret: of the credentials there is only a tag of 16 bits. Without a directory the
//! ledger lives in memory. A disk that fails while the daemon runs is a warning, and memory goes on.

mod file;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ring::rand::{SecureRandom, SystemRandom};

use crate::fleet::guard::LoginRecord;
use crate::fleet::prior::{self, Learnt};
use file::LedgerFile;

/// The memory of all phones' logins. Its methods block on the disk for moments.
#[derive(Debug)]
pub struct Ledger {
    salt: Salt,
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    records: HashMap<Box<str>, LoginRecord>,
    file: Option<LedgerFile>,
    /// The disk failed at the last try; said once.
    failing: bool,
}

/// Makes credential tags of this ledger differ from those of any other.
pub type Salt = [u8; 16];

/// Who opens the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// Lives long, and writes the file anew when it has grown.
    Daemon,
    /// Reads and appends.
    Command,
}

/// The ledger cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "failed to open the login ledger {}; make its directory writable for this user, or set `state_dir`",
    path.display()
)]
pub struct LedgerError {
    path: PathBuf,
    source: std::io::Error,
}

impl Ledger {
    /// A ledger that is gone when the process ends.
    pub fn in_memory() -> Self {
        Self {
            salt: new_salt(),
            book: Mutex::new(Book {
                records: HashMap::new(),
                file: None,
                failing: false,
            }),
        }
    }

    /// The ledger in `state_dir`, made if it is missing.
    pub fn open(state_dir: &Path, keeper: Keeper) -> Result<Self, LedgerError> {
        let path = state_dir.join("logins");
        let failed = |source| LedgerError {
            path: path.clone(),
            source,
        };
        let mut file = LedgerFile::open(&path, keeper).map_err(failed)?;
        let mut records = HashMap::new();
        let locked = file.lock().map_err(failed)?;
        let salt = locked
            .read_or_begin(&mut records, new_salt)
            .map_err(failed)?;
        Ok(Self {
            salt,
            book: Mutex::new(Book {
                records,
                file: Some(file),
                failing: false,
            }),
        })
    }

    /// What to mix into credential tags.
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// What is known of a phone, as this process last saw it.
    pub fn record(&self, key: &str) -> LoginRecord {
        self.book().records.get(key).cloned().unwrap_or_default()
    }

    /// What the logins of all phones teach about a phone of this model, with the credentials of this
    /// tag.
    pub fn learnt(&self, tag: u16, model: Option<&str>) -> Learnt {
        prior::learnt(self.book().records.values(), tag, model)
    }

    /// Changes what is known of a phone, on top of what others have written meanwhile.
    pub fn update<R>(&self, key: &str, change: impl FnOnce(&mut LoginRecord) -> R) -> R {
        self.book().update(key, self.salt, change)
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn update<R>(
        &mut self,
        key: &str,
        salt: Salt,
        change: impl FnOnce(&mut LoginRecord) -> R,
    ) -> R {
        let Some(file) = &mut self.file else {
            return change(self.records.entry(key.into()).or_default());
        };
        let outcome = match file.lock() {
            Ok(mut locked) => {
                let read = locked.read_others(&mut self.records, salt);
                let record = self.records.entry(key.into()).or_default();
                let before = record.clone();
                let result = change(record);
                let written = if *record == before {
                    Ok(())
                } else {
                    locked.append(key, record)
                };
                let tidied = locked.tidy(&self.records, salt);
                (result, read.and(written).and(tidied))
            }
            Err(error) => (
                change(self.records.entry(key.into()).or_default()),
                Err(error),
            ),
        };
        self.say(outcome.1.err());
        outcome.0
    }

    fn say(&mut self, trouble: Option<std::io::Error>) {
        let failing = trouble.is_some();
        if let Some(error) = trouble.filter(|_| !self.failing) {
            tracing::warn!(%error, "The login ledger cannot be written; refusals are kept in memory");
        }
        if self.failing && !failing {
            tracing::info!("The login ledger can be written again");
        }
        self.failing = failing;
    }
}

fn new_salt() -> Salt {
    let mut salt = Salt::default();
    // Without randomness tags are merely comparable between ledgers; they still tell changes.
    if SystemRandom::new().fill(&mut salt).is_err() {
        tracing::warn!("No randomness from the system; credential tags are not salted");
    }
    salt
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::fleet::guard::{Claim, LoginOutcome, Offer, Prior};

    const OFFER: Offer = Offer {
        candidates: 1,
        format: None,
        tag: 7,
    };

    fn refuse(ledger: &Ledger) -> bool {
        let now = Timestamp::UNIX_EPOCH;
        let claim = ledger.update("phone", |record| record.claim(OFFER, Prior::default(), now));
        ledger.update("phone", |record| {
            record.settle(LoginOutcome::Refused, OFFER, now);
        });
        matches!(claim, Claim::Go(_))
    }

    #[test]
    fn refusals_of_two_processes_add_up() {
        let directory = tempfile::tempdir().expect("a directory");
        let daemon = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        let command = Ledger::open(directory.path(), Keeper::Command).expect("a ledger");
        assert_eq!(daemon.salt(), command.salt());
        let sent = [&daemon, &command, &daemon, &command].map(refuse);
        assert_eq!(sent, [true, true, false, false]);
    }

    #[test]
    fn an_attempt_cut_off_by_a_crash_is_remembered() {
        let directory = tempfile::tempdir().expect("a directory");
        let sent = (0..10)
            .filter(|hour| {
                let ledger = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
                let now = Timestamp::from_second(hour * 120).expect("a time");
                matches!(
                    ledger.update("phone", |record| record.claim(OFFER, Prior::default(), now)),
                    Claim::Go(_)
                )
            })
            .count();
        assert_eq!(sent, 3, "two in the first round and one ten minutes later");
    }

    #[test]
    fn a_torn_or_foreign_line_does_not_hide_the_others() {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        assert!(refuse(&ledger));
        let path = directory.path().join("logins");
        let mut text = std::fs::read_to_string(&path).expect("a file");
        text.push_str("{\"key\":\"phone\",\"rec");
        std::fs::write(&path, &text).expect("written");
        let again = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        assert_eq!(again.record("phone"), ledger.record("phone"));
        assert!(refuse(&again), "the second of the first round");
        let last = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        assert_eq!(last.record("phone"), again.record("phone"));
    }

    #[test]
    fn the_daemon_keeps_the_file_small_and_commands_follow() {
        let directory = tempfile::tempdir().expect("a directory");
        let daemon = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        let command = Ledger::open(directory.path(), Keeper::Command).expect("a ledger");
        for n in 0..5_000_i64 {
            let now = Timestamp::from_second(n).expect("a time");
            daemon.update("phone", |record| record.claim(OFFER, Prior::default(), now));
            daemon.update("phone", |record| {
                record.settle(LoginOutcome::Accepted, OFFER, now);
            });
        }
        let size = std::fs::metadata(directory.path().join("logins"))
            .expect("a file")
            .len();
        assert!(size < 1_000_000, "{size} bytes");
        command.update("other", |record| record.habits.dotted_values = true);
        assert_eq!(command.record("phone"), daemon.record("phone"));
        daemon.update("phone", |_| ());
        assert!(daemon.record("other").habits.dotted_values);
    }

    /// What may happen to the file while a daemon runs.
    fn harm(path: &Path, how: &str) {
        let harmed = match how {
            "deleted" => std::fs::remove_file(path),
            "emptied" => std::fs::write(path, ""),
            _ => std::fs::write(path, "{\"phone\":[\"ph"),
        };
        harmed.expect(how);
    }

    #[test]
    fn a_ledger_that_is_harmed_while_it_is_open_is_made_whole_by_the_next_change() {
        for how in ["deleted", "emptied", "cut"] {
            let directory = tempfile::tempdir().expect("a directory");
            let daemon = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
            assert!(refuse(&daemon) && refuse(&daemon), "{how}");
            harm(&directory.path().join("logins"), how);
            daemon.update("other", |record| record.habits.dotted_values = true);
            let command = Ledger::open(directory.path(), Keeper::Command).expect("a ledger");
            assert_eq!(command.salt(), daemon.salt(), "{how}");
            assert_eq!(command.record("phone"), daemon.record("phone"), "{how}");
            command.update("third", |record| record.habits.dotted_values = true);
            daemon.update("other", |_| ());
            assert!(daemon.record("third").habits.dotted_values, "{how}");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let missing = directory.path().join("none");
        let error = Ledger::open(&missing, Keeper::Daemon).expect_err("no such directory");
        assert!(error.to_string().contains("none/logins"), "{error}");
    }
}
