//! The endpoints of contact groups: list, add, rename or delete.
//!
//! One endpoint of the guide renames and deletes, depending on whether the name is blank. Which
//! groups stay is the phonebook's own rule.

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sim::endpoints::desk::{Desk, done, failed};

    #[test]
    fn groups_are_listed_renamed_and_deleted() {
        let mut desk = Desk::logged_in();
        desk.check("api-add_group?name=team", &done());
        desk.check("api-add_group?name=team", &failed());
        desk.check("api-add_group", &failed());
        let team = |name: &str| json!({ "res": "success", "msg": [{ "groupID": "1", "groupName": name }] });
        desk.check("api-get_groups?Id=1", &team("team"));
        desk.check("api-edit_delete_group?id=1&name=crew", &done());
        desk.check("api-get_groups?id=1", &team("crew"));
        desk.check("api-save_edit_contact?firstname=Ann&group=1", &done());
        desk.check("api-edit_delete_group?id=1&name=", &done());
        desk.check("api-edit_delete_group?id=1&name=", &failed());
        desk.check("api-edit_delete_group?name=x", &failed());
        desk.check(
            "api-get_groups",
            &json!({ "res": "success", "msg": [
                { "groupID": "0", "groupName": "default" }, { "groupID": "100", "groupName": "blacklist" },
            ] }),
        );
        assert_eq!(desk.json("api-get_contacts")["msg"][0]["groupID"], "0");
    }
}
