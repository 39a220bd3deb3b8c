//! The endpoints of contacts: list, save or edit, delete one, delete all.
//!
//! The guide has no word for a request that cannot be carried out, as one for an unknown id; it
//! is answered by an error here, so that a client's mistake shows.

use super::Call;
use super::answer::Answer;
use crate::sim::state::State;
use crate::sim::state::phonebook::Contact;
use crate::sim::wire::json::Json;

pub(super) fn list(call: &Call<'_>, state: &mut State) -> Answer {
    let asked = |name| call.request.param(name).filter(|value| !value.is_empty());
    let (id, name, group) = (asked("contactid"), asked("contactname"), asked("groupid"));
    let is_asked = |(known, contact): &(&u32, &Contact)| {
        id.is_none_or(|id| id == known.to_string())
            && name.is_none_or(|name| contact.name().contains(name))
            && group.is_none_or(|group| group == contact.group.to_string())
    };
    Answer::list(
        state
            .phonebook
            .contacts
            .iter()
            .filter(is_asked)
            .map(told)
            .collect(),
    )
}

/// The guide's table calls the ids integers; its sample, which counts more, shows text.
fn told((id, contact): (&u32, &Contact)) -> Json {
    Json::object([
        ("contactID", id.to_string().into()),
        ("contactName", contact.name().into()),
        ("groupID", contact.group.to_string().into()),
        ("work", contact.work.as_str().into()),
        ("home", contact.home.as_str().into()),
        ("mobile", contact.mobile.as_str().into()),
        ("fax", contact.fax.as_str().into()),
        ("email", contact.email.as_str().into()),
    ])
}

/// Without an id a new contact; with one an edit, in which what is not sent stays.
pub(super) fn save(call: &Call<'_>, state: &mut State) -> Answer {
    let id = call.request.param("id").filter(|id| !id.is_empty());
    let known = id.map(|id| id.parse::<u32>().ok());
    let mut contact = match known {
        None => Contact::default(),
        Some(id) => match id.and_then(|id| state.phonebook.contacts.get(&id)) {
            Some(contact) => contact.clone(),
            None => return Answer::failed(),
        },
    };
    if !apply(call, &mut contact) || !state.phonebook.groups.contains_key(&contact.group) {
        return Answer::failed();
    }
    if let Some(id) = known.flatten() {
        state.phonebook.contacts.insert(id, contact);
        return Answer::success("".into());
    }
    Answer::done(state.phonebook.add(contact).is_some(), "")
}

/// Writes what was sent into the contact; `false` if that leaves no contact.
fn apply(call: &Call<'_>, contact: &mut Contact) -> bool {
    let fields = [
        ("firstname", &mut contact.first),
        ("lastname", &mut contact.last),
        ("newphone1", &mut contact.work),
        ("newphone2", &mut contact.home),
        ("newphone3", &mut contact.mobile),
        ("newphone4", &mut contact.fax),
        ("email", &mut contact.email),
    ];
    for (name, field) in fields {
        if let Some(value) = call.request.param(name) {
            value.clone_into(field);
        }
    }
    if let Some(group) = call
        .request
        .param("group")
        .filter(|group| !group.is_empty())
    {
        let Ok(group) = group.parse() else {
            return false;
        };
        contact.group = group;
    }
    !contact.name().is_empty()
}

pub(super) fn delete(call: &Call<'_>, state: &mut State) -> Answer {
    let id = call.request.param("id").and_then(|id| id.parse().ok());
    let deleted = id.and_then(|id: u32| state.phonebook.contacts.remove(&id));
    Answer::done(deleted.is_some(), "")
}

pub(super) fn clear(_call: &Call<'_>, state: &mut State) -> Answer {
    state.phonebook.contacts.clear();
    Answer::success("".into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sim::endpoints::desk::{Desk, done, failed};

    #[test]
    fn contacts_are_saved_found_edited_and_deleted() {
        let mut desk = Desk::logged_in();
        desk.check("api-add_group?name=team", &done());
        desk.check(
            "api-save_edit_contact?firstname=Jack&lastname=Brown&newphone1=12&group=1",
            &done(),
        );
        desk.check(
            "api-save_edit_contact?firstname=Ann&newphone2=1&newphone3=2&newphone4=3&email=a@b",
            &done(),
        );
        let jack = json!({ "contactID": "0", "contactName": "Jack Brown", "groupID": "1",
            "work": "12", "home": "", "mobile": "", "fax": "", "email": "" });
        let ann = json!({ "contactID": "1", "contactName": "Ann", "groupID": "0",
            "work": "", "home": "1", "mobile": "2", "fax": "3", "email": "a@b" });
        let found = |contacts: Vec<&Value>| json!({ "res": "success", "msg": contacts });
        for (query, contacts) in [
            ("", vec![&jack, &ann]),
            ("?contactid=", vec![&jack, &ann]),
            ("?contactid=0", vec![&jack]),
            ("?contactid=9", vec![]),
            ("?contactname=ck+B", vec![&jack]),
            ("?groupid=0", vec![&ann]),
            ("?groupid=0&contactname=Jack", vec![]),
        ] {
            desk.check(&format!("api-get_contacts{query}"), &found(contacts));
        }
        desk.check("api-save_edit_contact?id=0&newphone1=99", &done());
        let edited = desk.json("api-get_contacts?contactid=0");
        assert_eq!(
            (&edited["msg"][0]["work"], &edited["msg"][0]["contactName"]),
            (&json!("99"), &json!("Jack Brown"))
        );
        for path in [
            "api-save_edit_contact?newphone1=1",
            "api-save_edit_contact?id=7&firstname=x",
            "api-save_edit_contact?id=x&firstname=x",
            "api-save_edit_contact?firstname=x&group=55",
            "api-save_edit_contact?firstname=x&group=x",
            "api-delete_contact?id=7",
            "api-delete_contact",
        ] {
            desk.check(path, &failed());
        }
        desk.check("api-delete_contact?id=0", &done());
        desk.check("api-get_contacts", &found(vec![&ann]));
        desk.check("api-delete_all_contact", &done());
        desk.check("api-get_contacts", &found(vec![]));
    }
}
