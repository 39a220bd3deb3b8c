//! `/metrics`: the families of phones by a writer of ours, the exporter's own by prometheus-client.
//!
//! [`FAMILIES`] lists each metric of phones with name, kind, unit, help and how to read it; a [`Page`]
//! walks the table over a [`Scrape`] and writes OpenMetrics 1.0 or text 0.0.4, chunk by chunk: a fleet
//! has up to a million samples, and none of them is copied. No phone registers anything, so no series
//! outlives its phone or its setting. The few hundred series of the exporter itself (`exporter_text`)
//! come from registries of prometheus-client. No family is in both halves.

mod alerts;
mod exporter;
mod exporter_text;
mod family;
mod format;
mod page;
mod phone_samples;
mod prefetch;
mod process;
mod samples;
mod scrape;
mod snapshot_families;
mod table;
#[cfg(test)]
mod tests;

pub use exporter::Exporter;
pub use family::{Family, Read, ReadPhone};
pub use format::Format;
pub use page::Page;
pub use process::Process;
pub use samples::Samples;
pub use scrape::Scrape;
pub use table::FAMILIES;
