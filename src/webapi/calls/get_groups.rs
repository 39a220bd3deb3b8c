//! Guide: Get Contact Group.
//!
//! The guide's table spells the parameter `Id`, every other table and example `id`; the latter is
//! sent.

use serde::Deserialize;

use crate::webapi::call::{Call, Query, Unmet, as_list, exact, not_understood};
use crate::webapi::json::{self, Scalar};
use crate::webapi::verdict::Data;

/// A group of contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: u32,
    /// Its name, exactly as the phone tells it.
    pub name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow, rename = "groupID", alias = "goupID", alias = "groupId")]
    id: Scalar<'a>,
    #[serde(borrow, rename = "groupName")]
    name: Scalar<'a>,
}

/// Asks for all groups, or for the one of this id.
pub fn call(id: Option<u32>) -> Call<Vec<Group>> {
    let id = id.map(|id| id.to_string());
    Query::of("api-get_groups")
        .with_some("id", id.as_deref())
        .reads_much(parse)
}

fn parse(data: Data<'_>) -> Result<Vec<Group>, Unmet> {
    let mut groups = Vec::new();
    let mut without_id = false;
    json::for_each(&as_list(data.payload), |group: Wire<'_>| {
        let Some(id) = group.id.integer().and_then(|id| u32::try_from(id).ok()) else {
            without_id = true;
            return;
        };
        let name = exact(&group.name);
        groups.push(Group { id, name });
    })
    .map_err(|error| not_understood(format!("groups: the answer {error}")))?;
    if without_id {
        return Err(not_understood("groups: one of them has no id"));
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &str) -> Result<Vec<Group>, Unmet> {
        parse(Data {
            payload,
            said_success: true,
        })
    }

    #[test]
    fn the_sample_of_the_guide_is_read() {
        let sample = r#"[ { "groupID": "0", "groupName": "default" },
                          { "groupID": "100", "groupName": "blacklist" } ]"#;
        let group = |id, name: &str| Group {
            id,
            name: name.to_owned(),
        };
        assert_eq!(
            read(sample),
            Ok(vec![group(0, "default"), group(100, "blacklist")])
        );
        assert_eq!(call(None).shown(), "/cgi-bin/api-get_groups");
        assert_eq!(call(Some(4)).shown(), "/cgi-bin/api-get_groups?id=4");
    }

    #[test]
    fn numbers_one_object_and_nothing_are_read_and_what_has_no_id_is_refused() {
        assert_eq!(
            read(r#"{"groupID":7,"groupName":" x "}"#).unwrap()[0].name,
            " x "
        );
        for none in ["[]", r#""""#, "null"] {
            assert_eq!(read(none), Ok(Vec::new()), "{none}");
        }
        for wrong in [r#"[{"groupName":"x"}]"#, "[1]", "x", r#"[{"groupID":-1}]"#] {
            assert!(
                matches!(read(wrong), Err(Unmet::NotUnderstood(_))),
                "{wrong}"
            );
        }
    }
}
