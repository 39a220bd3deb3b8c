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
//! ledger lives in memory. A disk that fails, at the start or later, stops nothing: the ledger goes on
//! in memory, says so ([`Ledger::fault`]), and is written down when the disk works again. What is in
//! memory alone is forgotten at the next start, so until then, and wherever a part of the file is not
//! understood, each phone has half of the budget of its first round.

mod file;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::watch;

use crate::fleet::guard::LoginRecord;
use crate::fleet::prior::{self, Learnt};
use file::{Found, LOCK_WAIT, LedgerFile, Locked, NAME, Records};

/// The memory of all phones' logins. Its methods block on the disk for moments.
#[derive(Debug)]
pub struct Ledger {
    salt: Salt,
    book: Mutex<Book>,
    fault: watch::Sender<Fault>,
}

/// Why the ledger is in memory alone although it should be on disk; `None` while all is well.
pub type Fault = Option<Arc<str>>;

#[derive(Debug)]
struct Book {
    memory: Memory,
    home: Home,
    /// The disk failed at the last try.
    failing: bool,
}

/// What this process knows.
#[derive(Debug, Default)]
struct Memory {
    records: Records,
    /// What was changed and is not on disk.
    unwritten: HashSet<Box<str>>,
    /// A phone that is not known here may have refused logins before.
    past_unknown: bool,
}

/// Where the ledger is kept.
#[derive(Debug)]
enum Home {
    /// In memory, as wanted.
    Memory,
    File(LedgerFile),
    /// In memory, because the file in this directory could not be used at the start.
    Lost(PathBuf),
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
    source: io::Error,
}

impl Ledger {
    /// A ledger that is gone when the process ends.
    pub fn in_memory() -> Self {
        Self::new(new_salt(), Memory::default(), Home::Memory)
    }

    /// The ledger in `state_dir`, made if it is missing.
    pub fn open(state_dir: &Path, keeper: Keeper) -> Result<Self, LedgerError> {
        Self::read(state_dir, keeper).map_err(|source| LedgerError {
            path: state_dir.join(NAME),
            source,
        })
    }

    /// The same for the daemon, which goes on in memory where the file cannot be used. What can be
    /// read of it counts all the same.
    pub fn open_or_memory(state_dir: &Path) -> Self {
        let error = match Self::read(state_dir, Keeper::Daemon) {
            Ok(ledger) => return ledger,
            Err(error) => error,
        };
        let mut memory = Memory::default();
        let found = LedgerFile::open_to_read(state_dir)
            .and_then(|mut file| file.unlocked().read_on(&mut memory.records));
        let salt = found.ok().and_then(|found| found.salt);
        memory.doubt();
        let home = Home::Lost(state_dir.to_owned());
        let ledger = Self::new(salt.unwrap_or_else(new_salt), memory, home);
        ledger.tell(&mut ledger.book(), Some(&error));
        ledger
    }

    /// What to mix into credential tags.
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// What is known of a phone, as this process last saw it.
    pub fn record(&self, key: &str) -> LoginRecord {
        let book = self.book();
        book.memory.records.get(key).cloned().unwrap_or_default()
    }

    /// What the logins of all phones teach about a phone of this model, with the credentials of this
    /// tag.
    pub fn learnt(&self, tag: u16, model: Option<&str>) -> Learnt {
        prior::learnt(self.book().memory.records.values(), tag, model)
    }

    /// Changes what is known of a phone, on top of what others have written meanwhile.
    pub fn update<R>(&self, key: &str, change: impl FnOnce(&mut LoginRecord) -> R) -> R {
        let mut book = self.book();
        let (result, outcome) = book.update(key, self.salt, change);
        self.tell(&mut book, outcome.as_ref().err());
        result
    }

    /// Tries to write down what is in memory alone, if the disk failed.
    pub fn try_return(&self) {
        let mut book = self.book();
        if book.failing {
            let outcome = book.try_return(self.salt);
            self.tell(&mut book, outcome.as_ref().err());
        }
    }

    /// Why it is in memory alone, now and whenever that changes.
    pub fn fault(&self) -> watch::Receiver<Fault> {
        self.fault.subscribe()
    }

    fn new(salt: Salt, memory: Memory, home: Home) -> Self {
        Self {
            salt,
            book: Mutex::new(Book {
                memory,
                home,
                failing: false,
            }),
            fault: watch::Sender::new(None),
        }
    }

    fn read(state_dir: &Path, keeper: Keeper) -> io::Result<Self> {
        let mut file = LedgerFile::open(state_dir, keeper)?;
        let mut memory = Memory::default();
        let mut locked = file.lock(LOCK_WAIT)?;
        let found = locked.read_on(&mut memory.records)?;
        let salt = found.salt.unwrap_or_else(new_salt);
        if found.garbage > 0 {
            memory.doubt();
        }
        if found.salt.is_none() {
            locked.append_all(&memory.records, salt)?;
        }
        if found.garbage > 0 {
            locked.rewrite(&memory.records, salt)?;
        } else {
            drop(locked);
        }
        Ok(Self::new(salt, memory, Home::File(file)))
    }

