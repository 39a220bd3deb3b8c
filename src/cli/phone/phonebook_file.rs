//! A phonebook file: CSV, or the vendor's `AddressBook` XML.
//!
//! A [`PhonebookEntry`] has its group by name and no id. The XML is read without document types, so that
//! entities cannot expand.

use std::collections::HashMap;

use anyhow::Context;
use roxmltree::{Document, Node};
use serde::{Deserialize, Serialize};

/// A contact of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PhonebookEntry {
    pub(super) first: String,
    pub(super) last: String,
    /// Name of the group; empty for the phone's default one.
    pub(super) group: String,
    pub(super) work: String,
    pub(super) home: String,
    pub(super) mobile: String,
    pub(super) fax: String,
    pub(super) email: String,
}

/// A contact of the XML of a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredEntry {
    /// `None` where the XML has none.
    pub(super) id: Option<u32>,
    pub(super) entry: PhonebookEntry,
}

/// The id of the default group.
const DEFAULT_GROUP: &str = "0";

/// The contacts of a file; text that begins with `<` is XML.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<PhonebookEntry>> {
    let text = text.trim_start_matches('\u{FEFF}');
    if text.trim_start().starts_with('<') {
        let entries = from_xml(text)?;
        return Ok(entries.into_iter().map(|stored| stored.entry).collect());
    }
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize();
    rows.map(|row| {
        let entry: PhonebookEntry = row.context("failed to read the CSV file")?;
        let is_named = !entry.first.trim().is_empty() || !entry.last.trim().is_empty();
        anyhow::ensure!(is_named, "a contact has neither first nor last name");
        Ok(entry)
    })
    .collect()
}

/// The contacts of an `AddressBook`.
pub(super) fn from_xml(text: &str) -> anyhow::Result<Vec<StoredEntry>> {
    let document = Document::parse(text).context("failed to read the phonebook XML")?;
    let root = document.root_element();
    anyhow::ensure!(
        root.tag_name().name() == "AddressBook",
        "the document is not an AddressBook"
    );
    let groups: HashMap<String, String> = children(root, "pbgroup")
        .map(|group| (text_of(group, "id"), text_of(group, "name")))
        .collect();
    Ok(children(root, "Contact")
        .map(|contact| entry(contact, &groups))
        .collect())
}

/// The contacts as CSV with a header.
pub(super) fn to_csv(entries: &[StoredEntry]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for stored in entries {
        writer.serialize(&stored.entry)?;
    }
    if entries.is_empty() {
        writer.write_record(HEADER)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

const HEADER: [&str; 8] = [
    "first", "last", "group", "work", "home", "mobile", "fax", "email",
];

fn entry(contact: Node<'_, '_>, groups: &HashMap<String, String>) -> StoredEntry {
    let group = text_of(contact, "Group");
    let mut entry = PhonebookEntry {
        first: text_of(contact, "FirstName"),
        last: text_of(contact, "LastName"),
        email: text_of(contact, "Mail"),
        // A group without a name in the document has its id as name.
        group: match groups.get(&group) {
            _ if group == DEFAULT_GROUP => String::new(),
            Some(name) => name.clone(),
            None => group,
        },
        ..PhonebookEntry::default()
    };
    for phone in children(contact, "Phone") {
        let number = text_of(phone, "phonenumber");
        let kind = phone.attribute("type").unwrap_or("Work");
        let field = match kind {
            "Home" => &mut entry.home,
            "Mobile" | "Cell" => &mut entry.mobile,
            "Fax" | "Work Fax" | "WorkFax" => &mut entry.fax,
            _ => &mut entry.work,
        };
        if field.is_empty() {
            *field = number;
        }
    }
    StoredEntry {
        id: text_of(contact, "id").trim().parse().ok(),
        entry,
    }
}

fn children<'a, 'b>(node: Node<'a, 'b>, name: &'a str) -> impl Iterator<Item = Node<'a, 'b>> {
    node.children()
        .filter(move |child| child.tag_name().name() == name)
}

fn text_of(node: Node<'_, '_>, name: &str) -> String {
    let child = node
        .children()
        .find(|child| child.tag_name().name() == name);
    let pieces = child.into_iter().flat_map(|child| child.children());
    pieces.filter_map(|piece| piece.text()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<AddressBook>
<version>1</version>
<pbgroup><id>0</id><name>default</name></pbgroup>
<pbgroup><id>4</id><name>Team &amp; Co</name></pbgroup>
<Contact><id>7</id><FirstName>Zo&#235;</FirstName><LastName> S&lt;</LastName>
<Phone type="Work"><phonenumber>1</phonenumber><accountindex>0</accountindex></Phone>
<Phone type="Cell"><phonenumber>+3</phonenumber></Phone>
<Phone type="Work Fax"><phonenumber>4</phonenumber></Phone>
<Mail type="Work">a@b</Mail><Group>4</Group></Contact>
<Contact><FirstName>Ann</FirstName><Group>0</Group></Contact>
</AddressBook>"#;

    fn zoe() -> PhonebookEntry {
        PhonebookEntry {
            first: "Zoë".to_owned(),
            last: " S<".to_owned(),
            group: "Team & Co".to_owned(),
            work: "1".to_owned(),
            mobile: "+3".to_owned(),
            fax: "4".to_owned(),
            email: "a@b".to_owned(),
            ..PhonebookEntry::default()
        }
    }

    #[test]
    fn the_vendors_xml_is_read_with_names_of_groups() {
        let entries = from_xml(BOOK).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!((entries[0].id, &entries[0].entry), (Some(7), &zoe()));
        assert_eq!((entries[1].id, &*entries[1].entry.group), (None, ""));
        assert!(from_xml("<Other/>").is_err() && from_xml("<AddressBook>").is_err());
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><AddressBook>&a;</AddressBook>";
        assert!(from_xml(bomb).is_err());
    }

    #[test]
    fn an_export_can_be_imported() {
        let entries = from_xml(BOOK).unwrap();
        let plain: Vec<_> = entries.iter().map(|stored| stored.entry.clone()).collect();
        let table = to_csv(&entries).unwrap();
        assert_eq!(read(&table).unwrap(), plain);
        assert_eq!(read(BOOK).unwrap(), plain);
        assert_eq!(to_csv(&[]).unwrap(), format!("{}\n", HEADER.join(",")));
    }

    #[test]
    fn a_csv_file_may_lack_columns_but_has_no_unknown_ones() {
        let plain = read("last,first\nBrown,Jack\n").unwrap();
        assert_eq!((&*plain[0].first, &*plain[0].last), ("Jack", "Brown"));
        assert!(read("first,phone\nJack,1\n").is_err());
        assert!(read("first,last\nJack\n").is_err());
        assert!(read("first,last,work\n,,1\n").is_err());
    }
}
