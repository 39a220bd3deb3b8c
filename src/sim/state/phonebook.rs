//! Contacts and their groups.
//!
//! The book keeps its own rules, that ids are never used twice and that a contact's group exists,
//! for endpoints and tests alike. How it is asked and told is the endpoints' part.

use std::collections::BTreeMap;

/// How many contacts, and how many groups, a phonebook takes.
pub const PHONEBOOK_LIMIT: usize = 2000;

/// The group of contacts that have no other; it cannot be renamed or deleted.
pub const DEFAULT_GROUP: u32 = 0;

/// The group the guide's sample shows beside the default one; it cannot be deleted either.
pub const BLACKLIST: u32 = 100;

/// One contact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// The group's id.
    pub group: u32,
    /// Work number.
    pub work: String,
    /// Home number.
    pub home: String,
    /// Mobile number.
    pub mobile: String,
    /// Fax number at work.
    pub fax: String,
    /// Mail address.
    pub email: String,
}

impl Contact {
    /// First and last name as the phone shows them.
    pub fn name(&self) -> String {
        [self.first.as_str(), self.last.as_str()]
            .join(" ")
            .trim()
            .to_owned()
    }
}

/// Contacts and groups by id. Ids are never used twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phonebook {
    /// Contacts by id, from 0 as in the guide's sample.
    pub contacts: BTreeMap<u32, Contact>,
    /// Names of groups by id.
    pub groups: BTreeMap<u32, String>,
    next_contact: u32,
    next_group: u32,
}

impl Default for Phonebook {
    fn default() -> Self {
        let groups = [(DEFAULT_GROUP, "default"), (BLACKLIST, "blacklist")];
        Self {
            contacts: BTreeMap::new(),
            groups: groups.map(|(id, name)| (id, name.to_owned())).into(),
            next_contact: 0,
            next_group: 1,
        }
    }
}

impl Phonebook {
    /// Adds a contact; its id, or `None` if the book is full or the group unknown.
    pub fn add(&mut self, contact: Contact) -> Option<u32> {
        let fits =
            self.contacts.len() < PHONEBOOK_LIMIT && self.groups.contains_key(&contact.group);
        if !fits {
            return None;
        }
        let id = self.next_contact;
        self.next_contact += 1;
        self.contacts.insert(id, contact);
        Some(id)
    }

    /// Adds a group; its id, or `None` if the book is full or the name empty or taken.
    pub fn add_group(&mut self, name: &str) -> Option<u32> {
        let fits = self.groups.len() < PHONEBOOK_LIMIT && !name.is_empty() && !self.has_group(name);
        if !fits {
            return None;
        }
        let id = self.next_group;
        self.next_group += if id + 1 == BLACKLIST { 2 } else { 1 };
        self.groups.insert(id, name.to_owned());
        Some(id)
    }

    /// Renames a group; `false` if there is none, it is the default one, or the name is taken.
    pub fn rename_group(&mut self, id: u32, name: &str) -> bool {
        if id == DEFAULT_GROUP || self.has_group(name) {
            return false;
        }
        let Some(group) = self.groups.get_mut(&id) else {
            return false;
        };
        name.clone_into(group);
        true
    }

    /// Deletes a group and moves its contacts to the default one; `false` for a group that does
    /// not exist or that stays.
    pub fn delete_group(&mut self, id: u32) -> bool {
        if id == DEFAULT_GROUP || id == BLACKLIST || self.groups.remove(&id).is_none() {
            return false;
        }
        for contact in self
            .contacts
            .values_mut()
            .filter(|contact| contact.group == id)
        {
            contact.group = DEFAULT_GROUP;
        }
        true
    }

    fn has_group(&self, name: &str) -> bool {
        self.groups.values().any(|taken| taken == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(first: &str, group: u32) -> Contact {
        Contact {
            first: first.to_owned(),
            group,
            ..Contact::default()
        }
    }

    #[test]
    fn ids_are_never_used_twice() {
        let mut book = Phonebook::default();
        assert_eq!(book.add(contact("a", 0)), Some(0));
        assert_eq!(book.add(contact("b", 0)), Some(1));
        book.contacts.clear();
        assert_eq!(book.add(contact("c", 0)), Some(2));
        assert_eq!(book.add(contact("d", 77)), None, "there is no such group");
    }

    #[test]
    fn a_deleted_group_leaves_its_contacts_in_the_default_one() {
        let mut book = Phonebook::default();
        let team = book.add_group("team").unwrap();
        let id = book.add(contact("a", team)).unwrap();
        assert!(book.delete_group(team));
        assert_eq!(book.contacts[&id].group, DEFAULT_GROUP);
        assert!(!book.delete_group(team));
    }

    #[test]
    fn the_phones_own_groups_stay() {
        let mut book = Phonebook::default();
        assert!(!book.delete_group(DEFAULT_GROUP) && !book.delete_group(BLACKLIST));
        assert!(!book.rename_group(DEFAULT_GROUP, "x") && book.rename_group(BLACKLIST, "x"));
    }

    #[test]
    fn names_of_groups_are_unique_and_their_ids_step_over_the_blacklist() {
        let mut book = Phonebook::default();
        assert_eq!(book.add_group("default"), None);
        assert_eq!(book.add_group(""), None);
        let ids: Vec<u32> = (0..100)
            .filter_map(|n| book.add_group(&n.to_string()))
            .collect();
        assert_eq!(ids.len(), 100);
        assert!(!ids.contains(&BLACKLIST));
    }
}
