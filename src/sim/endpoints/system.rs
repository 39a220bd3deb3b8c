//! `api-sys_operation`: reboot, factory reset, provision. The answer goes out before the phone
//! does.

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
