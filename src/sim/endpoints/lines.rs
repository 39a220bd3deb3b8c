//! `api-get_line_status`.
//!
//! Reading is what moves a dialled call on, unless a knob lets time do it: see
//! [`Actions::answered_after`](crate::sim::behaviour::Actions::answered_after).

use super::Call;
use super::answer::Answer;
use crate::sim::behaviour::reading::{LineAccount, LineActive, LineParty, LineState, Readings};
use crate::sim::state::State;
use crate::sim::state::line::Line;
use crate::sim::wire::json::Json;

/// The parameter `line` counts from 0 although the answer counts from 1; -1 is all lines.
pub(super) fn list(call: &Call<'_>, state: &mut State) -> Answer {
    let asked = call
        .request
        .param("line")
        .filter(|line| !line.is_empty() && *line != "-1");
    let position = match asked.map(str::parse::<usize>) {
        None => None,
        Some(Ok(position)) if position < state.lines.len() => Some(position),
        Some(_) => return Answer::failed(),
    };
    let knobs = &state.behaviour.readings;
    let lines = state.lines.iter_mut().enumerate();
    let told = lines.filter(|(at, _)| position.is_none_or(|position| position == *at));
    let told = told.map(|(_, line)| {
        let told = tell(line, knobs);
        line.was_read();
        told
    });
    Answer::success(Json::List(told.collect()))
}

fn tell(line: &Line, knobs: &Readings) -> Json {
    let state = match knobs.line_state {
        LineState::Digits => line.state.to_string().into(),
        LineState::Number => line.state.into(),
        LineState::Words => word(line.state).into(),
    };
    let acct = match (knobs.line_account, line.account) {
        (LineAccount::Text, Some(account)) => account.to_string().into(),
        (LineAccount::Number, Some(account)) => account.into(),
        (LineAccount::Blank, _) | (_, None) => "".into(),
    };
    let is_active = i64::from(line.state == Line::IN_CALL);
    let active = match knobs.line_active {
        LineActive::Number => is_active.into(),
        LineActive::Text => is_active.to_string().into(),
        LineActive::Zero => 0_i64.into(),
    };
    let (name, number) = (line.name.as_str().into(), line.number.as_str().into());
    match knobs.line_party {
        LineParty::NameNumber => Json::object([
            ("line", line.id.into()),
            ("state", state),
            ("acct", acct),
            ("name", name),
            ("number", number),
            ("active", active),
        ]),
        LineParty::RemoteNameNumber => Json::object([
            ("line", line.id.into()),
            ("conf", 0_i64.into()),
            ("state", state),
            ("acct", acct),
            ("active", active),
            ("remotename", name),
            ("remotenumber", number),
        ]),
    }
}

/// The words of the vendor's lines that do not use codes.
fn word(state: i64) -> &'static str {
    match state {
        0 => "idle",
        1 => "dialing",
        2 => "ringing",
        3 => "calling",
        4 => "connected",
        5 => "onhold",
        6 => "transferred",
        7 => "ending",
        8 => "failed",
        9 => "transferring",
        10 => "conference",
        11 => "paging",
        12 => "ringback",
        13 => "ipcall",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::endpoints::desk::{Desk, failed};

    #[test]
    fn lines_are_told_in_each_style() {
        let mut desk = Desk::logged_in();
        desk.state.lines[1].ring("Ann", "12");
        desk.state.lines[1].accept();
        let line = |desk: &mut Desk| desk.json("api-get_line_status?line=1")["body"][0].clone();
        assert_eq!(
            line(&mut desk),
            json!({ "line": 2, "state": "4", "acct": "0", "name": "Ann", "number": "12", "active": 1 }),
        );
        let knobs = &mut desk.state.behaviour.readings;
        knobs.line_state = LineState::Number;
        knobs.line_account = LineAccount::Number;
        knobs.line_active = LineActive::Text;
        assert_eq!(
            line(&mut desk),
            json!({ "line": 2, "state": 4, "acct": 0, "name": "Ann", "number": "12", "active": "1" }),
        );
        let knobs = &mut desk.state.behaviour.readings;
        knobs.line_state = LineState::Words;
        knobs.line_account = LineAccount::Blank;
        knobs.line_active = LineActive::Zero;
        knobs.line_party = LineParty::RemoteNameNumber;
        assert_eq!(
            line(&mut desk),
            json!({ "line": 2, "conf": 0, "state": "connected", "acct": "", "active": 0,
                "remotename": "Ann", "remotenumber": "12" }),
        );
        for (query, count) in [("", 4), ("?line=-1", 4), ("?line=0", 1), ("?line=3", 1)] {
            let lines = desk.json(&format!("api-get_line_status{query}"));
            assert_eq!(lines["body"].as_array().unwrap().len(), count, "{query}");
        }
        desk.check("api-get_line_status?line=4", &failed());
        desk.check("api-get_line_status?line=x", &failed());
    }
}
