//! What survives, and what happens when the disk does not play along.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::events::EVENT_AGE;
use super::file::{MODE, beside};
use super::outbox::MAX_ENTRIES;
use super::*;
use crate::fleet::moment::later;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn document(key: &str, body: Option<&str>) -> Batch {
    Batch {
        documents: vec![(Kind::Alert, key.into(), body.map(Into::into))],
        ..Batch::default()
    }
}

fn entry(receiver: &str, body: &str) -> NewEntry {
    NewEntry {
        receiver: receiver.into(),
        group_key: "site=hq".into(),
        body: body.into(),
        due: NOW,
    }
}

fn letters(letters: impl IntoIterator<Item = NewEntry>) -> Batch {
    Batch {
        letters: letters.into_iter().collect(),
        ..Batch::default()
    }
}

fn event(phone: &str, at: Timestamp) -> NewEvent {
    NewEvent {
        at,
        phone: phone.into(),
        kind: "reboot".into(),
        body: "{}".into(),
    }
}

fn keys(store: &Store) -> Vec<String> {
    let documents = store.documents(Kind::Alert).expect("they can be read");
    documents.into_iter().map(|(key, _)| key.into()).collect()
}

#[test]
fn only_its_owner_may_open_what_tells_of_people() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    std::fs::write(&path, "").expect("a file of an earlier version");
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("it is ours");
    let mut store = Store::open(Some(&path));
    store
        .write(&document("a", Some("1")), NOW)
        .expect("it is written");
    for entry in std::fs::read_dir(directory.path()).expect("it is there") {
        let entry = entry.expect("it is there");
        let mode = entry.metadata().expect("it is ours").permissions().mode();
        assert_eq!(mode & 0o777, MODE, "{:?}", entry.file_name());
    }
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    let mut store = Store::open(Some(&path));
    let mut batch = document("a", Some("1"));
    batch.letters.push(entry("mail", "hello"));
    batch.events.push(event("reception", NOW));
    store.write(&batch, NOW).expect("it is written");
    store
        .write(&document("b", Some("2")), NOW)
        .expect("it is written");
    store
        .write(&document("a", None), later(NOW, BUSY))
        .expect("it is written");
    drop(store);
    let store = Store::open(Some(&path));
    assert_eq!(keys(&store), ["b"]);
    assert_eq!(store.letters().expect("letters").len(), 1);
    assert_eq!(store.events(None, NOW, 9).expect("events").len(), 1);
    assert_eq!(store.written_at().expect("a time"), Some(later(NOW, BUSY)));
    assert_eq!(store.fault(), None);
}

#[test]
fn what_was_written_is_there_after_a_crash() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    let mut store = Store::open(Some(&path));
    for n in 0..50 {
        let key = format!("{n:02}");
        store
            .write(&document(&key, Some("x")), NOW)
            .expect("it is written");
        // The files as a process killed now would leave them.
        let crashed = tempfile::tempdir().expect("a directory");
        for name in ["alerts.db", "alerts.db-wal"] {
            let from = directory.path().join(name);
            std::fs::copy(from, crashed.path().join(name)).expect("a copy");
        }
        let found = keys(&Store::open(Some(&crashed.path().join("alerts.db"))));
        assert_eq!(found.last(), Some(&key));
        assert_eq!(found.len(), n + 1);
    }
}

#[test]
fn a_full_disk_is_left_with_everything_and_returned_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    let mut store = Store::open(Some(&path));
    store
        .write(&document("small", Some("x")), NOW)
        .expect("it is written");
    let pages: i64 = store
        .connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .expect("a number");
    store
        .connection
        .pragma_update(None, "max_page_count", pages)
        .expect("a limit");
    let large = "x".repeat(100_000);
    store
        .write(&document("large", Some(&large)), NOW)
        .expect("it is kept in memory");
    assert_eq!(store.fault(), Some(&StoreFault::Full));
    assert_eq!(keys(&store), ["large", "small"]);
    assert_eq!(keys(&Store::open(Some(&path))), ["small"]);
    assert!(store.try_return());
    assert_eq!(store.fault(), None);
    drop(store);
    assert_eq!(keys(&Store::open(Some(&path))), ["large", "small"]);
}

