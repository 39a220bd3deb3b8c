//! `api-make_call` and `api-phone_operation`. Accounts and lines count from 0 in both.

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
