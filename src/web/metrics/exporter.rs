//! What the exporter says of itself, as a snapshot, and how its families read it.

use crate::fleet::Reason;
use crate::fleet::command::ReloadStatus;
use crate::fleet::report::DropReason;
use crate::fleet::totals::{SkipReason, Totals};
use crate::web::requests::{Handler, RequestCounts};

use super::process::Process;
use super::samples::Samples;

/// The exporter's own values at one moment.
#[derive(Clone, Debug)]
pub struct Exporter {
    /// What the polls of all phones added up to.
    pub totals: Totals,
    /// Phones in the fleet, whichever of them are shown.
    pub phones: usize,
    /// How reading the configuration went.
    pub reload: ReloadStatus,
    /// Whether the login ledger is on disk; `None` where it is kept in memory on purpose.
    pub ledger_on_disk: Option<bool>,
    /// Requests answered.
    pub requests: RequestCounts,
    /// The process; `None` where the system does not tell.
    pub process: Option<Process>,
    /// Samples of phones on this page; counted while they are written.
    pub series: u64,
}

/// The commit this was built from, where the build was told.
const REVISION: &str = match option_env!("GRANDSTREAM_EXPORTER_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// The compiler this was built with.
const RUST_VERSION: &str = env!("GRANDSTREAM_EXPORTER_RUSTVERSION");

pub(super) fn build(_: &Exporter, out: &mut Samples<'_>) {
    out.info(&[
        ("version", env!("CARGO_PKG_VERSION")),
        ("revision", REVISION),
        ("rustversion", RUST_VERSION),
    ]);
}

pub(super) fn ledger(exporter: &Exporter, out: &mut Samples<'_>) {
    if let Some(on_disk) = exporter.ledger_on_disk {
        out.flag(&[], on_disk);
    }
}

pub(super) fn failures(exporter: &Exporter, out: &mut Samples<'_>) {
    for reason in Reason::ALL {
        let failures = exporter.totals.failures(reason);
        out.count(&[("reason", reason.label())], failures);
    }
}

pub(super) fn skips(exporter: &Exporter, out: &mut Samples<'_>) {
    for reason in SkipReason::ALL {
        let skips = exporter.totals.skips(reason);
        out.count(&[("reason", reason.label())], skips);
    }
}

pub(super) fn drops(exporter: &Exporter, out: &mut Samples<'_>) {
    for reason in DropReason::ALL {
        let drops = exporter.totals.drops(reason);
        out.count(&[("reason", reason.label())], drops);
    }
}

pub(super) fn requests(exporter: &Exporter, out: &mut Samples<'_>) {
    for handler in Handler::ALL {
        for (code, count) in exporter.requests.of(handler) {
            let labels = [("handler", handler.label()), ("code", code.label())];
            out.count(&labels, count);
        }
    }
}
