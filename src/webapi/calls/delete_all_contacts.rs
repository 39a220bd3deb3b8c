//! Guide: Delete All Contacts.

use crate::webapi::call::{Call, Query};

/// Deletes every contact; groups stay.
pub fn call() -> Call<()> {
    Query::of("api-delete_all_contact").writes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_sent() {
        assert_eq!(call().shown(), "/cgi-bin/api-delete_all_contact");
    }
}
