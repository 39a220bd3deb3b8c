//! A metric family of phones, and the lines that announce it in either format.
//!
//! Both formats have the same samples and differ in the names of families. OpenMetrics names a counter
//! without `_total` and an info without `_info`, and has units; text 0.0.4 names both in full, and has
//! neither the type `info` nor units. The order of the lines is that of the client libraries.
//! Sources: OpenMetrics 1.0, "Text format"; Prometheus, "Exposition formats".

use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::fleet::{Endpoint, Phone};

use super::format::Format;
use super::samples::Samples;
use super::scrape::Scrape;

/// One metric: everything there is to say about it.
#[derive(Debug)]
pub struct Family {
    /// The name of its samples.
    pub name: &'static str,
    /// How its value behaves: a gauge, a counter or an info.
    pub kind: MetricType,
    /// What its value counts; the name ends with it.
    pub unit: Option<Unit>,
    /// For people: one line with a full stop, nothing that needs escaping.
    pub help: &'static str,
    /// Where its samples come from.
    pub read: Read,
}

/// Where samples come from.
#[derive(Clone, Copy, Debug)]
pub enum Read {
    /// From what we know of each phone whatever it answers.
    Phone(ReadPhone),
    /// From one part of what a phone said: gone while that is not fresh.
    Part(Endpoint, ReadPhone),
}

/// Writes what one phone has of a family.
pub type ReadPhone = fn(&Scrape, &Phone, &mut Samples<'_>);

impl Family {
    /// What the format calls the family.
    pub fn announced_name(&self, format: Format) -> &'static str {
        let suffix = match (format, self.kind) {
            (Format::OpenMetrics, MetricType::Counter) => "_total",
            (Format::OpenMetrics, MetricType::Info) => "_info",
            (Format::Text | Format::OpenMetrics, _) => "",
        };
        self.name.strip_suffix(suffix).unwrap_or(self.name)
    }

    /// The lines that go before the samples.
    pub(super) fn announcement(&self, format: Format) -> Vec<u8> {
        let mut out = Vec::new();
        let name = self.announced_name(format);
        let mut line = |keyword: &str, rest: &str| {
            for part in ["# ", keyword, " ", name, " ", rest, "\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        };
        line("HELP", self.help);
        match (format, self.kind) {
            (Format::Text, MetricType::Info) => line("TYPE", MetricType::Gauge.as_str()),
            (Format::Text | Format::OpenMetrics, kind) => line("TYPE", kind.as_str()),
        }
        if let (Format::OpenMetrics, Some(unit)) = (format, &self.unit) {
            line("UNIT", unit.as_str());
        }
        out
    }
}
