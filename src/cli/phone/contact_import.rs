//! Imports contacts: the difference between a file and a phone, and the calls for it.
//!
//! Contacts are matched by first and last name. Those that only the phone has stay; equal ones are not
//! written, so that an interrupted import is simply run again.

use serde_json::json;

use super::error::JobError;
use super::phonebook_file::{self, PhonebookEntry, StoredEntry};
use super::result::{CallResult, JobResult};
use super::session::Session;
use crate::webapi::calls::save_contact::Fields;
use crate::webapi::calls::{add_group, get_groups, phonebook_download, save_contact};

/// The changes of an import to one phone.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference<'a> {
    added: Vec<&'a PhonebookEntry>,
    /// Id on the phone, new and present contact.
    changed: Vec<(u32, &'a PhonebookEntry, &'a PhonebookEntry)>,
    unchanged: usize,
    only_on_phone: usize,
}

/// Writes these contacts to the phone, or in a dry run only compares them.
pub(super) async fn perform(entries: &[PhonebookEntry], session: &mut Session) -> JobResult {
    let document = session.read(&phonebook_download::call()).await?;
    let stored = phonebook_file::from_xml(&document)
        .map_err(|error| JobError::new("parse", format!("{error:#}")))?;
    let difference = Difference::between(entries, &stored);
    let wanted: Vec<&PhonebookEntry> = difference.wanted().collect();
    let groups = add_groups(&wanted, session).await?;
    let save = |id, entry: &PhonebookEntry| save_contact::call(id, &fields(entry, &groups));
    for entry in &difference.added {
        session.write(&save(None, entry)).await?;
    }
    for (id, entry, _) in &difference.changed {
        session.write(&save(Some(*id), entry)).await?;
    }
    Ok(difference.into_result())
}

impl<'a> Difference<'a> {
    fn between(entries: &'a [PhonebookEntry], stored: &'a [StoredEntry]) -> Self {
        let mut difference = Self::default();
        let mut left: Vec<&StoredEntry> = stored.iter().collect();
        for entry in entries {
            let is_same = |stored: &&StoredEntry| names(&stored.entry) == names(entry);
            let Some(position) = left.iter().position(is_same) else {
                difference.added.push(entry);
                continue;
            };
            let stored = left.swap_remove(position);
            match stored.id {
                _ if stored.entry == *entry => difference.unchanged += 1,
                Some(id) => difference.changed.push((id, entry, &stored.entry)),
                // Without an id it cannot be edited.
                None => difference.added.push(entry),
            }
        }
        difference.only_on_phone = left.len();
        difference
    }

    fn wanted(&self) -> impl Iterator<Item = &'a PhonebookEntry> {
        let changed = self.changed.iter().map(|(_, entry, _)| *entry);
        self.added.iter().copied().chain(changed)
    }

    fn into_result(self) -> CallResult {
        let nothing = PhonebookEntry::default();
        let row = |change: &str, entry, before| {
            vec![change.to_owned(), full_name(entry), changes(before, entry)]
        };
        let added = self.added.iter().map(|entry| row("add", entry, &nothing));
        let changed = self.changed.iter();
        let changed = changed.map(|(_, entry, before)| row("change", entry, before));
        let mut rows: Vec<_> = added.chain(changed).collect();
        let counts = format!(
            "{} equal, {} only on the phone",
            self.unchanged, self.only_on_phone
        );
        rows.push(vec!["keep".to_owned(), counts, String::new()]);
        let json = json!({
            "added": self.added.len(),
            "changed": self.changed.len(),
            "unchanged": self.unchanged,
            "only_on_phone": self.only_on_phone,
        });
        CallResult::with_rows(&["IMPORT", "CONTACT", "FIELDS"], rows, json)
    }
}