#[test]
fn a_file_that_is_deleted_or_replaced_is_missed_and_made_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    let mut store = Store::open(Some(&path));
    let write = |store: &mut Store, key| {
        let written = store.write(&document(key, Some("x")), NOW);
        written.expect("it is kept");
    };
    write(&mut store, "a");
    std::fs::remove_file(&path).expect("it is there");
    write(&mut store, "b");
    assert_eq!(store.fault(), Some(&StoreFault::Gone));
    assert!(store.try_return());
    write(&mut store, "c");
    std::fs::rename(&path, path.with_extension("away")).expect("it is there");
    std::fs::write(&path, "").expect("another file");
    write(&mut store, "d");
    assert_eq!(store.fault(), Some(&StoreFault::Gone));
    assert!(store.try_return());
    write(&mut store, "e");
    assert_eq!(store.fault(), None);
    std::fs::remove_file(beside(&path, "-wal")).expect("it is there");
    write(&mut store, "f");
    assert_eq!(store.fault(), Some(&StoreFault::Gone));
    assert!(store.try_return());
    write(&mut store, "g");
    assert_eq!(store.fault(), None);
    drop(store);
    let all = ["a", "b", "c", "d", "e", "f", "g"];
    assert_eq!(keys(&Store::open(Some(&path))), all);
}

/// Another process' connection that holds the lock which this statement takes.
fn locked(path: &Path, statement: &str) -> Connection {
    let other = Connection::open(path).expect("it can be opened");
    other.execute_batch(statement).expect("it is locked");
    other
}

const WRITE_LOCK: &str = "BEGIN IMMEDIATE";
const WHOLE_LOCK: &str = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";

#[test]
fn a_lock_of_another_process_is_left_with_everything_and_returned_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    let mut store = Store::open(Some(&path));
    let mut batch = document("a", Some("1"));
    batch.letters.push(entry("mail", "unsent"));
    store.write(&batch, NOW).expect("it is written");
    let other = locked(&path, WRITE_LOCK);
    store
        .write(&document("b", Some("2")), NOW)
        .expect("it is kept in memory");
    assert_eq!(store.fault(), Some(&StoreFault::Locked));
    assert_eq!(keys(&store), ["a", "b"]);
    assert_eq!(store.letters().expect("letters").len(), 1);
    assert!(!store.try_return(), "it is still locked");
    assert_eq!(keys(&store), ["a", "b"]);
    drop(other);
    assert!(store.try_return());
    assert_eq!(store.fault(), None);
    drop(store);
    assert_eq!(keys(&Store::open(Some(&path))), ["a", "b"]);
}

#[test]
fn a_database_that_is_locked_at_the_start_loses_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    for (lock, old, new) in [(WRITE_LOCK, "a", "b"), (WHOLE_LOCK, "c", "d")] {
        let mut store = Store::open(Some(&path));
        let written = store.write(&document(old, Some("1")), NOW);
        written.expect("it is written");
        drop(store);
        let other = locked(&path, lock);
        let mut store = Store::open(Some(&path));
        assert_eq!(store.fault(), Some(&StoreFault::Locked), "{lock}");
        let written = store.write(&document(new, Some("2")), NOW);
        written.expect("it is kept in memory");
        assert!(!store.try_return(), "{lock}");
        drop(other);
        assert!(store.try_return(), "{lock}");
    }
    assert_eq!(keys(&Store::open(Some(&path))), ["a", "b", "c", "d"]);
}

#[test]
fn a_file_that_is_cut_while_it_is_open_is_missed_and_made_again() {
    for (end, length) in [("", 0), ("", 4096), ("-wal", 0)] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("alerts.db");
        let mut store = Store::open(Some(&path));
        let write = |store: &mut Store, key| {
            let written = store.write(&document(key, Some("x")), NOW);
            written.expect("it is kept");
            store.fault().cloned()
        };
        assert_eq!(write(&mut store, "a"), None);
        store
            .connection
            .query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
            .expect("a checkpoint");
        assert_eq!(write(&mut store, "b"), None);
        let file = std::fs::File::options()
            .write(true)
            .open(beside(&path, end));
        let file = file.expect("a file");
        file.set_len(length).expect("it is cut");
        let fault = write(&mut store, "c");
        assert_eq!(fault, Some(StoreFault::Gone), "{end} {length}");
        assert!(store.try_return());
        drop(store);
        let store = Store::open(Some(&path));
        assert_eq!(store.fault(), None, "{end} {length}");
        assert_eq!(keys(&store), ["a", "b", "c"], "{end} {length}");
    }
}

