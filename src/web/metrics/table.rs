//! The one table of the metrics of phones. A new metric is one entry here, and a look at the snapshots.
//!
//! Closed label sets are complete whenever any of their series exists.

use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::family::{Family, Read};
use super::phone_samples;
use crate::fleet::Endpoint;
use crate::fleet::moment::epoch_seconds;
use crate::web::phone_health::held;

/// All families of phones, in the order of the page; the exporter's own follow them.
pub static FAMILIES: &[Family] = &[
    Family {
        name: "grandstream_up",
        kind: MetricType::Gauge,
        unit: None,
        help: "Whether the last poll read accounts or lines under a valid session.",
        read: Read::Phone(|scrape, phone, out| out.flag(&[], phone.is_up(scrape.now))),
    },
    Family {
        name: "grandstream_reachable",
        kind: MetricType::Gauge,
        unit: None,
        help: "Whether the phone answered HTTP at all in the last poll.",
        read: Read::Phone(|scrape, phone, out| out.flag(&[], phone.is_reachable(scrape.now))),
    },
    Family {
        name: "grandstream_endpoint_up",
        kind: MetricType::Gauge,
        unit: None,
        help: "Whether the last read of this endpoint was understood.",
        read: Read::Phone(phone_samples::endpoints),
    },
    Family {
        name: "grandstream_phone_info",
        kind: MetricType::Info,
        unit: None,
        help: "What the phone is, as of the last poll that read it.",
        read: Read::Part(Endpoint::Values, phone_samples::identity),
    },
    Family {
        name: "grandstream_phone_status",
        kind: MetricType::Gauge,
        unit: None,
        help: "1 for the status that the phone reports, 0 for the others, as of the last poll.",
        read: Read::Part(Endpoint::Status, phone_samples::status),
    },
    Family {
        name: "grandstream_account_registered",
        kind: MetricType::Gauge,
        unit: None,
        help: "Whether the SIP account is registered, also during a call, as of the last poll.",
        read: Read::Part(Endpoint::Accounts, phone_samples::registrations),
    },
    Family {
        name: "grandstream_account_info",
        kind: MetricType::Info,
        unit: None,
        help: "Configuration of the SIP account, as of the last poll.",
        read: Read::Part(Endpoint::Accounts, phone_samples::accounts),
    },
    Family {
        name: "grandstream_lines",
        kind: MetricType::Gauge,
        unit: None,
        help: "Lines in this state, as of the last poll.",
        read: Read::Part(Endpoint::Lines, phone_samples::line_counts),
    },
    Family {
        name: "grandstream_line_state_code",
        kind: MetricType::Gauge,
        unit: None,
        help: "State of the line as of the last poll, as a code of the vendor's guide; do not \
               aggregate it over lines: -1 read failed, \
               0 idle, 1 dialing, 2 ringing, 3 calling, 4 in call, 5 hold, 6 transferred, \
               7 ending, 8 failed, 9 transferring, 10 conference, 11 paging, 12 ringback, \
               13 IP call.",
        read: Read::Part(Endpoint::Lines, phone_samples::line_codes),
    },
    Family {
        name: "grandstream_line_state",
        kind: MetricType::Gauge,
        unit: None,
        help: "1 for the state of the line, 0 for the others, as of the last poll.",
        read: Read::Part(Endpoint::Lines, phone_samples::line_states),
    },
    Family {
        name: "grandstream_boot_time_seconds",
        kind: MetricType::Gauge,
        unit: Some(Unit::Seconds),
        help: "When the phone booted, computed from its uptime as of the last poll.",
        read: Read::Part(Endpoint::Time, |scrape, phone, out| {
            if let Some(at) = phone.booted_at(scrape.now) {
                out.number(&[], epoch_seconds(at));
            }
        }),
    },
    Family {
        name: "grandstream_reboots_total",
        kind: MetricType::Counter,
        unit: None,
        help: "Reboots of the phone, detected by its uptime.",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.reboots)),
    },
    Family {
        name: "grandstream_time_offset_seconds",
        kind: MetricType::Gauge,
        unit: Some(Unit::Seconds),
        help: "Clock of the phone minus clock of the exporter as of the last poll, in whole \
               minutes.",
        read: Read::Part(Endpoint::Time, phone_samples::time_offset),
    },
    Family {
        name: "grandstream_pvalue_info",
        kind: MetricType::Info,
        unit: None,
        help: "Text of a configured P-value as of the last poll that read it.",
        read: Read::Part(Endpoint::Values, phone_samples::value_texts),
    },
    Family {
        name: "grandstream_pvalue_number",
        kind: MetricType::Gauge,
        unit: None,
        help: "Number in a configured P-value as of the last poll that read it.",
        read: Read::Part(Endpoint::Values, phone_samples::value_numbers),
    },
    Family {
        name: "grandstream_pvalue_matches",
        kind: MetricType::Gauge,
        unit: None,
        help: "Whether the P-value matches expect in the configuration, as of the last poll that read it.",
        read: Read::Part(Endpoint::Values, phone_samples::expectations),
    },
    Family {
        name: "grandstream_poll_duration_seconds",
        kind: MetricType::Gauge,
        unit: Some(Unit::Seconds),
        help: "Duration of the last poll of the phone.",
        read: Read::Phone(|_, phone, out| {
            if let Some(last) = &phone.last {
                out.number(&[], last.took.as_secs_f64());
            }
        }),
    },
    Family {
        name: "grandstream_poll_last_success_timestamp_seconds",
        kind: MetricType::Gauge,
        unit: Some(Unit::Seconds),
        help: "When a poll of the phone last succeeded.",
        read: Read::Phone(|_, phone, out| {
            if let Some(at) = phone.last_success {
                out.number(&[], epoch_seconds(at.wall));
            }
        }),
    },
    Family {
        name: "grandstream_polls_total",
        kind: MetricType::Counter,
        unit: None,
        help: "Polls of the phone.",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.polls)),
    },
    Family {
        name: "grandstream_poll_failures_total",
        kind: MetricType::Counter,
        unit: None,
        help: "Polls of the phone that failed.",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.poll_failures)),
    },
    Family {
        name: "grandstream_poll_error",
        kind: MetricType::Gauge,
        unit: None,
        help: "1 for each reason of an error in the last poll.",
        read: Read::Phone(phone_samples::errors),
    },
    Family {
        name: "grandstream_logins_total",
        kind: MetricType::Counter,
        unit: None,
        help: "Logins sent to the phone.",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.logins)),
    },
    Family {
        name: "grandstream_login_failures_total",
        kind: MetricType::Counter,
        unit: None,
        help: "Logins that failed.",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.login_failures)),
    },
    Family {
        name: "grandstream_login_blocked",
        kind: MetricType::Gauge,
        unit: None,
        help: "Whether logins are paused so that the phone does not lock itself.",
        read: Read::Phone(|scrape, phone, out| {
            out.flag(&[], held(phone, scrape.now).is_some());
        }),
    },
    Family {
        name: "grandstream_login_candidate",
        kind: MetricType::Gauge,
        unit: None,
        help: "Position of the configured password that opened the last session, from 1.",
        read: Read::Phone(|_, phone, out| {
            if let Some(candidate) = phone.candidate {
                out.count(&[], candidate);
            }
        }),
    },
    Family {
        name: "grandstream_sessions_expired_total",
        kind: MetricType::Counter,
        unit: None,
        help: "Sessions that expired or were ended by another login.",
        read: Read::Phone(|_, phone, out| out.count(&[], phone.tally.sessions_expired)),
    },
    Family {
        name: "grandstream_tls_certificate_expiry_timestamp_seconds",
        kind: MetricType::Gauge,
        unit: Some(Unit::Seconds),
        help: "When the certificate of the phone expires, as last seen.",
        read: Read::Phone(|_, phone, out| {
            if let Some(at) = phone.certificate_expiry {
                out.number(&[], epoch_seconds(at));
            }
        }),
    },
    Family {
        name: "grandstream_phone_portable",
        kind: MetricType::Gauge,
        unit: None,
        help: "1 for each portable phone: it may be off or away, and its absence is not an outage.",
        read: Read::Phone(phone_samples::portable),
    },
    Family {
        name: "grandstream_phone_posture",
        kind: MetricType::Gauge,
        unit: None,
        help: "Whether the connection to the phone has this weakness.",
        read: Read::Phone(phone_samples::posture),
    },
    Family {
        name: "grandstream_phone_muted",
        kind: MetricType::Gauge,
        unit: None,
        help: "1 for each phone that a silence or maintenance window covers, so that its alerts are suppressed.",
        read: Read::Phone(phone_samples::muted),
    },
];
