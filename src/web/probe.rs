//! `/probe`: whether a phone is polled for a scrape, and how long the scrape waits for it.

use std::time::Duration;

use hyper::HeaderMap;
use tokio::sync::{mpsc, oneshot};
use tracing::debug;

use crate::fleet::command::PollNow;
use crate::fleet::{Moment, Phone};

/// The header in which Prometheus says how long it waits.
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";

/// How long a scrape waits that does not say so.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait, whatever a scrape says: no poll takes longer.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(120);

/// What is kept for writing and sending the answer.
const MARGIN: Duration = Duration::from_millis(500);

/// Whether what is known is older than half an interval. A failed poll is news too: a phone that
/// fails is not polled more often for it.
pub(super) fn is_due(phone: &Phone, now: Moment) -> bool {
    phone
        .last
        .as_ref()
        .is_none_or(|last| now.since(last.began) > phone.place.interval / 2)
}

/// How long the scrape may wait for a poll.
pub(super) fn wait_limit(headers: &HeaderMap) -> Duration {
    let told = headers
        .get(SCRAPE_TIMEOUT)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let timeout = told.unwrap_or(DEFAULT_TIMEOUT).min(LONGEST_TIMEOUT);
    timeout.saturating_sub(MARGIN).max(timeout / 2)
}

/// Has the phone polled and waits until the outcome is published, at most for `wait_limit`. Where too
/// many wait already, what is known must do.
pub(super) async fn poll_now(phone: &str, polls: &mpsc::Sender<PollNow>, wait_limit: Duration) {
    let (done, published) = oneshot::channel();
    let phone = phone.into();
    if polls.try_send(PollNow { phone, done }).is_err() {
        debug!("Too many polls were asked for: a probe is answered from what is known");
        return;
    }
    if tokio::time::timeout(wait_limit, published).await.is_err() {
        debug!("A poll outlasts its probe, which is answered from what is known");
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;
    use crate::fleet::PollReport;
    use crate::web::testing::fixture;

    fn check_wait_limit(header: Option<&'static str>, millis: u64) {
        let headers = header.map(|value| {
            let name = hyper::header::HeaderName::from_static(SCRAPE_TIMEOUT);
            (name, HeaderValue::from_static(value))
        });
        let headers = HeaderMap::from_iter(headers);
        let expected = Duration::from_millis(millis);
        assert_eq!(wait_limit(&headers), expected, "{header:?}");
    }

    #[test]
    fn a_probe_ends_before_its_scrape_does() {
        check_wait_limit(Some("5"), 4_500);
        check_wait_limit(Some("0.6"), 300);
        check_wait_limit(None, 9_500);
        for nonsense in ["", "soon", "-1", "NaN", "inf"] {
            check_wait_limit(Some(nonsense), 9_500);
        }
        check_wait_limit(Some("1e9"), 119_500);
    }

    #[test]
    fn only_a_reading_older_than_half_an_interval_is_renewed() {
        let place = fixture::place("a");
        let half = place.interval / 2;
        let phone = Phone::new(place.into());
        assert!(is_due(&phone, fixture::now()));
        let phone = phone.after(PollReport::new(fixture::now()));
        assert!(!is_due(&phone, fixture::now().after(half)));
        let later = half + Duration::from_millis(1);
        assert!(is_due(&phone, fixture::now().after(later)));
    }
}
