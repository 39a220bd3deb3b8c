//! The ledger's file: lines appended under a lock, read on from where one left off.
//!
//! A [`Locked`] file is this process' alone; a file that was replaced is noticed by its inode. A line
//! that does not parse (torn by a crash, harmed, or of a later version) is passed over and counted,
//! since what it said of a phone's refusals is unknown.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Keeper, Salt};
use crate::fleet::guard::LoginRecord;
use crate::local_files::{Access, StateDir};

#[derive(Debug)]
pub(super) struct LedgerFile {
    /// The state directory.
    directory: PathBuf,
    keeper: Keeper,
    file: File,
    /// Up to where this process has read or written.
    known: u64,
    lines: usize,
    /// Whether the last line has no end, because the disk was full or a process was cut off: the
    /// next begins one of its own.
    is_torn: bool,
}

/// The file while nobody else may touch it.
#[derive(Debug)]
pub(super) struct Locked<'a>(&'a mut LedgerFile);

/// Records by phone.
pub(super) type Records = HashMap<Box<str>, LoginRecord>;

/// What a file was found to say beside its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) salt: Option<Salt>,
    /// Lines that are not understood.
    pub(super) garbage: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Entry {
    Salt(Salt),
    Phone(Box<str>, LoginRecord),
}

/// What the file is called in the state directory.
pub(super) const NAME: &str = "logins";

/// How long another process is waited for: appending takes it microseconds.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(1);
const LOCK_STEP: Duration = Duration::from_millis(5);

/// Lines beyond two a phone after which the daemon writes the file anew: about half a megabyte.
const SPARE_LINES: usize = 2_000;

impl LedgerFile {
    /// Opens the file in this directory, made if it is missing.
    pub(super) fn open(directory: &Path, keeper: Keeper) -> io::Result<Self> {
        let file = StateDir::open(directory)?.file_or_new(NAME)?;
        Ok(Self::of(file, directory, keeper))
    }

    /// Opens the file only to be read: nothing can be appended.
    pub(super) fn open_to_read(directory: &Path) -> io::Result<Self> {
        let file = StateDir::open(directory)?.file(NAME, Access::Read)?;
        Ok(Self::of(file, directory, Keeper::Command))
    }

    fn of(file: File, directory: &Path, keeper: Keeper) -> Self {
        Self {
            directory: directory.to_owned(),
            keeper,
            file,
            known: 0,
            lines: 0,
            is_torn: false,
        }
    }

    /// Waits for the lock, for a while, and follows the file if it was replaced or cut short: then
    /// none of it is known.
    pub(super) fn lock(&mut self, wait: Duration) -> io::Result<Locked<'_>> {
        lock(&self.file, wait)?;
        let locked = Locked(self);
        let directory = StateDir::open(&locked.0.directory)?;
        if directory.is_at(NAME, &locked.0.file)? {
            if locked.0.file.metadata()?.len() < locked.0.known {
                locked.0.forget();
            }
            return Ok(locked);
        }
        let file = directory.file_or_new(NAME)?;
        lock(&file, wait)?;
        locked.0.file = file;
        locked.0.forget();
        Ok(locked)
    }

    /// The file without its lock: for looking at what it says where nothing can be written.
    pub(super) fn unlocked(&mut self) -> Locked<'_> {
        Locked(self)
    }

    fn forget(&mut self) {
        self.known = 0;
        self.lines = 0;
        self.is_torn = false;
    }
}

