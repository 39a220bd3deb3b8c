//! Whole pages of metrics over a fleet, for tests.

use std::sync::Arc;

use super::exporter::Exporter;
use super::family::Format;
use super::page::{Page, Scrape};
use super::picture;
use super::process::Process;
use crate::fleet::Fleet;
use crate::fleet::totals::SkipReason;
use crate::telemetry::{self, PollMetrics};
use crate::web::example;
use crate::web::pieces::{Filled, Pieces as _};
use crate::web::requests::{Code, Handler, Requests};

fn exporter(fleet: &Fleet) -> Exporter {
    let mut registry = telemetry::registry();
    let metrics = PollMetrics::register(&mut registry);
    for (_, report) in example::polls() {
        metrics.count(&report);
    }
    Requests::register(&mut registry).count(Handler::Metrics, Code::Ok);
    Exporter {
        registry: Arc::new(registry),
        totals: fleet.totals,
        phones: fleet.phones().len(),
        reload: example::settings().reload,
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

/// All phones of this fleet, and everything that can be said of alerts.
pub(super) fn scrape(fleet: &Fleet, format: Format) -> Scrape {
    Scrape {
        phones: fleet.phones().map(Arc::clone).collect(),
        now: example::now(),
        settings: example::settings().into(),
        alerts: picture::of(fleet).into(),
        exporter: Some(exporter(fleet)),
        format,
    }
}

/// The whole page.
pub(super) fn written(scrape: Scrape) -> String {
    let mut page = Page::new(scrape);
    let mut text = Vec::new();
    loop {
        let mut piece = Vec::new();
        let filled = page.fill(&mut piece);
        text.extend(piece);
        if filled == Filled::Last {
            return String::from_utf8(text).expect("a page is UTF-8");
        }
    }
}

/// The page without what changes from build to build.
pub(super) fn golden(format: Format) -> String {
    let fleet = example::fleet().with_skips(SkipReason::Running, 1);
    let built = |what: &str, with: &str| format!("{what}=\"{with}\"");
    let version = built("version", env!("CARGO_PKG_VERSION"));
    let rust = built("rustversion", env!("GRANDSTREAM_EXPORTER_RUSTVERSION"));
    written(scrape(&fleet, format))
        .replace(&version, &built("version", "VERSION"))
        .replace(&rust, &built("rustversion", "RUST"))
}
