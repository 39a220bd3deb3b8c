//! Replaces a file: the new text is there as a whole or not at all.
//!
//! Mode and owner stay, so that a daemon that could read the list still can.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use anyhow::{Context, ensure};

/// The mode of a new list: it holds no secrets.
const NEW_MODE: u32 = 0o644;

/// Writes `text` to `path`, whose text was `before`; `None` for a new file. Fails if the file was
/// changed since.
pub(super) fn replace(path: &Path, before: Option<&str>, text: &str) -> anyhow::Result<()> {
    let failed = || format!("failed to write {}", path.display());
    // A link stays a link: its target is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_new| path.to_owned());
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".import")
        .tempfile_in(directory)
        .with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)?;
    match fs::metadata(&target) {
        Ok(old) => {
            let new = file.as_file().metadata().with_context(failed)?;
            if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                fchown(file.as_file(), Some(old.uid()), Some(old.gid()))
                    .context("cannot keep its owner; run this as its owner or as root")
                    .with_context(failed)?;
            }
            file.as_file()
                .set_permissions(old.permissions())
                .with_context(failed)?;
        }
        Err(_new) => {
            let mode = Permissions::from_mode(NEW_MODE);
            file.as_file().set_permissions(mode).with_context(failed)?;
        }
    }
    file.as_file().sync_all().with_context(failed)?;
    let now = match fs::read_to_string(&target) {
        Ok(now) => Some(now),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(failed),
    };
    ensure!(
        now.as_deref() == before,
        "{} was changed in the meantime; import again",
        path.display()
    );
    file.persist(&target)
        .map_err(|error| error.error)
        .with_context(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_and_link_stay_and_a_change_in_the_meantime_is_not_lost() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (
            directory.path().join("a.csv"),
            directory.path().join("b.csv"),
        );
        replace(&file, None, "one").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, NEW_MODE);
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a.csv", &link).unwrap();
        replace(&link, Some("one"), "two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        let error = replace(&file, Some("one"), "three")
            .unwrap_err()
            .to_string();
        assert!(error.contains("import again"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            2,
            "no temporary file stays"
        );
    }
}
