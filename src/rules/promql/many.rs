//! Conditions of groups of phones and of the daemon itself in PromQL.

use super::super::condition::{Counted, Fraction, Grouping, Own};
use super::super::escape::quoted;
use super::{NOT_MUTED, NOT_PORTABLE, duration, number, series};

/// Where enough of a group is affected; muted and portable phones are left out before counting.
pub(super) fn share(fraction: &Fraction, only: &str) -> String {
    let all = match fraction.of {
        Counted::Unreachable => series("grandstream_reachable", only, &grouped_by(&fraction.by)),
        Counted::Unregistered => {
            let accounts = series("grandstream_account_info", only, &grouped_by(&fraction.by));
            format!("{accounts} and on (phone, account) grandstream_account_registered")
        }
    };
    let by = match &fraction.by {
        Grouping::Fleet => String::new(),
        Grouping::Label(label) => format!("by ({label}) "),
        Grouping::Server => "by (server) ".to_owned(),
    };
    let count =
        |vector: &str| format!("count {by}(\n  {vector}\n  {NOT_PORTABLE}\n  {NOT_MUTED}\n)");
    let (affected, all) = (count(&format!("{all} == 0")), count(&all));
    let (least, min) = (number(fraction.at_least), fraction.min);
    format!("{affected} / {all} >= {least}\nand\n{affected} >= {min}")
}

/// The matcher that leaves out what is in no group.
fn grouped_by(by: &Grouping) -> String {
    match by {
        Grouping::Fleet => String::new(),
        Grouping::Label(label) => format!("{label}!={}", quoted("")),
        Grouping::Server => format!("server!={}", quoted("")),
    }
}

/// What the daemon says of itself.
pub(super) fn of_daemon(own: Own) -> String {
    match own {
        Own::PollsOverrun { within } => {
            let within = duration(within);
            format!(
                "changes(grandstream_exporter_polls_skipped_total{{reason=\"running\"}}[{within}]) > 0"
            )
        }
        Own::ReloadFailed => "grandstream_exporter_config_last_reload_successful == 0".to_owned(),
        Own::NotifierFailing { within } => {
            let within = duration(within);
            let more = |by: &str, metric: &str| {
                format!("sum by ({by}) (increase(grandstream_{metric}[{within}])) > 0")
            };
            let receivers = [
                more("receiver", "notification_requests_failed_total"),
                more("receiver", "notifications_delivered_total"),
            ];
            let managers = [
                more("alertmanager", "notifications_alertmanager_errors_total"),
                more("alertmanager", "notifications_alertmanager_sent_total"),
            ];
            format!(
                "{}\nor\nsum by (receiver) (label_replace(\n{},\n\"receiver\", \"$1\", \
                 \"alertmanager\", \"(.*)\"))",
                receivers.join("\nunless\n"),
                managers.join("\nunless\n")
            )
        }
        Own::DeadLetters => {
            "sum without (receiver) (grandstream_notification_dead_letters) > 0".to_owned()
        }
        Own::StateNotPersisted => "grandstream_alert_state_persisted == 0".to_owned(),
        Own::Watchdog => "vector(1)".to_owned(),
    }
}
