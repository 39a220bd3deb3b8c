//! A metric family whose series keep their order.
//!
//! prometheus-client's own `Family` iterates a `HashMap`, so two processes print the same series in
//! different orders. This one is a `BTreeMap`: a page differs only where its values do, and gzip and
//! people find what they know where they know it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Metrics of one name, told apart by their labels. A clone counts into the same metrics.
#[derive(Debug)]
pub struct OrderedFamily<S, M>(Arc<RwLock<BTreeMap<S, M>>>);

impl<S, M> Clone for OrderedFamily<S, M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Ord, M: Clone + Default> OrderedFamily<S, M> {
    /// A family of these label sets, each at 0: a series that appears with its first event hides that
    /// event from `increase`.
    pub fn new(label_sets: impl IntoIterator<Item = S>) -> Self {
        let metrics = label_sets.into_iter().map(|labels| (labels, M::default()));
        Self(Arc::new(RwLock::new(metrics.collect())))
    }

    /// The metric of these labels; a new one if there was none.
    pub fn get_or_create(&self, labels: S) -> M {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(metric) = known.get(&labels) {
            return metric.clone();
        }
        drop(known);
        let mut metrics = self.0.write().unwrap_or_else(PoisonError::into_inner);
        metrics.entry(labels).or_default().clone()
    }
}

impl<S: EncodeLabelSet, M: EncodeMetric + TypedMetric> EncodeMetric for OrderedFamily<S, M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let metrics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (labels, metric) in metrics.iter() {
            metric.encode(encoder.encode_family(labels)?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        M::TYPE
    }

    fn is_empty(&self) -> bool {
        let metrics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        metrics.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::prometheus_text;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::registry::Registry;

    use super::*;

    type Labels = [(&'static str, &'static str); 1];

    fn written(family: &OrderedFamily<Labels, Counter>) -> String {
        let mut registry = Registry::default();
        registry.register("seen", "Seen", family.clone());
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry).expect("a String takes all");
        text
    }

    #[test]
    fn series_exist_at_0_and_stay_in_the_order_of_their_labels() {
        let family: OrderedFamily<Labels, Counter> =
            OrderedFamily::new(["c", "a"].map(|by| [("by", by)]));
        family.get_or_create([("by", "b")]).inc();
        assert_eq!(
            written(&family),
            "# HELP seen_total Seen.\n# TYPE seen_total counter\n\
             seen_total{by=\"a\"} 0\nseen_total{by=\"b\"} 1\nseen_total{by=\"c\"} 0\n"
        );
    }

    #[test]
    fn a_family_without_series_is_not_announced() {
        assert_eq!(written(&OrderedFamily::new([])), "");
    }
}
