//! The endpoints of contacts: list, save or edit, delete one, delete all.

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
