//! What the configuration was read from, and whether any of it changed since.
//!
//! A [`Signature`] is cheap enough to be taken every few seconds: it asks for the metadata of files
//! and opens none. Both functions block; callers run them off the async threads.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use glob::{MatchOptions, Pattern};

use super::fault::Wrong;

/// The state of every file of a configuration; equal as long as none changed, came or went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature(Vec<Stamp>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    modified: Option<SystemTime>,
    size: u64,
    inode: u64,
}

/// `*` neither crosses a directory nor matches hidden files, such as the locks of editors.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The state of the files and patterns of [`Config::sources`](super::Config::sources).
pub fn signature(sources: &[PathBuf]) -> Signature {
    let mut stamps = Vec::with_capacity(sources.len());
    for source in sources {
        if let Some(stamp) = stamp(source) {
            stamps.push(stamp);
            continue;
        }
        let Some(pattern) = source.to_str().filter(|name| is_pattern(name)) else {
            continue;
        };
        let matching = expand(pattern).unwrap_or_default();
        stamps.extend(matching.iter().filter_map(|path| stamp(path)));
    }
    Signature(stamps)
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp {
        path: path.to_owned(),
        modified: metadata.modified().ok(),
        size: metadata.len(),
        inode: metadata.ino(),
    })
}

/// Whether a name holds wildcards.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// The pattern `name` within the directory `base`, whose own name holds no wildcards.
pub(super) fn pattern(base: &Path, name: &str) -> String {
    let base = Pattern::escape(&base.to_string_lossy());
    Path::new(&base).join(name).to_string_lossy().into_owned()
}

/// The files that match, in the order of their names; what is no directory counts as a file, so
/// that a dangling link is noticed when it is read.
pub(super) fn expand(pattern: &str) -> Result<Vec<PathBuf>, Wrong> {
    let matching = glob::glob_with(pattern, OPTIONS).map_err(|error| {
        Wrong::new(
            format!("is no pattern: {}", error.msg),
            "use `*`, `?` or `[…]`",
        )
    })?;
    let mut files = Vec::new();
    for path in matching {
        let path = path.map_err(|error| {
            Wrong::new(
                format!("cannot be searched: {}", error.error()),
                "check permissions",
            )
        })?;
        if !path.is_dir() {
            files.push(path);
        }
    }
    Ok(files)
}