    /// Says what changed of where the ledger is kept.
    fn tell(&self, book: &mut Book, trouble: Option<&io::Error>) {
        let was_failing = std::mem::replace(&mut book.failing, trouble.is_some());
        match trouble {
            Some(error) if !was_failing => {
                tracing::error!(
                    %error,
                    "The login ledger cannot be written: {error}; refused logins are kept in memory, \
                     and each phone has half of the budget"
                );
                self.fault.send_replace(Some(error.to_string().into()));
            }
            None if was_failing => {
                tracing::info!("The login ledger is on disk again");
                self.fault.send_replace(None);
            }
            Some(_) | None => {}
        }
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
    ) -> (R, io::Result<()>) {
        let Self {
            memory,
            home,
            failing,
        } = self;
        let file = match home {
            Home::Memory => return (memory.change(key, false, change), Ok(())),
            Home::File(file) => file,
            // The way back is tried from time to time, not before each login.
            Home::Lost(_) => {
                let error = io::Error::other("it could not be used at the start");
                return (memory.change(key, true, change), Err(error));
            }
        };
        // A lock that was waited for in vain is not waited for again before each login.
        let wait = if *failing { Duration::ZERO } else { LOCK_WAIT };
        match file.lock(wait) {
            Ok(mut locked) => {
                let read = memory.catch_up(&mut locked, salt);
                let result = memory.change(key, *failing || read.is_err(), change);
                (result, read.and_then(|()| memory.write(locked, salt)))
            }
            Err(error) => (memory.change(key, true, change), Err(error)),
        }
    }

    fn try_return(&mut self, salt: Salt) -> io::Result<()> {
        if let Home::Lost(directory) = &self.home {
            self.home = Home::File(LedgerFile::open(directory, Keeper::Daemon)?);
        }
        let Home::File(file) = &mut self.home else {
            return Ok(());
        };
        let mut locked = file.lock(Duration::ZERO)?;
        self.memory.catch_up(&mut locked, salt)?;
        self.memory.write(locked, salt)
    }
}

impl Memory {
    /// What is known may be less than what happened.
    fn doubt(&mut self) {
        self.past_unknown = true;
        self.records.values_mut().for_each(LoginRecord::doubt_past);
    }

    /// Changes a record; one that may be forgotten at the next start is doubted.
    fn change<R>(
        &mut self,
        key: &str,
        is_forgotten: bool,
        change: impl FnOnce(&mut LoginRecord) -> R,
    ) -> R {
        let is_new = !self.records.contains_key(key);
        let record = self.records.entry(key.into()).or_default();
        let before = record.clone();
        if is_forgotten || (is_new && self.past_unknown) {
            record.doubt_past();
        }
        let result = change(record);
        if *record != before {
            self.unwritten.insert(key.into());
        }
        result
    }

    /// Takes in what other processes appended since. What a file that is new to us does not know of
    /// is appended to it.
    fn catch_up(&mut self, locked: &mut Locked<'_>, salt: Salt) -> io::Result<()> {
        let is_unknown = locked.is_unknown();
        let mut others = Records::new();
        let Found {
            salt: theirs,
            garbage,
        } = locked.read_on(&mut others)?;
        let is_foreign = is_unknown && theirs != Some(salt);
        for (key, mut record) in others {
            if is_foreign {
                record.doubt_past();
            }
            if is_foreign || self.unwritten.contains(&key) {
                self.records.entry(key).or_insert(record);
            } else {
                self.records.insert(key, record);
            }
        }
        if garbage > 0 {
            self.doubt();
        }
        if is_foreign {
            if let Err(error) = locked.append_all(&self.records, salt) {
                locked.forget();
                return Err(error);
            }
            self.unwritten.clear();
        }
        Ok(())
    }

    /// Writes down what was changed.
    fn write(&mut self, mut locked: Locked<'_>, salt: Salt) -> io::Result<()> {
        while let Some(key) = self.unwritten.iter().next().cloned() {
            if let Some(record) = self.records.get(&key) {
                locked.append(&key, record)?;
            }
            self.unwritten.remove(&key);
        }
        locked.tidy(&self.records, salt)
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
        refuse_of(ledger, "phone")
    }

