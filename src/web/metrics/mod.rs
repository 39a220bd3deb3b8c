//! `/metrics`: the families of phones by a writer of ours, the exporter's own by prometheus-client.
//!
//! [`FAMILIES`] says of each metric of phones its name, kind, unit, help and how to read it; a [`Page`]
//! walks the table over a [`Scrape`] and writes OpenMetrics 1.0 or text 0.0.4, piece by piece: a
//! fleet is a million samples, and none of them is copied. No phone registers anything, so nothing
//! outlives the phone or the setting it came from. The few hundred series of the exporter itself
//! (`own`) come from registries of prometheus-client. No family is in both halves.

mod ahead;
mod alerts;
mod exporter;
mod family;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod names;
#[cfg(test)]
mod oracle;
mod own;
mod page;
mod phone;
#[cfg(test)]
mod picture;
mod process;
#[cfg(test)]
mod sample_page;
mod samples;
#[cfg(test)]
mod strict;
mod table;

pub use exporter::Exporter;
pub use family::{Family, Format, Read, ReadPhone};
pub use page::{Page, Scrape};
pub use process::Process;
pub use samples::Samples;
pub use table::FAMILIES;
