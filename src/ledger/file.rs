//! The ledger's file: lines appended under a lock, read on from where one left off.
//!
//! A [`Locked`] file is this process' alone; whoever replaced the file is noticed by its inode. A
//! line that does not parse (torn by a crash, or of a later version) is passed over.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Keeper, Salt};
use crate::fleet::guard::LoginRecord;

#[derive(Debug)]
pub(super) struct LedgerFile {
    path: PathBuf,
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

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Entry {
    Salt(Salt),
    Phone(Box<str>, LoginRecord),
}

/// How long another process is waited for: appending takes it microseconds.
const LOCK_WAIT: Duration = Duration::from_secs(2);
const LOCK_STEP: Duration = Duration::from_millis(5);

/// Lines beyond two a phone after which the daemon writes the file anew: about half a megabyte.
const SPARE_LINES: usize = 2_000;

impl LedgerFile {
    pub(super) fn open(path: &Path, keeper: Keeper) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            keeper,
            file: open_or_make(path)?,
            known: 0,
            lines: 0,
            is_torn: false,
        })
    }

    /// Waits for the lock, for a while, and follows the file if it was replaced or cut short: then
    /// none of it is known.
    pub(super) fn lock(&mut self) -> io::Result<Locked<'_>> {
        lock(&self.file)?;
        let ours = self.file.metadata()?;
        let at_path = std::fs::metadata(&self.path).ok();
        if at_path.is_some_and(|found| (found.dev(), found.ino()) == (ours.dev(), ours.ino())) {
            if ours.len() < self.known {
                self.forget();
            }
            return Ok(Locked(self));
        }
        self.file = open_or_make(&self.path)?;
        self.forget();
        lock(&self.file)?;
        Ok(Locked(self))
    }

    fn forget(&mut self) {
        self.known = 0;
        self.lines = 0;
        self.is_torn = false;
    }
}

impl Locked<'_> {
    /// Reads the whole file; an empty one begins with a salt.
    pub(super) fn read_or_begin(
        mut self,
        records: &mut HashMap<Box<str>, LoginRecord>,
        new_salt: impl FnOnce() -> Salt,
    ) -> io::Result<Salt> {
        if let Some(salt) = self.read_on(records)? {
            return Ok(salt);
        }
        let salt = new_salt();
        self.append_entry(&Entry::Salt(salt))?;
        Ok(salt)
    }

    /// Reads what other processes appended since. Writes down what is known if the file has lost it.
    pub(super) fn read_others(
        &mut self,
        records: &mut HashMap<Box<str>, LoginRecord>,
        salt: Salt,
    ) -> io::Result<()> {
        let is_another_file = self.0.known == 0;
        let found = self.read_on(records)?;
        if is_another_file && found != Some(salt) {
            self.append_entry(&Entry::Salt(salt))?;
            for (key, record) in records {
                self.append(key, record)?;
            }
        }
        Ok(())
    }

    pub(super) fn append(&mut self, key: &str, record: &LoginRecord) -> io::Result<()> {
        self.append_entry(&Entry::Phone(key.into(), record.clone()))
    }

    /// Writes the file anew if it has grown and this is the daemon.
    pub(super) fn tidy(
        &mut self,
        records: &HashMap<Box<str>, LoginRecord>,
        salt: Salt,
    ) -> io::Result<()> {
        let ledger = &mut *self.0;
        if ledger.keeper == Keeper::Command || ledger.lines <= 2 * records.len() + SPARE_LINES {
            return Ok(());
        }
        let mut text = line(&Entry::Salt(salt))?;
        for (key, record) in records {
            text.push_str(&line(&Entry::Phone(key.clone(), record.clone()))?);
        }
        let fresh = ledger.path.with_extension("new");
        let mut file = options().truncate(true).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &ledger.path)?;
        ledger.file = open_or_make(&ledger.path)?;
        ledger.known = text.len() as u64;
        ledger.lines = records.len() + 1;
        ledger.is_torn = false;
        Ok(())
    }

    fn read_on(
        &mut self,
        records: &mut HashMap<Box<str>, LoginRecord>,
    ) -> io::Result<Option<Salt>> {
        let mut text = Vec::new();
        self.0.file.seek(SeekFrom::Start(self.0.known))?;
        self.0.file.read_to_end(&mut text)?;
        let mut salt = None;
        for bytes in text.split(|byte| *byte == b'\n').filter(|b| !b.is_empty()) {
            self.0.lines += 1;
            match serde_json::from_slice(bytes) {
                Ok(Entry::Salt(found)) => salt = Some(found),
                Ok(Entry::Phone(key, record)) => {
                    records.insert(key, record);
                }
                Err(error) => {
                    tracing::warn!(%error, "A line of the login ledger is not understood; passed over");
                }
            }
        }
        self.0.known += text.len() as u64;
        if let Some(last) = text.last() {
            self.0.is_torn = *last != b'\n';
        }
        Ok(salt)
    }

    fn append_entry(&mut self, entry: &Entry) -> io::Result<()> {
        let mut text = line(entry)?;
        if self.0.is_torn {
            text.insert(0, '\n');
        }
        self.0.file.write_all(text.as_bytes())?;
        self.0.is_torn = false;
        self.0.known += text.len() as u64;
        self.0.lines += 1;
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

fn line(entry: &Entry) -> io::Result<String> {
    let mut line = serde_json::to_string(entry)?;
    line.push('\n');
    Ok(line)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true).mode(0o600);
    options
}

/// Opens the file for reading and appending. One made by root belongs to the owner of its
/// directory, so that a command run as root does not shut the daemon out.
fn open_or_make(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    if is_new && let Some(directory) = path.parent() {
        let owner = std::fs::metadata(directory)?;
        let made = file.metadata()?;
        if (owner.uid(), owner.gid()) != (made.uid(), made.gid()) {
            std::os::unix::fs::fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    Ok(file)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a lock of another process has no event to wait for; bounded by LOCK_WAIT"
)]
fn lock(file: &File) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if waited >= LOCK_WAIT => {
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
        let path = directory.path().join("logins");
        let mut ledger = LedgerFile::open(&path, Keeper::Daemon).expect("a file");
        let mut records = HashMap::new();
        let mut read = |ledger: &mut LedgerFile| {
            let locked = ledger.lock().expect("nobody else holds it");
            locked.read_or_begin(&mut records, || [7; 16])
        };
        read(&mut ledger).expect("a new ledger");
        let mut other = open_or_make(&path).expect("the same file");
        other.write_all(b"{\"phone\":[\"a").expect("a torn line");

        // Nothing can be written, as on a full disk: it is read all the same.
        ledger.file = File::open(&path).expect("it may be read");
        let mut locked = ledger.lock().expect("nobody else holds it");
        let salt = locked.read_on(&mut HashMap::new());
        assert_eq!(salt.expect("it can be read"), None);
        let refused = locked.append("phone", &LoginRecord::default());
        refused.expect_err("it cannot be written");
        drop(locked);

        ledger.file = open_or_make(&path).expect("room again");
        let mut locked = ledger.lock().expect("nobody else holds it");
        let appended = locked.append("phone", &LoginRecord::default());
        appended.expect("it is written");
        drop(locked);
        let mut again = LedgerFile::open(&path, Keeper::Daemon).expect("a file");
        read(&mut again).expect("a ledger");
        assert!(records.contains_key("phone"), "{records:?}");
    }
}