    /// Whether a login is sent, which is refused.
    fn refuse_of(ledger: &Ledger, phone: &str) -> bool {
        let now = Timestamp::UNIX_EPOCH;
        let claim = ledger.update(phone, |record| record.claim(OFFER, Prior::default(), now));
        ledger.update(phone, |record| {
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
        assert!(refuse(&again), "the second of the first round");
        assert!(!refuse(&again));
        let last = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        assert_eq!(last.record("phone"), again.record("phone"));
    }

    #[test]
    fn where_garbage_was_found_each_phone_begins_with_half_of_the_budget() {
        let garbage: [&[u8]; 3] = [b"{\"phone\":[\"ph", b"\0\0\0\0\n", b"\xff\xfe no text\n\n"];
        for garbage in garbage {
            let directory = tempfile::tempdir().expect("a directory");
            let path = directory.path().join("logins");
            let ledger = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
            ledger.update("known", |record| record.habits.dotted_values = true);
            let mut bytes = std::fs::read(&path).expect("a file");
            bytes.extend_from_slice(garbage);
            std::fs::write(&path, &bytes).expect("written");
            let daemon = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
            assert_eq!(daemon.salt(), ledger.salt());
            for phone in ["known", "unknown"] {
                assert_eq!(
                    [(); 3].map(|()| refuse_of(&daemon, phone)),
                    [true, false, false]
                );
            }
            // What was not understood is gone, and what it may have said stays in doubt.
            let again = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
            assert!(!refuse_of(&again, "known") && !refuse_of(&again, "unknown"));
            assert!(refuse_of(&again, "new") && refuse_of(&again, "new"));
        }
    }

    #[test]
    fn a_million_lines_of_garbage_are_said_once() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("logins"), "?\n".repeat(1_000_000)).expect("written");
        let daemon = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        assert!(refuse(&daemon) && !refuse(&daemon));
        let size = std::fs::metadata(directory.path().join("logins")).expect("a file");
        assert!(size.len() < 1_000);
    }

    #[test]
    fn a_disk_that_fails_at_the_start_gives_each_phone_one_attempt_and_is_returned_to() {
        let directory = tempfile::tempdir().expect("a directory");
        let state_dir = directory.path().join("state");
        std::fs::write(&state_dir, "no directory").expect("written");
        let daemon = Ledger::open_or_memory(&state_dir);
        let fault = daemon.fault();
        assert!(fault.borrow().is_some());
        assert!(refuse(&daemon) && !refuse(&daemon));
        daemon.try_return();
        assert!(fault.borrow().is_some());
        std::fs::remove_file(&state_dir).expect("removed");
        std::fs::create_dir(&state_dir).expect("a directory");
        // What another daemon left there meanwhile.
        let other = Ledger::open(&state_dir, Keeper::Daemon).expect("a ledger");
        assert!(refuse_of(&other, "theirs"));
        daemon.try_return();
        assert!(fault.borrow().is_none());
        let again = Ledger::open(&state_dir, Keeper::Daemon).expect("a ledger");
        assert_eq!(again.salt(), daemon.salt());
        assert!(!refuse(&again));
        assert!(refuse_of(&again, "theirs") && !refuse_of(&again, "theirs"));
        assert!(refuse_of(&again, "new") && refuse_of(&again, "new"));
    }

    #[test]
    fn what_cannot_be_written_at_the_start_counts_as_far_as_it_can_be_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let before = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        assert!(refuse(&before) && refuse(&before));
        let held = std::fs::File::open(directory.path().join("logins")).expect("a file");
        held.lock().expect("nobody else holds it");
        let daemon = Ledger::open_or_memory(directory.path());
        assert!(daemon.fault().borrow().is_some());
        drop(held);
        daemon.try_return();
        assert!(daemon.fault().borrow().is_none());
        assert!(!refuse(&daemon));
        assert!(refuse_of(&daemon, "new") && !refuse_of(&daemon, "new"));
    }

    #[test]
    fn a_lock_that_another_process_keeps_is_waited_for_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let daemon = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        let held = std::fs::File::open(directory.path().join("logins")).expect("a file");
        held.lock().expect("nobody else holds it");
        // Thousands of logins, each of which would wait.
        for n in 0..2_000 {
            assert!(refuse_of(&daemon, &n.to_string()));
        }
        let fault = daemon.fault();
        assert!(fault.borrow().is_some());
        drop(held);
        daemon.try_return();
        assert!(fault.borrow().is_none());
        let again = Ledger::open(directory.path(), Keeper::Daemon).expect("a ledger");
        for n in 0..2_000 {
            let key = n.to_string();
            assert_eq!(again.record(&key), daemon.record(&key));
        }
    }

    #[test]
    fn no_link_is_followed_and_nothing_is_made_behind_it() {
        for name in ["logins", "logins.new"] {
            let directory = tempfile::tempdir().expect("a directory");
            let elsewhere = directory.path().join("elsewhere");
            let link = directory.path().join(name);
            std::os::unix::fs::symlink(&elsewhere, &link).expect("a link");
            let opened = Ledger::open(directory.path(), Keeper::Daemon);
            if name == "logins" {
                let error = opened.expect_err("it is not followed");
                let why = std::error::Error::source(&error).expect("a reason");
                assert!(why.to_string().contains("symbolic link"), "{why}");
            } else {
                let daemon = opened.expect("a ledger");
                for n in 0..3_000 {
                    let worked = n % 2 == 0;
                    daemon.update("phone", |record| record.habits.dotted_values = worked);
                }
                assert!(daemon.fault().borrow().is_none());
            }
            assert!(elsewhere.symlink_metadata().is_err(), "{name}");
        }
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
