//! Writes families whose values a snapshot holds, in the encoders of prometheus-client.

use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, EncodeMetric,
};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// A family without samples is not announced. Names stand without unit and `_total`: the encoder adds
/// them.
#[derive(Debug)]
pub(super) struct Families<'a>(pub(super) DescriptorEncoder<'a>);

impl Families<'_> {
    /// A gauge of one series, if it has a value.
    pub(super) fn gauge<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        unit: Option<&Unit>,
        help: &str,
        value: Option<V>,
    ) -> fmt::Result {
        self.gauges(name, unit, help, value.map(unlabelled))
    }

    /// A gauge with labels.
    pub(super) fn gauges<L: EncodeLabelSet, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        unit: Option<&Unit>,
        help: &str,
        samples: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        let samples = samples.into_iter();
        let gauges = samples.map(|(labels, value)| (labels, ConstGauge::new(value)));
        self.family((name, unit, help), gauges)
    }

    /// A counter of one series, if it has a value.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: Option<u64>) -> fmt::Result {
        self.counters(name, help, value.map(unlabelled))
    }

    /// A counter with labels.
    pub(super) fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let samples = samples.into_iter();
        let counters = samples.map(|(labels, value)| (labels, ConstCounter::new(value)));
        self.family((name, None, help), counters)
    }

    /// A family of any type.
    pub(super) fn family<L: EncodeLabelSet, M: EncodeMetric + TypedMetric>(
        &mut self,
        (name, unit, help): (&str, Option<&Unit>, &str),
        samples: impl IntoIterator<Item = (L, M)>,
    ) -> fmt::Result {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let mut family = self.0.encode_descriptor(name, help, unit, M::TYPE)?;
        for (labels, metric) in samples {
            metric.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// A sample of a family without labels.
pub(super) fn unlabelled<T>(value: T) -> ([(&'static str, &'static str); 0], T) {
    ([], value)
}
