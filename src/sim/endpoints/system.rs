//! `api-sys_operation`: reboot, factory reset, provision.
//!
//! The answer goes out before the phone does: the state is away from here on, and the exchange
//! that is under way is still delivered.

use super::Call;
use super::answer::Answer;
use crate::sim::auth::Role;
use crate::sim::state::State;

pub(super) fn operate(call: &Call<'_>, state: &mut State) -> Answer {
    let (needs_admin, operation): (bool, fn(&mut State)) = match call.request.param("request") {
        Some("REBOOT") => (false, State::reboot),
        Some("RESET") => (true, State::factory_reset),
        Some("PROV") => (true, State::provision),
        _ => return Answer::error("unknown".into()),
    };
    let is_admin = call
        .caller
        .as_ref()
        .is_some_and(|caller| caller.role == Role::Admin);
    if needs_admin && !is_admin {
        return Answer::denial(state.behaviour.session.role_too_low);
    }
    operation(state);
    Answer::success(state.behaviour.actions.acknowledgement.as_str().into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sim::endpoints::desk::Desk;

    #[test]
    fn the_role_user_is_refused_what_is_kept_for_admin() {
        let mut desk = Desk::new();
        desk.log_in("user", "123");
        for path in [
            "api-sys_operation?request=RESET",
            "api-sys_operation?request=PROV",
            "api-values.post?P2=x",
            "api-change_password?oldadmin=admin&P2=x",
        ] {
            assert_eq!(desk.ask(path).status, 401, "{path}");
        }
        assert!(desk.is_in());
        assert_eq!(desk.state.admin.password, "admin");
        desk.check(
            "api-sys_operation?request=REBOOT",
            &json!({ "response": "success", "body": "reset" }),
        );
        assert!(desk.state.is_away());
    }

    #[test]
    fn system_operations_do_what_they_say() {
        let answer = json!({ "response": "success", "body": "savereboot" });
        for (request, is_away) in [("REBOOT", true), ("RESET", true), ("PROV", false)] {
            let mut desk = Desk::logged_in();
            desk.state.behaviour.actions.acknowledgement = "savereboot".into();
            desk.state.staged.values.insert("64".into(), "CET".into());
            desk.check(&format!("api-sys_operation?request={request}"), &answer);
            assert_eq!(desk.state.is_away(), is_away, "{request}");
            let has_new_values = desk.state.value("64").as_deref() == Some("CET");
            assert_eq!(has_new_values, request == "PROV");
        }
        let mut desk = Desk::logged_in();
        desk.check(
            "api-sys_operation?request=DANCE",
            &json!({ "response": "error", "body": "unknown" }),
        );
    }
}
