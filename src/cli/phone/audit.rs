//! The record of writes: one line of JSON a write, appended before it is sent and after.
//!
//! `audit.jsonl` in the state directory shows which call was made on a phone, when and by which user.
//! Secrets in calls are redacted. A write that cannot be recorded is not sent.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;

use crate::local_files::StateDir;

/// The open record.
pub(super) struct Audit {
    file: Mutex<File>,
    actor: String,
}

#[derive(Serialize)]
struct Entry<'a> {
    time: Timestamp,
    actor: &'a str,
    phones: [&'a str; 1],
    call: &'a str,
    result: &'a str,
}

/// Its name in the state directory.
const FILE_NAME: &str = "audit.jsonl";

impl Audit {
    /// Opens the record in this directory, which is made if it is missing. `sudo_user` is the user that
    /// ran `sudo`.
    pub(super) fn open(state_dir: &Path, sudo_user: Option<&str>) -> anyhow::Result<Self> {
        let file = StateDir::open_or_make(state_dir)
            .and_then(|directory| directory.file_or_new(FILE_NAME))
            .with_context(|| {
                format!(
                    "failed to open {}, where writes are recorded; \
                     run this as the user of the daemon or as root",
                    state_dir.join(FILE_NAME).display()
                )
            })?;
        Ok(Self {
            file: Mutex::new(file),
            actor: actor(sudo_user),
        })
    }

    /// Appends a line.
    pub(super) fn record(
        &self,
        time: Timestamp,
        phone: &str,
        call: &str,
        result: &str,
    ) -> anyhow::Result<()> {
        let entry = Entry {
            time,
            actor: &self.actor,
            phones: [phone],
            call,
            result,
        };
        let mut line = serde_json::to_string(&entry)?;
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // One write, so that lines of several commands do not mix.
        file.write_all(line.as_bytes())
            .and_then(|()| file.sync_data())
            .context("failed to append to the record of writes")
    }
}

/// The user of this process, and who became that user.
fn actor(sudo_user: Option<&str>) -> String {
    let uid = std::fs::metadata("/proc/self").map(|own| own.uid()).ok();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = match uid {
        Some(uid) => match name_of(&users, uid) {
            Some(name) => name.to_owned(),
            None => format!("uid {uid}"),
        },
        None => "unknown".to_owned(),
    };
    match sudo_user {
        Some(sudo_user) => format!("{sudo_user} as {user}"),
        None => user,
    }
}

/// The name of a user in the format of passwd(5).
fn name_of(users: &str, uid: u32) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("state");
        for result in ["begun", "done"] {
            let audit = Audit::open(&below, Some("anna")).unwrap();
            audit
                .record(
                    Timestamp::UNIX_EPOCH,
                    "p\"0",
                    "/cgi-bin/x?P2=(secret)",
                    result,
                )
                .unwrap();
        }
        let text = std::fs::read_to_string(below.join(FILE_NAME)).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["phones"], serde_json::json!(["p\"0"]));
        assert_eq!(lines[1]["result"], "done");
        assert_eq!(lines[0]["time"], "1970-01-01T00:00:00Z");
        assert!(lines[0]["actor"].as_str().unwrap().starts_with("anna as "));
    }

    #[test]
    fn users_are_named_where_the_system_knows_them() {
        let users = "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\n";
        assert_eq!(name_of(users, 1000), Some("anna"));
        assert_eq!(name_of(users, 7), None);
    }
}
