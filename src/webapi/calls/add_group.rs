//! Guide: Add Contact Group.
//!
//! The answer tells no id: whoever needs it asks for the groups afterwards.

use crate::webapi::call::{Call, Query};

/// Adds a group of this name.
pub fn call(name: &str) -> Call<()> {
    Query::of("api-add_group").with("name", name).writes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_sent() {
        let expect = "/cgi-bin/api-add_group?name=newGroup";
        assert_eq!(call("newGroup").shown(), expect);
    }
}
