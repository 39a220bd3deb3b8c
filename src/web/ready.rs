//! Whether the daemon is ready: whether what it shows is more than an empty list.

use hyper::StatusCode;
use std::time::Duration;

use crate::fleet::Fleet;

use super::response::Response;

/// Ready once every phone was tried, or after a time in which every one should have been.
pub(super) fn respond(fleet: &Fleet, running: Duration, ready_after: Duration) -> Response {
    let all = fleet.phones().len();
    let untried = fleet.phones().filter(|phone| phone.last.is_none()).count();
    if untried == 0 || running >= ready_after {
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
        let response = respond(fleet, running, Duration::from_secs(45));
        assert_eq!(response.status, expected, "after {seconds} s");
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
