//! Guide: Edit/delete Contact Group.
//!
//! One endpoint renames and deletes: a blank name deletes. So a rename takes a name that cannot be
//! blank.

use crate::webapi::call::{Call, Query};

/// A name that is not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupName(Box<str>);

impl GroupName {
    /// The name, if it is one: a phone may take blanks for nothing.
    pub fn new(name: &str) -> Option<Self> {
        (!name.trim().is_empty()).then(|| Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Gives the group of this id another name.
pub fn rename(id: u32, name: &GroupName) -> Call<()> {
    edit(id, &name.0)
}

/// Deletes the group of this id; its contacts stay.
pub fn delete(id: u32) -> Call<()> {
    edit(id, "")
}

fn edit(id: u32, name: &str) -> Call<()> {
    Query::of("api-edit_delete_group")
        .with("id", &id.to_string())
        .with("name", name)
        .writes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_sent() {
        let expect = "/cgi-bin/api-edit_delete_group?id=1&name=";
        assert_eq!(delete(1).shown(), expect);
    }

    #[test]
    fn a_rename_cannot_turn_into_a_deletion() {
        for name in ["", " ", "\t\n"] {
            assert_eq!(GroupName::new(name), None, "{name:?}");
        }
        let name = GroupName::new("a b").unwrap();
        let expect = "/cgi-bin/api-edit_delete_group?id=7&name=a%20b";
        assert_eq!(rename(7, &name).shown(), expect);
    }
}
