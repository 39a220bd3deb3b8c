//! The files that a configuration names: found, read within bounds, and remembered for watching.
//!
//! Names are relative to the directory of the configuration file. Only regular files are read, so
//! that a pipe or a device cannot hold the start up.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::fault::Wrong;

/// What the process was started with: its environment variables, and the flags that replace keys.
/// The command line reads both and hands them in.
#[derive(Debug, Default)]
pub struct Environment {
    variables: HashMap<String, SecretString>,
    pub(crate) flags: Flags,
}

/// Flags that replace keys of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// Replaces `web_config_file`; relative to the working directory.
    pub web_config_file: Option<PathBuf>,
    /// Replaces `external_url`.
    pub external_url: Option<String>,
}

/// Whether secret files and variables are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Read them; one that is missing is a fault.
    Read,
    /// Leave them alone and put empty passwords in their place: for checking a configuration where
    /// the secrets are not, as in git or CI. Inline passwords are left out too.
    Skip,
}

/// The machine around a configuration: where its files lie, and what of it was used.
pub(crate) struct Files<'a> {
    base: PathBuf,
    pub(crate) environment: &'a Environment,
    pub(crate) secrets: Secrets,
    /// What was read, and the patterns that were expanded.
    pub(crate) sources: Vec<PathBuf>,
    world_readable: HashSet<PathBuf>,
}

/// The largest configuration file or list of phones: some 200,000 phones.
pub(crate) const MAX_LIST: u64 = 64 << 20;

/// The largest file of certificates.
pub(crate) const MAX_CERTIFICATES: u64 = 1 << 20;

/// The largest password file.
pub(crate) const MAX_SECRET: u64 = 4 << 10;

impl Environment {
    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(ExposeSecret::expose_secret)
    }

    /// The same environment with these flags.
    #[must_use]
    pub fn with_flags(self, flags: Flags) -> Self {
        Self { flags, ..self }
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let secret = |(name, value): (String, String)| (name, value.into());
        Self {
            variables: variables.into_iter().map(secret).collect(),
            flags: Flags::default(),
        }
    }
}

impl<'a> Files<'a> {
    /// The files around the configuration file `config`.
    pub(crate) fn around(config: &Path, environment: &'a Environment, secrets: Secrets) -> Self {
        Self {
            base: config.parent().map(Path::to_path_buf).unwrap_or_default(),
            environment,
            secrets,
            sources: Vec::new(),
            world_readable: HashSet::new(),
        }
    }

    /// The files around another file of the configuration, which was read: names in it are relative
    /// to its own directory. Its sources are to be added to ours.
    pub(crate) fn near(&self, file: &Path) -> Self {
        Self {
            base: file.parent().map(Path::to_path_buf).unwrap_or_default(),
            environment: self.environment,
            secrets: self.secrets,
            sources: Vec::new(),
            world_readable: self.world_readable.clone(),
        }
    }

    /// The file that a configuration calls `name`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }

    /// The directory that names are relative to.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// Whether everybody on this machine may read a file that was read.
    pub(crate) fn is_world_readable(&self, path: &Path) -> bool {
        self.world_readable.contains(path)
    }

    /// The file's content, which is at most `limit` bytes long.
    pub(crate) fn read(&mut self, path: &Path, limit: u64) -> Result<Vec<u8>, Wrong> {
        self.sources.push(path.to_owned());
        let metadata = fs::metadata(path).map_err(|error| self.unreadable(&error))?;
        if !metadata.is_file() {
            return Err(Wrong::new("is not a regular file", "name a file"));
        }
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
            .map_err(|error| self.unreadable(&error))?;
        if bytes.len() as u64 > limit {
            let what = format!("is larger than {limit} bytes");
            return Err(Wrong::new(what, "name the right file"));
        }
        if metadata.permissions().mode() & 0o004 != 0 {
            self.world_readable.insert(path.to_owned());
        }
        Ok(bytes)
    }

    /// The same as text.
    pub(crate) fn read_text(&mut self, path: &Path, limit: u64) -> Result<String, Wrong> {
        let text = String::from_utf8(self.read(path, limit)?);
        text.map_err(|error| {
            let position = error.utf8_error().valid_up_to();
            let what = format!("is not UTF-8 text from byte {position} on");
            Wrong::new(what, "save it as UTF-8")
        })
    }

    /// Whether the file is there to be read later.
    pub(crate) fn expect(&mut self, path: &Path) -> Result<(), Wrong> {
        self.sources.push(path.to_owned());
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(()),
            Ok(_) => Err(Wrong::new("is not a regular file", "name a file")),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    /// The name is left out: in a password field it may be the password itself.
    fn unreadable(&self, error: &io::Error) -> Wrong {
        let here = self.base.as_os_str().is_empty();
        let base = if here { Path::new(".") } else { &self.base };
        Wrong::new(
            format!("cannot be read: {error}"),
            format!(
                "check name and permissions; names are relative to {}",
                base.display()
            ),
        )
    }
}