/// Adds the groups that the phone lacks; the ids of all by name, in a dry run of those that exist.
async fn add_groups(
    entries: &[&PhonebookEntry],
    session: &mut Session,
) -> Result<Vec<(String, u32)>, JobError> {
    let is_grouped = entries.iter().any(|entry| !entry.group.is_empty());
    if !is_grouped {
        return Ok(Vec::new());
    }
    let mut known = known_groups(session).await?;
    let mut missing: Vec<&str> = Vec::new();
    for entry in entries {
        let is_known = known.iter().any(|(name, _)| *name == entry.group);
        if !entry.group.is_empty() && !is_known && !missing.contains(&&*entry.group) {
            missing.push(&entry.group);
        }
    }
    for name in &missing {
        session.write(&add_group::call(name)).await?;
    }
    if missing.is_empty() || session.is_dry_run() {
        return Ok(known);
    }
    known = known_groups(session).await?;
    for name in missing {
        if !known.iter().any(|(known, _)| known == name) {
            let detail = format!("the phone accepted group `{name}` but does not list it");
            return Err(JobError::new("no_such", detail));
        }
    }
    Ok(known)
}

async fn known_groups(session: &mut Session) -> Result<Vec<(String, u32)>, JobError> {
    let groups = session.read(&get_groups::call(None)).await?;
    Ok(groups
        .into_iter()
        .map(|group| (group.name, group.id))
        .collect())
}

fn names(entry: &PhonebookEntry) -> (&str, &str) {
    (entry.first.trim(), entry.last.trim())
}

fn full_name(entry: &PhonebookEntry) -> String {
    format!("{} {}", entry.first, entry.last).trim().to_owned()
}

/// Every field is sent, so that nothing of the present contact stays.
fn fields(entry: &PhonebookEntry, groups: &[(String, u32)]) -> Fields {
    /// The default group in the guide's samples.
    const DEFAULT: u32 = 0;
    let group = match entry.group.as_str() {
        "" => Some(DEFAULT),
        name => groups
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, id)| *id),
    };
    let some = |text: &String| Some(text.clone());
    Fields {
        first: some(&entry.first),
        last: some(&entry.last),
        group,
        work: some(&entry.work),
        home: some(&entry.home),
        mobile: some(&entry.mobile),
        fax: some(&entry.fax),
        email: some(&entry.email),
    }
}

/// The fields that differ, without the names.
fn changes(before: &PhonebookEntry, after: &PhonebookEntry) -> String {
    let fields = [
        ("group", &before.group, &after.group),
        ("work", &before.work, &after.work),
        ("home", &before.home, &after.home),
        ("mobile", &before.mobile, &after.mobile),
        ("fax", &before.fax, &after.fax),
        ("email", &before.email, &after.email),
    ];
    let differing = fields
        .into_iter()
        .filter(|(_, before, after)| before != after);
    let fields: Vec<_> = differing
        .map(|(name, before, after)| match before.as_str() {
            "" => format!("{name} {after}"),
            before => format!("{name} {before} -> {after}"),
        })
        .collect();
    fields.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(first: &str, work: &str) -> PhonebookEntry {
        PhonebookEntry {
            first: first.to_owned(),
            work: work.to_owned(),
            ..PhonebookEntry::default()
        }
    }

    #[test]
    fn a_file_is_compared_with_a_phone_by_names() {
        let stored = |id, entry| StoredEntry { id, entry };
        let on_phone = [
            stored(Some(1), entry("Ann", "1")),
            stored(Some(2), entry("Bob", "2")),
            stored(Some(3), entry("Cy", "3")),
        ];
        let entries = [
            entry("Bob", "2"),
            entry("Ann", "9"),
            entry("Dee", "4"),
            entry("Dee", "4"),
        ];
        let difference = Difference::between(&entries, &on_phone);
        assert_eq!(difference.added, [&entries[2], &entries[3]]);
        assert_eq!(difference.changed, [(1, &entries[1], &on_phone[0].entry)]);
        assert_eq!((difference.unchanged, difference.only_on_phone), (1, 1));
        assert_eq!(changes(&on_phone[0].entry, &entries[1]), "work 1 -> 9");
        let again: Vec<_> = entries
            .iter()
            .map(|entry| stored(Some(0), entry.clone()))
            .collect();
        let difference = Difference::between(&entries, &again);
        assert_eq!((difference.unchanged, difference.wanted().count()), (4, 0));
    }
}