#[test]
fn a_database_that_lost_a_table_or_an_index_is_moved_aside() {
    for harm in [
        "DROP TABLE letters",
        "DROP TABLE facts",
        "DROP INDEX events_by_phone",
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("alerts.db");
        drop(Store::open(Some(&path)));
        let other = Connection::open(&path).expect("it can be opened");
        other.execute_batch(harm).expect("it is harmed");
        drop(other);
        let mut store = Store::open(Some(&path));
        assert_eq!(store.fault(), None, "{harm}");
        let mut batch = document("a", Some("1"));
        batch.letters.push(entry("mail", "new"));
        store.write(&batch, NOW).expect("it is written");
        assert_eq!(store.letters().expect("letters").len(), 1, "{harm}");
        assert!(
            directory.path().join("alerts.db.corrupt").exists(),
            "{harm}"
        );
    }
}

#[test]
fn a_table_that_is_lost_while_it_is_open_is_missed_and_made_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    let mut store = Store::open(Some(&path));
    let mut batch = document("a", Some("1"));
    batch.letters.push(entry("mail", "unsent"));
    store.write(&batch, NOW).expect("it is written");
    let other = Connection::open(&path).expect("it can be opened");
    other.execute_batch("DROP TABLE documents").expect("harmed");
    store
        .write(&document("b", Some("2")), NOW)
        .expect("it is kept in memory");
    assert!(store.fault().is_some());
    assert!(store.try_return());
    assert_eq!(store.fault(), None);
    assert_eq!(keys(&store), ["b"]);
    assert_eq!(store.letters().expect("letters").len(), 1);
}

#[test]
fn no_link_is_followed_and_nothing_is_made_behind_it() {
    for end in ["", "-wal", "-shm", "-journal"] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("alerts.db");
        let elsewhere = directory.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, beside(&path, end)).expect("a link");
        let mut store = Store::open(Some(&path));
        let fault = store.fault().expect("it is not followed");
        let words = fault.to_string();
        assert!(words.contains("symbolic link"), "{end}: {words}");
        store
            .write(&document("a", Some("1")), NOW)
            .expect("it is kept in memory");
        assert!(!store.try_return(), "{end}");
        assert!(elsewhere.symlink_metadata().is_err(), "{end}");
        std::fs::remove_file(beside(&path, end)).expect("the link goes");
        assert!(store.try_return(), "{end}");
    }
}

#[test]
fn a_corrupt_file_is_moved_aside_and_a_new_one_begun() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    std::fs::write(
        &path,
        "no database at all, but long enough to look like one".repeat(99),
    )
    .expect("a file");
    let mut store = Store::open(Some(&path));
    assert_eq!(store.fault(), None);
    store
        .write(&document("a", Some("1")), NOW)
        .expect("it is written");
    assert!(directory.path().join("alerts.db.corrupt").exists());
    drop(store);
    assert_eq!(keys(&Store::open(Some(&path))), ["a"]);
}

#[test]
fn what_is_withheld_is_left_alone_until_it_is_released() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    let mut store = Store::open(Some(&path));
    let written = store.write(&document("old", Some("1")), NOW);
    written.expect("it is written");
    drop(store);
    let mut store = Store::withheld(Some(&path));
    assert_eq!(store.fault(), Some(&StoreFault::Withheld));
    let written = store.write(&document("new", Some("2")), NOW);
    written.expect("it is kept in memory");
    assert!(!store.try_return());
    assert_eq!(keys(&store), ["new"]);
    assert_eq!(keys(&Store::open(Some(&path))), ["old"]);
    assert!(store.release());
    assert_eq!(store.fault(), None);
    assert_eq!(keys(&store), ["new", "old"]);
    assert!(!store.release(), "it was already");
}

#[test]
fn without_a_usable_directory_it_goes_on_in_memory_and_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = directory.path().join("missing");
    let mut store = Store::open(Some(&missing.join("alerts.db")));
    assert_eq!(store.fault(), Some(&StoreFault::ReadOnly));
    store
        .write(&document("a", Some("1")), NOW)
        .expect("it is kept in memory");
    assert!(!store.try_return());
    std::fs::create_dir(&missing).expect("a directory");
    assert!(store.try_return());
    assert_eq!(keys(&store), ["a"]);
    let mut wanted = Store::open(None);
    wanted
        .write(&document("a", Some("1")), NOW)
        .expect("it is kept in memory");
    assert_eq!(wanted.fault(), None);
}

