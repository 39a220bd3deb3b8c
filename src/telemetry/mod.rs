//! What the exporter counts of itself while it happens: typed metrics of prometheus-client.
//!
//! [`registry`] makes the one registry of the process; whoever counts something registers it once,
//! in `app`, and keeps the handle. There is no global. What a snapshot holds anyway (alerts,
//! silences, the last reload) is not counted again here: `web::metrics` reads it when the page is
//! asked for.

mod ordered_family;
mod polls;

pub use ordered_family::OrderedFamily;
pub use polls::PollMetrics;

use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The commit this was built from, where the build was told.
const REVISION: &str = match option_env!("GRANDSTREAM_EXPORTER_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// The compiler this was built with.
const RUST_VERSION: &str = env!("GRANDSTREAM_EXPORTER_RUSTVERSION");

/// A registry for what is counted as it happens: its families begin with `grandstream_exporter_`.
pub fn registry() -> Registry {
    let mut registry = Registry::with_prefix("grandstream_exporter");
    let build = Info::new([
        ("version", env!("CARGO_PKG_VERSION")),
        ("revision", REVISION),
        ("rustversion", RUST_VERSION),
    ]);
    registry.register("build", "Version of the exporter", build);
    registry
}
