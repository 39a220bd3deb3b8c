//! The state directory and the files in it.
//!
//! A [`StateDir`] is an open directory and whom its files belong to: the owner of the directory, or,
//! where that is root and the directory is writable for others too (an `fsGroup`, mode 1777), the
//! user of the daemon that runs or ran there. It is held for as long as one file is opened, so that a
//! directory that is moved or mounted over is found again by its name.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::LocalFileError;

/// An open state directory.
#[derive(Debug)]
pub struct StateDir {
    fd: OwnedFd,
    /// Without links.
    path: PathBuf,
    owner: Owner,
    /// Whether others than its owner may make files in it.
    is_open_to_others: bool,
}

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its content is read.
    Read,
    /// It is read, and written at its end.
    Append,
}

/// Whose files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owner {
    uid: Uid,
    gid: Gid,
}

/// The file that the daemon locks while it runs.
pub const LOCK: &str = "daemon.lock";

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: Mode = Mode::from_raw_mode(0o600);
const REGULAR: &str = "regular file";

impl StateDir {
    /// Opens the directory.
    pub fn open(path: &Path) -> Result<Self, LocalFileError> {
        let failed = |source| LocalFileError::Io {
            path: path.to_owned(),
            source,
        };
        refuse_foreign_link(path)?;
        let real = fs::canonicalize(path).map_err(failed)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::open(&real, flags, Mode::empty());
        let fd = fd.map_err(|errno| failed(errno.into()))?;
        let stat = rustix::fs::fstat(&fd).map_err(|errno| failed(errno.into()))?;
        let others = Mode::WGRP | Mode::WOTH;
        Ok(Self {
            owner: Owner::of_files_in(&fd, &stat),
            fd,
            path: real,
            is_open_to_others: Mode::from_raw_mode(stat.st_mode).intersects(others),
        })
    }

    /// Opens the directory, made for its user alone (0700) if it is missing.
    pub fn open_or_make(path: &Path) -> Result<Self, LocalFileError> {
        make(path).map_err(|source| LocalFileError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::open(path)
    }

    /// Where the file of this name lies, without links.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens a file that is there.
    pub fn file(&self, name: &str, access: Access) -> Result<File, LocalFileError> {
        let flags = match access {
            Access::Read => OFlags::RDONLY,
            Access::Append => OFlags::RDWR | OFlags::APPEND,
        };
        let fd = self
            .open_at(name, flags)
            .map_err(|errno| self.error(name, errno))?;
        self.trust(
            name,
            &rustix::fs::fstat(&fd).map_err(|errno| self.error(name, errno))?,
        )?;
        Ok(fd.into())
    }

    /// Opens a file for reading and appending; a missing one is made, readable for its user alone.
    pub fn file_or_new(&self, name: &str) -> Result<File, LocalFileError> {
        // Not in one step: to make a file that is there means to open one of others, too.
        match self.file(name, Access::Append) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        match self.new_file(name) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.file(name, Access::Append)
            }
            made => made,
        }
    }

    /// Puts a file with this content in the place of the one of that name, in one step.
    pub fn replace(&self, name: &str, content: &[u8]) -> Result<(), LocalFileError> {
        let fresh = format!("{name}.new");
        self.remove(&fresh)?;
        let mut file = self.new_file(&fresh)?;
        let written = file.write_all(content).and_then(|()| file.sync_all());
        written.map_err(|source| LocalFileError::Io {
            path: self.path(&fresh),
            source,
        })?;
        self.rename(&fresh, name)
    }

    /// Gives a file another name; a file that has it goes.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), LocalFileError> {
        let renamed = rustix::fs::renameat(&self.fd, from, &self.fd, to);
        renamed.map_err(|errno| self.error(from, errno))
    }

    /// Removes a file, or the link in its place; one that is not there is well.
    pub fn remove(&self, name: &str) -> Result<(), LocalFileError> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.error(name, errno)),
        }
    }

    /// Whether a library that follows no link may open a file by its path; one that is missing may
    /// be made.
    pub fn check(&self, name: &str) -> Result<(), LocalFileError> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => self.trust(name, &stat),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.error(name, errno)),
        }
    }

    /// Whether this name still stands for this open file.
    pub fn is_at(&self, name: &str, file: &File) -> io::Result<bool> {
        let ours = file.metadata()?;
        let found = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok();
        Ok(found.is_some_and(|found| (found.st_dev, found.st_ino) == (ours.dev(), ours.ino())))
    }

    fn new_file(&self, name: &str) -> Result<File, LocalFileError> {
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL;
        let fd = self
            .open_at(name, flags)
            .map_err(|errno| self.error(name, errno))?;
        self.owner.give(&fd, &self.path(name));
        Ok(fd.into())
    }

    fn open_at(&self, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        // A pipe in its place must not block.
        let always = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.fd, name, flags | always, FILE_MODE)
    }

    fn trust(&self, name: &str, stat: &Stat) -> Result<(), LocalFileError> {
        let path = || self.path(name);
        LocalFileError::check_kind(stat, FileType::RegularFile, &path, REGULAR)?;
        let found = Uid::from_raw(stat.st_uid);
        let own = geteuid();
        if found != self.owner.uid && (found != own || own.is_root()) {
            return Err(LocalFileError::Owner {
                path: path(),
                found: found.as_raw(),
                expected: self.owner.uid.as_raw(),
            });
        }
        if stat.st_nlink > 1 && self.is_open_to_others {
            return Err(LocalFileError::HardLinks { path: path() });
        }
        Ok(())
    }

    fn error(&self, name: &str, errno: Errno) -> LocalFileError {
        LocalFileError::of(errno, self.path(name), REGULAR)
    }
}

