//! `/metrics`: one table of families, and a writer that prints it in two formats.
//!
//! [`FAMILIES`] says of each metric its name, kind, unit, help and how to read it; a [`Page`] walks
//! the table over a [`Scrape`] and writes OpenMetrics 1.0 or text 0.0.4, piece by piece. Nothing
//! registers anywhere, so nothing outlives the phone or the setting it came from.

mod ahead;
mod alerts;
mod exporter;
mod family;
#[cfg(test)]
mod hostile;
mod page;
mod phone;
#[cfg(test)]
mod picture;
mod process;
mod samples;
#[cfg(test)]
mod strict;
mod table;

pub use exporter::Exporter;
pub use family::{
    Family, Format, Kind, Read, ReadAlert, ReadExporter, ReadPhone, ReadPicture, Unit,
};
pub use page::{Page, Scrape};
pub use process::Process;
pub use samples::Samples;
pub use table::FAMILIES;
