//! What is counted of the polls of all phones, as each one ends.

use std::fmt::{self, Write as _};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::OrderedFamily;
use crate::fleet::report::DropReason;
use crate::fleet::{PollReport, Reason};

/// From a fast poll on a LAN to the longest sensible timeout.
const DURATIONS: [f64; 12] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0,
];

/// From a timer's grain to a whole missed interval.
const LAGS: [f64; 10] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0];

/// The metrics of polls. A clone counts into the same ones.
#[derive(Clone, Debug)]
pub struct PollMetrics {
    /// Polls under way.
    pub in_flight: Gauge,
    duration: Histogram,
    schedule_lag: Histogram,
    errors: OrderedFamily<ErrorLabels, Counter>,
    dropped: OrderedFamily<DropLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
struct ErrorLabels {
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
struct DropLabels {
    reason: DropReason,
}

impl PollMetrics {
    /// Registers the metrics of polls; to be called once for a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            in_flight: Gauge::default(),
            duration: Histogram::new(DURATIONS),
            schedule_lag: Histogram::new(LAGS),
            errors: OrderedFamily::new(Reason::ALL.map(|reason| ErrorLabels { reason })),
            dropped: OrderedFamily::new(DropReason::ALL.map(|reason| DropLabels { reason })),
        };
        let polls = metrics.clone();
        registry.register("polls_in_flight", "Polls under way", polls.in_flight);
        registry.register_with_unit(
            "poll_duration",
            "How long polls of all phones took",
            Unit::Seconds,
            polls.duration,
        );
        registry.register(
            "poll_errors",
            "Errors in polls of all phones, by reason; one poll may count for several reasons",
            polls.errors,
        );
        registry.register_with_unit(
            "poll_schedule_lag",
            "How late polls began against their schedule",
            Unit::Seconds,
            polls.schedule_lag,
        );
        registry.register(
            "dropped",
            "What was left out of answers of phones to keep within bounds",
            polls.dropped,
        );
        metrics
    }

    /// Counts a poll that ended.
    pub fn count(&self, report: &PollReport) {
        self.duration.observe(report.took.as_secs_f64());
        if let Some(lag) = report.lag {
            self.schedule_lag.observe(lag.as_secs_f64());
        }
        for reason in report.reasons().iter() {
            self.errors.get_or_create(ErrorLabels { reason }).inc();
        }
        for reason in DropReason::ALL {
            let dropped = report.dropped.get(reason);
            let counter = self.dropped.get_or_create(DropLabels { reason });
            counter.inc_by(dropped.into());
        }
    }
}

impl EncodeLabelValue for Reason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.label())
    }
}

impl EncodeLabelValue for DropReason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.label())
    }
}
