//! `/-/ready`: whether every phone was polled once, and the list of phones is accepted.

use std::time::Duration;

use hyper::StatusCode;

use crate::fleet::Fleet;

use super::response::Response;
use super::settings::Settings;

/// Ready once every phone was tried, or after a time in which every one should have been.
pub(super) fn respond(fleet: &Fleet, running: Duration, settings: &Settings) -> Response {
    if let Some(loss) = &settings.loss {
        return Response::text(StatusCode::SERVICE_UNAVAILABLE, loss);
    }
    let all = fleet.phones().len();
    let untried = fleet.phones().filter(|phone| phone.last.is_none()).count();
    if untried == 0 || running >= settings.ready_after {
        return Response::text(StatusCode::OK, "ready");
    }
    let text = format!("{untried} of {all} phones were not tried yet");
    Response::text(StatusCode::SERVICE_UNAVAILABLE, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::PollReport;
    use crate::web::testing::fixture;

    fn check(fleet: &Fleet, seconds: u64, expected: StatusCode) {
        let running = Duration::from_secs(seconds);
        let settings = Settings {
            ready_after: Duration::from_secs(45),
            ..fixture::settings()
        };
        let response = respond(fleet, running, &settings);
        assert_eq!(response.status, expected, "after {seconds} s");
        let lost = Settings {
            loss: Some("all is gone".into()),
            ..settings
        };
        let response = respond(fleet, running, &lost);
        assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn ready_when_every_phone_was_tried_or_should_have_been() {
        let fleet = Fleet::new([fixture::place("a").into(), fixture::place("b").into()]);
        check(&fleet, 0, StatusCode::SERVICE_UNAVAILABLE);
        check(&fleet, 44, StatusCode::SERVICE_UNAVAILABLE);
        check(&fleet, 45, StatusCode::OK);
        let tried = |fleet: &Fleet, name| fleet.with_report(name, PollReport::new(fixture::now()));
        let fleet = tried(&fleet, "a");
        check(&fleet, 0, StatusCode::SERVICE_UNAVAILABLE);
        check(&tried(&fleet, "b"), 0, StatusCode::OK);
        check(&Fleet::default(), 0, StatusCode::OK);
    }
}
