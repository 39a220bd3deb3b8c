//! What a metric family is, and the lines that announce it in either format.
//!
//! Both formats print the same samples; they differ in what they call a family. OpenMetrics names a
//! counter without `_total` and an info without `_info`, and knows units; text 0.0.4 names both in
//! full, has no type `info`, and no units.
//! Sources: OpenMetrics 1.0, "Text format"; Prometheus, "Exposition formats".

use crate::alert::Alert;
use crate::fleet::{Endpoint, Phone};

use super::exporter::Exporter;
use super::page::Scrape;
use super::samples::Samples;

/// One metric: everything there is to say about it.
#[derive(Debug)]
pub struct Family {
    /// The name of its samples; a histogram's carry a suffix.
    pub name: &'static str,
    /// How its value behaves.
    pub kind: Kind,
    /// What its value counts; the name ends with it.
    pub unit: Option<Unit>,
    /// For people: one line, no full stop, nothing that needs escaping.
    pub help: &'static str,
    /// Where its samples come from.
    pub read: Read,
}

/// How a value behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only rises; its name ends in `_total`.
    Counter,
    /// Text as labels of the value 1; its name ends in `_info`.
    Info,
    /// Counts by upper bound, with their sum.
    Histogram,
}

/// What a value counts: base units only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Durations, and times since the epoch.
    Seconds,
    /// Sizes.
    Bytes,
}

/// Where samples come from.
#[derive(Clone, Copy, Debug)]
pub enum Read {
    /// From what we know of each phone whatever it answers; its labels are on every sample.
    Phone(ReadPhone),
    /// From one part of what a phone said: gone while that is not fresh.
    Part(Endpoint, ReadPhone),
    /// From what is known of alerts as a whole.
    Alerts(ReadPicture),
    /// From each alert that is pending or fires; there is a bound to how many are shown.
    Alert(ReadAlert),
    /// From the exporter itself.
    Exporter(ReadExporter),
}

/// Writes what one phone has of a family.
pub type ReadPhone = fn(&Scrape, &Phone, &mut Samples<'_>);

/// Writes what alerts as a whole have of a family.
pub type ReadPicture = fn(&Scrape, &mut Samples<'_>);

/// Writes what one alert has of a family.
pub type ReadAlert = fn(&Alert, &mut Samples<'_>);

/// Writes what the exporter has of a family.
pub type ReadExporter = fn(&Exporter, &mut Samples<'_>);

/// What a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Text,
    /// OpenMetrics 1.0, which every reader of 0.0.1 understands too.
    OpenMetrics,
}

impl Family {
    /// What the format calls the family.
    pub fn announced_name(&self, format: Format) -> &'static str {
        let suffix = match (format, self.kind) {
            (Format::OpenMetrics, Kind::Counter) => "_total",
            (Format::OpenMetrics, Kind::Info) => "_info",
            (Format::Text, _) | (Format::OpenMetrics, Kind::Gauge | Kind::Histogram) => "",
        };
        self.name.strip_suffix(suffix).unwrap_or(self.name)
    }

    /// Appends the lines that go before the samples.
    pub(super) fn announce(&self, format: Format, out: &mut Vec<u8>) {
        let name = self.announced_name(format);
        let mut line = |keyword: &str, rest: &str| {
            for part in ["# ", keyword, " ", name, " ", rest, "\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        };
        match format {
            Format::Text => {
                line("HELP", self.help);
                line("TYPE", self.kind.word(format));
            }
            Format::OpenMetrics => {
                line("TYPE", self.kind.word(format));
                if let Some(unit) = self.unit {
                    line("UNIT", unit.word());
                }
                line("HELP", self.help);
            }
        }
    }
}

impl Kind {
    fn word(self, format: Format) -> &'static str {
        match (self, format) {
            (Self::Gauge, _) | (Self::Info, Format::Text) => "gauge",
            (Self::Counter, _) => "counter",
            (Self::Info, Format::OpenMetrics) => "info",
            (Self::Histogram, _) => "histogram",
        }
    }
}

impl Unit {
    /// The unit as the end of a name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
        }
    }
}
