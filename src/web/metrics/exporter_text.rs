//! The exporter's own half of the page, written by prometheus-client in either format.
//!
//! What is counted as it happens is in the registry of the process. What snapshots hold is read from
//! them by collectors that live as long as the page. The result is one text: hundreds of series, and the
//! few thousand of alerts that `alerts` allows at most.

use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;

use super::alerts::Alerts;
use super::exporter::{Exporter, Seen};
use super::format::Format;
use super::scrape::Scrape;

/// The exporter's own families; `series` is the number of samples of phones on the page.
pub(super) fn written(scrape: &Scrape, exporter: &Exporter, series: u64) -> String {
    let mut alerts = Registry::default();
    alerts.register_collector(Box::new(Alerts::of(scrape)));
    let mut seen = Registry::default();
    seen.register_collector(Box::new(Seen::of(exporter, series)));
    let mut written = String::new();
    for registry in [&alerts, &*exporter.registry, &seen] {
        let encoded = match scrape.format {
            Format::Text => prometheus_text::encode(&mut written, registry),
            Format::OpenMetrics => text::encode_registry(&mut written, registry),
        };
        encoded.expect("writing to a String does not fail");
    }
    written
}
