//! The one table of metrics. A new metric is one entry here, and a look at the snapshots.
//!
//! Families of phones come first, so that the exporter's own can tell how many samples those were;
//! those of alerts stand between. Closed label sets are complete whenever any of their series exists.

use super::family::{Family, Kind, Read, Unit};
use super::{alerts, exporter, phone};
use crate::fleet::Endpoint;
use crate::fleet::moment::epoch_seconds;
use crate::web::health::held;

/// All families, in the order of the page.
pub static FAMILIES: &[Family] = &[
    Family {
        name: "grandstream_up",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether the last poll read accounts or lines under a valid session",
        read: Read::Phone(|scrape, phone, out| out.flag(&[], phone.is_up(scrape.now))),
    },
    Family {
        name: "grandstream_reachable",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether the phone answered HTTP at all in the last poll",
        read: Read::Phone(|scrape, phone, out| out.flag(&[], phone.is_reachable(scrape.now))),
    },
    Family {
        name: "grandstream_endpoint_up",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether the last read of this endpoint was understood",
        read: Read::Phone(phone::endpoints),
    },
    Family {
        name: "grandstream_phone_info",
        kind: Kind::Info,
        unit: None,
        help: "What the phone is, as of the last poll that read it",
        read: Read::Part(Endpoint::Values, phone::identity),
    },
    Family {
        name: "grandstream_phone_status",
        kind: Kind::Gauge,
        unit: None,
        help: "1 for the word the phone has for itself as of the last poll, 0 for the others",
        read: Read::Part(Endpoint::Status, phone::status),
    },
    Family {
        name: "grandstream_account_registered",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether the SIP account is registered as of the last poll, in a call or not",
        read: Read::Part(Endpoint::Accounts, phone::registrations),
    },
    Family {
        name: "grandstream_account_info",
        kind: Kind::Info,
        unit: None,
        help: "How the SIP account is set up as of the last poll",
        read: Read::Part(Endpoint::Accounts, phone::accounts),
    },
    Family {
        name: "grandstream_lines",
        kind: Kind::Gauge,
        unit: None,
        help: "Number of lines in this state as of the last poll",
        read: Read::Part(Endpoint::Lines, phone::line_counts),
    },
    Family {
        name: "grandstream_line_state_code",
        kind: Kind::Gauge,
        unit: None,
        help: "State of the line in the code of the phone as of the last poll: -1 read failed, \
               0 idle, 1 dialing, 2 ringing, 3 calling, 4 in call, 5 hold, 6 transferred, \
               7 ending, 8 failed, 9 transferring, 10 conference, 11 paging, 12 ringback, \
               13 IP call",
        read: Read::Part(Endpoint::Lines, phone::line_codes),
    },
    Family {
        name: "grandstream_line_state",
        kind: Kind::Gauge,
        unit: None,
        help: "1 for the state the line is in as of the last poll, 0 for the others",
        read: Read::Part(Endpoint::Lines, phone::line_states),
    },
    Family {
        name: "grandstream_boot_time_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "When the phone booted, by its uptime as of the last poll",
        read: Read::Part(Endpoint::Time, |scrape, phone, out| {
            if let Some(at) = phone.booted_at(scrape.now) {
                out.number(&[], epoch_seconds(at));
            }
        }),
    },
    Family {
        name: "grandstream_reboots_total",
        kind: Kind::Counter,
        unit: None,
        help: "Reboots of the phone seen by its uptime",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.reboots)),
    },
    Family {
        name: "grandstream_time_offset_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "Clock of the phone minus clock of the exporter as of the last poll, in whole \
               minutes",
        read: Read::Part(Endpoint::Time, phone::time_offset),
    },
    Family {
        name: "grandstream_pvalue_info",
        kind: Kind::Info,
        unit: None,
        help: "Text of a configured P-value as of the last poll that read it",
        read: Read::Part(Endpoint::Values, phone::value_texts),
    },
    Family {
        name: "grandstream_pvalue_number",
        kind: Kind::Gauge,
        unit: None,
        help: "Number in a configured P-value as of the last poll that read it",
        read: Read::Part(Endpoint::Values, phone::value_numbers),
    },
    Family {
        name: "grandstream_pvalue_matches",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether the P-value is as the configuration expects, as of the last poll that \
               read it",
        read: Read::Part(Endpoint::Values, phone::expectations),
    },
    Family {
        name: "grandstream_poll_duration_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "How long the last poll of the phone took",
        read: Read::Phone(|_, phone, out| {
            if let Some(last) = &phone.last {
                out.number(&[], last.took.as_secs_f64());
            }
        }),
    },
    Family {
        name: "grandstream_poll_last_success_timestamp_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "When a poll last found the phone up",
        read: Read::Phone(|_, phone, out| {
            if let Some(at) = phone.last_success {
                out.number(&[], epoch_seconds(at.wall));
            }
        }),
    },
    Family {
        name: "grandstream_polls_total",
        kind: Kind::Counter,
        unit: None,
        help: "Polls of the phone",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.polls)),
    },
    Family {
        name: "grandstream_poll_failures_total",
        kind: Kind::Counter,
        unit: None,
        help: "Polls that did not find the phone up",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.poll_failures)),
    },
    Family {
        name: "grandstream_poll_error",
        kind: Kind::Gauge,
        unit: None,
        help: "1 for each reason why something failed in the last poll",
        read: Read::Phone(phone::errors),
    },
    Family {
        name: "grandstream_logins_total",
        kind: Kind::Counter,
        unit: None,
        help: "Logins sent to the phone",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.logins)),
    },
    Family {
        name: "grandstream_login_failures_total",
        kind: Kind::Counter,
        unit: None,
        help: "Logins that did not lead to a session",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.login_failures)),
    },
    Family {
        name: "grandstream_login_blocked",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether logins are held back so that the phone does not lock itself",
        read: Read::Phone(|scrape, phone, out| {
            out.flag(&[], held(phone, scrape.now).is_some());
        }),
    },
    Family {
        name: "grandstream_login_candidate",
        kind: Kind::Gauge,
        unit: None,
        help: "Which of the configured passwords opened the last session, from 1",
        read: Read::Phone(|_, phone, out| {
            if let Some(candidate) = phone.candidate {
                out.count(&[], candidate);
            }
        }),
    },
    Family {
        name: "grandstream_sessions_expired_total",
        kind: Kind::Counter,
        unit: None,
        help: "Sessions found ended, by time or by another login",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.sessions_expired)),
    },
    Family {
        name: "grandstream_tls_certificate_expiry_timestamp_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "Until when the certificate of the phone is valid, as last seen",
        read: Read::Phone(|_, phone, out| {
            if let Some(at) = phone.certificate_expiry {
                out.number(&[], epoch_seconds(at));
            }
        }),
    },
    Family {
        name: "grandstream_phone_portable",
        kind: Kind::Gauge,
        unit: None,
        help: "1 for each phone that may be off or away, so that its absence is no outage",
        read: Read::Phone(phone::portable),
    },
    Family {
        name: "grandstream_phone_posture",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether this weakness is true of how the phone is spoken to",
        read: Read::Phone(phone::posture),
    },
    Family {
        name: "grandstream_phone_muted",
        kind: Kind::Gauge,
        unit: None,
        help: "1 for each phone that a silence or window covers, so that its alerts are not said",
        read: Read::Phone(alerts::muted),
    },
    Family {
        name: "grandstream_alerts",
        kind: Kind::Gauge,
        unit: None,
        help: "Active alerts of each rule: pending, firing, or suppressed, which fire and are kept from being said",
        read: Read::Alerts(alerts::by_rule),
    },
    Family {
        name: "grandstream_alert_active",
        kind: Kind::Gauge,
        unit: None,
        help: "1 for each alert that is pending or fires; suppressed tells what keeps one that fires from being said",
        read: Read::Alert(alerts::active_alert),
    },
    Family {
        name: "grandstream_alert_active_since_timestamp_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "When the condition of an active alert was first seen",
        read: Read::Alert(alerts::active_since),
    },
    Family {
        name: "grandstream_alerts_left_out",
        kind: Kind::Gauge,
        unit: None,
        help: "Active alerts that have no series of their own, because 2000 have",
        read: Read::Alerts(alerts::left_out),
    },
    Family {
        name: "grandstream_alert_rule_matched_entities",
        kind: Kind::Gauge,
        unit: None,
        help: "Phones that the rule speaks of; a rule that matches none never fires",
        read: Read::Alerts(alerts::matched),
    },
    Family {
        name: "grandstream_alert_rule_last_evaluation_timestamp_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "When all rules were last looked at",
        read: Read::Alerts(alerts::evaluated),
    },
    Family {
        name: "grandstream_alert_rule_evaluation_errors_total",
        kind: Kind::Counter,
        unit: None,
        help: "Texts of alerts that could not be rendered and were told as they are written",
        read: Read::Alerts(alerts::texts_failed),
    },
    Family {
        name: "grandstream_notifications_delivered_total",
        kind: Kind::Counter,
        unit: None,
        help: "Messages that a receiver took, by why they were sent",
        read: Read::Alerts(alerts::delivered),
    },
    Family {
        name: "grandstream_notification_attempts_failed_total",
        kind: Kind::Counter,
        unit: None,
        help: "Attempts to reach a receiver that failed, by kind of trouble",
        read: Read::Alerts(alerts::failed),
    },
    Family {
        name: "grandstream_notifications_suppressed_total",
        kind: Kind::Counter,
        unit: None,
        help: "Alerts that fired and were kept from being said, by what did",
        read: Read::Alerts(alerts::kept_back),
    },
    Family {
        name: "grandstream_notification_queue_length",
        kind: Kind::Gauge,
        unit: None,
        help: "Messages that wait for a receiver",
        read: Read::Alerts(alerts::waiting),
    },
    Family {
        name: "grandstream_notification_queue_oldest_age_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "How long the oldest message waits for a receiver; 0 while none does",
        read: Read::Alerts(alerts::oldest),
    },
    Family {
        name: "grandstream_notification_dead_letters",
        kind: Kind::Gauge,
        unit: None,
        help: "Messages to a receiver that were given up and are kept for a person to decide",
        read: Read::Alerts(alerts::dead),
    },
    Family {
        name: "grandstream_notifications_alertmanager_sent_total",
        kind: Kind::Counter,
        unit: None,
        help: "Alerts that an Alertmanager took, each as often as it was sent",
        read: Read::Alerts(alerts::sent),
    },
    Family {
        name: "grandstream_notifications_alertmanager_errors_total",
        kind: Kind::Counter,
        unit: None,
        help: "Requests to an Alertmanager that failed",
        read: Read::Alerts(alerts::errors),
    },
    Family {
        name: "grandstream_notifications_alertmanager_dropped_total",
        kind: Kind::Counter,
        unit: None,
        help: "Alerts that an Alertmanager refused and that are not sent again",
        read: Read::Alerts(alerts::refused),
    },
    Family {
        name: "grandstream_notifications_alertmanager_queue_length",
        kind: Kind::Gauge,
        unit: None,
        help: "Alerts that wait to be taken by an Alertmanager",
        read: Read::Alerts(alerts::unsent),
    },
    Family {
        name: "grandstream_alert_state_last_write_timestamp_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "When the state of alerts was last written to disk",
        read: Read::Alerts(alerts::written),
    },
    Family {
        name: "grandstream_alert_state_persisted",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether the state of alerts is on disk; absent where it is kept in memory on purpose",
        read: Read::Alerts(alerts::persisted),
    },
    Family {
        name: "grandstream_alert_state_restore_total",
        kind: Kind::Counter,
        unit: None,
        help: "Alerts that were taken back at the start, by what became of them",
        read: Read::Alerts(alerts::restored),
    },
    Family {
        name: "grandstream_silences",
        kind: Kind::Gauge,
        unit: None,
        help: "Silences in force, to come, and over",
        read: Read::Alerts(alerts::silences),
    },
    Family {
        name: "grandstream_exporter_build_info",
        kind: Kind::Info,
        unit: None,
        help: "Version of the exporter",
        read: Read::Exporter(exporter::build),
    },
    Family {
        name: "grandstream_exporter_config_last_reload_successful",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether the last attempt to read the configuration succeeded",
        read: Read::Exporter(|own, out| out.flag(&[], own.reload.successful)),
    },
    Family {
        name: "grandstream_exporter_config_last_reload_success_timestamp_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "When the configuration was last read without faults",
        read: Read::Exporter(|own, out| {
            out.number(&[], epoch_seconds(own.reload.last_success));
        }),
    },
    Family {
        name: "grandstream_exporter_login_ledger_persisted",
        kind: Kind::Gauge,
        unit: None,
        help: "Whether the login ledger is on disk; absent where it is kept in memory on purpose",
        read: Read::Exporter(exporter::ledger),
    },
    Family {
        name: "grandstream_exporter_phones",
        kind: Kind::Gauge,
        unit: None,
        help: "Phones that are polled from here",
        read: Read::Exporter(|own, out| out.count(&[], own.phones)),
    },
    Family {
        name: "grandstream_exporter_polls_in_flight",
        kind: Kind::Gauge,
        unit: None,
        help: "Polls under way",
        read: Read::Exporter(|own, out| out.count(&[], own.totals.in_flight)),
    },
    Family {
        name: "grandstream_exporter_poll_duration_seconds",
        kind: Kind::Histogram,
        unit: Some(Unit::Seconds),
        help: "How long polls of all phones took",
        read: Read::Exporter(|own, out| out.histogram(&own.totals.poll_duration)),
    },
    Family {
        name: "grandstream_exporter_poll_failures_total",
        kind: Kind::Counter,
        unit: None,
        help: "Polls of all phones in which something failed for this reason",
        read: Read::Exporter(exporter::failures),
    },
    Family {
        name: "grandstream_exporter_poll_schedule_lag_seconds",
        kind: Kind::Histogram,
        unit: Some(Unit::Seconds),
        help: "How late polls began against their schedule",
        read: Read::Exporter(|own, out| out.histogram(&own.totals.schedule_lag)),
    },
    Family {
        name: "grandstream_exporter_polls_skipped_total",
        kind: Kind::Counter,
        unit: None,
        help: "Polls that did not take place",
        read: Read::Exporter(exporter::skips),
    },
    Family {
        name: "grandstream_exporter_http_requests_total",
        kind: Kind::Counter,
        unit: None,
        help: "Requests answered by this exporter",
        read: Read::Exporter(exporter::requests),
    },
    Family {
        name: "grandstream_exporter_series",
        kind: Kind::Gauge,
        unit: None,
        help: "Series of phones on this page",
        read: Read::Exporter(|own, out| out.count(&[], own.series)),
    },
    Family {
        name: "grandstream_exporter_dropped_total",
        kind: Kind::Counter,
        unit: None,
        help: "What was left out of answers of phones to keep within bounds",
        read: Read::Exporter(exporter::drops),
    },
    Family {
        name: "process_cpu_seconds_total",
        kind: Kind::Counter,
        unit: Some(Unit::Seconds),
        help: "Processor time spent in user and system mode",
        read: Read::Exporter(|own, out| {
            if let Some(process) = &own.process {
                out.number(&[], process.cpu_seconds);
            }
        }),
    },
    Family {
        name: "process_resident_memory_bytes",
        kind: Kind::Gauge,
        unit: Some(Unit::Bytes),
        help: "Memory held in RAM",
        read: Read::Exporter(|own, out| {
            if let Some(process) = &own.process {
                out.count(&[], process.resident_bytes);
            }
        }),
    },
    Family {
        name: "process_virtual_memory_bytes",
        kind: Kind::Gauge,
        unit: Some(Unit::Bytes),
        help: "Size of the address space",
        read: Read::Exporter(|own, out| {
            if let Some(process) = &own.process {
                out.count(&[], process.virtual_bytes);
            }
        }),
    },
    Family {
        name: "process_open_fds",
        kind: Kind::Gauge,
        unit: None,
        help: "Open file descriptors",
        read: Read::Exporter(|own, out| {
            if let Some(fds) = own.process.and_then(|process| process.open_fds) {
                out.count(&[], fds);
            }
        }),
    },
    Family {
        name: "process_max_fds",
        kind: Kind::Gauge,
        unit: None,
        help: "How many file descriptors may be open",
        read: Read::Exporter(|own, out| {
            if let Some(fds) = own.process.and_then(|process| process.max_fds) {
                out.count(&[], fds);
            }
        }),
    },
    Family {
        name: "process_start_time_seconds",
        kind: Kind::Gauge,
        unit: Some(Unit::Seconds),
        help: "When the process started",
        read: Read::Exporter(|own, out| {
            if let Some(at) = own.process.and_then(|process| process.start_seconds) {
                out.number(&[], at);
            }
        }),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_is_another_name_with_a_suffix_of_the_formats() {
        let names: HashSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
        assert_eq!(names.len(), FAMILIES.len(), "a name stands twice");
        let suffixes = ["_info", "_total", "_created", "_bucket", "_sum", "_count"];
        let mut claimed: HashSet<String> = HashSet::new();
        for name in &names {
            let bare = suffixes
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .unwrap_or(name);
            let forms = suffixes.iter().map(|suffix| format!("{bare}{suffix}"));
            for form in forms.chain([bare.to_owned()]) {
                assert!(claimed.insert(form.clone()), "{name} clashes at {form}");
            }
        }
    }

    #[test]
    fn names_tell_kind_and_unit() {
        for family in FAMILIES {
            let name = family.name;
            let ends = |suffix| name.ends_with(suffix);
            assert_eq!(ends("_total"), family.kind == Kind::Counter, "{name}");
            assert_eq!(ends("_info"), family.kind == Kind::Info, "{name}");
            let bare = name.trim_end_matches("_total");
            let unit = [Unit::Seconds, Unit::Bytes]
                .into_iter()
                .find(|unit| bare.ends_with(&format!("_{}", unit.word())));
            assert_eq!(unit, family.unit, "{name}");
            let known = name.starts_with("grandstream_") || name.starts_with("process_");
            assert!(known, "{name}");
        }
    }

    #[test]
    fn help_is_one_plain_line_without_full_stop() {
        for Family { name, help, .. } in FAMILIES {
            assert!(!help.is_empty() && !help.ends_with('.'), "{name}: {help}");
            let plain = |c: char| c.is_ascii() && !c.is_control() && !matches!(c, '\\' | '"');
            assert!(help.chars().all(plain), "{name}: {help}");
            assert!(!help.contains("  "), "{name}: {help}");
        }
    }

    #[test]
    fn phones_come_before_alerts_and_these_before_the_exporter() {
        let rank = |family: &Family| match family.read {
            Read::Phone(_) | Read::Part(_, _) => 0,
            Read::Alerts(_) | Read::Alert(_) => 1,
            Read::Exporter(_) => 2,
        };
        assert!(FAMILIES.is_sorted_by_key(rank));
    }
}