#[test]
fn a_disk_that_comes_late_keeps_what_it_holds() {
    let directory = tempfile::tempdir().expect("a directory");
    let (present, absent) = (directory.path().join("here"), directory.path().join("away"));
    std::fs::create_dir(&present).expect("a directory");
    let mut store = Store::open(Some(&present.join("alerts.db")));
    let mut batch = document("old", Some("1"));
    batch.letters.push(entry("mail", "unsent"));
    store.write(&batch, NOW).expect("it is written");
    drop(store);
    std::fs::rename(&present, &absent).expect("it goes away");
    let mut store = Store::open(Some(&present.join("alerts.db")));
    let mut batch = document("new", Some("2"));
    batch.letters.push(entry("mail", "later"));
    batch.events.push(event("a", NOW));
    store.write(&batch, NOW).expect("it is kept in memory");
    std::fs::rename(&absent, &present).expect("it comes back");
    assert!(store.try_return());
    assert_eq!(keys(&store), ["new", "old"]);
    let letters = store.letters().expect("letters");
    let bodies: Vec<_> = letters.iter().map(|one| &*one.new.body).collect();
    assert_eq!(bodies, ["unsent", "later"]);
    assert_eq!(store.events(None, NOW, 9).expect("events").len(), 1);
}

#[test]
fn a_disk_that_turns_out_corrupt_is_left_with_what_waits_and_not_with_what_is_broken() {
    use std::os::unix::fs::FileExt;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    let mut store = Store::open(Some(&path));
    let mut batch = letters([entry("mail", "unsent")]);
    batch.events.push(event("a", NOW));
    store.write(&batch, NOW).expect("it is written");
    let id = store.letters().expect("letters")[0].id;
    let number = |query| {
        store
            .connection
            .query_row(query, [], |row| row.get::<_, i64>(0))
    };
    number("PRAGMA wal_checkpoint(RESTART)").expect("a checkpoint");
    let page = number("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").expect("a page");
    let size = number("PRAGMA page_size").expect("a size");
    let file = std::fs::File::options()
        .write(true)
        .open(&path)
        .expect("a file");
    file.write_all_at(
        &[0xff; 64],
        u64::try_from((page - 1) * size).expect("a place"),
    )
    .expect("it is broken");
    store
        .connection
        .execute_batch("PRAGMA shrink_memory")
        .expect("nothing is remembered");
    let mut batch = document("a", Some("1"));
    batch.events.push(event("b", NOW));
    store.write(&batch, NOW).expect("it is kept in memory");
    assert_eq!(store.fault(), Some(&StoreFault::Corrupt));
    let waiting = |store: &Store| {
        let letters = store.letters().expect("letters").into_iter();
        letters
            .map(|one| (one.id, one.new.body))
            .collect::<Vec<_>>()
    };
    assert_eq!(waiting(&store), [(id, "unsent".into())]);
    assert!(store.try_return());
    assert_eq!(keys(&store), ["a"]);
    assert_eq!(waiting(&store), [(id, "unsent".into())]);
    assert_eq!(store.events(None, NOW, 9).expect("events").len(), 1);
    assert!(directory.path().join("alerts.db.corrupt").exists());
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("alerts.db");
    let store = Store::open(Some(&path));
    store
        .connection
        .pragma_update(None, "user_version", 99)
        .expect("a version");
    drop(store);
    let store = Store::open(Some(&path));
    assert_eq!(store.fault(), Some(&StoreFault::Later(99)));
    assert!(!directory.path().join("alerts.db.corrupt").exists());
}

#[test]
fn letters_wait_are_taken_or_given_up_and_can_be_revived() {
    let mut store = Store::open(None);
    let all = ["a", "b", "c"].map(|body| entry("mail", body));
    store.write(&letters(all), NOW).expect("they are written");
    let ids: Vec<_> = store
        .letters()
        .expect("letters")
        .iter()
        .map(|one| one.id)
        .collect();
    let due = later(NOW, BUSY);
    let error = || "421 later".into();
    let settled = [
        (ids[0], DeliveryState::Delivered),
        (
            ids[1],
            DeliveryState::Later {
                due,
                error: error(),
            },
        ),
        (ids[2], DeliveryState::GivenUp { error: error() }),
    ];
    store.settle(&settled).expect("they are settled");
    let left = store.letters().expect("letters");
    let told: Vec<_> = left
        .iter()
        .map(|one| (one.id, one.attempts, one.new.due, one.dead))
        .collect();
    assert_eq!(told, [(ids[1], 1, due, false), (ids[2], 1, NOW, true)]);
    assert_eq!(left[0].error.as_deref(), Some("421 later"));
    assert!(store.requeue(ids[2], due).expect("it is revived"));
    assert!(!store.requeue(ids[1], due).expect("it was not dead"));
    assert!(store.discard(ids[1]).expect("it is thrown away"));
    let left = store.letters().expect("letters");
    assert_eq!(left.len(), 1);
    assert!(!left[0].dead);
    store
        .write(&letters([entry("mail", "d")]), NOW)
        .expect("it is written");
    let newest = store.letters().expect("letters").pop().expect("an entry");
    assert!(newest.id > ids[2], "an id was used again");
}

