//! Whether the daemon is ready: whether what it shows is more than an empty list, and the list is the
//! one that is meant.

use std::time::Duration;

use crate::fleet::Fleet;

use super::Settings;
use super::answer::Answer;
use super::requests::Code;

/// Ready once every phone was tried, or after a time in which every one should have been.
pub(super) fn answer(fleet: &Fleet, running: Duration, settings: &Settings) -> Answer {
    if let Some(loss) = &settings.loss {
        return Answer::text(Code::Unavailable, loss);
    }
    let all = fleet.phones().len();
    let untried = fleet.phones().filter(|phone| phone.last.is_none()).count();
    if untried == 0 || running >= settings.ready_after {
        return Answer::text(Code::Ok, "ready");
    }
    let text = format!("{untried} of {all} phones were not tried yet");
    Answer::text(Code::Unavailable, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::PollReport;
    use crate::web::example;

    fn check(fleet: &Fleet, seconds: u64, expected: Code) {
        let running = Duration::from_secs(seconds);
        let settings = Settings {
            ready_after: Duration::from_secs(45),
            ..example::settings()
        };
        let given = answer(fleet, running, &settings);
        assert_eq!(given.code, expected, "after {seconds} s");
        let lost = Settings {
            loss: Some("all is gone".into()),
            ..settings
        };
        assert_eq!(answer(fleet, running, &lost).code, Code::Unavailable);
    }

    #[test]
    fn ready_when_every_phone_was_tried_or_should_have_been() {
        let fleet = Fleet::new([example::place("a").into(), example::place("b").into()]);
        check(&fleet, 0, Code::Unavailable);
        check(&fleet, 44, Code::Unavailable);
        check(&fleet, 45, Code::Ok);
        let tried = |fleet: &Fleet, name| fleet.with_report(name, PollReport::new(example::now()));
        let fleet = tried(&fleet, "a");
        check(&fleet, 0, Code::Unavailable);
        check(&tried(&fleet, "b"), 0, Code::Ok);
        check(&Fleet::default(), 0, Code::Ok);
    }
}
