//! Contact groups: list, add, rename, delete; found by name or id.

use serde_json::json;

use super::error::JobError;
use super::result::{CallResult, JobResult};
use super::session::Session;
use crate::webapi::calls::edit_group::GroupName;
use crate::webapi::calls::get_contacts::Filter;
use crate::webapi::calls::get_groups::Group;
use crate::webapi::calls::{add_group, edit_group, get_contacts, get_groups};

/// A job on contact groups.
#[derive(Clone, Debug)]
pub(super) enum GroupJob {
    List(Option<u32>),
    Add(GroupName),
    Rename { group: String, name: GroupName },
    Delete(String),
}

impl GroupJob {
    pub(super) async fn perform(&self, session: &mut Session) -> JobResult {
        match self {
            Self::List(id) => Ok(list(&session.read(&get_groups::call(*id)).await?)),
            Self::Add(name) => {
                session.write(&add_group::call(name.as_str())).await?;
                if session.is_dry_run() {
                    return Ok(CallResult::done());
                }
                let groups = session.read(&get_groups::call(None)).await?;
                let mut ids = groups.iter().filter(|group| group.name == name.as_str());
                Ok(ids
                    .next_back()
                    .map_or_else(CallResult::done, |group| CallResult::id(group.id)))
            }
            Self::Rename { group, name } => {
                let group = find(session, group).await?;
                session.write(&edit_group::rename(group.id, name)).await?;
                Ok(CallResult::done())
            }
            Self::Delete(group) => {
                let group = find(session, group).await?;
                let result = if session.is_dry_run() {
                    preview(session, &group).await?
                } else {
                    CallResult::done()
                };
                session.write(&edit_group::delete(group.id)).await?;
                Ok(result)
            }
        }
    }
}

/// The group with this name, else with this id.
pub(super) async fn find(session: &mut Session, group: &str) -> Result<Group, JobError> {
    let groups = session.read(&get_groups::call(None)).await?;
    by_name_or_id(&groups, group).cloned().ok_or_else(|| {
        JobError::new(
            "no_such",
            format!("no group `{group}` on the phone; `groups list` shows them"),
        )
    })
}

fn by_name_or_id<'a>(groups: &'a [Group], asked: &str) -> Option<&'a Group> {
    let id = asked.parse().ok();
    let by_name = groups.iter().find(|group| group.name == asked);
    by_name.or_else(|| groups.iter().find(|group| Some(group.id) == id))
}

fn list(groups: &[Group]) -> CallResult {
    let as_json = |group: &Group| json!({ "id": group.id, "name": group.name });
    CallResult::table(&["ID", "NAME"], groups.iter().map(as_json).collect())
}

/// What deleting a group changes.
async fn preview(session: &mut Session, group: &Group) -> JobResult {
    let filter = Filter {
        group: Some(group.id),
        ..Filter::default()
    };
    let contacts = session.read(&get_contacts::call(&filter)).await?.len();
    let row = vec![
        group.id.to_string(),
        group.name.clone(),
        contacts.to_string(),
    ];
    let json = json!({ "id": group.id, "name": group.name, "contacts": contacts });
    let columns = &["DELETES GROUP", "NAME", "CONTACTS (KEPT)"];
    Ok(CallResult::with_rows(columns, vec![row], json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_name_before_id() {
        let group = |id, name: &str| Group {
            id,
            name: name.to_owned(),
        };
        let groups = [group(1, "team"), group(2, "1")];
        let found = |asked| by_name_or_id(&groups, asked).map(|group| group.id);
        assert_eq!(found("team"), Some(1));
        assert_eq!(found("1"), Some(2));
        assert_eq!(found("2"), Some(2));
        assert_eq!(found("crew"), None);
    }
}
