//! Contacts: list, add, edit, delete. Imports are in `contact_import`.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::args::ContactFields;
use super::contact_groups;
use super::error::JobError;
use super::result::{CallResult, JobResult};
use super::session::Session;
use crate::webapi::calls::get_contacts::{Contact, Filter};
use crate::webapi::calls::save_contact::Fields;
use crate::webapi::calls::{delete_all_contacts, delete_contact, get_contacts, save_contact};

/// A job on contacts.
#[derive(Clone, Debug)]
pub(super) enum ContactJob {
    List {
        id: Option<u32>,
        name: Option<String>,
        group: Option<String>,
    },
    /// Adds a contact, or edits the one with this id.
    Save {
        id: Option<u32>,
        fields: Fields,
        group: Option<String>,
    },
    Delete(u32),
    DeleteAll,
}

impl ContactFields {
    /// The fields without the group, whose id differs between phones, and the group.
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
    pub(super) async fn perform(&self, session: &mut Session) -> JobResult {
        match self {
            Self::List { id, name, group } => {
                let filter = Filter {
                    id: *id,
                    name: name.clone(),
                    group: group_id(session, group.as_deref()).await?,
                };
                Ok(list(&session.read(&get_contacts::call(&filter)).await?))
            }
            Self::Save { id, fields, group } => {
                let fields = Fields {
                    group: group_id(session, group.as_deref()).await?,
                    ..fields.clone()
                };
                save(session, *id, &fields).await
            }
            Self::Delete(id) => {
                let result = if session.is_dry_run() {
                    preview(session, *id).await?
                } else {
                    CallResult::done()
                };
                session.write(&delete_contact::call(*id)).await?;
                Ok(result)
            }
            Self::DeleteAll => {
                let result = if session.is_dry_run() {
                    preview_all(session).await?
                } else {
                    CallResult::done()
                };
                session.write(&delete_all_contacts::call()).await?;
                Ok(result)
            }
        }
    }
}

async fn group_id(session: &mut Session, group: Option<&str>) -> Result<Option<u32>, JobError> {
    let Some(group) = group else {
        return Ok(None);
    };
    Ok(Some(contact_groups::find(session, group).await?.id))
}

/// Saves a contact. The phone does not return the id of a new one: it is the one that was not listed
/// before.
async fn save(session: &mut Session, id: Option<u32>, fields: &Fields) -> JobResult {
    let call = save_contact::call(id, fields);
    if id.is_some() || session.is_dry_run() {
        session.write(&call).await?;
        return Ok(id.map_or_else(CallResult::done, CallResult::id));
    }
    let all = get_contacts::call(&Filter::default());
    let before: HashSet<u32> = ids(&session.read(&all).await?).collect();
    session.write(&call).await?;
    let after = session.read(&all).await?;
    let mut new = ids(&after).filter(|id| !before.contains(id));
    match (new.next(), new.next()) {
        (Some(id), None) => Ok(CallResult::id(id)),
        // Another contact was added at the same time, or it is not listed.
        _ => Ok(CallResult::done()),
    }
}

fn ids(contacts: &[Contact]) -> impl Iterator<Item = u32> {
    contacts.iter().map(|contact| contact.id)
}

fn list(contacts: &[Contact]) -> CallResult {
    const COLUMNS: &[&str] = &[
        "ID", "NAME", "GROUP", "WORK", "HOME", "MOBILE", "FAX", "EMAIL",
    ];
    CallResult::table(COLUMNS, contacts.iter().map(as_json).collect())
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

/// What deleting a contact changes.
async fn preview(session: &mut Session, id: u32) -> JobResult {
    let filter = Filter {
        id: Some(id),
        ..Filter::default()
    };
    let contacts = session.read(&get_contacts::call(&filter)).await?;
    let Some(contact) = contacts.iter().find(|contact| contact.id == id) else {
        return Err(JobError::new(
            "no_such",
            format!("no contact {id} on the phone; `contacts list` shows them"),
        ));
    };
    let row = vec![id.to_string(), contact.name.clone()];
    let columns = &["DELETES CONTACT", "NAME"];
    Ok(CallResult::with_rows(columns, vec![row], as_json(contact)))
}

async fn preview_all(session: &mut Session) -> JobResult {
    let all = get_contacts::call(&Filter::default());
    let count = session.read(&all).await?.len();
    let json = json!({ "contacts": count });
    let row = vec![count.to_string()];
    Ok(CallResult::with_rows(
        &["DELETES CONTACTS"],
        vec![row],
        json,
    ))
}
