//! Contacts: list, add, edit, delete. Importing is in a file of its own.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::args::ContactFields;
use super::contact_groups;
use super::error::Trouble;
use super::result::Told;
use super::session::Hand;
use crate::webapi::calls::get_contacts::{Contact, Filter};
use crate::webapi::calls::save_contact::Fields;
use crate::webapi::calls::{delete_all_contacts, delete_contact, get_contacts, save_contact};

/// What to do with contacts.
#[derive(Clone, Debug)]
pub(super) enum ContactJob {
    List {
        id: Option<u32>,
        name: Option<String>,
        group: Option<String>,
    },
    /// Adds one, or edits the one of this id.
    Save {
        id: Option<u32>,
        fields: Fields,
        group: Option<String>,
    },
    Delete(u32),
    DeleteAll,
}

impl ContactFields {
    /// The fields but for the group, which each phone knows by an id of its own, and the group.
    pub(super) fn parts(self) -> (Fields, Option<String>) {
        let fields = Fields {
            first: self.first,
            last: self.last,
            group: None,
            work: self.work,
            home: self.home,
            mobile: self.mobile,
            fax: self.fax,
            email: self.email,
        };
        (fields, self.group)
    }
}

impl ContactJob {
    pub(super) async fn perform(&self, hand: &mut Hand) -> Result<Told, Trouble> {
        match self {
            Self::List { id, name, group } => {
                let filter = Filter {
                    id: *id,
                    name: name.clone(),
                    group: group_id(hand, group.as_deref()).await?,
                };
                Ok(list(&hand.ask(&get_contacts::call(&filter)).await?))
            }
            Self::Save { id, fields, group } => {
                let fields = Fields {
                    group: group_id(hand, group.as_deref()).await?,
                    ..fields.clone()
                };
                save(hand, *id, &fields).await
            }
            Self::Delete(id) => {
                let told = if hand.is_dry() {
                    preview(hand, *id).await?
                } else {
                    Told::done()
                };
                hand.write(&delete_contact::call(*id)).await?;
                Ok(told)
            }
            Self::DeleteAll => {
                let told = if hand.is_dry() {
                    preview_all(hand).await?
                } else {
                    Told::done()
                };
                hand.write(&delete_all_contacts::call()).await?;
                Ok(told)
            }
        }
    }
}

async fn group_id(hand: &mut Hand, group: Option<&str>) -> Result<Option<u32>, Trouble> {
    let Some(group) = group else {
        return Ok(None);
    };
    Ok(Some(contact_groups::find(hand, group).await?.id))
}

/// Saves a contact. The phone does not tell the id of a new one: it is the one that was not there
/// before.
async fn save(hand: &mut Hand, id: Option<u32>, fields: &Fields) -> Result<Told, Trouble> {
    let call = save_contact::call(id, fields);
    if id.is_some() || hand.is_dry() {
        hand.write(&call).await?;
        return Ok(id.map_or_else(Told::done, Told::id));
    }
    let all = get_contacts::call(&Filter::default());
    let before: HashSet<u32> = ids(&hand.ask(&all).await?).collect();
    hand.write(&call).await?;
    let after = hand.ask(&all).await?;
    let mut new = ids(&after).filter(|id| !before.contains(id));
    match (new.next(), new.next()) {
        (Some(id), None) => Ok(Told::id(id)),
        // Somebody else added one at the same time, or it is not listed.
        _ => Ok(Told::done()),
    }
}

fn ids(contacts: &[Contact]) -> impl Iterator<Item = u32> {
    contacts.iter().map(|contact| contact.id)
}

fn list(contacts: &[Contact]) -> Told {
    const COLUMNS: &[&str] = &[
        "ID", "NAME", "GROUP", "WORK", "HOME", "MOBILE", "FAX", "EMAIL",
    ];
    let rows = contacts.iter().map(row).collect();
    Told::table(COLUMNS, rows, contacts.iter().map(as_json).collect())
}

fn row(contact: &Contact) -> Vec<String> {
    vec![
        contact.id.to_string(),
        contact.name.clone(),
        contact
            .group
            .map(|group| group.to_string())
            .unwrap_or_default(),
        contact.work.clone(),
        contact.home.clone(),
        contact.mobile.clone(),
        contact.fax.clone(),
        contact.email.clone(),
    ]
}

fn as_json(contact: &Contact) -> Value {
    json!({
        "id": contact.id,
        "name": contact.name,
        "group": contact.group,
        "work": contact.work,
        "home": contact.home,
        "mobile": contact.mobile,
        "fax": contact.fax,
        "email": contact.email,
    })
}

/// What deleting a contact touches.
async fn preview(hand: &mut Hand, id: u32) -> Result<Told, Trouble> {
    let filter = Filter {
        id: Some(id),
        ..Filter::default()
    };
    let contacts = hand.ask(&get_contacts::call(&filter)).await?;
    let Some(contact) = contacts.iter().find(|contact| contact.id == id) else {
        return Err(Trouble::new(
            "no_such",
            format!("no contact {id} on the phone"),
        ));
    };
    let row = vec![id.to_string(), contact.name.clone()];
    let json = as_json(contact);
    Ok(Told::table(&["DELETES CONTACT", "NAME"], vec![row], json))
}

async fn preview_all(hand: &mut Hand) -> Result<Told, Trouble> {
    let all = get_contacts::call(&Filter::default());
    let count = hand.ask(&all).await?.len();
    let json = json!({ "contacts": count });
    Ok(Told::table(
        &["DELETES CONTACTS"],
        vec![vec![count.to_string()]],
        json,
    ))
}