#[test]
fn a_letter_that_is_split_is_bounded_and_one_that_was_dropped_has_no_parts() {
    let mut store = Store::open(None);
    let all = ["a", "b"].map(|body| entry("mail", body));
    store.write(&letters(all), NOW).expect("they are written");
    let ids = store.letters().expect("letters");
    let ids = [ids[0].id, ids[1].id];
    assert!(store.discard(ids[1]).expect("it is dropped"));
    let error = || "550 unknown".into();
    let parts = (0..MAX_ENTRIES + 5).map(|n| {
        let end = DeliveryState::GivenUp { error: error() };
        (n.to_string().into(), end)
    });
    let parts: Vec<_> = parts.collect();
    let settled = ids.map(|id| (id, DeliveryState::Split(parts.clone())));
    store.settle(&settled).expect("they are split");
    let left = store.letters().expect("letters");
    assert_eq!(left.len(), MAX_ENTRIES as usize);
    let is_part = |one: &OutboxEntry| one.dead && one.recipients.is_some() && &*one.new.body == "a";
    assert!(left.iter().all(is_part));
}

#[test]
fn letters_are_merged_into_one() {
    let mut store = Store::open(None);
    let all = ["a", "b", "c"].map(|body| entry("mail", body));
    store.write(&letters(all), NOW).expect("they are written");
    let ids: Vec<_> = store
        .letters()
        .expect("letters")
        .iter()
        .map(|one| one.id)
        .collect();
    store
        .merge(ids[2], "all", &ids[..2])
        .expect("they are merged");
    let left = store.letters().expect("letters");
    let told: Vec<_> = left.iter().map(|one| (one.id, &*one.new.body)).collect();
    assert_eq!(told, [(ids[2], "all")]);
}

#[test]
fn letters_of_a_receiver_are_bounded_and_the_dead_go_first() {
    let mut store = Store::open(None);
    store
        .write(&letters([entry("push", "other")]), NOW)
        .expect("it is written");
    let many = || (0..MAX_ENTRIES).map(|n| entry("mail", &n.to_string()));
    store
        .write(&letters(many()), NOW)
        .expect("they are written");
    let dead = store.letters().expect("letters")[5].id;
    let error = "550 no".into();
    store
        .settle(&[(dead, DeliveryState::GivenUp { error })])
        .expect("it is settled");
    store
        .write(&letters([entry("mail", "last")]), NOW)
        .expect("it is written");
    let left = store.letters().expect("letters");
    assert_eq!(left.len(), MAX_ENTRIES as usize + 1);
    assert!(left.iter().all(|one| one.id != dead));
}

#[test]
fn events_are_found_by_phone_and_time_and_go_with_age() {
    let mut store = Store::open(None);
    let events = |events: Vec<NewEvent>| Batch {
        events,
        ..Batch::default()
    };
    let hour = |n: u32| later(NOW, n * Duration::from_secs(3600));
    let three = vec![
        event("a", hour(0)),
        event("b", hour(1)),
        event("a", hour(2)),
    ];
    store.write(&events(three), NOW).expect("they are written");
    let found = |store: &Store, phone, since| {
        let events = store.events(phone, since, 9).expect("events");
        events
            .into_iter()
            .map(|one| one.event.at)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&store, Some("a"), hour(0)), [hour(2), hour(0)]);
    assert_eq!(found(&store, None, hour(1)), [hour(2), hour(1)]);
    let late = later(hour(1), EVENT_AGE);
    store
        .write(&events(vec![event("c", late)]), NOW)
        .expect("it is written");
    assert_eq!(found(&store, None, hour(0)), [late, hour(2), hour(1)]);
}