impl Locked<'_> {
    /// Whether none of the file is known: it is new to this process.
    pub(super) fn is_unknown(&self) -> bool {
        self.0.known == 0
    }

    /// Has all of the file read anew the next time.
    pub(super) fn forget(&mut self) {
        self.0.forget();
    }

    /// Reads what is not known yet.
    pub(super) fn read_on(&mut self, records: &mut Records) -> io::Result<Found> {
        let mut text = Vec::new();
        self.0.file.seek(SeekFrom::Start(self.0.known))?;
        self.0.file.read_to_end(&mut text)?;
        let mut found = Found::default();
        for bytes in text.split(|byte| *byte == b'\n').filter(|b| !b.is_empty()) {
            self.0.lines += 1;
            match serde_json::from_slice(bytes) {
                Ok(Entry::Salt(salt)) => found.salt = Some(salt),
                Ok(Entry::Phone(key, record)) => {
                    records.insert(key, record);
                }
                Err(_) => found.garbage += 1,
            }
        }
        self.0.known += text.len() as u64;
        if let Some(last) = text.last() {
            self.0.is_torn = *last != b'\n';
        }
        if found.garbage > 0 {
            tracing::warn!(
                "{} lines of the login ledger are not understood and are passed over; what they said \
                 of refused logins is unknown, so phones begin with half of the budget",
                found.garbage
            );
        }
        Ok(found)
    }

    /// Appends the salt and all records, to a file that lacks them.
    pub(super) fn append_all(&mut self, records: &Records, salt: Salt) -> io::Result<()> {
        self.append_text(&all(records, salt)?, records.len() + 1)
    }

    /// Appends what is known of one phone.
    pub(super) fn append(&mut self, key: &str, record: &LoginRecord) -> io::Result<()> {
        self.append_text(&line(&Entry::Phone(key.into(), record.clone()))?, 1)
    }

    /// Writes the file anew if it has grown and this is the daemon.
    pub(super) fn tidy(self, records: &Records, salt: Salt) -> io::Result<()> {
        if self.0.lines <= 2 * records.len() + SPARE_LINES {
            return Ok(());
        }
        self.rewrite(records, salt)
    }

    /// Writes the file anew if this is the daemon. The lock ends with the file that it was on.
    pub(super) fn rewrite(self, records: &Records, salt: Salt) -> io::Result<()> {
        if self.0.keeper == Keeper::Command {
            return Ok(());
        }
        let text = all(records, salt)?;
        let directory = StateDir::open(&self.0.directory)?;
        directory.replace(NAME, text.as_bytes())?;
        self.0.file = directory.file(NAME, Access::Append)?;
        self.0.known = text.len() as u64;
        self.0.lines = records.len() + 1;
        self.0.is_torn = false;
        Ok(())
    }

    fn append_text(&mut self, text: &str, lines: usize) -> io::Result<()> {
        let torn = if self.0.is_torn { "\n" } else { "" };
        let text = format!("{torn}{text}");
        self.0.file.write_all(text.as_bytes())?;
        self.0.is_torn = false;
        self.0.known += text.len() as u64;
        self.0.lines += lines;
        Ok(())
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.file.unlock() {
            tracing::debug!(%error, "The login ledger could not be unlocked");
        }
    }
}

fn all(records: &Records, salt: Salt) -> io::Result<String> {
    let mut text = line(&Entry::Salt(salt))?;
    for (key, record) in records {
        text.push_str(&line(&Entry::Phone(key.clone(), record.clone()))?);
    }
    Ok(text)
}

fn line(entry: &Entry) -> io::Result<String> {
    let mut line = serde_json::to_string(entry)?;
    line.push('\n');
    Ok(line)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a lock of another process has no event to wait for; bounded by `wait`"
)]
fn lock(file: &File, wait: Duration) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if waited >= wait => {
                return Err(io::Error::other("another process holds its lock"));
            }
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(LOCK_STEP);
                waited += LOCK_STEP;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_line_that_a_full_disk_cut_off_stands_on_a_line_of_its_own() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(NAME);
        let open = || File::options().append(true).read(true).open(&path);
        let wait = Duration::ZERO;
        let mut ledger = LedgerFile::open(directory.path(), Keeper::Daemon).expect("a file");
        let mut records = Records::new();
        let mut locked = ledger.lock(wait).expect("nobody else holds it");
        locked.append_all(&records, [7; 16]).expect("a new ledger");
        drop(locked);
        let mut other = open().expect("the same file");
        other.write_all(b"{\"phone\":[\"a").expect("a torn line");

        // Nothing can be written, as on a full disk: it is read all the same.
        ledger.file = File::open(&path).expect("it may be read");
        let mut locked = ledger.lock(wait).expect("nobody else holds it");
        let found = locked.read_on(&mut Records::new());
        assert_eq!(found.expect("it can be read").garbage, 1);
        let refused = locked.append("phone", &LoginRecord::default());
        refused.expect_err("it cannot be written");
        drop(locked);

        ledger.file = open().expect("room again");
        let mut locked = ledger.lock(wait).expect("nobody else holds it");
        let appended = locked.append("phone", &LoginRecord::default());
        appended.expect("it is written");
        drop(locked);
        let mut again = LedgerFile::open(directory.path(), Keeper::Daemon).expect("a file");
        let mut locked = again.lock(wait).expect("nobody else holds it");
        let found = locked.read_on(&mut records).expect("a ledger");
        assert_eq!(found.salt, Some([7; 16]));
        assert!(records.contains_key("phone"), "{records:?}");
    }
}
