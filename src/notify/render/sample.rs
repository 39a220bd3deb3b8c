//! Messages for the tests of this room.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::notify::Notification;
use crate::notify::delivery::Delivery;
use crate::notify::notification::{AlertRecord, NotificationReason};

/// When the messages are written.
const WRITTEN: &str = "2026-03-01T12:00:00Z";

/// An alert of this phone that began so many minutes before the message.
pub(super) fn said(alertname: &str, phone: &str, minutes: i64) -> AlertRecord {
    let written: Timestamp = WRITTEN.parse().expect("a moment");
    let pair = |name: &str, value: &str| (name.into(), value.into());
    let steps = "Check power and cable.\nThen ping it.";
    AlertRecord {
        labels: vec![
            pair("alertname", alertname),
            pair("phone", phone),
            pair("severity", "critical"),
            pair("site", "hq"),
        ],
        annotations: vec![
            pair("summary", &format!("{phone} does not answer")),
            pair("impact", "Nobody can call there."),
            pair("first_steps", steps),
            pair("runbook_url", "docs/runbooks.md#phoneunreachable"),
        ],
        since: written - SignedDuration::from_mins(minutes),
        ended: None,
    }
}

/// The same, over so many minutes before the message.
pub(super) fn ended(said: AlertRecord, minutes: i64, how: &str) -> AlertRecord {
    let written: Timestamp = WRITTEN.parse().expect("a moment");
    let end = written - SignedDuration::from_mins(minutes);
    AlertRecord {
        ended: Some((end, how.into())),
        ..said
    }
}

/// A message about these.
pub(super) fn delivery(
    reason: NotificationReason,
    firing: Vec<AlertRecord>,
    over: Vec<AlertRecord>,
) -> Delivery {
    Delivery {
        id: "7".into(),
        group_key: "hq".into(),
        group: vec![("site".into(), "hq".into())],
        notification: Notification {
            reason,
            firing,
            over,
            fresh: BTreeSet::new(),
            missed: 0,
        },
        written: WRITTEN.parse().expect("a moment"),
        external_url: "https://phones.example".into(),
    }
}

/// One alert fires, another was over with a word of what changed.
pub(super) fn usual() -> Delivery {
    let mut over = ended(said("PhoneUnreachable", "kitchen", 60), 5, "cleared");
    over.annotations.push(("changed".into(), "rebooted".into()));
    let mut firing = vec![said("PhoneUnreachable", "reception", 12)];
    let cause = ("cause".into(), "account 1 is not registered".into());
    firing[0].annotations.push(cause);
    delivery(NotificationReason::New, firing, vec![over])
}

/// A phone whose name and texts break whatever is careless.
pub(super) fn hostile() -> Delivery {
    let name = "a\r\nBcc: x@y\"<script>alert('1')</script>&{{ 7 * 7 }}<!channel> \u{202E}☎\u{0}";
    delivery(
        NotificationReason::First,
        vec![said("PhoneUnreachable", name, 1)],
        Vec::new(),
    )
}
