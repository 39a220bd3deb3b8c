//! Whole pages of metrics over a fleet, for tests.

use std::sync::Arc;

use hyper::StatusCode;

use super::{fixture, snapshot};
use crate::fleet::Fleet;
use crate::fleet::totals::SkipReason;
use crate::telemetry::{self, PollMetrics};
use crate::web::metrics::{Exporter, Format, Page, Process, Scrape};
use crate::web::request_metrics::{Handler, RequestMetrics};
use crate::web::streaming::{ChunkSource as _, Progress};

fn exporter(fleet: &Fleet) -> Exporter {
    let mut registry = telemetry::registry();
    let metrics = PollMetrics::register(&mut registry);
    for (_, report) in fixture::polls() {
        metrics.count(&report);
    }
    RequestMetrics::register(&mut registry).count(Handler::Metrics, StatusCode::OK);
    Exporter {
        registry: Arc::new(registry),
        totals: fleet.totals,
        phones: fleet.phones().len(),
        reload: fixture::settings().reload,
        ledger_on_disk: Some(true),
        process: Some(Process {
            cpu_seconds: 1.25,
            resident_bytes: 12_582_912,
            virtual_bytes: 104_857_600,
            open_fds: Some(12),
            max_fds: Some(1024),
            start_seconds: Some(1_714_550_400.0),
        }),
    }
}

/// All phones of this fleet, and every family of alerts.
pub(in crate::web) fn scrape(fleet: &Fleet, format: Format) -> Scrape {
    Scrape {
        phones: fleet.phones().map(Arc::clone).collect(),
        now: fixture::now(),
        settings: fixture::settings().into(),
        alerts: snapshot::of(fleet).into(),
        exporter: Some(exporter(fleet)),
        format,
    }
}

/// The whole page.
pub(in crate::web) fn written(scrape: Scrape) -> String {
    let mut page = Page::new(scrape);
    let mut text = Vec::new();
    loop {
        let mut chunk = Vec::new();
        let filled = page.fill(&mut chunk);
        text.extend(chunk);
        if filled == Progress::Done {
            return String::from_utf8(text).expect("a page is UTF-8");
        }
    }
}

/// The page without what changes from build to build.
pub(in crate::web) fn golden(format: Format) -> String {
    let fleet = fixture::fleet().with_skips(SkipReason::Running, 1);
    let built = |what: &str, with: &str| format!("{what}=\"{with}\"");
    let version = built("version", env!("CARGO_PKG_VERSION"));
    let rust = built("rustversion", env!("GRANDSTREAM_EXPORTER_RUSTVERSION"));
    written(scrape(&fleet, format))
        .replace(&version, &built("version", "VERSION"))
        .replace(&rust, &built("rustversion", "RUST"))
}
