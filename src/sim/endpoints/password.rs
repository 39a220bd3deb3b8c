//! `api-change_password`: the old password must be right, and other sessions of that user end.
//!
//! Both passwords change or none does. The role user may change its own only. That sessions end
//! is not in the guide; a phone that kept them would keep whoever knew the old password.

use super::Call;
use super::answer::Answer;
use crate::sim::auth::Role;
use crate::sim::state::State;
use crate::sim::wire::json::Json;

pub(super) fn change(call: &Call<'_>, state: &mut State) -> Answer {
    let param = |name| call.request.param(name);
    let is_user = call
        .caller
        .as_ref()
        .is_some_and(|caller| caller.role == Role::User);
    if is_user && param("P2").is_some() {
        return Answer::denial(state.behaviour.session.role_too_low);
    }
    let asked = [
        (&mut state.admin, param("oldadmin"), param("P2")),
        (&mut state.user, param("olduser"), param("P196")),
    ];
    let changes: Vec<_> = asked
        .into_iter()
        .filter_map(|(user, old, new)| new.map(|new| (user, old, new)))
        .collect();
    let are_right = changes
        .iter()
        .all(|(user, old, new)| *old == Some(user.password.as_str()) && !new.is_empty());
    if changes.is_empty() || !are_right {
        return Answer::failed();
    }
    let kept = call.caller.as_ref().map_or("", |caller| &caller.token);
    for (user, _, new) in changes {
        new.clone_into(&mut user.password);
        state.auth.end_others(&user.username, kept);
    }
    Answer::success(Json::object([("status", "right".into())]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sim::endpoints::desk::{Desk, failed};

    #[test]
    fn a_password_changes_only_with_the_old_one_and_ends_other_sessions() {
        let mut desk = Desk::logged_in();
        let first = desk.cookies.clone();
        desk.log_in("gmiadmin", "admin");
        for path in [
            "api-change_password",
            "api-change_password?P2=new",
            "api-change_password?oldadmin=wrong&P2=new",
            "api-change_password?oldadmin=admin&P2=",
            "api-change_password?oldadmin=admin&P2=new&olduser=wrong&P196=new",
        ] {
            desk.check(path, &failed());
        }
        desk.check(
            "api-change_password?oldadmin=admin&P2=new&olduser=123&P196=456",
            &json!({ "response": "success", "body": { "status": "right" } }),
        );
        assert_eq!(
            (&*desk.state.admin.password, &*desk.state.user.password),
            ("new", "456")
        );
        assert!(desk.is_in());
        desk.cookies = first;
        assert!(!desk.is_in());
    }
}
