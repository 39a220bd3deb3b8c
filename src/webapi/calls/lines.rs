//! Guide: Get Line Status.
//!
//! The poller never sends the parameter `line`: the guide counts it from 0 and the lines from 1. Names and
//! numbers of remote parties are not among the wire types, so they are skipped where they stand
//! and never copied.

use std::num::NonZeroU16;

use serde::Deserialize;

use super::{malformed, met};
use crate::fleet::reading::{Keep, Line, LineDetail, LineState, Lines, MAX_LINES};
use crate::fleet::report::{DropReason, Dropped};
use crate::fleet::{Endpoint, Failure};
use crate::webapi::call::{Call, Query, as_list};
use crate::webapi::json::{self, Object, Scalar};

/// The request.
pub(in crate::webapi) const LINE: &str = "/cgi-bin/api-get_line_status";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Slot<'a> {
    #[serde(borrow)]
    line: Scalar<'a>,
    #[serde(borrow)]
    state: Scalar<'a>,
}

/// Asks for the state of all lines, or of the one with this number, from 1.
pub fn call(line: Option<NonZeroU16>) -> Call<Lines> {
    let position = line.map(|line| (line.get() - 1).to_string());
    Query::of("api-get_line_status")
        .with_some("line", position.as_deref())
        .reads(|data| {
            let keep = Keep::default();
            met(parse(&as_list(data.payload), keep, &mut Dropped::default()))
        })
}

/// The lines, by number, as far as they may be kept.
pub(in crate::webapi) fn parse(
    payload: &str,
    keep: Keep,
    dropped: &mut Dropped,
) -> Result<Lines, Failure> {
    let mut lines: Vec<Line> = Vec::new();
    let mut position = 0;
    json::for_each(payload, |Object(slot): Object<Slot<'_>>| {
        position = u16::saturating_add(position, 1);
        let told = slot.line.integer().and_then(|n| u16::try_from(n).ok());
        let number = told.unwrap_or(position);
        if lines.iter().any(|line| line.number == number) {
            dropped.count(DropReason::Duplicate);
            return;
        }
        if lines.len() == MAX_LINES {
            dropped.count(DropReason::Lines);
            return;
        }
        let state = state(&slot.state);
        lines.push(Line { number, state });
    })
    .map_err(|error| malformed(Endpoint::Lines, error))?;
    lines.sort_by_key(|line| line.number);
    let lines = Lines::new(lines.into_boxed_slice());
    Ok(match keep.lines {
        LineDetail::PerLine => lines,
        LineDetail::PerPhone => lines.counts_only(),
        LineDetail::Off => Lines::default(),
    })
}

