//! `api-make_call` and `api-phone_operation`. Accounts and lines count from 0 in both.
//!
//! The guide does not say that they do; its examples and public clients of the vendor's phones do,
//! while the listings count from 1.

use super::Call;
use super::answer::Answer;
use crate::sim::spec::Account;
use crate::sim::state::State;
use crate::sim::state::line::{Answered, Line};

pub(super) fn make(call: &Call<'_>, state: &mut State) -> Answer {
    let number = call.request.param("phonenumber").unwrap_or_default();
    let account = call
        .request
        .param("account")
        .unwrap_or("0")
        .parse::<u32>()
        .ok();
    let can_call = |account: &u32| {
        let slot = usize::try_from(*account)
            .ok()
            .and_then(|position| state.accounts.get(position));
        slot.is_some_and(Account::is_registered)
    };
    let answered = match state.behaviour.actions.answered_after {
        Some(after) => Answered::At(state.now() + after),
        None => Answered::AfterReads(1),
    };
    let free = state.lines.iter_mut().find(|line| line.state == Line::IDLE);
    let (Some(account), Some(line), false) = (account.filter(can_call), free, number.is_empty())
    else {
        return Answer::failed();
    };
    line.dial(account, number, answered);
    Answer::success("".into())
}

/// The guide's table spells the parameter `Line`, its example `line`; both are taken.
pub(super) fn operate(call: &Call<'_>, state: &mut State) -> Answer {
    let line = call
        .request
        .param("line")
        .or_else(|| call.request.param("Line"));
    let position = line.and_then(|line| line.parse::<usize>().ok());
    let Some(line) = position.and_then(|position| state.lines.get_mut(position)) else {
        return Answer::failed();
    };
    let done = match call.request.param("cmd") {
        Some("endcall") => line.end(),
        Some("holdcall") => line.hold(),
        Some("acceptcall") => line.accept(),
        Some("rejectcall") => line.reject(),
        _ => return Answer::error("unknown".into()),
    };
    Answer::done(done, "true")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::sim::endpoints::desk::{Desk, done, failed};

    #[test]
    fn a_call_is_dialled_answered_held_and_ended() {
        let mut desk = Desk::logged_in();
        let state =
            |desk: &mut Desk| desk.json("api-get_line_status?line=0")["body"][0]["state"].clone();
        desk.check("api-make_call?phonenumber=123456&account=1", &done());
        desk.state.advance(Duration::ZERO);
        assert_eq!(state(&mut desk), "3");
        desk.state.advance(Duration::ZERO);
        assert_eq!(state(&mut desk), "4");
        let handled = json!({ "response": "success", "body": "true" });
        desk.check("api-phone_operation?cmd=holdcall&line=0", &handled);
        assert_eq!(state(&mut desk), "5");
        desk.check("api-phone_operation?cmd=endcall&Line=0", &handled);
        assert_eq!(state(&mut desk), "0");
        desk.check("api-phone_operation?cmd=endcall&line=0", &failed());
        for (command, expect) in [("acceptcall", "4"), ("rejectcall", "0")] {
            desk.state.lines[0].ring("", "1");
            desk.check(
                &format!("api-phone_operation?cmd={command}&line=0"),
                &handled,
            );
            assert_eq!(state(&mut desk), expect, "{command}");
        }
        desk.check("api-phone_operation?cmd=endcall&line=9", &failed());
        desk.check("api-phone_operation?cmd=endcall", &failed());
        desk.check(
            "api-phone_operation?cmd=dance&line=0",
            &json!({ "response": "error", "body": "unknown" }),
        );
    }

    #[test]
    fn a_call_needs_a_number_a_registered_account_and_a_free_line() {
        let mut desk = Desk::logged_in();
        desk.check("api-make_call?account=0", &failed());
        for account in ["2", "16", "-1", "x"] {
            desk.check(
                &format!("api-make_call?phonenumber=1&account={account}"),
                &failed(),
            );
        }
        for _ in 0..4 {
            desk.check("api-make_call?phonenumber=1", &done());
        }
        desk.check("api-make_call?phonenumber=1", &failed());
    }

    #[test]
    fn a_dialled_call_can_be_answered_by_time() {
        let mut desk = Desk::logged_in();
        desk.state.behaviour.actions.answered_after = Some(Duration::from_secs(3));
        desk.check("api-make_call?phonenumber=1", &done());
        desk.state.advance(Duration::from_secs(2));
        assert_eq!(desk.state.lines[0].state, Line::CALLING);
        desk.state.advance(Duration::from_secs(3));
        assert_eq!(desk.state.lines[0].state, Line::IN_CALL);
    }
}
