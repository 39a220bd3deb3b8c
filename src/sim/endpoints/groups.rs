//! The endpoints of contact groups: list, add, rename or delete.

use super::Call;
use super::answer::Answer;
use crate::sim::state::State;
use crate::sim::wire::json::Json;

/// The guide's table spells the parameter `Id`, its other tables `id`; both are taken.
pub(super) fn list(call: &Call<'_>, state: &mut State) -> Answer {
    let id = call
        .request
        .param("id")
        .or_else(|| call.request.param("Id"));
    let id = id.filter(|id| !id.is_empty());
    let is_asked = |(known, _): &(&u32, &String)| id.is_none_or(|id| id == known.to_string());
    let told = |(id, name): (&u32, &String)| {
        Json::object([
            ("groupID", id.to_string().into()),
            ("groupName", name.as_str().into()),
        ])
    };
    Answer::list(
        state
            .phonebook
            .groups
            .iter()
            .filter(is_asked)
            .map(told)
            .collect(),
    )
}

pub(super) fn add(call: &Call<'_>, state: &mut State) -> Answer {
    let name = call.request.param("name").unwrap_or_default();
    Answer::done(state.phonebook.add_group(name).is_some(), "")
}

/// A blank name deletes the group; its contacts move to the default one.
pub(super) fn edit(call: &Call<'_>, state: &mut State) -> Answer {
    let Some(id) = call.request.param("id").and_then(|id| id.parse().ok()) else {
        return Answer::failed();
    };
    let name = call.request.param("name").unwrap_or_default();
    let done = if name.is_empty() {
        state.phonebook.delete_group(id)
    } else {
        state.phonebook.rename_group(id, name)
    };
    Answer::done(done, "")
}