impl Owner {
    /// Whose the files in a directory are.
    fn of_files_in(directory: &OwnedFd, stat: &Stat) -> Self {
        if stat.st_uid == 0
            && let Ok(lock) = rustix::fs::statat(directory, LOCK, AtFlags::SYMLINK_NOFOLLOW)
            && FileType::from_raw_mode(lock.st_mode) == FileType::RegularFile
        {
            return Self::of(&lock);
        }
        Self::of(stat)
    }

    fn of(stat: &Stat) -> Self {
        Self {
            uid: Uid::from_raw(stat.st_uid),
            gid: Gid::from_raw(stat.st_gid),
        }
    }

    /// Gives what was just made to this owner, if this is root, who alone can.
    fn give(self, made: impl AsFd, path: &Path) {
        if !geteuid().is_root() || self.uid.is_root() {
            return;
        }
        let given = rustix::fs::chownat(
            made,
            "",
            Some(self.uid),
            Some(self.gid),
            AtFlags::EMPTY_PATH,
        );
        if let Err(error) = given {
            tracing::warn!(%error, "{} cannot be given to user {}", path.display(), self.uid.as_raw());
        }
    }
}

/// Makes a directory and those above it; what root makes belongs to whom the directory around it does.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.mode(DIRECTORY_MODE);
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(above.ok_or(error)?)?;
            make(path)
        }
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            let around = rustix::fs::stat(above.unwrap_or(Path::new(".")))?;
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = rustix::fs::open(path, flags, Mode::empty())?;
            Owner::of(&around).give(&made, path);
            Ok(())
        }
    }
}

