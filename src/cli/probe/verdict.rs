//! The verdict of `probe PHONE`: `hq-1: up, 3 of 4 accounts registered, firmware 1.0.3.42`.
//!
//! For a phone that is down it is what failed, with a hint. Further problems are in lines before it.

use crate::cli::problems::PhoneStatus;
use crate::fleet::reading::{Account, Registration};
use crate::fleet::{Moment, Phone, Text};

/// The lines about a phone that was just polled; the verdict is the last one.
pub(super) fn lines(phone: &Phone, now: Moment) -> Vec<String> {
    let firmware = phone.values(now).and_then(|values| values.firmware());
    let accounts = phone.accounts(now).map(|accounts| &**accounts);
    verdict_last(&PhoneStatus::of(phone), accounts, firmware)
}

fn verdict_last(
    status: &PhoneStatus,
    accounts: Option<&[Account]>,
    firmware: Option<&Text>,
) -> Vec<String> {
    let mut problems = status.problem_lines().into_iter();
    let verdict = if status.up {
        let accounts = accounts.map(registered);
        let firmware = firmware.map(|firmware| format!("firmware {firmware}"));
        let parts = ["up".to_owned()]
            .into_iter()
            .chain(accounts)
            .chain(firmware);
        parts.collect::<Vec<_>>().join(", ")
    } else {
        let problem = problems.next().map(|problem| format!(": {problem}"));
        format!("down{}", problem.unwrap_or_default())
    };
    let lines = problems.chain([verdict]);
    lines
        .map(|line| format!("{}: {line}", status.name))
        .collect()
}

fn registered(accounts: &[Account]) -> String {
    let is_registered = |account: &&Account| account.registration == Registration::Registered;
    let registered = accounts.iter().filter(is_registered).count();
    match accounts.len() {
        0 => "no accounts".to_owned(),
        all => format!("{registered} of {all} accounts registered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::problems::Problem;

    fn status(up: bool, problems: &[&str]) -> PhoneStatus {
        let problem = |reason: &&str| Problem {
            reason: (*reason).to_owned(),
            detail: "what failed".to_owned(),
            hint: "what to do".to_owned(),
        };
        PhoneStatus {
            name: "hq-1".to_owned(),
            site: None,
            up,
            failures: problems.iter().map(problem).collect(),
        }
    }

    #[test]
    fn a_phone_that_is_up_ends_with_accounts_and_firmware() {
        let account = |id, registration| Account {
            id,
            server: Text::clean("pbx"),
            user: None,
            registration,
        };
        let accounts = [
            account(1, Registration::Registered),
            account(2, Registration::Registering),
        ];
        let firmware = Text::clean("1.0.3.42");
        assert_eq!(
            verdict_last(&status(true, &["parse"]), Some(&accounts), Some(&firmware)),
            [
                "hq-1: parse: what failed; what to do",
                "hq-1: up, 1 of 2 accounts registered, firmware 1.0.3.42",
            ]
        );
        let bare = verdict_last(&status(true, &[]), Some(&[]), None);
        assert_eq!(bare, ["hq-1: up, no accounts"]);
    }

    #[test]
    fn a_phone_that_is_down_ends_with_what_failed_first() {
        assert_eq!(
            verdict_last(&status(false, &["auth", "parse"]), None, None),
            [
                "hq-1: parse: what failed; what to do",
                "hq-1: down: auth: what failed; what to do",
            ]
        );
        assert_eq!(
            verdict_last(&status(false, &[]), None, None),
            ["hq-1: down"]
        );
    }
}