/// The state of a line, from its code or from the word that other phones of the vendor use.
fn state(told: &Scalar<'_>) -> LineState {
    if let Some(code) = told.integer() {
        return LineState::from_code(code);
    }
    let word: String = told
        .text()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    match word.as_str() {
        "readfailed" => LineState::ReadFailed,
        "idle" => LineState::Idle,
        "dialing" => LineState::Dialing,
        "ringing" => LineState::Ringing,
        "calling" => LineState::Calling,
        "connected" | "incall" | "oncall" => LineState::InCall,
        "onhold" | "hold" | "holding" => LineState::Hold,
        "transferred" => LineState::Transferred,
        "ending" => LineState::Ending,
        "failed" => LineState::Failed,
        "transferring" => LineState::Transferring,
        "conference" => LineState::Conference,
        "paging" => LineState::Paging,
        "ringback" => LineState::Ringback,
        "ipcall" => LineState::IpCall,
        _ => LineState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Reason;
    use crate::fleet::reading::Coarse;

    const GUIDE: &str = include_str!("../../../tests/fixtures/webapi/guide-lines.json");

    fn read(list: &str, lines: LineDetail) -> (Result<Lines, Failure>, Dropped) {
        let mut dropped = Dropped::default();
        let keep = Keep {
            lines,
            ..Keep::default()
        };
        (parse(list, keep, &mut dropped), dropped)
    }

    fn each(list: &str) -> Vec<(u16, LineState)> {
        let (lines, _) = read(list, LineDetail::PerLine);
        let lines = lines.unwrap_or_else(|failure| panic!("{list}: {failure}"));
        lines
            .each
            .iter()
            .map(|line| (line.number, line.state))
            .collect()
    }

    #[test]
    fn a_list_of_anything_but_objects_is_malformed_and_no_length_is_too_much() {
        for list in ["[[]]", r#"[[1,"2"]]"#, "[1]", r#"["a"]"#, "{}"] {
            let (lines, _) = read(list, LineDetail::PerLine);
            assert_eq!(lines.unwrap_err().reason, Reason::Parse, "{list}");
        }
        let endless = format!("[{}{{}}]", "{},".repeat(70_000));
        assert_eq!(each(&endless).len(), MAX_LINES);
    }

    #[test]
    fn the_sample_of_the_guide_is_read() {
        let mut guide: serde_json::Value = json::parse(GUIDE).unwrap();
        let list = guide["body"].take().to_string();
        let expect = [
            (1, LineState::Ringing),
            (2, LineState::Calling),
            (3, LineState::Calling),
            (4, LineState::Failed),
        ];
        assert_eq!(each(&list), expect);
    }

    #[test]
    fn codes_and_words_are_read_and_anything_else_is_unknown() {
        let cases = [
            ("0", LineState::Idle),
            (r#""0""#, LineState::Idle),
            (r#""-1""#, LineState::ReadFailed),
            ("13", LineState::IpCall),
            (r#""idle""#, LineState::Idle),
            (r#""dialing""#, LineState::Dialing),
            (r#""calling""#, LineState::Calling),
            (r#""Ringing""#, LineState::Ringing),
            (r#""connected""#, LineState::InCall),
            (r#""onhold""#, LineState::Hold),
            (r#""On Hold""#, LineState::Hold),
            (r#""on_hold""#, LineState::Hold),
            (r#""failed""#, LineState::Failed),
            (r#""ipcall""#, LineState::IpCall),
            (r#""IP Call""#, LineState::IpCall),
            (r#""conference""#, LineState::Conference),
            (r#""transferring""#, LineState::Transferring),
            (r#""transferred""#, LineState::Transferred),
            (r#""ringback""#, LineState::Ringback),
            (r#""paging""#, LineState::Paging),
            (r#""ending""#, LineState::Ending),
            ("14", LineState::Unknown),
            ("true", LineState::Unknown),
            ("null", LineState::Unknown),
            (r#""""#, LineState::Unknown),
            (r#""besetzt""#, LineState::Unknown),
        ];
        for (state, expect) in cases {
            let list = format!(r#"[{{"line":2,"state":{state}}}]"#);
            assert_eq!(each(&list), [(2, expect)], "{state}");
        }
        assert_eq!(each(r#"[{"line":1}]"#), [(1, LineState::Unknown)]);
    }

    #[test]
    fn an_active_flag_and_remote_parties_change_nothing() {
        let list = r#"[{"line":"1","conf":"","state":"connected","acct":0,"active":0,
            "remotename":"unauthorized","remotenumber":"5551234","name":{"x":1},"number":null}]"#;
        assert_eq!(each(list), [(1, LineState::InCall)]);
    }

    #[test]
    fn only_counts_are_kept_where_who_phones_when_is_not_wanted() {
        let list = r#"[{"line":1,"state":"4"},{"line":2,"state":"0"}]"#;
        let (lines, _) = read(list, LineDetail::PerPhone);
        let lines = lines.unwrap();
        assert!(lines.each.is_empty());
        assert_eq!(lines.count(Coarse::InCall), 1);
        assert_eq!(read(list, LineDetail::Off).0.unwrap(), Lines::default());
    }

    #[test]
    fn numbers_are_unique_and_bounded() {
        let list = r#"[{"state":"0"},{"line":1,"state":"4"},{"line":70000,"state":"5"}]"#;
        assert_eq!(each(list), [(1, LineState::Idle), (3, LineState::Hold)]);
        assert_eq!(
            read(list, LineDetail::PerLine).1.get(DropReason::Duplicate),
            1
        );
        let many: Vec<_> = (1..=40).map(|n| format!(r#"{{"line":{n}}}"#)).collect();
        let (lines, dropped) = read(&format!("[{}]", many.join(",")), LineDetail::PerLine);
        assert_eq!(lines.unwrap().each.len(), MAX_LINES);
        assert_eq!(dropped.get(DropReason::Lines), 8);
    }

    #[test]
    fn what_is_no_list_of_lines_is_refused() {
        for payload in ["{}", r#""busy""#, "[2]", "state=0", ""] {
            let (lines, _) = read(payload, LineDetail::PerLine);
            assert_eq!(lines.unwrap_err().reason, Reason::Parse, "{payload}");
        }
    }
}
