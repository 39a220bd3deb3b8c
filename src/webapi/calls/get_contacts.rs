//! Guide: Get Contact.
//!
//! The phone joins first and last name into one; whoever needs them apart downloads the phonebook.
//! The three filters may be combined.

use serde::Deserialize;

use crate::webapi::call::{Call, Query, Unmet, as_list, exact, not_understood};
use crate::webapi::json::{self, Scalar};
use crate::webapi::verdict::Data;

/// A contact, every text exactly as the phone tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub id: u32,
    /// First and last name, joined by the phone.
    pub name: String,
    /// Id of its group; `None` where the phone tells none.
    pub group: Option<u32>,
    /// Number at work.
    pub work: String,
    /// Number at home.
    pub home: String,
    /// Mobile number.
    pub mobile: String,
    /// Fax number.
    pub fax: String,
    /// Mail address.
    pub email: String,
}

/// Which contacts are asked for; by default all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The one of this id.
    pub id: Option<u32>,
    /// Those whose name contains this.
    pub name: Option<String>,
    /// Those of the group of this id.
    pub group: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow, rename = "contactID", alias = "contactId")]
    id: Scalar<'a>,
    #[serde(borrow, rename = "contactName")]
    name: Scalar<'a>,
    #[serde(borrow, rename = "groupID", alias = "groupId")]
    group: Scalar<'a>,
    #[serde(borrow)]
    work: Scalar<'a>,
    #[serde(borrow)]
    home: Scalar<'a>,
    #[serde(borrow)]
    mobile: Scalar<'a>,
    #[serde(borrow)]
    fax: Scalar<'a>,
    #[serde(borrow)]
    email: Scalar<'a>,
}

/// Asks for contacts.
pub fn call(filter: &Filter) -> Call<Vec<Contact>> {
    let text = |id: Option<u32>| id.map(|id| id.to_string());
    Query::of("api-get_contacts")
        .with_some("contactid", text(filter.id).as_deref())
        .with_some("contactname", filter.name.as_deref())
        .with_some("groupid", text(filter.group).as_deref())
        .reads_much(parse)
}

fn parse(data: Data<'_>) -> Result<Vec<Contact>, Unmet> {
    let mut contacts = Vec::new();
    let mut without_id = false;
    let number = |told: &Scalar<'_>| told.integer().and_then(|id| u32::try_from(id).ok());
    json::for_each(&as_list(data.payload), |told: Wire<'_>| {
        let Some(id) = number(&told.id) else {
            without_id = true;
            return;
        };
        contacts.push(Contact {
            id,
            name: exact(&told.name),
            group: number(&told.group),
            work: exact(&told.work),
            home: exact(&told.home),
            mobile: exact(&told.mobile),
            fax: exact(&told.fax),
            email: exact(&told.email),
        });
    })
    .map_err(|error| not_understood(format!("contacts: the answer {error}")))?;
    if without_id {
        return Err(not_understood("contacts: one of them has no id"));
    }
    Ok(contacts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &str) -> Result<Vec<Contact>, Unmet> {
        parse(Data {
            payload,
            said_success: true,
        })
    }

    #[test]
    fn the_sample_of_the_guide_is_read() {
        let sample = r#"[
            { "contactID": "0", "contactName": "xxx", "groupID": "0", "work": "8819",
              "home": "", "mobile": "", "fax": "", "email": "" },
            { "contactID": "1", "contactName": "grandstream", "groupID": "0", "work": "3587",
              "home": "", "mobile": "", "fax": "", "email": "" } ]"#;
        let contacts = read(sample).unwrap();
        assert_eq!(contacts.len(), 2);
        assert_eq!((contacts[1].id, &*contacts[1].work), (1, "3587"));
        assert_eq!(contacts[0].group, Some(0));
    }

    #[test]
    fn the_examples_of_the_guide_are_sent() {
        let shown = |id, name: Option<&str>, group| {
            let name = name.map(str::to_owned);
            call(&Filter { id, name, group }).shown().to_owned()
        };
        let path = "/cgi-bin/api-get_contacts";
        assert_eq!(shown(None, None, None), path);
        assert_eq!(shown(Some(1), None, None), format!("{path}?contactid=1"));
        assert_eq!(
            shown(None, Some("abc"), None),
            format!("{path}?contactname=abc")
        );
        assert_eq!(shown(None, None, Some(2)), format!("{path}?groupid=2"));
    }

    #[test]
    fn fields_may_be_missing_or_numbers_but_a_contact_has_an_id() {
        let contacts = read(r#"[{"contactID":7,"work":123,"name":"unknown field"}]"#).unwrap();
        assert_eq!((contacts[0].id, &*contacts[0].work), (7, "123"));
        assert_eq!((&*contacts[0].name, contacts[0].group), ("", None));
        assert!(matches!(
            read(r#"[{"work":"1"}]"#),
            Err(Unmet::NotUnderstood(_))
        ));
        assert!(matches!(read("hello"), Err(Unmet::NotUnderstood(_))));
    }
}
