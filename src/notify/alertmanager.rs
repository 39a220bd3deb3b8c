//! Alerts as an Alertmanager takes them: `POST /api/v2/alerts`.
//!
//! Written after the alert generator compliance specification 1.0 and the Alerts API: firing alerts
//! are sent again and again with an end in the future, ended ones with their end for fifteen minutes.
//! Every configured Alertmanager gets every alert, whatever hides it here: grouping, silences and
//! inhibition are its own. One bad alert makes it answer 400 although it kept the others, so what it
//! could refuse is left out beforehand.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::alerts::board::{Alert, RESOLVED_FOR};
use crate::alerts::phase::Phase;
use crate::fleet::Moment;
use crate::fleet::moment::later;
use crate::rules::labels::Pair;

/// One alert in the words of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostableAlert {
    pub(super) labels: BTreeMap<Box<str>, Box<str>>,
    pub(super) annotations: BTreeMap<Box<str>, Box<str>>,
    pub(super) starts_at: Timestamp,
    pub(super) ends_at: Timestamp,
    #[serde(rename = "generatorURL", skip_serializing_if = "str::is_empty")]
    pub(super) generator_url: Box<str>,
}

/// What is said of every alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// Labels added to each alert that does not have them: which exporter it is.
    pub external_labels: Box<[(Box<str>, Box<str>)]>,
    /// Where people find the alerts of this exporter; empty if it has no address for them.
    pub alerts_url: Box<str>,
    /// How often firing alerts are sent again.
    pub resend_delay: Duration,
}

/// An Alertmanager takes an alert for over when nobody repeats it for so many rounds.
const ROUNDS: u32 = 4;
/// At least so long, so that a short outage of the exporter ends no alert.
const LEAST_AHEAD: Duration = Duration::from_secs(180);
/// At most so many alerts in one request, well below what an Alertmanager takes.
pub const MOST_ALERTS: usize = 256;

/// The body of the request that tells these alerts, each with its texts.
pub fn body(
    alerts: &[&Alert],
    sender: &Sender,
    texts: impl Fn(&Alert) -> Vec<Pair>,
    now: Moment,
) -> String {
    let alerts = alerts.iter();
    let alerts: Vec<_> = alerts
        .filter_map(|alert| postable(alert, sender, texts(alert), now))
        .collect();
    serde_json::to_string(&alerts).expect("maps of text have a form in JSON")
}

/// The alert in the words of the API; `None` if it is pending, over for long, or would be refused.
pub fn postable(
    alert: &Alert,
    sender: &Sender,
    annotations: Vec<Pair>,
    now: Moment,
) -> Option<PostableAlert> {
    let fired = alert.fired_at?;
    let ends_at = match alert.state.phase {
        Phase::Pending { .. } => return None,
        Phase::Firing | Phase::KeepFiring { .. } => {
            let ahead = (sender.resend_delay * ROUNDS).max(LEAST_AHEAD);
            later(now.wall, ahead)
        }
        Phase::Resolved { at, .. } if now.since(at) > RESOLVED_FOR => return None,
        // An end before the beginning is refused: the wall clock may have stepped.
        Phase::Resolved { at, .. } => at.wall.max(fired.wall),
    };
    let mut labels: BTreeMap<_, _> = sender.external_labels.iter().cloned().collect();
    labels.extend(alert.labels.iter().cloned());
    labels.retain(|_, value| !value.is_empty());
    Some(PostableAlert {
        labels,
        annotations: annotations.into_iter().collect(),
        starts_at: fired.wall,
        ends_at,
        generator_url: sender.alerts_url.clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::alerts::board::{Board, Rules};
    use crate::alerts::self_monitoring::Health;
    use crate::fleet::sample::{Sample, fleet, minute};
    use crate::rules::condition::{Condition, PhoneCondition};
    use crate::rules::rule::Rule;

    fn sender() -> Sender {
        Sender {
            external_labels: Box::new([
                ("fleet".into(), "acme".into()),
                ("site".into(), "elsewhere".into()),
            ]),
            alerts_url: "https://phones.example/alerts".into(),
            resend_delay: Duration::from_secs(60),
        }
    }

    /// What is posted at each minute while the phone is down at the given ones.
    fn posted(down: &[u64], minutes: u64) -> Vec<String> {
        let rule = Rule {
            min_polls: 1,
            hold: Duration::from_secs(60),
            ..Rule::new("Down", Condition::Phone(PhoneCondition::Unreachable))
        };
        let mut board = Board::new(Arc::new(Rules::new([rule])));
        let mut all = Vec::new();
        for n in 0..minutes {
            let sample = Sample::new("a").site("hq").polled(minute(n));
            let sample = if down.contains(&n) {
                sample.down()
            } else {
                sample.up()
            };
            let fleet = fleet([sample]);
            let _told = board.after_poll(&fleet, "a", minute(n));
            let _told = board.after_tick(&fleet, &Health::default(), minute(n));
            let texts = || vec![("summary".into(), "a is down".into())];
            let told = board
                .alerts()
                .filter_map(|alert| postable(alert, &sender(), texts(), minute(n)));
            let told: Vec<_> = told.collect();
            all.push(serde_json::to_string(&told).expect("it has a form in JSON"));
        }
        all
    }

    #[test]
    fn a_firing_alert_keeps_its_beginning_and_its_end_lies_ahead() {
        let posted = posted(&[0, 1, 2], 3);
        assert_eq!(posted[0], "[]");
        assert_eq!(
            posted[1],
            r#"[{"labels":{"alertname":"Down","fleet":"acme","phone":"a","site":"hq"},"annotations":{"summary":"a is down"},"startsAt":"1970-01-12T13:47:40Z","endsAt":"1970-01-12T13:51:40Z","generatorURL":"https://phones.example/alerts"}]"#
        );
        let again = posted[1].replace("13:51:40Z", "13:52:40Z");
        assert_eq!(posted[2], again);
    }

    #[test]
    fn an_end_is_told_for_a_quarter_of_an_hour_and_stays_what_it_was() {
        let posted = posted(&[0, 1], 20);
        let ends = r#""endsAt":"1970-01-12T13:48:40Z""#;
        for (n, body) in posted.iter().enumerate().skip(2) {
            assert_eq!(body.contains(ends), n <= 17, "minute {n}: {body}");
        }
        assert_eq!(posted[18], "[]");
    }
}