/// The directory may be reached through a link of root's, as those of systemd's `DynamicUser=` are;
/// root follows none that another user may turn elsewhere.
fn refuse_foreign_link(path: &Path) -> Result<(), LocalFileError> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if found.is_symlink() && found.uid() != 0 && geteuid().is_root() {
        let path = path.to_owned();
        return Err(LocalFileError::Link { path });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A user that is neither root nor the one that runs the tests.
    const OTHER: u32 = 65_534;

    fn directory() -> (tempfile::TempDir, StateDir) {
        let directory = tempfile::tempdir().expect("a directory");
        let opened = StateDir::open(directory.path()).expect("it can be opened");
        (directory, opened)
    }

    fn owner(path: &Path) -> u32 {
        fs::symlink_metadata(path).expect("it is there").uid()
    }

    #[test]
    fn a_link_a_directory_and_a_pipe_in_the_place_of_a_file_are_refused() {
        let (directory, opened) = directory();
        let path = |name: &str| directory.path().join(name);
        symlink(path("elsewhere"), path("dangling")).expect("a link");
        fs::write(path("target"), "x").expect("a file");
        symlink(path("target"), path("link")).expect("a link");
        fs::create_dir(path("directory")).expect("a directory");
        rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), FileType::Fifo, FILE_MODE, 0)
            .expect("a pipe");
        for name in ["dangling", "link", "directory", "pipe"] {
            let refused = opened.file_or_new(name).expect_err(name).to_string();
            assert!(refused.ends_with("remove it"), "{refused}");
            opened.file(name, Access::Read).expect_err(name);
            opened.check(name).expect_err(name);
        }
        assert!(!path("elsewhere").exists());
        assert_eq!(fs::read(path("target")).expect("a file"), b"x");
    }

    #[test]
    fn replacing_a_link_leaves_what_it_leads_to_alone() {
        let (directory, opened) = directory();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("target"), "x").expect("a file");
        for name in ["file", "file.new"] {
            symlink(path("target"), path(name)).expect("a link");
            opened.replace("file", b"new").expect("it is replaced");
            assert_eq!(fs::read(path("file")).expect("a file"), b"new");
            assert_eq!(fs::read(path("target")).expect("a file"), b"x");
            fs::remove_file(path("file")).expect("removed");
        }
    }

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_directory_and_others_files_are_refused() {
        if !geteuid().is_root() {
            return;
        }
        let directory = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::chown(directory.path(), Some(OTHER), Some(OTHER)).expect("given");
        let below = directory.path().join("a/b");
        let opened = StateDir::open_or_make(&below).expect("it is made");
        assert_eq!(owner(&below), OTHER);
        drop(opened.file_or_new("file").expect("it is made"));
        assert_eq!(owner(&below.join("file")), OTHER);
        opened.replace("other", b"x").expect("it is made");
        assert_eq!(owner(&below.join("other")), OTHER);
        fs::write(below.join("roots"), "x").expect("a file of root's");
        let refused = opened.file_or_new("roots").expect_err("not of the owner");
        assert!(matches!(refused, LocalFileError::Owner { .. }), "{refused}");

        let link = directory.path().join("link");
        symlink(&below, &link).expect("a link");
        StateDir::open(&link).expect("root made it");
        std::os::unix::fs::lchown(&link, Some(OTHER), Some(OTHER)).expect("given");
        StateDir::open(&link).expect_err("another user may turn it elsewhere");
    }

    #[test]
    fn in_a_directory_of_roots_that_others_write_to_files_belong_to_who_runs_the_daemon() {
        if !geteuid().is_root() {
            return;
        }
        let directory = tempfile::tempdir().expect("a directory");
        let open = || StateDir::open(directory.path()).expect("it can be opened");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).expect("opened");
        drop(open().file_or_new("before").expect("it is made"));
        fs::hard_link(
            directory.path().join("before"),
            directory.path().join("again"),
        )
        .expect("a second name");
        let refused = open().file_or_new("before").expect_err("it has two names");
        assert!(
            matches!(refused, LocalFileError::HardLinks { .. }),
            "{refused}"
        );
        let lock = directory.path().join(LOCK);
        fs::write(&lock, "").expect("a file");
        std::os::unix::fs::chown(&lock, Some(OTHER), Some(OTHER)).expect("given");
        drop(open().file_or_new("after").expect("it is made"));
        assert_eq!(owner(&directory.path().join("after")), OTHER);
        open().file_or_new("after").expect("it is the daemon's");
    }

    #[test]
    fn a_missing_directory_is_made_for_its_user_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let below = directory.path().join("a/b");
        StateDir::open_or_make(&below).expect("it is made");
        StateDir::open_or_make(&below).expect("it is there");
        let mode = fs::metadata(&below)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, DIRECTORY_MODE);
        fs::write(directory.path().join("file"), "").expect("a file");
        StateDir::open_or_make(&directory.path().join("file")).expect_err("no directory");
        StateDir::open_or_make(&directory.path().join("file/below")).expect_err("no directory");
    }
}
