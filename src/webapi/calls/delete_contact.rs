//! Guide: Delete Contact.

use crate::webapi::call::{Call, Query};

/// Deletes the contact of this id.
pub fn call(id: u32) -> Call<()> {
    Query::of("api-delete_contact")
        .with("id", &id.to_string())
        .writes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_sent() {
        assert_eq!(call(1).shown(), "/cgi-bin/api-delete_contact?id=1");
    }
}
