//! Guide: Save/Edit Contact.
//!
//! Without an id the phone adds a contact; with one it edits that contact. The guide does not say
//! what becomes of a field that is not sent with an edit, so an edit that must keep them sends all.
//! The answer tells no id of a new contact.

use crate::webapi::call::{Call, Query};

/// The fields of a contact; `None` is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// First name.
    pub first: Option<String>,
    /// Last name.
    pub last: Option<String>,
    /// Id of the group.
    pub group: Option<u32>,
    /// Number at work.
    pub work: Option<String>,
    /// Number at home.
    pub home: Option<String>,
    /// Mobile number.
    pub mobile: Option<String>,
    /// Fax number at work.
    pub fax: Option<String>,
    /// Mail address.
    pub email: Option<String>,
}

/// Adds a contact, or edits the one of this id.
pub fn call(id: Option<u32>, fields: &Fields) -> Call<()> {
    let (id, group) = (text(id), text(fields.group));
    Query::of("api-save_edit_contact")
        .with_some("id", id.as_deref())
        .with_some("firstname", fields.first.as_deref())
        .with_some("lastname", fields.last.as_deref())
        .with_some("group", group.as_deref())
        .with_some("newphone1", fields.work.as_deref())
        .with_some("newphone2", fields.home.as_deref())
        .with_some("newphone3", fields.mobile.as_deref())
        .with_some("newphone4", fields.fax.as_deref())
        .with_some("email", fields.email.as_deref())
        .writes()
}

fn text(id: Option<u32>) -> Option<String> {
    id.map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_sent() {
        let fields = Fields {
            first: Some("Jack".to_owned()),
            last: Some("Brown".to_owned()),
            work: Some("123456".to_owned()),
            ..Fields::default()
        };
        assert_eq!(
            call(None, &fields).shown(),
            "/cgi-bin/api-save_edit_contact?firstname=Jack&lastname=Brown&newphone1=123456"
        );
    }

    #[test]
    fn every_field_has_its_parameter() {
        let fields = Fields {
            first: Some("a".to_owned()),
            last: Some("b".to_owned()),
            group: Some(3),
            work: Some("1".to_owned()),
            home: Some("2".to_owned()),
            mobile: Some("+3".to_owned()),
            fax: Some("4".to_owned()),
            email: Some("a@b".to_owned()),
        };
        assert_eq!(
            call(Some(7), &fields).shown(),
            "/cgi-bin/api-save_edit_contact?id=7&firstname=a&lastname=b&group=3&newphone1=1\
             &newphone2=2&newphone3=%2B3&newphone4=4&email=a%40b"
        );
    }
}
